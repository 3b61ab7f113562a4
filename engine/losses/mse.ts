import { problem } from '../errors.js'
import { mul, sub } from '../ops/arithmetic.js'
import { mean } from '../ops/sum.js'
import type { Tensor } from '../tensor.js'

/**
 * loss = the mean of (y − t)², the mean squared error.   dy = 2 (y − t) / size.   y [...], t [...] → loss []
 * @throws ChiffreError if the shapes differ
 */
export function mse(y: Tensor, t: Tensor): Tensor {
  if (`${t.shape}` !== `${y.shape}`)
    throw problem('engine.shape', { op: 'mse', input: 't', actual: `${t.shape}`, expected: `${y.shape}` })
  const error = sub(y, t)
  return mean(mul(error, error))
}
