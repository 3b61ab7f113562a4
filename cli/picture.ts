// Labelled images as a PNG: black squares on white, a caption under each.
import { PNG } from 'pngjs'
import { eachPixel, type Pixels } from '../data/index.js'
import { letterHeight, write } from './font.js'

/** Sizes in pixels of the picture. */
const pixel = 5 // of an image's pixel
const dot = 2 // of a letter's
const margin = 20
const gap = 10 // between an image and its caption
const columns = 4

const [black, white] = [0, 255]

/** The PNG standard's number for pictures without colour. */
const grey = 0

/**
 * The bytes of a PNG of images [h,w] of one size, four in a row.
 * @param captions in the letters of the font (font.ts)
 */
export function contactSheet(images: readonly Pixels[], captions: readonly string[]): Uint8Array {
  const [height, width] = images[0].shape.map(n => n * pixel)
  const stepRight = width + margin
  const stepDown = height + gap + letterHeight * dot + margin
  const png = new PNG({
    width: margin + Math.min(columns, images.length) * stepRight,
    height: margin + Math.ceil(images.length / columns) * stepDown,
  })
  png.data.fill(white)
  images.forEach((image, i) => {
    const left = margin + (i % columns) * stepRight
    const top = margin + Math.floor(i / columns) * stepDown
    eachPixel(image, (y, x, level) => square(png, left + x * pixel, top + y * pixel, pixel, level))
    const rows = write(captions[i])
    const indent = Math.floor((width - rows[0].length * dot) / 2)
    rows.forEach((row, y) => {
      for (const { index: x } of row.matchAll(/#/g))
        square(png, left + indent + x * dot, top + height + gap + y * dot, dot, black)
    })
  })
  return PNG.sync.write(png, { colorType: grey })
}

/** Fills a square of the picture with a grey. */
function square(png: PNG, left: number, top: number, size: number, level: number) {
  for (let y = top; y < top + size; y++) {
    const start = 4 * (y * png.width + left)
    png.data.fill(Buffer.of(level, level, level, white), start, start + 4 * size)
  }
}
