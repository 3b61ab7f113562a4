// Numbers to test with, and how far two arrays are apart.
import { random, sizeOf } from '../../engine/index.js'

/** Float32 numbers, uniform in [low, high), the same for the same name. */
export function uniform(length: number, name: string, low = -1, high = 1): Float32Array {
  const rng = random(7, name)
  return Float32Array.from({ length }, () => low + (high - low) * rng())
}

/** Multiples of 1/8 in [low, high): their sums of products are exact in float32 in any order, and ties are common. */
export function eighths(length: number, name: string, low = -1, high = 1): Float32Array {
  return uniform(length, name, 8 * low, 8 * high).map(v => Math.floor(v) / 8)
}

/** As `uniform`, in double precision. */
export function uniform64(shape: readonly number[], name: string, low = -1, high = 1): Float64Array {
  const rng = random(7, name)
  return Float64Array.from({ length: sizeOf(shape) }, () => low + (high - low) * rng())
}

/**
 * The largest difference, in proportion to the largest expected number, or to `scale` if that is more. Numbers below
 * 1e-30 count as 0, for hardware that has no denormals.
 */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, scale = 1e-30): number {
  let difference = 0
  for (let i = 0; i < expected.length; i++) {
    const apart = actual[i] === expected[i] ? 0 : Math.abs(actual[i] - expected[i])
    if (!(apart <= difference)) difference = apart // NaN stays
    scale = Math.max(scale, Math.abs(expected[i]))
  }
  return difference / scale
}

/** @throws Error if a length differs or the relative error is above the tolerance, naming the place that is most wrong */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
  scale?: number,
) {
  if (actual.length !== expected.length)
    throw new Error(`${what}: ${actual.length} numbers, expected ${expected.length}`)
  const error = relativeError(actual, expected, scale)
  if (error <= tolerance) return
  let worst = 0
  const apart = (i: number) => (Number.isNaN(actual[i]) ? Infinity : Math.abs(actual[i] - expected[i]))
  for (let i = 0; i < expected.length; i++) if (apart(i) > apart(worst)) worst = i
  throw new Error(
    `${what}: relative error ${error.toExponential(2)} is above ${tolerance}; ` +
      `at ${worst} of ${expected.length}: ${actual[worst]}, expected ${expected[worst]}`,
  )
}
