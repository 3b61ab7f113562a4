// Other pictures of the same things: a set of images shifted, turned, scaled, sheared, bent, and written with a thicker or
// thinner pen, differently in every epoch, so that a network cannot learn the images by heart. What becomes of an image is
// drawn from (seed, epoch, its index) alone: nothing about it has to be saved, and training goes on as if never stopped.
import { random, type ExampleSet, type Random } from '../engine/index.js'
import { problem } from './errors.js'

/** What can be done to an image, and how much of it at most. Lengths are shares of the image's longer side. */
const most = {
  /** To either side, up and down. */
  shift: 0.07,
  /** Degrees, either way. */
  rotation: 12,
  /** How much larger or smaller. */
  scale: 0.12,
  /** Rows lean by so many columns a row, either way. */
  shear: 0.2,
  /** How far the points of a rubber sheet are pulled (Simard, Steinkraus & Platt 2003; here a cubic B-spline's points). */
  elastic: 0.05,
  /** From the image to what the thickest (or thinnest) pen would make of it: 1 is all the way. */
  thickness: 0.6,
} as const

export type Augmentation = keyof typeof most
export const augmentations = Object.keys(most) as Augmentation[]

/** Points of the rubber sheet along each side. Four of them bear on a pixel; one more lies beyond each end. */
const points = 7

/**
 * What fit()'s `augment` asks for: the images of the given indices, each changed in all the ways named.
 * @throws ChiffreError if the set's examples are no images of bytes, [rows, columns] or [rows, columns, channels]
 */
export function augmenter(ways: readonly Augmentation[], seed: number) {
  return (examples: ExampleSet, indices: Uint32Array, epoch: number): Uint8Array => {
    const { values, shape, size } = examples
    if (!(values instanceof Uint8Array) || (shape.length !== 2 && shape.length !== 3))
      throw problem('data.augment', { actual: `${shape}` })
    const [h, w, channels = 1] = shape as [number, number, number?]
    const warp = warper(h, w, channels)
    const pen = penOf(h, w, channels)
    const changed = new Uint8Array(indices.length * size)
    indices.forEach((index, i) => {
      const rng = random(seed, 'augment', epoch, index)
      const image = values.subarray(index * size, (index + 1) * size)
      const to = changed.subarray(i * size, (i + 1) * size)
      const { thickness, ...motion } = draw(ways, rng, Math.max(h, w))
      if (thickness === 0) warp(image, motion, to)
      else {
        const drawn = new Uint8Array(size)
        pen(image, thickness, drawn)
        warp(drawn, motion, to)
      }
    })
    return changed
  }
}

/** How an image moves. A pixel of the result at (row, column) from the middle comes from matrix · (row, column) − shift. */
export interface Motion {
  readonly matrix: readonly [rowByRow: number, rowByColumn: number, columnByRow: number, columnByColumn: number]
  readonly down: number
  readonly right: number
  /** By how many rows, then columns, each point of the sheet is pulled; none if it is not bent. */
  readonly sheet?: Float64Array
}

/** Draws one of the ways in which an image may change. Every way draws its own numbers, whichever others are asked for. */
function draw(ways: readonly Augmentation[], rng: Random, side: number): Motion & { thickness: number } {
  const between = (way: Augmentation) => {
    const drawn = 2 * rng() - 1
    return ways.includes(way) ? most[way] * drawn : 0
  }
  const angle = (between('rotation') * Math.PI) / 180
  const scale = 1 + between('scale')
  const shear = between('shear')
  const [down, right] = [side * between('shift'), side * between('shift')]
  const thickness = between('thickness')
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale]
  return {
    matrix: [cos, -sin, sin + shear * cos, cos - shear * sin],
    down,
    right,
    thickness,
    ...(ways.includes('elastic') && {
      sheet: Float64Array.from({ length: 2 * points ** 2 }, () => side * most.elastic * (2 * rng() - 1)),
    }),
  }
}

/** A function that moves images [h,w,channels]; between four pixels it takes their bilinear mean, outside 0. */
export function warper(h: number, w: number, channels: number) {
  const [rows, columns] = [splines(h), splines(w)]
  const pulled = new Float64Array(2 * points)
  return (image: Uint8Array, { matrix, down, right, sheet }: Motion, to: Uint8Array) => {
    const [a, b, c, d] = matrix
    const [middleRow, middleColumn] = [(h - 1) / 2, (w - 1) / 2]
    for (let i = 0; i < h; i++) {
      if (sheet) bend(sheet, rows, i, pulled)
      const u = i - middleRow - down
      for (let j = 0; j < w; j++) {
        const v = j - middleColumn - right
        let row = a * u + b * v + middleRow
        let column = c * u + d * v + middleColumn
        if (sheet)
          for (let k = 0, at = columns.first[j]; k < 4; k++, at++) {
            row += columns.weights[4 * j + k] * pulled[at]
            column += columns.weights[4 * j + k] * pulled[points + at]
          }
        for (let o = 0; o < channels; o++)
          to[(i * w + j) * channels + o] = Math.round(bilinear(image, h, w, channels, o, row, column))
      }
    }
  }
}

/** Of each of n pixels: the first of the four points that bear on it, and how much each does (cubic B-splines). */
function splines(n: number) {
  const [first, weights] = [new Uint8Array(n), new Float64Array(4 * n)]
  for (let i = 0; i < n; i++) {
    const place = ((points - 3) * (i + 0.5)) / n
    const t = place - Math.floor(place)
    first[i] = Math.floor(place)
    weights.set([(1 - t) ** 3 / 6, (3 * t ** 3 - 6 * t ** 2 + 4) / 6, (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6, t ** 3 / 6], 4 * i) // prettier-ignore
  }
  return { first, weights }
}

/** What the points above and below row i make of each column of points: how far it is pulled there. */
function bend(sheet: Float64Array, { first, weights }: ReturnType<typeof splines>, i: number, pulled: Float64Array) {
  for (let p = 0; p < 2 * points; p++) {
    const axis = p < points ? 0 : points ** 2
    pulled[p] = 0
    for (let k = 0; k < 4; k++) pulled[p] += weights[4 * i + k] * sheet[axis + (first[i] + k) * points + (p % points)]
  }
}

function bilinear(x: Uint8Array, h: number, w: number, channels: number, o: number, row: number, column: number) {
  const [top, left] = [Math.floor(row), Math.floor(column)]
  if (top < -1 || left < -1 || top >= h || left >= w) return 0
  const [below, beside] = [row - top, column - left]
  const at = (top * w + left) * channels + o
  const [upper, lower, near, far] = [top >= 0, top < h - 1, left >= 0, left < w - 1]
  return (
    (1 - below) * ((upper && near ? (1 - beside) * x[at] : 0) + (upper && far ? beside * x[at + channels] : 0)) +
    below * ((lower && near ? (1 - beside) * x[at + w * channels] : 0) + (lower && far ? beside * x[at + (w + 1) * channels] : 0)) // prettier-ignore
  )
}

/**
 * A function that writes images with another pen: mixed, by the absolute strength, with the largest of each pixel and its
 * four neighbours (a dilation: thicker strokes), or below 0 with the smallest (an erosion).
 */
export function penOf(h: number, w: number, channels: number) {
  return (image: Uint8Array, strength: number, to: Uint8Array) => {
    const extreme = strength > 0 ? Math.max : Math.min
    const mixed = Math.abs(strength)
    const step = w * channels
    for (let i = 0; i < h; i++)
      for (let at = i * step, j = 0; j < step; j++, at++) {
        const x = image[at]
        const above = i > 0 ? image[at - step] : 0
        const below = i < h - 1 ? image[at + step] : 0
        const before = j >= channels ? image[at - channels] : 0
        const behind = j < step - channels ? image[at + channels] : 0
        to[at] = Math.round(x + mixed * (extreme(x, above, below, before, behind) - x))
      }
  }
}
