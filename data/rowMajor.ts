import type { NdArray } from 'ndarray'
import type { Pixels } from './image.js'

/** The numbers of an array in row-major order: its own memory, or a copy if that is laid out otherwise. */
export function rowMajor<T extends Pixels['data']>({ data, offset, shape, stride, size }: NdArray<T>): T {
  const plain = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1))
  if (`${stride}` === `${plain}`) return data.subarray(offset, offset + size) as T
  const copy = new (data.constructor as new (size: number) => T)(size)
  let end = 0
  const walk = (d: number, at: number) => {
    if (d === shape.length) copy[end++] = data[at]
    else if (d === shape.length - 1) for (let i = 0; i < shape[d]; i++) copy[end++] = data[at + i * stride[d]]
    else for (let i = 0; i < shape[d]; i++) walk(d + 1, at + i * stride[d])
  }
  walk(0, offset)
  return copy
}
