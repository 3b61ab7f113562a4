// Other pictures of the same things: a set of images shifted, turned, scaled, sheared, bent, written with a thicker or
// thinner pen, and changed in appearance, differently in every epoch, so that a network cannot learn the images by heart. What becomes of an image is
// drawn from (seed, epoch, its index) alone: nothing about it has to be saved, and training goes on as if never stopped.
import { random, type ExampleSet, type Random } from '../engine/index.js'
import { clutter, texture } from './appearance.js'
import { problem } from './errors.js'

/** What can be done to an image, and how much of it at most. Lengths are shares of the image's longer side. */
const most = {
  /** To either side, up and down: one image of five, by whole pixels. */
  shift: 0.125,
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

/** A way in which images vary: in shape, and in appearance. */
export type Augmentation = keyof typeof most | 'clutter' | 'texture'
/** All of them. */
export const augmentations = [...(Object.keys(most) as (keyof typeof most)[]), 'clutter', 'texture'] as const

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
    const reshape = (index: number, to: Uint8Array) => {
      const image = values.subarray(index * size, (index + 1) * size)
      const { thickness, ...motion } = draw(ways, random(seed, 'augment', epoch, index), Math.max(h, w))
      if (thickness === 0) return warp(image, motion, to)
      const drawn = new Uint8Array(size)
      pen(image, thickness, drawn)
      warp(drawn, motion, to)
    }
    const changed = new Uint8Array(indices.length * size)
    indices.forEach((index, i) => {
      const to = changed.subarray(i * size, (i + 1) * size)
      reshape(index, to)
      if (!ways.includes('clutter') && !ways.includes('texture')) return
      const looks = random(seed, 'appearance', epoch, index)
      // Another image of this epoch: one whose strokes were as sharp as the set's would be known for clutter by that alone, and so would test images.
      const other = () => {
        const image = new Uint8Array(size)
        reshape(Math.floor(looks() * examples.length), image)
        return image
      }
      if (ways.includes('clutter')) clutter(to, h, w, channels, other, looks)
      if (ways.includes('texture')) texture(to, h, w, channels, looks)
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
  const between = (way: keyof typeof most) => {
    const drawn = 2 * rng() - 1
    return ways.includes(way) ? most[way] * drawn : 0
  }
  const angle = (between('rotation') * Math.PI) / 180
  const scale = 1 + between('scale')
  const shear = between('shear')
  const shifts = [between('shift'), between('shift')]
  const thickness = between('thickness')
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale]
  const sheet = ways.includes('elastic') ? new Float64Array(2 * points ** 2) : undefined
  sheet?.forEach((_, p) => (sheet[p] = side * most.elastic * (2 * rng() - 1)))
  const still = ways.includes('shift') && rng() > 0.2
  const [down, right] = shifts.map(share => (still ? 0 : Math.round(side * share)))
  return { matrix: [cos, -sin, sin + shear * cos, cos - shear * sin], down, right, thickness, ...(sheet && { sheet }) }
}

/** A function that moves images [h,w,channels]; between four pixels it takes their bilinear mean, outside 0. */
export function warper(h: number, w: number, channels: number) {
  const rows = splines(h)
  const { first, weights } = splines(w)
  const pulled = new Float64Array(2 * points)
  // The image with zeros around it: one before, two behind, for a place on the last edge reads beyond it too.
  const step = (w + 3) * channels
  const framed = new Uint8Array((h + 3) * step)
  return (image: Uint8Array, { matrix, down, right, sheet }: Motion, to: Uint8Array) => {
    frame(image, w * channels, framed, step, channels)
    const [a, b, c, d] = matrix
    const [middleRow, middleColumn] = [(h - 1) / 2, (w - 1) / 2]
    for (let i = 0, pixel = 0; i < h; i++) {
      if (sheet) bend(sheet, rows, i, pulled)
      const u = i - middleRow - down
      const [rowOfRow, columnOfRow] = [a * u + middleRow, c * u + middleColumn]
      for (let j = 0; j < w; j++) {
        const v = j - middleColumn - right
        let row = rowOfRow + b * v
        let column = columnOfRow + d * v
        if (sheet) {
          const at = first[j]
          const w0 = weights[4 * j]
          const w1 = weights[4 * j + 1]
          const w2 = weights[4 * j + 2]
          const w3 = weights[4 * j + 3]
          row += w0 * pulled[at] + w1 * pulled[at + 1] + w2 * pulled[at + 2] + w3 * pulled[at + 3]
          const to = at + points
          column += w0 * pulled[to] + w1 * pulled[to + 1] + w2 * pulled[to + 2] + w3 * pulled[to + 3]
        }
        // In the frame, beyond whose edges everything is 0.
        row = row < -1 ? 0 : row > h ? h + 1 : row + 1
        column = column < -1 ? 0 : column > w ? w + 1 : column + 1
        const top = row | 0
        const left = column | 0
        const below = row - top
        const beside = column - left
        for (let o = 0, at = top * step + left * channels; o < channels; o++, at++, pixel++) {
          const upper = framed[at] + beside * (framed[at + channels] - framed[at])
          const lower = framed[at + step] + beside * (framed[at + step + channels] - framed[at + step])
          to[pixel] = upper + below * (lower - upper) + 0.5
        }
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
  const [w0, w1, w2, w3] = weights.subarray(4 * i, 4 * i + 4)
  for (let axis = 0, p = 0; axis < 2; axis++)
    for (let at = axis * points ** 2 + first[i] * points, end = at + points; at < end; at++, p++)
      pulled[p] = w0 * sheet[at] + w1 * sheet[at + points] + w2 * sheet[at + 2 * points] + w3 * sheet[at + 3 * points]
}

/**
 * A function that writes images with another pen: mixed, by the absolute strength, with the largest of each pixel and its
 * four neighbours (a dilation: thicker strokes), or below 0 with the smallest (an erosion).
 */
export function penOf(h: number, w: number, channels: number) {
  const step = (w + 2) * channels
  const framed = new Uint8Array((h + 2) * step)
  return (image: Uint8Array, strength: number, to: Uint8Array) => {
    frame(image, w * channels, framed, step, channels)
    const thicker = strength > 0
    const mixed = Math.abs(strength)
    for (let i = 0, pixel = 0; i < h; i++)
      for (let j = 0, at = (i + 1) * step + channels; j < w * channels; j++, at++, pixel++) {
        const x = framed[at]
        const above = framed[at - step]
        const below = framed[at + step]
        const before = framed[at - channels]
        const behind = framed[at + channels]
        const extreme = thicker
          ? Math.max(Math.max(x, above), Math.max(below, before), behind)
          : Math.min(Math.min(x, above), Math.min(below, before), behind)
        to[pixel] = x + mixed * (extreme - x) + 0.5
      }
  }
}

/** Copies an image, whose rows have `size` numbers, into the middle of a frame of zeros. */
function frame(image: Uint8Array, size: number, framed: Uint8Array, step: number, channels: number) {
  for (let from = 0, to = step + channels; from < image.length; from += size, to += step)
    framed.set(image.subarray(from, from + size), to)
}
