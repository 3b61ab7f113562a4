// JPEG to pixels, by jpeg-js: baseline and progressive, grey, colour and CMYK, turned as the camera was held (Exif).
import { decode } from 'jpeg-js'
import { failure } from './errors.js'
import { checkSize, type Picture } from './pixels.js'

const mostMegapixels = 24
/** jpeg-js counts its coefficients and pixels only; the process takes some half more. */
const mostMemory = 480

/** The pixels of a JPEG's bytes. @throws ChiffreError if it is damaged, of a rare kind, or too large */
export function decodeJpeg(bytes: Buffer): Picture {
  const { width, height, orientation, isRgb } = headOf(bytes)
  checkSize(width, height, mostMegapixels)
  let picture: Picture
  try {
    picture = decode(bytes, {
      useTArray: true,
      maxResolutionInMP: mostMegapixels,
      maxMemoryUsageInMB: mostMemory,
      ...(isRgb && { colorTransform: false }),
    })
  } catch (error) {
    if (/memory/i.test(String(error))) throw failure('image.memory', { width, height })
    throw failure('image.damaged', { kind: 'JPEG' })
  }
  return upright(picture, orientation)
}

interface Head {
  readonly width: number
  readonly height: number
  /** Exif's number of the way in which the picture is turned: 1 is upright. */
  readonly orientation: number
  /** Adobe's mark for colours that were not transformed to luma and chroma; jpeg-js believes it where there are four only. */
  readonly isRgb: boolean
}

/** The kinds that no program but a scanner's or an archive's writes, by the number of their frame. */
const rare: Readonly<Record<number, string>> = {
  0xc3: 'lossless',
  0xc9: 'arithmetic',
  0xca: 'arithmetic',
  0xcb: 'lossless',
}

/** Reads the segments before the pixels: a marker, a length, and so much data. */
function headOf(bytes: Buffer): Head {
  let [orientation, isRgb] = [1, false]
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) break
    const marker = bytes[at + 1]
    if (marker === 0xff) {
      at++ // a byte that fills up
      continue
    }
    const data = bytes.subarray(at + 4, at + 2 + bytes.readUInt16BE(at + 2))
    if (rare[marker]) throw failure('image.jpeg', { kind: rare[marker] })
    if (marker >= 0xc0 && marker <= 0xc2 && data.length >= 6) {
      if (data[0] !== 8) throw failure('image.jpeg', { kind: `${data[0]} bit` })
      const [height, width] = [data.readUInt16BE(1), data.readUInt16BE(3)]
      if (height > 0 && width > 0) return { width, height, orientation, isRgb: isRgb && data[5] === 3 }
    }
    if (marker === 0xda) break // the pixels begin
    if (marker === 0xe1 && data.toString('latin1', 0, 6) === 'Exif\0\0') orientation = orientationOf(data.subarray(6))
    if (marker === 0xee && data.toString('latin1', 0, 5) === 'Adobe') isRgb = data[11] === 0
    at += 2 + bytes.readUInt16BE(at + 2)
  }
  throw failure('image.damaged', { kind: 'JPEG' })
}

/** The tag 0x0112 of the first directory of Exif's TIFF; 1, upright, if there is none. */
function orientationOf(tiff: Buffer): number {
  const little = tiff.toString('latin1', 0, 2) === 'II'
  const short = (at: number) => (at + 2 > tiff.length ? 0 : little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at))
  const long = (at: number) => (at + 4 > tiff.length ? 0 : little ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at))
  const first = long(4)
  const count = short(first)
  for (let i = 0; i < count; i++) {
    const entry = first + 2 + 12 * i
    if (entry + 12 > tiff.length) break
    if (short(entry) === 0x0112) return short(entry + 8)
  }
  return 1
}

/** Of Exif's eight orientations: whether rows and columns are exchanged, then which of the two run backwards. */
const turned: Readonly<Record<number, readonly [swap: boolean, down: boolean, right: boolean]>> = {
  2: [false, false, true],
  3: [false, true, true],
  4: [false, true, false],
  5: [true, false, false],
  6: [true, true, false],
  7: [true, true, true],
  8: [true, false, true],
}

/** A picture as it was seen through the camera. */
function upright(picture: Picture, orientation: number): Picture {
  const way = turned[orientation]
  if (!way) return picture
  const [swap, down, right] = way
  const { width: w, height: h } = picture
  const from = new Uint32Array(picture.data.buffer, picture.data.byteOffset, w * h) // a pixel a number
  const [width, height] = swap ? [h, w] : [w, h]
  const to = new Uint32Array(w * h)
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) {
      const [row, column] = swap ? [j, i] : [i, j]
      to[i * width + j] = from[(down ? h - 1 - row : row) * w + (right ? w - 1 - column : column)]
    }
  return { width, height, data: new Uint8Array(to.buffer) }
}
