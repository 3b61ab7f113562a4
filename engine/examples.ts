// What a network learns from: inputs, and what it should make of them; and the batches that are taken from them.
import { problem } from './errors.js'
import type { Named } from './network.js'
import type { Tensor } from './tensor.js'

/**
 * Examples in the program's memory, one after the other, from which batches are gathered. A backend may keep a copy of
 * its own; whoever changes the values says so with changed(), and the copy is made anew.
 */
export class ExampleSet {
  /** How many there are. */
  readonly length: number
  /** The numbers of one. */
  readonly size: number
  #version = 0

  /**
   * @param values bytes are grey levels 0–255, each divided by 255; floats are taken as they are
   * @param shape of one example
   * @throws ChiffreError if the values are no whole number of examples
   */
  constructor(
    readonly values: Uint8Array | Float32Array,
    readonly shape: readonly number[],
  ) {
    this.size = shape.reduce((a, b) => a * b, 1)
    this.length = values.length / this.size
    if (!Number.isInteger(this.length)) throw problem('engine.data', { actual: values.length, shape: `n,${shape}` })
  }

  /** Raised by changed(): a copy is of one version. */
  get version(): number {
    return this.#version
  }

  /** To be called when values have changed. */
  changed() {
    this.#version++
  }
}

/** What a batch should come to: class numbers, one an example, or a tensor [batch,...]. */
export type Targets = ArrayLike<number> | Tensor
/** One number to be made smaller. A loss may be for classes alone, or for tensors: its targets' type may be narrower. */
export type Loss<Results = Tensor> = { of(results: Results, targets: Targets): Tensor }['of']

/** Inputs with what the network should make of them. */
export interface Examples {
  readonly length: number
  /** One set of inputs, or several by name. */
  readonly inputs: Named<ExampleSet>
  /** Class numbers, one an example; or floats, as many an example as there are results. */
  readonly targets: Uint8Array | Uint16Array | Uint32Array | Float32Array
}

/** The targets of the given examples, one after the other. */
export function targetsAt({ targets, length }: Examples, indices: Uint32Array): Examples['targets'] {
  const width = targets.length / length
  const picked = targets.slice(0, indices.length * width)
  if (width === 1) for (let i = 0; i < indices.length; i++) picked[i] = targets[indices[i]]
  else indices.forEach((from, i) => picked.set(targets.subarray(from * width, (from + 1) * width), i * width))
  return picked
}
