// A layer is plain data: what it makes of a shape, the parameters it wants, and a function of tensors. It holds no
// weights; those belong to the network (network.ts), under names, so one layer can be looked at by itself.
import { problem } from '../errors.js'
import { type Random } from '../random.js'
import type { Shape, Tensor } from '../tensor.js'

/** What a layer may need to know besides its input. */
export interface Mode {
  /** Whether the network is learning: dropout is active only then. */
  readonly training: boolean
  /** Random numbers for this batch. A step in which one is drawn is not replayed. */
  readonly rng: Random
  /** A stream of keys, one for each step, for what is drawn on the backend. */
  readonly key?: () => () => number
}

/** A parameter to be: its shape, and its first value, drawn from rng. */
export interface Parameter {
  readonly shape: Shape
  readonly init: (rng: Random) => Float32Array
  /** False for what the layer itself keeps up to date, such as running means: saved, but no optimizer touches it. */
  readonly trained?: boolean
}

/** A layer that knows its input: shapes are those of one example, without the batch. */
export interface Sized {
  readonly output: Shape
  readonly parameters: Readonly<Record<string, Parameter>>
  /** x [batch, ...input] → [batch, ...output] */
  forward(x: Tensor, parameters: Readonly<Record<string, Tensor>>, mode: Mode): Tensor
}

/** A step of a network, such as dense(10): what it would make of an input of a given shape, batch left out. */
export interface Layer {
  readonly name: string
  /** @throws ChiffreError if the layer cannot take an input of this shape */
  size(input: Shape): Sized
}

/** A layer without parameters whose output has the shape of its input. */
export const elementwise = (name: string, forward: (x: Tensor, mode: Mode) => Tensor): Layer => ({
  name,
  size: input => ({ output: input, parameters: {}, forward: (x, _, mode) => forward(x, mode) }),
})

/** Checks how many dimensions a layer's input has. */
export function rank(input: Shape, expected: number): void {
  if (input.length !== expected) throw problem('engine.layer.rank', { expected })
}
