import { problem } from '../errors.js'
import { add, mul, scalar, sub } from '../ops/arithmetic.js'
import { softplus } from '../ops/elementwise.js'
import { mean } from '../ops/sum.js'
import type { Tensor } from '../tensor.js'
import { logitsOnly } from './logits.js'

/**
 * loss = the mean of −t · log p − (1 − t) · log(1 − p), with p = sigmoid(logits).   logits [...], t [...] in [0, 1] → loss []
 *
 * Since −log p = softplus(−logits) and −log(1 − p) = softplus(logits), it is a sum of two softplus, of which neither overflows nor
 * cancels; and dlogits = (p − t) / size comes out by itself.
 * @throws ChiffreError if the shapes differ, or the logits went through sigmoid
 */
export function binaryCrossEntropy(logits: Tensor, t: Tensor): Tensor {
  const op = 'binaryCrossEntropy'
  if (`${t.shape}` !== `${logits.shape}`)
    throw problem('engine.shape', { op, input: 't', actual: `${t.shape}`, expected: `${logits.shape}` })
  logitsOnly(op, logits, 'sigmoid')
  const one = scalar(logits.backend, 1)
  const right = mul(t, softplus(mul(logits, scalar(logits.backend, -1))))
  return mean(add(right, mul(sub(one, t), softplus(logits))))
}
