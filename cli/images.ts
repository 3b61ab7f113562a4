// Picture files to pixels and back. What a file is, its first bytes say: names lie. PNG and JPEG are read; others are named.
import { basename } from 'node:path'
import ndarray from 'ndarray'
import { PNG } from 'pngjs'
import { checkDisguise, eachPixel, inkOf, paperRow, type Ink, type Pixels } from '../data/index.js'
import { about, failure } from './errors.js'
import { decodeJpeg } from './jpeg.js'
import type { Picture } from './pixels.js'
import { decodePng } from './png.js'
import { readWhole } from './readWhole.js'

/** A larger file is not read. */
const mostFileBytes = 64e6

/** The beginnings of pictures, in hexadecimal; those with a decoder are read. */
const kinds: readonly Kind[] = [
  { name: 'PNG', begins: /^89504e470d0a1a0a/, decode: decodePng },
  { name: 'JPEG', begins: /^ffd8ff/, decode: decodeJpeg },
  { name: 'WebP', begins: /^52494646.{8}57454250/ }, // RIFF .... WEBP
  { name: 'GIF', begins: /^47494638/ }, // GIF8
  { name: 'BMP', begins: /^424d.{24}(0c|28|40|6c|7c)000000/ }, // BM, and the length of one of its headers
  { name: 'HEIC', begins: /^.{8}66747970(6865(69|76)|6d696631|6d736631)/ }, // ftyp, then hei., hev., mif1 or msf1
  { name: 'AVIF', begins: /^.{8}66747970617669(66|73)/ }, // ftypavif, ftypavis
  { name: 'TIFF', begins: /^(49492a00|4d4d002a)/ },
  { name: 'JPEG XL', begins: /^(ff0a|0000000c4a584c20)/ },
  { name: 'JPEG 2000', begins: /^(0000000c6a502020|ff4fff51)/ },
  { name: 'PDF', begins: /^255044462d/ }, // %PDF-
]

interface Kind {
  readonly name: string
  readonly begins: RegExp
  readonly decode?: (bytes: Buffer) => Picture | Promise<Picture>
}

/** The pixels of a picture file. @throws ChiffreError if it is of no kind that is read, damaged or too large */
export async function readPicture(path: string): Promise<Picture> {
  const bytes = await readWhole(path, mostFileBytes)
  const beginning = bytes.toString('hex', 0, 32)
  const kind = kinds.find(({ begins }) => begins.test(beginning))
  if (kind?.decode) return kind.decode(bytes)
  if (kind) throw failure('image.other', { kind: kind.name })
  checkDisguise(bytes)
  throw failure('image.kind')
}

/**
 * The ink in a picture file of any kind (grey, colour, palette, transparent, 16 bits), dark on light or light on dark.
 * @throws ChiffreError if the file cannot be read, or is blank
 */
export async function readInk(path: string): Promise<Ink> {
  return about(path, async () => {
    const { data, height, width } = await readPicture(path)
    const ink = inkOf(data, height, width)
    if (!ink) throw failure('image.blank')
    return ink
  })
}

/** The levels of a picture file, [rows, columns, channels], 0–255: grey (the mean of the colours) or red, green and blue, on black. */
export async function readLevels(path: string, channels: number): Promise<Pixels> {
  const { data, width, height } = await readPicture(path)
  const levels = ndarray(new Float32Array(width * height * channels), [height, width, channels])
  for (let i = 0; i < width * height; i++) {
    const colours = [0, 1, 2].map(c => (data[4 * i + c] * data[4 * i + 3]) / 255)
    const grey = (colours[0] + colours[1] + colours[2]) / 3
    for (let c = 0; c < channels; c++)
      levels.data[i * channels + c] = Math.round(channels === 1 ? grey : (colours[c] ?? 255))
  }
  return levels
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

/** The paper of a picture in colours as it would look with nothing written on it. */
export function paperPng({ paper, image }: Ink): PNG {
  const [height, width] = image.shape
  const png = new PNG({ width, height })
  const row = new Float32Array(3 * width)
  for (let i = 0; i < height; i++) {
    paperRow(paper, i, width, 3, row)
    for (let j = 0; j < width; j++)
      png.data.set(Uint8ClampedArray.of(...row.subarray(3 * j, 3 * j + 3), 255), 4 * (i * width + j))
  }
  return png
}

export const encode = (png: PNG): Uint8Array => PNG.sync.write(png)

/** photo.jpg → photo: what is made of a picture is called after it. */
export const withoutExtension = (path: string) => basename(path).replace(/\.(png|jpe?g)$/i, '')
