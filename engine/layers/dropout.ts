import { problem } from '../errors.js'
import { mul } from '../ops/arithmetic.js'
import { own } from '../scope.js'
import { sizeOf, Tensor } from '../tensor.js'
import { elementwise, type Layer } from './layer.js'

/**
 * While learning, sets each input to 0 with the given probability and scales the others by 1 / (1 − probability), so
 * that the expected sum stays; otherwise does nothing. No unit can rely on another (Srivastava et al. 2014).
 */
export function dropout(probability: number): Layer {
  if (!(probability >= 0 && probability < 1))
    throw problem('engine.argument', { where: 'dropout', name: 'probability', actual: probability, expected: '[0, 1)' })
  const kept = 1 / (1 - probability)
  return elementwise('dropout', (x, { training, rng, key }) => {
    if (!training || probability === 0) return x
    const { backend, shape } = x
    const drawn = key?.() ?? constant(Math.floor(rng() * 2 ** 32))
    const mask = backend.dropoutMask(sizeOf(shape), probability, kept, drawn)
    return mul(x, own(new Tensor(backend, shape, mask, 'mask')))
  })
}

const constant = (value: number) => () => value
