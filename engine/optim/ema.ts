import type { NamedTensors } from '../serialize.js'
import type { Tensor } from '../tensor.js'
import { Memory, type State } from './optimizer.js'

/** The averages of weights, which often judge better than the weights. */
export interface Ema {
  /** Takes the present weights into the averages: after each step. */
  update(): void
  /** Puts the averages in the place of the weights, to test or to save them; the next call puts the weights back. */
  swap(): void
  /** The averages, by name. */
  state(): Promise<NamedTensors>
  /** Takes up what state() gave. What is missing begins at the present weights. */
  restore(state: NamedTensors): void
  /** Gives the memory back. */
  free(): void
}

/**
 * Exponential moving averages of weights: average ← average − (1 − decay) · (average − w), beginning at the first weights. About the
 * last 1 / (1 − decay) steps count. (Polyak & Juditsky 1992; PyTorch's AveragedModel with get_ema_avg_fn.)
 */
export function ema(parameters: ReadonlyMap<string, Tensor>, decay = 0.999): Ema {
  const averages = new Memory('ema', parameters, w => w.backend.repeat(w.data, 1))
  return {
    update() {
      for (const w of parameters.values()) {
        const b = w.backend
        const apart = b.sub(averages.of(w), w.data)
        averages.set(w, b.sgdStep(averages.of(w), apart, undefined, { lr: 1 - decay, momentum: 0 }).w)
        b.free(apart)
      }
    },
    swap() {
      for (const w of parameters.values()) {
        const average = averages.of(w)
        averages.set(w, w.data)
        w.data = average
      }
    },
    async state() {
      const state: State = new Map()
      await averages.save(state)
      return state
    },
    restore: state => averages.restore(state),
    free: () => averages.free(),
  }
}
