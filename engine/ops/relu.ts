import { record, type Tensor } from '../tensor.js'

/** y = max(x, 0), element by element.   dx = dy where y > 0, else 0 (at 0 as well). */
export function relu(x: Tensor): Tensor {
  const y = x.backend.relu(x.data)
  return record('relu', x.shape, y, [[x, dy => x.backend.reluGrad(y, dy)]])
}
