import { problem } from '../errors.js'
import { record, sizeOf, type Shape, type Tensor } from '../tensor.js'

/**
 * The same numbers in the same order under another shape: nothing is copied.   dx = dy.
 * @throws ChiffreError if the shape holds another count of numbers
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sizeOf(shape) !== sizeOf(x.shape) || !shape.every(size => Number.isInteger(size) && size >= 0))
    throw problem('engine.reshape', { from: `${x.shape}`, size: sizeOf(x.shape), to: `${shape}` })
  return record('reshape', shape, x, [[x, dy => dy]])
}
