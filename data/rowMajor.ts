import type { NdArray } from 'ndarray'
import type { Pixels } from './preprocess.js'

/** The numbers of an array in row-major order: its own memory, or a copy if that is laid out otherwise. */
export function rowMajor<T extends Pixels['data']>({ data, offset, shape, stride, size }: NdArray<T>): T {
  const plain = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1))
  if (`${stride}` === `${plain}`) return data.subarray(offset, offset + size) as T
  const copy = new (data.constructor as new (size: number) => T)(size)
  for (let i = 0; i < size; i++) {
    let at = offset
    for (const [d, length] of shape.entries()) at += stride[d] * (Math.floor(i / plain[d]) % length)
    copy[i] = data[at]
  }
  return copy
}
