// PNG to pixels, by pngjs. Reading trusts nothing: what is not a whole PNG is said to be damaged before pngjs sees it.
import { crc32, createInflate } from 'node:zlib'
import { PNG } from 'pngjs'
import { ChiffreError } from '../engine/index.js'
import { failure } from './errors.js'
import { checkSize, type Picture } from './pixels.js'

/** Sixteen bits a channel take twice the memory. */
const mostMegapixels = { 8: 24, 16: 12 }
/** A PNG begins with these bytes; chunks follow: a length, a kind, so much data, and a checksum of kind and data. */
const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

/** The pixels of a PNG's bytes: red, green, blue and alpha. @throws ChiffreError if it is damaged or too large */
export async function decodePng(bytes: Buffer): Promise<Picture> {
  const { file, header, pixels, isSound } = plain(bytes)
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  if (width === 0 || height === 0) throw failure('image.damaged', { kind: 'PNG' }) // pngjs sometimes makes an empty image of it
  const most = mostMegapixels[header[8] === 16 ? 16 : 8]
  checkSize(width, height, most)
  await checkRows(pixels, rowBytes(header, width, height))
  try {
    if (isSound) return PNG.sync.read(file, { checkCRC: false })
  } catch {
    // It is not.
  }
  throw failure('image.damaged', { kind: 'PNG' })
}

/** A picture with nothing besides: pngjs would believe a second header, and keep a palette of millions of colours. */
interface Plain {
  /** A PNG whose checksums are left out. */
  readonly file: Buffer
  /** What its header holds, and what its pixels are, compressed; both lie in the file. */
  readonly header: Buffer
  readonly pixels: Buffer
  /** Whether all chunks were there that must be, each whole and no longer than it may be. */
  readonly isSound: boolean
}

/** The chunks that say what a picture looks like, and how long they may be; each but IDAT may be there once. */
const mostLength: Readonly<Record<string, number>> = { IHDR: 13, PLTE: 768, tRNS: 256, IDAT: Infinity, IEND: 0 }
/** All of them together, without the pixels, take less. */
const room = 2048

/** @throws ChiffreError if the bytes end in its header */
function plain(bytes: Buffer): Plain {
  const file = Buffer.alloc(room + bytes.length)
  const small = new Map<string, Buffer>()
  let [length, isSound] = [0, true]
  for (const { kind, data, isWhole } of chunksOf(bytes)) {
    if (/^[a-z]/.test(kind) && kind !== 'tRNS') continue // whoever reads the picture need not know it
    isSound &&= isWhole && data.length <= mostLength[kind] && !small.has(kind)
    if (kind === 'IDAT')
      length += data.copy(file, room + length) // there may be millions of them
    else if (isSound) small.set(kind, data)
  }
  const [header, pixels] = [small.get('IHDR'), file.subarray(room, room + length)]
  if (header?.length !== 13) throw failure('image.damaged', { kind: 'PNG' })
  isSound &&= small.delete('IEND')
  const head = [...small].flatMap(([kind, data]) => [start(kind, data.length), data, unchecked])
  const before = Buffer.concat([signature, ...head, start('IDAT', length)])
  const after = Buffer.concat([unchecked, start('IEND', 0), unchecked])
  const [from, to] = [room - before.length, room + length]
  before.copy(file, from)
  after.copy(file, to)
  return { file: file.subarray(from, to + after.length), header, pixels, isSound }
}

/** How a chunk begins: its length and its kind. A checksum ends it. */
function start(kind: string, length: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(length)
  bytes.write(kind, 4, 'latin1')
  return bytes
}
const unchecked = Buffer.alloc(4)

/** A part of a PNG: its kind, and what it holds, as far as the file goes. */
interface Chunk {
  readonly kind: string
  readonly data: Buffer
  /** Whether all of it is there and gives its checksum. */
  readonly isWhole: boolean
}

/** The chunks of a PNG, up to where it ends. */
function* chunksOf(bytes: Buffer): Generator<Chunk> {
  for (let at = signature.length; at + 8 <= bytes.length;) {
    const [kind, end] = [bytes.toString('latin1', at + 4, at + 8), at + 8 + bytes.readUInt32BE(at)]
    const isWhole = end + 4 <= bytes.length && crc32(bytes.subarray(at + 4, end)) === bytes.readUInt32BE(end)
    yield { kind, data: bytes.subarray(at + 8, end), isWhole }
    if (kind === 'IEND') return
    at = end + 4
  }
}

/**
 * Unfolds a PNG's pixels without keeping them, to see whether all rows are there and nothing else is. pngjs would take
 * memory that it never filled for the rows that are missing, and unfold whatever an interlaced picture holds.
 */
async function checkRows(pixels: Buffer, rows: readonly number[]) {
  const expected = rows.reduce((sum, size) => sum + size, 0)
  let length = 0
  try {
    const unfolded = createInflate()
    unfolded.end(pixels)
    for await (const part of unfolded) {
      length += (part as Buffer).length
      if (length > expected) throw failure('image.more', { rows: rows.length })
    }
  } catch (error) {
    if (error instanceof ChiffreError) throw error
    if ((error as NodeJS.ErrnoException).code !== 'Z_BUF_ERROR') throw failure('image.damaged', { kind: 'PNG' })
  }
  if (length === expected) return
  let row = 0
  for (let end = rows[0]; end <= length; end += rows[row]) row++
  throw failure('image.cut', { row: row + 1, rows: rows.length })
}

/** How many bytes each row takes, with the byte that says how it is filtered; of interlaced pictures, in seven passes. */
function rowBytes(header: Buffer, width: number, height: number): number[] {
  const [depth, type, , , interlaced] = header.subarray(8)
  const { channels, depths } = colourTypes[type] ?? {}
  if (!channels || !depths.includes(depth) || interlaced > 1) throw failure('image.damaged', { kind: 'PNG' })
  const passes = interlaced ? adam7 : [[0, 0, 1, 1]]
  return passes.flatMap(([left, top, stepRight, stepDown]) => {
    const [columns, rows] = [Math.ceil((width - left) / stepRight), Math.ceil((height - top) / stepDown)]
    return columns > 0 && rows > 0 ? Array<number>(rows).fill(1 + Math.ceil((columns * channels * depth) / 8)) : []
  })
}

/** The colour types of the standard, and which bits a channel each may have. */
const colourTypes: Readonly<Record<number, { readonly channels: number; readonly depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
}

/** Where each pass of an interlaced picture begins, and how far apart its pixels are: [left, top, right, down]. */
const adam7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]] // prettier-ignore
