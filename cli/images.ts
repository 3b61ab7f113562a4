// PNG files to grey levels and back. Reading trusts nothing: what is not a whole PNG is said to be none.
import { Readable } from 'node:stream'
import { createInflate } from 'node:zlib'
import ndarray from 'ndarray'
import { PNG } from 'pngjs'
import { checkDisguise, eachPixel, findInk, type Ink, type Pixels } from '../data/index.js'
import { ChiffreError } from '../engine/index.js'
import { about, failure } from './errors.js'
import { integer } from './language.js'
import { readWhole } from './readWhole.js'

/** What is read at most. Sixteen bits a channel take twice the memory. */
const mostFileBytes = 64e6
const mostMegapixels = { 8: 25, 16: 12 }
const mostSide = 32767
/** A PNG begins with these bytes; its width and height follow, at bytes 16 and 20. */
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
  const bytes = await readWhole(path, mostFileBytes)
  checkDisguise(bytes)
  if (!bytes.subarray(0, 8).equals(signature)) throw failure('image.kind')
  if (bytes.length < 33) throw failure('image.damaged')
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
  if (width === 0 || height === 0) throw failure('image.damaged') // pngjs sometimes makes an empty image of it
  const most = mostMegapixels[bytes[24] === 16 ? 16 : 8]
  if (Math.max(width, height) > mostSide || width * height > 1e6 * most)
    throw failure('image.large', { width, height, most, side: integer(mostSide) })
  await checkRows(bytes, width, height)
  try {
    return PNG.sync.read(bytes)
  } catch {
    throw failure('image.damaged')
  }
}

/**
 * Unfolds a PNG's pixels without keeping them, to see whether all rows are there and nothing else is. pngjs would take
 * memory that it never filled for the rows that are missing, and unfold whatever an interlaced picture holds.
 */
async function checkRows(bytes: Buffer, width: number, height: number) {
  const rows = rowBytes(bytes, width, height)
  const expected = rows.reduce((sum, size) => sum + size, 0)
  let length = 0
  try {
    for await (const chunk of pixelData(bytes).pipe(createInflate())) {
      length += (chunk as Buffer).length
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

/** What the chunks of pixels hold, up to where the file ends. */
function pixelData(bytes: Buffer): Readable {
  const parts: Buffer[] = []
  for (let at = signature.length; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at))
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)))
  return Readable.from(parts)
}

/** How many bytes each row takes, with the byte that says how it is filtered; of interlaced pictures, in seven passes. */
function rowBytes(bytes: Buffer, width: number, height: number): number[] {
  const [depth, type, interlaced] = [bytes[24], bytes[25], bytes[28]]
  const channels = [1, 0, 3, 1, 2, 0, 4][type]
  if (!channels || ![1, 2, 4, 8, 16].includes(depth)) throw failure('image.damaged')
  const passes = interlaced ? adam7 : [[0, 0, 1, 1]]
  return passes.flatMap(([left, top, stepRight, stepDown]) => {
    const [columns, rows] = [Math.ceil((width - left) / stepRight), Math.ceil((height - top) / stepDown)]
    return columns > 0 && rows > 0 ? Array<number>(rows).fill(1 + Math.ceil((columns * channels * depth) / 8)) : []
  })
}

/** Where each pass of an interlaced picture begins, and how far apart its pixels are: [left, top, right, down]. */
const adam7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]] // prettier-ignore

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
