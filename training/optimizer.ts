// What a session takes its steps with: the optimizer that its settings name, with shorter gradients and averaged weights
// where these are asked for.
import {
  adam,
  clipNorm,
  ema,
  sgd,
  type Ema,
  type Gradients,
  type NamedTensors,
  type Network,
  type Optimizer,
} from '../engine/index.js'
import type { Settings } from './settings.js'

export const optimizers: Record<Settings['optimizer'], (network: Network, settings: Settings) => Optimizer> = {
  adam: ({ parameters }, { weightDecay }) => adam(parameters, { weightDecay }),
  sgd: ({ parameters }, { momentum, weightDecay }) => sgd(parameters, { momentum, weightDecay }),
}

/** What stands before a weight's name where its average is saved. */
export const average = 'ema.'

/** An optimizer with what the settings add to a step: decay of weights, clipping, averages. */
export class Stepper implements Optimizer {
  readonly inner: Optimizer
  readonly #clip: number
  readonly #averages: Ema | undefined
  #inPlace = false

  constructor(network: Network, settings: Settings) {
    this.inner = optimizers[settings.optimizer](network, settings)
    this.#clip = settings.clip
    this.#averages = settings.ema > 0 ? ema(network.parameters, settings.ema) : undefined
  }

  get name() {
    return this.inner.name
  }

  get steps() {
    return this.inner.steps
  }

  step(gradients: Gradients, lr: number) {
    this.advance(lr)
    this.apply(gradients)
  }

  advance(lr: number, step?: number) {
    this.inner.advance(lr, step)
  }

  apply(gradients: Gradients) {
    this.inner.apply(this.#clip > 0 ? clipNorm(gradients, this.#clip) : gradients)
    this.#averages?.update()
  }

  /** Puts the averages, if any are kept, in the place of the weights, to read with. @returns what puts the weights back */
  useAverages(): () => void {
    if (!this.#averages || this.#inPlace) return () => {}
    const swap = () => {
      this.#averages!.swap()
      this.#inPlace = !this.#inPlace
    }
    swap()
    return swap
  }

  async state(): Promise<NamedTensors> {
    return new Map([...(await this.inner.state()), ...((await this.#averages?.state()) ?? [])])
  }

  restore(state: NamedTensors, steps: number) {
    this.inner.restore(state, steps)
    this.restoreAverages(state)
  }

  /** Takes up the averages of a checkpoint, if it has any. */
  restoreAverages(state: NamedTensors) {
    this.#averages?.restore(state)
  }

  free() {
    this.inner.free()
    this.#averages?.free()
  }
}
