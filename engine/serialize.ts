// Named tensors and a few words about them, as the bytes of a safetensors file and back:
//   8 bytes: the header's length n, little-endian · n bytes: JSON · the tensors' values, little-endian.
// The header maps each name to {"dtype":"F32","shape":[…],"data_offsets":[start,end]}, counted from the end of the
// header ("F16" is half precision); "__metadata__" maps strings to strings. https://github.com/huggingface/safetensors
//
// Reading trusts nothing: every length and offset is checked before it is used.
import { ChiffreError, problem } from './errors.js'
import { fromHalf, toHalf } from './float16.js'
import { sizeOf, type Shape } from './tensor.js'

/** Values [shape] by name, such as a network's weights. */
export type NamedTensors = ReadonlyMap<string, { readonly shape: Shape; readonly values: Float32Array }>
/** What a safetensors file holds. */
export interface Saved {
  readonly tensors: NamedTensors
  readonly metadata: Readonly<Record<string, string>>
}

/** A longer header is not read; it bounds the number of tensors, and the memory that reading takes. */
const mostHeaderBytes = 4e6

/** Bytes a number. */
const sizes = { F32: 4, F16: 2 }

/**
 * The bytes of a safetensors file. The same content gives the same bytes.
 * @param dtype F16: half the bytes, and numbers of 11 significant bits
 */
export function serialize({ tensors, metadata }: Saved, dtype: keyof typeof sizes = 'F32'): Uint8Array {
  const header = new Map<string, unknown>([['__metadata__', metadata]])
  let end = 0
  for (const [name, { shape, values }] of tensors)
    header.set(name, { dtype, shape, data_offsets: [end, (end += sizes[dtype] * values.length)] })
  const json = encodeAscii(JSON.stringify(Object.fromEntries(header)))
  const padded = Math.ceil(json.length / 8) * 8 // so that the values are aligned
  const bytes = new Uint8Array(8 + padded + end)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(padded), true)
  bytes.set(json, 8)
  bytes.fill(0x20, 8 + json.length, 8 + padded)
  let at = 8 + padded
  for (const { values } of tensors.values()) {
    if (dtype === 'F32') for (let i = 0; i < values.length; i++) view.setFloat32(at + 4 * i, values[i], true)
    else for (let i = 0; i < values.length; i++) view.setUint16(at + 2 * i, toHalf(values[i]), true)
    at += sizes[dtype] * values.length
  }
  return bytes
}

/** Reads a safetensors file of F32 and F16 tensors. @throws ChiffreError saying what is malformed */
export function deserialize(bytes: Uint8Array): Saved {
  try {
    return parse(bytes)
  } catch (error) {
    if (!(error instanceof ChiffreError)) throw error
    throw problem('engine.safetensors', { reason: error })
  }
}

function parse(bytes: Uint8Array): Saved {
  if (bytes.length < 8) throw problem('engine.safetensors.short', { actual: bytes.length, expected: 8 })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = view.getBigUint64(0, true)
  if (length > bytes.length - 8) throw problem('engine.safetensors.header', { length: `${length}`, size: bytes.length })
  if (length > mostHeaderBytes) throw problem('engine.safetensors.long', { length: `${length}`, most: mostHeaderBytes })
  const start = 8 + Number(length)
  const { __metadata__: metadata = {}, ...entries } = parseHeader(bytes.subarray(8, start))
  const size = bytes.length - start
  const tensors = new Map<string, { shape: Shape; values: Float32Array }>()
  const ranges: { name: string; from: number; to: number }[] = []
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, from, to } = parseEntry(name, entry)
    if (dtype !== 'F32' && dtype !== 'F16') throw problem('engine.safetensors.dtype', { name, actual: dtype })
    if (from > to || to > size) throw problem('engine.safetensors.range', { name, start: from, end: to, size })
    const [actual, expected] = [to - from, sizes[dtype] * sizeOf(shape)]
    if (actual !== expected) throw problem('engine.safetensors.size', { name, actual, shape: `${shape}`, expected })
    const values = new Float32Array(sizeOf(shape))
    const at = start + from
    if (dtype === 'F32') for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(at + 4 * i, true)
    else for (let i = 0; i < values.length; i++) values[i] = fromHalf(view.getUint16(at + 2 * i, true))
    tensors.set(name, { shape, values })
    ranges.push({ name, from, to })
  }
  checkCover(ranges, size)
  if (!isRecord(metadata) || !Object.values(metadata).every(v => typeof v === 'string'))
    throw problem('engine.safetensors.entry', { name: '__metadata__' })
  return { tensors, metadata: metadata as Record<string, string> }
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(decodeUtf8(bytes))
  } catch {
    throw problem('engine.safetensors.json')
  }
  if (!isRecord(header)) throw problem('engine.safetensors.json')
  return header
}

function parseEntry(name: string, entry: unknown) {
  const whole = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= 0
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {}
  const wellFormed = typeof dtype === 'string' && Array.isArray(shape) && shape.every(whole)
  if (!wellFormed || !Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(whole))
    throw problem('engine.safetensors.entry', { name })
  return { dtype, shape: shape as Shape, from: offsets[0], to: offsets[1] }
}

/** The tensors must fill the data exactly: no overlap, no gap, nothing left over. */
function checkCover(ranges: { name: string; from: number; to: number }[], size: number) {
  ranges.sort((a, b) => a.from - b.from || a.to - b.to)
  let [end, first] = [0, '']
  for (const { name, from, to } of ranges) {
    if (from < end) throw problem('engine.safetensors.overlap', { first, second: name })
    if (from > end) throw problem('engine.safetensors.gap', { start: end, end: from })
    ;[end, first] = [to, name]
  }
  if (end < size) throw problem('engine.safetensors.gap', { start: end, end: size })
}

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v)

// TextEncoder is not part of ES2022, only of its hosts. JSON can say every character in ASCII, and percent-encoding reads UTF-8.
const encodeAscii = (json: string) =>
  Uint8Array.from(
    json.replace(/[^\0-\x7f]/g, c => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')),
    c => c.charCodeAt(0),
  )
function decodeUtf8(bytes: Uint8Array): string {
  const escaped = (at: number) => '%' + bytes[at].toString(16).padStart(2, '0')
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(at + 4096, bytes.length)
    let part = ''
    // A portion ends where a character does, which has four bytes at most.
    for (; at < end || (at < end + 3 && (bytes[at] & 0xc0) === 0x80); at++) part += escaped(at)
    text += decodeURIComponent(part)
  }
  return text
}
