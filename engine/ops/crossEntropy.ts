import { problem } from '../errors.js'
import { record, tensor, type Tensor } from '../tensor.js'

/**
 * loss = the mean over the batch of −log p[label], with p = softmax(logits).   logits [m,n], m labels → loss []
 *
 * dlogits = (p − onehot(label)) / m: what the network said minus what it should have said. Taken together, softmax
 * and logarithm have this simple gradient, and neither can overflow; docs/loss.md derives it.
 * @throws ChiffreError if logits is not a matrix, or a label is not among its n classes
 */
export function crossEntropy(logits: Tensor, labels: ArrayLike<number>): Tensor {
  const op = 'crossEntropy'
  const [m, n] = logits.shape as [number, number]
  if (logits.shape.length !== 2 || labels.length !== m)
    throw problem('engine.shape', { op, input: 'logits', actual: `${logits.shape}`, expected: `${labels.length},n` })
  for (let i = 0; i < m; i++) {
    const label = labels[i]
    if (!Number.isInteger(label) || label < 0 || label >= n)
      throw problem('engine.label', { label, position: i, last: n - 1 })
  }
  const b = logits.backend
  const classes = tensor(b, new Float32Array(labels), [m])
  return record(op, [], b.crossEntropy(logits.data, classes.data, m, n), [
    [logits, dy => b.crossEntropyGrad(logits.data, classes.data, dy, m, n)],
  ])
}
