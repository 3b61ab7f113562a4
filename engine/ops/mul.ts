import { problem } from '../errors.js'
import { backendOf, record, type Tensor } from '../tensor.js'

/**
 * y = a · b, element by element, of the same shape.   da = dy · b,   db = dy · a.
 * @throws ChiffreError if the shapes differ
 */
export function mul(a: Tensor, b: Tensor): Tensor {
  if (`${a.shape}` !== `${b.shape}`)
    throw problem('engine.shape', { op: 'mul', input: 'b', actual: `${b.shape}`, expected: `${a.shape}` })
  const backend = backendOf('mul', a, b)
  return record('mul', a.shape, backend.mul(a.data, b.data), [
    [a, dy => backend.mul(dy, b.data)],
    [b, dy => backend.mul(dy, a.data)],
  ])
}
