import { problem } from '../errors.js'
import { backendOf, record, type Tensor } from '../tensor.js'

/**
 * y = a + b, of the same shape.   da = dy,   db = dy.
 * @throws ChiffreError if the shapes differ
 */
export function add(a: Tensor, b: Tensor): Tensor {
  if (`${a.shape}` !== `${b.shape}`)
    throw problem('engine.shape', { op: 'add', input: 'b', actual: `${b.shape}`, expected: `${a.shape}` })
  return record('add', a.shape, backendOf('add', a, b).add(a.data, b.data), [
    [a, dy => dy],
    [b, dy => dy],
  ])
}
