// Reads IDX, the format in which MNIST is published (http://yann.lecun.com/exdb/mnist, "the IDX file format"):
//   byte 0, 1: zero · byte 2: the type of the numbers, 8 for unsigned bytes, 12 for 4-byte integers · byte 3: the number
//   of dimensions d · 4 bytes for the size of each dimension, big-endian · the numbers, row-major, big-endian.
// Reading trusts nothing: every byte of the header is checked, and the sizes must be those of the file.
import ndarray, { type NdArray } from 'ndarray'
import { checkDisguise } from './disguise.js'
import { problem } from './errors.js'
import { gunzip, isGzip } from './gzip.js'

/** A file may have so many bytes once it is unfolded: the largest that is in use, EMNIST's, has 547 million. */
export const mostIdxBytes = 600e6

/**
 * A view of the numbers of an IDX file of bytes, plain or gzipped: shape [size, …] of as many dimensions as asked for. A
 * plain file's view shares its memory.
 * @throws ChiffreError naming the byte (of the unzipped file) that is wrong
 */
export function readIdx(file: Uint8Array, dimensions: number): NdArray<Uint8Array> {
  const { shape, numbers } = parse(file, [dimensions], [bytesType])
  return ndarray(numbers, shape)
}

/** The images of an IDX file: [n, rows, columns], or [n, rows, columns, channels] of more than one channel. */
export function readImages(file: Uint8Array): NdArray<Uint8Array> {
  const { shape, numbers } = parse(file, [3, 4], [bytesType])
  return ndarray(numbers, shape.at(-1) === 1 && shape.length === 4 ? shape.slice(0, 3) : shape)
}

/** The labels of an IDX file: [n]. Of several numbers an example, as QMNIST has them, the first is the label. */
export function readLabels(file: Uint8Array): NdArray<Uint8Array | Uint16Array> {
  const { shape, numbers, type } = parse(file, [1, 2], [bytesType, integersType])
  const [n, each = 1] = shape
  if (type === bytesType) return ndarray(numbers, [n], [each])
  const view = new DataView(numbers.buffer, numbers.byteOffset, numbers.byteLength)
  const labels = new Uint16Array(n)
  for (let i = 0; i < n; i++) {
    const label = view.getInt32(4 * each * i)
    if (label < 0 || label > 65535) throw problem('data.label', { label, position: i, last: 65535 })
    labels[i] = label
  }
  return ndarray(labels, [n])
}

const bytesType = 0x08
const integersType = 0x0c

interface Idx {
  readonly shape: number[]
  readonly type: number
  /** As bytes, whatever their type. */
  readonly numbers: Uint8Array
}

function parse(file: Uint8Array, dimensions: readonly number[], types: readonly number[]): Idx {
  checkDisguise(file)
  const longest = 4 + 4 * Math.max(...dimensions)
  const header = (bytes: Uint8Array) => parseHeader(bytes, dimensions, types)
  const bytes = isGzip(file)
    ? gunzip(file, longest, head => {
        const { shape, end } = header(head)
        if (end > mostIdxBytes) throw problem('data.idx.large', { sizes: shape.join(' x '), most: mostIdxBytes })
        return end
      })
    : file
  const { shape, type, start, end } = header(bytes)
  const values = {
    offset: start,
    sizes: shape.join(' x ') + (type === integersType ? ' x 4' : ''),
    expected: end - start,
    actual: bytes.length - start,
  }
  if (bytes.length < end) throw problem('data.idx.fewer', values)
  if (bytes.length > end) throw problem('data.idx.more', values)
  // A plain Uint8Array, even of Node's Buffer, which ndarray would call by another name.
  return { shape, type, numbers: new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start) }
}

/** What a header announces, and where the numbers begin and end. */
function parseHeader(bytes: Uint8Array, dimensions: readonly number[], types: readonly number[]) {
  const count = bytes.length > 3 && dimensions.includes(bytes[3]) ? bytes[3] : dimensions[0]
  const start = 4 + 4 * count
  const cut = () => problem('data.idx.header', { size: bytes.length, dimensions: count, expected: start })
  if (bytes.length < 4) throw cut()

  for (const offset of [0, 1])
    if (bytes[offset] !== 0) throw problem('data.idx.magic', { offset, actual: hex(bytes[offset]) })
  const [, , type, rank] = bytes
  if (!types.includes(type))
    throw problem(types.includes(integersType) ? 'data.idx.type.labels' : 'data.idx.type', { actual: hex(type) })
  if (!dimensions.includes(rank))
    throw problem('data.idx.dimensions', { actual: rank, expected: dimensions.join(' / ') })
  if (bytes.length < start) throw cut()

  const view = new DataView(bytes.buffer, bytes.byteOffset, start)
  const shape = Array.from({ length: count }, (_, d) => view.getUint32(4 + 4 * d))
  const empty = shape.indexOf(0)
  if (empty >= 0) throw problem('data.idx.size', { dimension: empty + 1, offset: 4 + 4 * empty, end: 7 + 4 * empty })
  const end = start + shape.reduce((a, b) => a * b) * (type === integersType ? 4 : 1)
  return { shape, type, start, end }
}

const hex = (byte: number) => '0x' + byte.toString(16).padStart(2, '0')
