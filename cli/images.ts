// PNG files to grey levels and back. Reading trusts nothing: what is not a whole PNG is said to be none.
import { readFile } from 'node:fs/promises'
import ndarray from 'ndarray'
import { PNG } from 'pngjs'
import { eachPixel, findInk, type Ink, type Pixels } from '../data/index.js'
import { about, failure } from './errors.js'

/** An image may have so many pixels. */
const mostPixels = 64e6
/** A PNG begins with these bytes; its width and height follow, at bytes 16 and 20. */
const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

/**
 * The ink in a PNG file of any kind (grey, colour, palette, transparent, 16 bits), dark on light or light on dark.
 * @throws ChiffreError if the file cannot be read, is no PNG, is damaged, too large, or blank
 */
export async function readInk(path: string): Promise<Ink> {
  return about(path, async () => {
    const png = decode(await readFile(path))
    // What is transparent shows the paper: white, or black if the ink is white.
    const ink = findInk(greyOf(png, 255)) ?? findInk(greyOf(png, 0))
    if (!ink) throw failure('image.blank')
    return ink
  })
}

function decode(bytes: Buffer): PNG {
  if (!bytes.subarray(0, 8).equals(signature)) throw failure('image.kind')
  if (bytes.length < 24) throw failure('image.damaged')
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
  if (width === 0 || height === 0) throw failure('image.damaged') // pngjs sometimes makes an empty image of it
  if (width * height > mostPixels) throw failure('image.large', { width, height })
  try {
    return PNG.sync.read(bytes)
  } catch {
    throw failure('image.damaged')
  }
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
