import { problem } from '../errors.js'
import { record, sizeOf, tensor, Tensor } from '../tensor.js'
import { logitsOnly } from './logits.js'

/**
 * loss = the mean over the batch of −log p[label], with p = softmax(logits).   logits [m,n], m labels → loss []
 * Labels that are a tensor [m] are on the device already, and not looked at: whoever made it has.
 *
 * dlogits = (p − onehot(label)) / m: what the network said minus what it should have said. Taken together, softmax
 * and logarithm have this simple gradient, and neither can overflow; docs/en/04-softmax.md derives it.
 *
 * With label smoothing ε (Szegedy et al. 2016) a label is worth 1 − ε, and ε is shared out among all n classes: onehot(label)
 * becomes (1 − ε) · onehot(label) + ε/n, so that no score has to grow without end.
 * @throws ChiffreError if logits is not a matrix or went through softmax, or a label is not among its n classes
 */
export function crossEntropy(logits: Tensor, labels: ArrayLike<number> | Tensor, { smoothing = 0 } = {}): Tensor {
  const op = 'crossEntropy'
  const [m, n] = logits.shape as [number, number]
  const count = labels instanceof Tensor ? sizeOf(labels.shape) : labels.length
  if (logits.shape.length !== 2 || count !== m)
    throw problem('engine.shape', { op, input: 'logits', actual: `${logits.shape}`, expected: `${count},n` })
  logitsOnly(op, logits, 'softmax')
  if (!(smoothing >= 0 && smoothing < 1))
    throw problem('engine.argument', { where: op, name: 'smoothing', actual: smoothing, expected: '[0, 1)' })
  const b = logits.backend
  const classes = labels instanceof Tensor ? labels : tensor(b, checkedLabels(labels, n), [m])
  return record(op, [], b.crossEntropy(logits.data, classes.data, m, n, smoothing), [
    [logits, dy => b.crossEntropyGrad(logits.data, classes.data, dy, m, n, smoothing)],
  ])
}

/** Class numbers as a backend takes them. @throws ChiffreError if one is not among n classes */
export function checkedLabels(labels: ArrayLike<number>, n: number): Float32Array {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]
    if (!Number.isInteger(label) || label < 0 || label >= n)
      throw problem('engine.label', { label, position: i, last: n - 1 })
  }
  return new Float32Array(labels)
}
