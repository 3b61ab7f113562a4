import { problem } from '../errors.js'
import { mul } from '../ops/arithmetic.js'
import { sizeOf, tensor } from '../tensor.js'
import { elementwise, type Layer } from './layer.js'

/**
 * While learning, sets each input to 0 with the given probability and scales the others by 1 / (1 − probability), so
 * that the expected sum stays; otherwise does nothing. No unit can rely on another (Srivastava et al. 2014).
 */
export function dropout(probability: number): Layer {
  if (!(probability >= 0 && probability < 1))
    throw problem('engine.argument', { where: 'dropout', name: 'probability', actual: probability, expected: '[0, 1)' })
  return elementwise('dropout', (x, { training, rng }) => {
    if (!training || probability === 0) return x
    const kept = 1 / (1 - probability)
    const mask = Float32Array.from({ length: sizeOf(x.shape) }, () => (rng() < probability ? 0 : kept))
    return mul(x, tensor(x.backend, mask, x.shape))
  })
}
