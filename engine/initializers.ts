// First values of weights: small random numbers, so that no two units are alike, in a range that keeps the size of what flows
// through a network about equal from layer to layer. The shape says how many numbers a unit adds up.
import type { Parameter } from './layers/layer.js'
import { sizeOf, type Shape } from './tensor.js'

/** From a parameter's shape, the last two sizes of which are its inputs and outputs, to its first values. */
export type Initializer = (shape: Shape) => Parameter

/** Glorot & Bengio 2010, eq. 16: uniform in ±√(6 / (fan-in + fan-out)), a compromise of both directions. Keras's default. */
export const glorot: Initializer = shape => uniform(shape, Math.sqrt(6 / (fan(shape, -2) + fan(shape, -1))))

/**
 * He et al. 2015, eq. 10, as a uniform distribution: in ±√(6 / fan-in), twice Glorot's variance where both fans are equal, since relu
 * lets half of it pass. PyTorch's kaiming_uniform_ with nonlinearity='relu'.
 */
export const he: Initializer = shape => uniform(shape, Math.sqrt(6 / fan(shape, -2)))

/** All 0, as a bias. */
export const zeros: Initializer = shape => ({ shape, init: () => new Float32Array(sizeOf(shape)) })
/** All 1, as batch norm's scale. */
export const ones: Initializer = shape => ({ shape, init: () => new Float32Array(sizeOf(shape)).fill(1) })

/** How many inputs (−2) or outputs (−1) a unit has, over all places of its window. */
const fan = (shape: Shape, which: -2 | -1) => sizeOf(shape.slice(0, -2)) * shape.at(which)!

const uniform = (shape: Shape, limit: number): Parameter => ({
  shape,
  init: rng => Float32Array.from({ length: sizeOf(shape) }, () => (2 * rng() - 1) * limit),
})
