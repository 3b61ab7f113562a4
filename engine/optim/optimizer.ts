// An optimizer changes parameters along their gradients. What it remembers from step to step (its state) can be saved
// and taken up again, so that training continues as if it had never stopped.
import type { Buffer } from '../backend.js'
import type { Gradients } from '../backward.js'
import { problem } from '../errors.js'
import type { NamedTensors } from '../serialize.js'
import type { Shape, Tensor } from '../tensor.js'

export type State = Map<string, { shape: Shape; values: Float32Array }>
/** What sgd() and adam() make: steps along gradients, and a state that can be saved. */
export interface Optimizer {
  readonly name: string
  /** How many steps were taken. */
  readonly steps: number
  /** Moves every parameter that has a gradient, lr being this step's learning rate: advance and apply. */
  step(gradients: Gradients, lr: number): void
  /** Begins the next step, or step `step`: what its constants are. A program, which does not call apply again, reads them when it runs. */
  advance(lr: number, step?: number): void
  /** Moves the parameters by the constants of the step that was begun. */
  apply(gradients: Gradients): void
  /** What it remembers, by name. */
  state(): Promise<NamedTensors>
  /** Takes up what state() gave, after so many steps. State of other names is ignored, missing state starts at 0. */
  restore(state: NamedTensors, steps: number): void
  /** Gives its memory back. */
  free(): void
}

/** One number per weight of each parameter: a velocity or a moment, which begins at 0, or an average. */
export class Memory {
  readonly #buffers = new Map<Tensor, Buffer>()

  constructor(
    readonly name: string,
    readonly parameters: ReadonlyMap<string, Tensor>,
    readonly first = (w: Tensor) => w.backend.upload(new Float32Array(w.data.length)),
  ) {}

  of(parameter: Tensor): Buffer {
    let buffer = this.#buffers.get(parameter)
    if (!buffer) {
      buffer = this.first(parameter)
      this.#buffers.set(parameter, buffer)
    }
    return buffer
  }

  set(parameter: Tensor, buffer: Buffer) {
    this.#buffers.set(parameter, buffer)
  }

  async save(state: State) {
    for (const [name, parameter] of this.parameters) {
      const values = Float32Array.from(await parameter.backend.download(this.of(parameter)))
      state.set(`${this.name}.${name}`, { shape: parameter.shape, values })
    }
  }

  restore(state: NamedTensors) {
    for (const [name, parameter] of this.parameters) {
      const key = `${this.name}.${name}`
      const saved = state.get(key)
      if (!saved) continue
      const [actual, expected] = [`${saved.shape}`, `${parameter.shape}`]
      if (actual !== expected) throw problem('engine.weights.shape', { name: key, actual, expected })
      parameter.backend.free(this.of(parameter))
      this.set(parameter, parameter.backend.upload(saved.values))
    }
  }

  free() {
    for (const [parameter, buffer] of this.#buffers) parameter.backend.free(buffer)
    this.#buffers.clear()
  }
}
