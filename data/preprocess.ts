// From a drawing to what the networks learned from. MNIST's digits were all prepared in one way (LeCun et al. 1998,
// section III.A), and a network reads a new one well only if it is prepared in the same way, step by step:
//   1. without what is no writing (clean.ts), when asked sheared upright, cropped to the clear ink, and scaled with its proportions kept until its longer side is 20 pixels
//   2. padded to 28x28
//   3. moved until its centre of mass is the centre of the 28x28
//   4. divided by 255
import { clean, withoutFar } from './clean.js'
import { rowMajor } from './rowMajor.js'
import { slantOf } from './segment.js'
import { bilinear, blank, crop, eachPixel, inkBox, type Box, type Image, type Pixels } from './image.js'

/** The side of the networks' input, and of the part of it that a digit fills. */
export const side = 28
const digitSide = 20

/** Every step on the way, each an image of its own. */
export interface Preparation {
  /** The drawing without lines, borders, specks and dots beside the digit. */
  readonly cleaned: Pixels
  /** The same sheared upright, if that was asked for: the rest is about this one. */
  readonly upright?: Pixels
  /** How far it leant to the right before that: pixels sideways for each row up; 0 if that was not asked for. */
  readonly slant: number
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

/** Prepares a drawing [h,w] of light ink on a ground of 0; undefined if it is blank. @param deslant shear it upright first */
export function prepare(drawing: Pixels, { deslant = false } = {}): Preparation | undefined {
  const cleaned = withoutFar(clean(drawing))
  const slant = deslant ? slantOfDigit(cleaned) : 0
  const upright = deslant ? sheared(cleaned, -slant) : undefined
  const rest = prepareDigit(upright ?? cleaned)
  return rest && { cleaned, ...(upright && { upright }), slant, ...rest }
}

/** How far a digit leans to the right, by the second moments of its clear ink (slantOf). */
function slantOfDigit(digit: Pixels): number {
  const ink = rowMajor(digit)
  return slantOf([Int32Array.from(ink.keys()).filter(pixel => ink[pixel] >= clear)], digit.shape[1])
}

/** Prepares ink that is a digit and nothing else. */
export function prepareDigit(digit: Pixels): Omit<Preparation, 'cleaned' | 'upright' | 'slant'> | undefined {
  const ink = inkBox(digit, clear) ?? inkBox(digit)
  if (!ink) return undefined
  const scaled = thickened(fit(crop(digit, ink), digitSide))
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

/**
 * Ink weaker than this (of 255) is a stroke's grey rim, a scan's shadow or a JPEG's ripple: it stays where it is, but no
 * digit becomes larger by it.
 */
const clear = 64

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

/**
 * Writes what a fine pen or a hard pencil left with a thicker one: strokes that are thinner than nearly all of MNIST's become as
 * thick as its thin ones. A stroke of thickness t and length l has t·l of ink, and its sides are 2·l of edge.
 */
function thickened(x: Image): Image {
  const [h, w] = x.shape as [number, number]
  const at = (i: number, j: number) => (i < 0 || j < 0 || i >= h || j >= w ? 0 : x.data[i * w + j])
  let [ink, edge] = [0, 0]
  for (let i = -1; i < h; i++)
    for (let j = -1; j < w; j++) {
      ink += at(i, j)
      edge += Math.hypot(at(i, j + 1) - at(i, j), at(i + 1, j) - at(i, j))
    }
  const share = Math.min(0.6, Math.max(0, thin - (2 * ink) / edge))
  if (share === 0) return x
  const y = blank(h, w)
  eachPixel(y, (i, j) => {
    const v = at(i, j)
    y.set(i, j, v + share * (Math.max(v, at(i - 1, j), at(i + 1, j), at(i, j - 1), at(i, j + 1)) - v))
  })
  return y
}
/** In pixels: nine of ten of MNIST’s digits are thicker, their median is 2.35. */
const thin = 1.8

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

/** The same for ink of any size, with the room that it needs at both sides. */
export function sheared(ink: Pixels, by: number): Image {
  const [h, w] = ink.shape as [number, number]
  const room = Math.ceil((Math.abs(by) * h) / 2)
  const wider = blank(h, w + 2 * room)
  eachPixel(ink, (i, j, v) => wider.set(i, j + room, v))
  return lean(wider, by)
}

function map(image: Pixels, rule: (v: number) => number): Image {
  const y = blank(...(image.shape as [number, number]))
  eachPixel(image, (i, j, v) => y.set(i, j, rule(v)))
  return y
}
