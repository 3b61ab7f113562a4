import type { Tensor } from '../tensor.js'
import { Memory, type Optimizer, type State } from './optimizer.js'

/**
 * Adam (Kingma & Ba 2015, algorithm 1): each weight's step is scaled by how large its own gradients have been.
 *   m ← β1·m + (1−β1)·dw         the gradient's running mean
 *   v ← β2·v + (1−β2)·dw²        and that of its square
 *   m̂ = m / (1−β1ᵗ),  v̂ = v / (1−β2ᵗ)      both began at 0: this corrects them upwards
 *   w ← w − lr · m̂ / (√v̂ + ε)
 *   w ← w − lr · decay · w                   of the old w: decoupled weight decay (Loshchilov & Hutter 2019: AdamW)
 * The constants are Keras's.
 */
export function adam(
  parameters: ReadonlyMap<string, Tensor>,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, weightDecay = 0 } = {},
): Optimizer {
  const mean = new Memory('adam.m', parameters)
  const square = new Memory('adam.v', parameters)
  const constants = { lr: 0, beta1, beta2, epsilon, step: 0, decay: weightDecay }
  return {
    name: 'adam',
    get steps() {
      return constants.step
    },
    step(gradients, lr) {
      this.advance(lr)
      this.apply(gradients)
    },
    advance(lr, step = constants.step + 1) {
      constants.lr = lr
      constants.step = step
    },
    apply(gradients) {
      for (const parameter of parameters.values()) {
        const dw = gradients.get(parameter)?.data
        if (!dw) continue
        const [m, v] = [mean.of(parameter), square.of(parameter)]
        const next = parameter.backend.adamStep(parameter.data, dw, m, v, constants)
        parameter.data = next.w
        mean.set(parameter, next.m)
        square.set(parameter, next.v)
      }
    },
    async state() {
      const state: State = new Map()
      await mean.save(state)
      await square.save(state)
      return state
    },
    restore(state, done) {
      constants.step = done
      mean.restore(state)
      square.restore(state)
    },
    free() {
      mean.free()
      square.free()
    },
  }
}
