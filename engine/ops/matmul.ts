import { problem } from '../errors.js'
import { backendOf, record, type Tensor } from '../tensor.js'

/**
 * y = x·w.   dx = dy·wᵀ,   dw = xᵀ·dy.   x [m,k], w [k,n] → y [m,n]
 *
 * Why: y[i,j] = Σk x[i,k]·w[k,j], so x[i,k] reaches the loss through row i of y only, each y[i,j] scaled by w[k,j]:
 * dx[i,k] = Σj dy[i,j]·w[k,j]. In the same way dw[k,j] = Σi x[i,k]·dy[i,j].
 * @throws ChiffreError if the shapes do not fit
 */
export function matmul(x: Tensor, w: Tensor): Tensor {
  const [m, k] = x.shape as [number, number]
  const [rows, n] = w.shape as [number, number]
  if (x.shape.length !== 2 || w.shape.length !== 2 || k !== rows)
    throw problem('engine.matmul', { x: `${x.shape}`, w: `${w.shape}` })
  const b = backendOf('matmul', x, w)
  return record('matmul', [m, n], b.matmul(x.data, w.data, m, k, n), [
    [x, dy => b.matmul(dy, w.data, m, n, k, { w: true })],
    [w, dy => b.matmul(x.data, dy, k, m, n, { x: true })],
  ])
}
