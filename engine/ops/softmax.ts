import { record, sizeOf, type Tensor } from '../tensor.js'

/**
 * y = exp(x) / Σ exp(x) over the last dimension: scores become probabilities.   x [...,n] → y [...,n]
 *
 * dx[j] = y[j] · (dy[j] − Σk dy[k]·y[k]): raising one score raises its own share and lowers all others'.
 * Every row's maximum is subtracted first, which changes nothing but keeps exp from overflowing.
 */
export function softmax(x: Tensor): Tensor {
  const n = x.shape.at(-1)!
  const m = sizeOf(x.shape) / n
  const y = x.backend.softmax(x.data, m, n)
  return record('softmax', x.shape, y, [[x, dy => x.backend.softmaxGrad(y, dy, m, n)]])
}
