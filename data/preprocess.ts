// From a drawing to what the networks learned from. MNIST's digits were all prepared in one way (LeCun et al. 1998,
// section III.A), and a network reads a new one well only if it is prepared in the same way, step by step:
//   1. cropped to the clear ink, and scaled with its proportions kept until its longer side is 20 pixels
//   2. padded to 28x28
//   3. moved until its centre of mass is the centre of the 28x28
//   4. divided by 255
// Images are ndarray views [rows, columns] of ink: 0 is the ground, 255 the strongest ink.
import ndarray, { type NdArray } from 'ndarray'

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

/** The side of the networks' input, and of the part of it that a digit fills. */
export const side = 28
const digitSide = 20

/** Every step on the way, each an image of its own. */
export interface Preparation {
  /** Where the ink is in the drawing. */
  readonly ink: Box
  /** At most 20x20, its longer side 20. */
  readonly scaled: Image
  /** 28x28, the digit's box in the middle. */
  readonly padded: Image
  /** 28x28, the digit's centre of mass in the middle. */
  readonly centred: Image
  /** What the network sees: `centred` / 255. */
  readonly input: Image
  /** The part of the drawing that the 28x28 show; it may reach beyond the drawing's edges. */
  readonly frame: Box
}

/** Prepares a drawing [h,w] of light ink on a ground of 0; undefined if it is blank. */
export function prepare(drawing: Pixels): Preparation | undefined {
  const ink = inkBox(drawing, clear) ?? inkBox(drawing)
  if (!ink) return undefined
  const scaled = fit(crop(drawing, ink), digitSide)
  const [h, w] = scaled.shape as [number, number]
  const [top, left] = [Math.floor((side - h) / 2), Math.floor((side - w) / 2)]
  const padded = moved(scaled, top, left)
  const [y, x] = centreOfMass(padded)
  // MNIST moved by whole pixels: in all of its images the centre of mass lies within half a pixel of (14, 14).
  const [down, right] = [Math.round(side / 2 - y), Math.round(side / 2 - x)]
  const centred = moved(padded, down, right)
  const [pixelHeight, pixelWidth] = [ink.height / h, ink.width / w]
  return {
    ink,
    scaled,
    padded,
    centred,
    input: map(centred, v => v / 255),
    frame: {
      top: ink.top - (top + down) * pixelHeight,
      left: ink.left - (left + right) * pixelWidth,
      height: side * pixelHeight,
      width: side * pixelWidth,
    },
  }
}

/** What separates ink from its ground in a picture. */
export interface Ink {
  /** The ink alone: the ground is 0, the strongest ink 255. */
  readonly image: Image
  readonly ground: 'light' | 'dark'
}

/**
 * Finds the ink in a grey picture [h,w] of any range up to `white`, dark on light or light on dark; undefined if the
 * picture is blank. The ground is the median of the picture's edge; what differs from it no more than the edge's own
 * grain does (six times its median deviation) is ground too, and a picture whose strongest ink differs by less than 6 % of the
 * range is blank.
 */
export function findInk(grey: Pixels, white = 255): Ink | undefined {
  const edge = edgeOf(grey)
  const level = median(edge)
  const grain = 6 * median(edge.map(v => Math.abs(v - level)))
  let [least, most] = [Infinity, -Infinity]
  eachPixel(grey, (_i, _j, v) => {
    least = Math.min(least, v)
    most = Math.max(most, v)
  })
  const ground = level - least > most - level ? 'light' : 'dark'
  const strongest = Math.max(level - least, most - level)
  if (strongest <= Math.max(grain, 0.06 * white)) return undefined
  const sign = ground === 'light' ? -1 : 1
  const image = map(grey, v => {
    const difference = sign * (v - level)
    return difference > grain ? (255 * difference) / strongest : 0
  })
  return { image, ground }
}

/**
 * Ink weaker than this (of 255) is a stroke's grey rim, a scan's shadow or a JPEG's ripple: it stays where it is, but no
 * digit becomes larger by it.
 */
const clear = 64

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

/**
 * Scales an image until its longer side has `longest` pixels, and stretches its grey levels until the strongest is
 * 255: thin strokes stay ink. Each pixel is the mean of the area that it covers, so edges come out grey (anti-aliased).
 */
export function fit(image: Pixels, longest: number): Image {
  const [h, w] = image.shape as [number, number]
  const factor = longest / Math.max(h, w)
  const [rows, columns] = [h, w].map(n => Math.max(1, Math.round(n * factor))) as [number, number]
  const small = meanRows(meanRows(image, rows).transpose(1, 0), columns).transpose(1, 0)
  const strongest = small.data.reduce((a, b) => Math.max(a, b), 0)
  return map(small, v => (v * 255) / strongest)
}

/** y[i,j] = the mean of x[a,j] over a from i·h/rows to (i+1)·h/rows, rows that lie half within counting half. */
function meanRows(x: Pixels, rows: number): Image {
  const [h, w] = x.shape as [number, number]
  const y = blank(rows, w)
  for (let i = 0; i < rows; i++) {
    const [from, to] = [(i * h) / rows, ((i + 1) * h) / rows]
    for (let j = 0; j < w; j++) {
      let sum = 0
      for (let a = Math.floor(from); a < Math.min(h, to); a++)
        sum += (Math.min(a + 1, to) - Math.max(a, from)) * x.get(a, j)
      y.set(i, j, sum / (to - from))
    }
  }
  return y
}

/** A 28x28 image with x moved down and to the right; what leaves it is lost. */
function moved(x: Image, down: number, right: number): Image {
  const y = blank(side, side)
  eachPixel(x, (i, j, v) => {
    if (i + down >= 0 && i + down < side && j + right >= 0 && j + right < side) y.set(i + down, j + right, v)
  })
  return y
}

/** The mean row and column, weighted by the ink. */
export function centreOfMass(x: Pixels): [row: number, column: number] {
  let [mass, row, column] = [0, 0, 0]
  eachPixel(x, (i, j, v) => {
    mass += v
    row += v * i
    column += v * j
  })
  return [row / mass, column / mass]
}

/** How to disturb a prepared digit. */
export interface Disturbance {
  /** Pixels to the right and down. */
  readonly right: number
  readonly down: number
  /** Degrees, clockwise. */
  readonly turn: number
  /** 1 is as large as before. */
  readonly scale: number
}

/** Turns and scales an image about its middle, then shifts it; between four pixels, their bilinear mean. */
export function disturb(x: Image, { right, down, turn, scale }: Disturbance): Image {
  const [h, w] = x.shape as [number, number]
  const [middleRow, middleColumn] = [(h - 1) / 2, (w - 1) / 2]
  const cos = Math.cos((turn * Math.PI) / 180) / scale
  const sin = Math.sin((turn * Math.PI) / 180) / scale
  const y = blank(h, w)
  for (let i = 0; i < h; i++)
    for (let j = 0; j < w; j++) {
      const [v, u] = [i - middleRow - down, j - middleColumn - right]
      y.set(i, j, bilinear(x, cos * v - sin * u + middleRow, sin * v + cos * u + middleColumn))
    }
  return y
}

/** Leans an image to the right, its middle row staying: `by` pixels sideways for each row up. */
export function lean(x: Image, by: number): Image {
  const y = blank(...(x.shape as [number, number]))
  const middle = (x.shape[0] - 1) / 2
  eachPixel(y, (i, j) => y.set(i, j, bilinear(x, i, j - by * (middle - i))))
  return y
}

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

/** An image of zeros. */
export const blank = (h: number, w: number): Image => ndarray(new Float32Array(h * w), [h, w])

/** Visits every pixel, row by row. */
export function eachPixel(image: Pixels, visit: (i: number, j: number, v: number) => void) {
  const { data, offset } = image
  const [[h, w], [down, right]] = [image.shape, image.stride]
  for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) visit(i, j, data[offset + i * down + j * right])
}

function map(image: Pixels, rule: (v: number) => number): Image {
  const y = blank(...(image.shape as [number, number]))
  eachPixel(image, (i, j, v) => y.set(i, j, rule(v)))
  return y
}

function edgeOf(image: Pixels): number[] {
  const [h, w] = image.shape as [number, number]
  const edge: number[] = []
  for (let j = 0; j < w; j++) edge.push(image.get(0, j), image.get(h - 1, j))
  for (let i = 0; i < h; i++) edge.push(image.get(i, 0), image.get(i, w - 1))
  return edge
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]
