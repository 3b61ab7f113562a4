// Images: ndarray views [rows, columns] of numbers, mostly of ink, of which 0 is the ground and 255 the strongest.
import ndarray, { type NdArray } from 'ndarray'

/** An image [rows,columns] that is computed with; 0 is the ground, 255 the strongest ink. */
export type Image = NdArray<Float32Array>
/** An image as files and canvases hold it. */
export type Pixels = NdArray<Uint8Array | Uint8ClampedArray | Uint16Array | Float32Array>

/** A part of an image, in pixels. */
export interface Box {
  readonly top: number
  readonly left: number
  readonly height: number
  readonly width: number
}

/** The smallest box that holds all pixels of at least so much; without a number, all above 0. */
export function inkBox(image: Pixels, least = Number.MIN_VALUE): Box | undefined {
  let [top, left, bottom, right] = [Infinity, Infinity, -1, -1]
  eachPixel(image, (i, j, v) => {
    if (v < least) return
    top = Math.min(top, i)
    left = Math.min(left, j)
    bottom = Math.max(bottom, i)
    right = Math.max(right, j)
  })
  return bottom < 0 ? undefined : { top, left, height: bottom - top + 1, width: right - left + 1 }
}

/** A view of a part of an image: no pixel is copied. */
export const crop = (image: Pixels, { top, left, height, width }: Box) => image.lo(top, left).hi(height, width)

/** The image between its pixels: the mean of the four around a place, the nearer the heavier; 0 outside. */
export function bilinear(image: Pixels, row: number, column: number): number {
  const [h, w] = image.shape as [number, number]
  const at = (i: number, j: number) => (i >= 0 && i < h && j >= 0 && j < w ? image.get(i, j) : 0)
  const [top, left] = [Math.floor(row), Math.floor(column)]
  const [below, beside] = [row - top, column - left]
  const upper = (1 - beside) * at(top, left) + beside * at(top, left + 1)
  const lower = (1 - beside) * at(top + 1, left) + beside * at(top + 1, left + 1)
  return (1 - below) * upper + below * lower
}

/**
 * The image between its pixels, without the blur of their mean: cubic convolution of the sixteen around a place (Keys 1981, a = −1/2); 0
 * outside. Beside an edge it goes beyond what the pixels have.
 */
export function cubic(image: Pixels, row: number, column: number): number {
  const [h, w] = image.shape as [number, number]
  const [top, left] = [Math.floor(row) - 1, Math.floor(column) - 1]
  let sum = 0
  for (let i = Math.max(0, top); i < Math.min(h, top + 4); i++)
    for (let j = Math.max(0, left); j < Math.min(w, left + 4); j++)
      sum += weightAt(Math.abs(row - i)) * weightAt(Math.abs(column - j)) * image.get(i, j)
  return sum
}
const weightAt = (t: number) => (t < 1 ? 1.5 * t ** 3 - 2.5 * t ** 2 + 1 : -0.5 * t ** 3 + 2.5 * t ** 2 - 4 * t + 2)

/** An image of zeros. */
export const blank = (h: number, w: number): Image => ndarray(new Float32Array(h * w), [h, w])

/** Visits every pixel, row by row. */
export function eachPixel(image: Pixels, visit: (i: number, j: number, v: number) => void) {
  const { data, offset } = image
  const [[h, w], [down, right]] = [image.shape, image.stride]
  for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) visit(i, j, data[offset + i * down + j * right])
}
