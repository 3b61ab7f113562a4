// a + b, a − b, a · b, a / b, element by element. Of two shapes one may be the end of the other: a row [n] or an image
// [h,w,c] then goes with every example, the numbers [c] of channels with every pixel, a number [] with all.
import type { Backend, Buffer } from '../backend.js'
import { problem } from '../errors.js'
import { own } from '../scope.js'
import { backendOf, record, sizeOf, Tensor, tensor, type Shape } from '../tensor.js'

/** y = a + b.   da = dy,   db = dy */
export const add = (a: Tensor, b: Tensor) => binary('add', a, b, [dy => dy, dy => dy])

/** y = a − b.   da = dy,   db = −dy */
export const sub = (a: Tensor, b: Tensor) => {
  const k = a.backend
  return binary('sub', a, b, [dy => dy, dy => k.mul(dy, scalar(k, -1).data)])
}

/** y = a · b.   da = dy · b,   db = dy · a */
export const mul = (a: Tensor, b: Tensor) => {
  const k = a.backend
  return binary('mul', a, b, [dy => k.mul(dy, b.data), dy => k.mul(dy, a.data)])
}

/** y = a / b.   da = dy / b,   db = −dy · a / b² */
export const div = (a: Tensor, b: Tensor) => {
  const k = a.backend
  const minusSquare = () => keep(a, k.mul(keep(a, k.mul(b.data, b.data)), scalar(k, -1).data))
  return binary('div', a, b, [dy => k.div(dy, b.data), dy => k.div(keep(a, k.mul(dy, a.data)), minusSquare())])
}

/** A number to calculate with. */
export const scalar = (backend: Backend, value: number) => tensor(backend, Float64Array.of(value), [])

type Grad = (dy: Buffer) => Buffer

/** What was repeated receives the sum of what its copies receive. */
function binary(op: 'add' | 'sub' | 'mul' | 'div', a: Tensor, b: Tensor, grads: readonly [Grad, Grad]): Tensor {
  const shape = common(op, a.shape, b.shape)
  const size = sizeOf(shape)
  const summed = (x: Tensor, grad: Grad) => {
    const n = sizeOf(x.shape)
    return [x, n === size ? grad : (dy: Buffer) => x.backend.biasGrad(keep(x, grad(dy), dy), size / n, n)] as const
  }
  return record(op, shape, backendOf(op, a, b)[op](a.data, b.data), [summed(a, grads[0]), summed(b, grads[1])])
}

/** The longer of two shapes. @throws ChiffreError if the other is neither its end nor a number */
function common(op: string, a: Shape, b: Shape): Shape {
  const [long, short] = a.length < b.length || (a.length === b.length && sizeOf(a) < sizeOf(b)) ? [b, a] : [a, b]
  if (sizeOf(short) === 1 || `${long.slice(long.length - short.length)}` === `${short}`) return long
  throw problem('engine.shape', { op, input: 'b', actual: `${b}`, expected: `${a}` })
}

/** Hands an intermediate result to the scope, unless it is only passed on. */
const keep = (x: Tensor, buffer: Buffer, passed?: Buffer) =>
  buffer === passed ? buffer : own(new Tensor(x.backend, [buffer.length], buffer)).data
