// PNG files to grey levels and back. Reading trusts nothing: what is not a whole PNG is said to be none.
import { crc32, createInflate } from 'node:zlib'
import ndarray from 'ndarray'
import { PNG } from 'pngjs'
import { checkDisguise, eachPixel, findInk, type Ink, type Pixels } from '../data/index.js'
import { ChiffreError } from '../engine/index.js'
import { about, failure } from './errors.js'
import { integer } from './language.js'
import { readWhole } from './readWhole.js'

/** What is read at most. Sixteen bits a channel take twice the memory. */
const mostFileBytes = 64e6
const mostMegapixels = { 8: 24, 16: 12 }
const mostSide = 32767
/** A PNG begins with these bytes; chunks follow: a length, a kind, so much data, and a checksum of kind and data. */
const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

/**
 * The ink in a PNG file of any kind (grey, colour, palette, transparent, 16 bits), dark on light or light on dark.
 * @throws ChiffreError if the file cannot be read, is no PNG, is damaged, too large, or blank
 */
export async function readInk(path: string): Promise<Ink> {
  return about(path, async () => {
    const png = await readPng(path)
    // What is transparent shows the paper: white, or black if the ink is white.
    const ink = findInk(greyOf(png, 255)) ?? findInk(greyOf(png, 0))
    if (!ink) throw failure('image.blank')
    return ink
  })
}

/** The pixels of a PNG file: red, green, blue and alpha. @throws ChiffreError if it is none, damaged or too large */
export async function readPng(path: string): Promise<PNG> {
  return decode(plain(await readWhole(path, mostFileBytes)))
}

async function decode({ file, header, pixels, isSound }: Plain): Promise<PNG> {
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  if (width === 0 || height === 0) throw failure('image.damaged') // pngjs sometimes makes an empty image of it
  const most = mostMegapixels[header[8] === 16 ? 16 : 8]
  if (Math.max(width, height) > mostSide || width * height > 1e6 * most)
    throw failure('image.large', { width, height, most, side: integer(mostSide) })
  await checkRows(pixels, rowBytes(header, width, height))
  try {
    if (isSound) return PNG.sync.read(file, { checkCRC: false })
  } catch {
    // It is not.
  }
  throw failure('image.damaged')
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

/** @throws ChiffreError if the bytes are no PNG's, or end in its header */
function plain(bytes: Buffer): Plain {
  checkDisguise(bytes)
  if (!bytes.subarray(0, 8).equals(signature)) throw failure('image.kind')
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
  if (header?.length !== 13) throw failure('image.damaged')
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
    if ((error as NodeJS.ErrnoException).code !== 'Z_BUF_ERROR') throw failure('image.damaged')
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
  if (!channels || !depths.includes(depth) || interlaced > 1) throw failure('image.damaged')
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

/** The levels of a PNG file, [rows, columns, channels], 0–255: grey (the mean of the colours) or red, green and blue, on black. */
export async function readLevels(path: string, channels: number): Promise<Pixels> {
  const { data, width, height } = await readPng(path)
  const levels = ndarray(new Float32Array(width * height * channels), [height, width, channels])
  for (let i = 0; i < width * height; i++) {
    const colours = [0, 1, 2].map(c => (data[4 * i + c] * data[4 * i + 3]) / 255)
    const grey = (colours[0] + colours[1] + colours[2]) / 3
    for (let c = 0; c < channels; c++)
      levels.data[i * channels + c] = Math.round(channels === 1 ? grey : (colours[c] ?? 255))
  }
  return levels
}

/** Luma (ITU-R BT.601) of every pixel, as it looks on paper of the given grey. */
function greyOf({ data, width, height }: PNG, paper: number): Pixels {
  const grey = new Uint8Array(width * height)
  for (let i = 0; i < grey.length; i++) {
    const luma = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]
    const alpha = data[4 * i + 3] / 255
    grey[i] = Math.round(alpha * luma + (1 - alpha) * paper)
  }
  return ndarray(grey, [height, width])
}

/** An image of grey levels 0–255, as a PNG in which `colour` marks may be set by paint(). */
export function greyPng(image: Pixels): PNG {
  const [height, width] = image.shape
  const png = new PNG({ width, height })
  eachPixel(image, (i, j, v) => {
    const level = Math.round(v)
    png.data.set([level, level, level, 255], 4 * (i * width + j))
  })
  return png
}

export const encode = (png: PNG): Uint8Array => PNG.sync.write(png)
