import { problem } from '../errors.js'
import { backendOf, record, sizeOf, type Tensor } from '../tensor.js'

/**
 * y = x + b, the same b for every row (for images: every pixel).   dx = dy,   db = Σ rows dy.   x [...,n], b [n] → y [...,n]
 * @throws ChiffreError if b is not as long as x's last dimension
 */
export function bias(x: Tensor, b: Tensor): Tensor {
  const n = x.shape.at(-1)!
  if (b.shape.length !== 1 || b.shape[0] !== n)
    throw problem('engine.shape', { op: 'bias', input: 'b', actual: `${b.shape}`, expected: `${n}` })
  const m = sizeOf(x.shape) / n
  const backend = backendOf('bias', x, b)
  return record('bias', x.shape, backend.addBias(x.data, b.data, m, n), [
    [x, dy => dy],
    [b, dy => backend.biasGrad(dy, m, n)],
  ])
}
