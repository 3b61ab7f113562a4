import { record, sizeOf, type Tensor } from '../tensor.js'
import { div, scalar } from './arithmetic.js'

/** Over what sum and mean go: all numbers, or the rows of a matrix (of images: all pixels), channel by channel. */
export type Over = 'all' | 'rows'

/** y = Σ x.   dx = dy, in every place.   x [...,n] → y [], or [n] over rows */
export function sum(x: Tensor, over: Over = 'all'): Tensor {
  const n = over === 'rows' ? x.shape.at(-1)! : 1
  const m = sizeOf(x.shape) / n
  return record('sum', over === 'rows' ? [n] : [], x.backend.biasGrad(x.data, m, n), [
    [x, dy => x.backend.repeat(dy, m)],
  ])
}

/** y = Σ x / m, of m numbers each.   dx = dy / m.   x [...,n] → y [], or [n] over rows */
export function mean(x: Tensor, over: Over = 'all'): Tensor {
  const y = sum(x, over)
  return div(y, scalar(x.backend, sizeOf(x.shape) / sizeOf(y.shape)))
}
