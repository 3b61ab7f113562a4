import type { Tensor } from '../tensor.js'
import { Memory, type Optimizer, type State } from './optimizer.js'

/**
 * Stochastic gradient descent, with momentum if it is above 0:
 *   v ← momentum·v + dw,   w ← w − lr·v      (Sutskever et al. 2013, eq. 1–2, with lr taken out of v as in PyTorch)
 * and decoupled weight decay, w ← w − lr·decay·w with the old w (Loshchilov & Hutter 2019): weights that nothing needs shrink.
 */
export function sgd(parameters: ReadonlyMap<string, Tensor>, { momentum = 0, weightDecay = 0 } = {}): Optimizer {
  const velocity = new Memory('sgd.velocity', parameters)
  const constants = { lr: 0, momentum, decay: weightDecay }
  let steps = 0
  return {
    name: 'sgd',
    get steps() {
      return steps
    },
    step(gradients, lr) {
      this.advance(lr)
      this.apply(gradients)
    },
    advance(lr, step = steps + 1) {
      constants.lr = lr
      steps = step
    },
    apply(gradients) {
      for (const parameter of parameters.values()) {
        const dw = gradients.get(parameter)?.data
        if (!dw) continue
        const v = momentum > 0 ? velocity.of(parameter) : undefined
        const next = parameter.backend.sgdStep(parameter.data, dw, v, constants)
        parameter.data = next.w
        if (next.v) velocity.set(parameter, next.v)
      }
    },
    async state() {
      const state: State = new Map()
      if (momentum > 0) await velocity.save(state)
      return state
    },
    restore(state, done) {
      steps = done
      if (momentum > 0) velocity.restore(state)
    },
    free: () => velocity.free(),
  }
}
