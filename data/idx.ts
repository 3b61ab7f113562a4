// Reads IDX, the format in which MNIST is published (http://yann.lecun.com/exdb/mnist, "the IDX file format"):
//   byte 0, 1: zero · byte 2: the type of the numbers, 8 for unsigned bytes · byte 3: the number of dimensions d ·
//   4 bytes for the size of each dimension, big-endian · the numbers, row-major.
// Reading trusts nothing: every byte of the header is checked, and the sizes must be those of the file.
import ndarray, { type NdArray } from 'ndarray'
import { problem } from './errors.js'
import { gunzip, isGzip } from './gzip.js'

/** A file may have so many bytes once it is unfolded: the largest that is in use, EMNIST's, has 547 million. */
export const mostIdxBytes = 600e6

/**
 * A view of the numbers of an IDX file, plain or gzipped: shape [size, …] of as many dimensions as asked for. A plain
 * file's view shares its memory.
 * @throws ChiffreError naming the byte (of the unzipped file) that is wrong
 */
export function readIdx(file: Uint8Array, dimensions: number): NdArray<Uint8Array> {
  const headerLength = 4 + 4 * dimensions
  const bytes = isGzip(file)
    ? gunzip(file, headerLength, head => headerLength + bounded(shapeIn(head, dimensions)))
    : file
  const shape = shapeIn(bytes, dimensions)
  const expected = product(shape)
  const actual = bytes.length - headerLength
  const values = { offset: headerLength, sizes: shape.join(' x '), expected, actual }
  if (actual < expected) throw problem('data.idx.fewer', values)
  if (actual > expected) throw problem('data.idx.more', values)
  // A plain Uint8Array, even of Node's Buffer, which ndarray would call by another name.
  return ndarray(new Uint8Array(bytes.buffer, bytes.byteOffset + headerLength, expected), shape)
}

/** The shape that a header announces. */
function shapeIn(bytes: Uint8Array, dimensions: number): number[] {
  const expected = 4 + 4 * dimensions
  const header = () => problem('data.idx.header', { size: bytes.length, dimensions, expected })
  if (bytes.length < 4) throw header()

  for (const offset of [0, 1])
    if (bytes[offset] !== 0) throw problem('data.idx.magic', { offset, actual: hex(bytes[offset]) })
  if (bytes[2] !== 8) throw problem('data.idx.type', { actual: hex(bytes[2]) })
  if (bytes[3] !== dimensions) throw problem('data.idx.dimensions', { actual: bytes[3], expected: dimensions })
  if (bytes.length < expected) throw header()

  const view = new DataView(bytes.buffer, bytes.byteOffset, expected)
  const shape = Array.from({ length: dimensions }, (_, d) => view.getUint32(4 + 4 * d))
  const empty = shape.indexOf(0)
  if (empty >= 0) throw problem('data.idx.size', { dimension: empty + 1, offset: 4 + 4 * empty, end: 7 + 4 * empty })
  return shape
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b)

function bounded(shape: readonly number[]): number {
  if (product(shape) <= mostIdxBytes) return product(shape)
  throw problem('data.idx.large', { sizes: shape.join(' x '), most: mostIdxBytes })
}

const hex = (byte: number) => '0x' + byte.toString(16).padStart(2, '0')
