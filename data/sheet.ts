// A sheet on a table: where a photograph shows the desk around the paper, all that lies outside of the sheet is none of its ink. A sheet is
// the lightest large thing in its picture, it is flat and has four corners, and ends at once where a shadow fades.
import type { Pixels } from './image.js'
import { greys, otsu, type Levels } from './levels.js'
import { connectedPieces } from './segment.js'

/** The columns of each row that are the sheet's: from `from[i]` up to but without `to[i]`. */
export interface Sheet {
  readonly from: Int32Array
  readonly to: Int32Array
  /** Whether it is so narrow that it may be the stroke of a 1, light on dark. */
  readonly narrow: boolean
}

/** Smaller pictures show no desk. */
const smallest = 64
/** A sheet covers so much of its picture, and what is light so much of the sheet; the desk has less than this share of its light. */
const least = 0.25
const filled = 0.7
const darker = 0.8
/** Its corners span so much of it (an ellipse's 64 %), and within 2 % of the picture's side its edge has half of the step. */
const angular = 0.85
const soon = 0.02
/** Light pieces smaller than this share of the largest are none of it: lines may divide a sheet, and a desk may shine. */
const piece = 0.1
/** A sheet of less than this share of its diagonal's square is narrow: 2 by 5. */
const slender = 0.345

/** The sheet in a picture whose corners all show the desk; undefined if it does not look like that. */
export function sheetOf(levels: Levels): Sheet | undefined {
  const { h, w } = levels
  if (Math.min(h, w) < smallest) return undefined
  const light = greys(levels)
  const { threshold } = otsu(light)
  const corner = Math.max(1, Math.floor(soon * Math.min(h, w)))
  for (const top of [0, h - corner])
    for (const left of [0, w - corner]) if (meanOf(light, w, top, left, corner) >= threshold) return undefined
  const { pixels, labels, size, count } = connectedPieces(light, w, threshold)
  const sizes = new Float64Array(count + 1)
  for (let k = 0; k < size; k++) sizes[labels[pixels[k]]]++
  const largest = sizes.reduce((a, b) => Math.max(a, b), 0)
  let [area, sum] = [0, 0]
  const [first, last] = [new Int32Array(h).fill(w), new Int32Array(h).fill(-1)]
  for (let k = 0; k < size; k++) {
    const pixel = pixels[k]
    if (sizes[labels[pixel]] < piece * largest) continue
    const i = Math.floor(pixel / w)
    area++
    sum += light[pixel]
    first[i] = Math.min(first[i], pixel % w)
    last[i] = Math.max(last[i], pixel % w)
  }
  const corners = hullOf(first, last)
  const whole = areaOf(corners)
  if (whole < least * h * w || area < filled * whole || quadrangle(corners) < angular * whole) return undefined
  const { from, to } = spans(corners, h)
  const all = light.reduce((a, b) => a + b, 0)
  let within = 0
  let [inside, step, rows] = [0, 0, 0]
  const away = Math.max(2, Math.round(soon * Math.max(h, w)))
  const at = (i: number, j: number) => light[i * w + Math.min(w - 1, Math.max(0, j))]
  for (let i = 0; i < h; i++) {
    if (to[i] - from[i] <= 2 * away) continue
    for (let j = from[i]; j < to[i]; j++) inside += light[i * w + j]
    within += to[i] - from[i]
    step += at(i, from[i] + away) - at(i, from[i] - away) + at(i, to[i] - 1 - away) - at(i, to[i] - 1 + away)
    rows += 2
  }
  const [paper, desk] = [sum / area, (all - inside) / (h * w - within)]
  if (desk > darker * paper || step / rows < 0.5 * (paper - desk)) return undefined
  return { ...inset(from, to, Math.max(1, Math.round(0.5 * away))), narrow: whole < slender * diagonal(corners) ** 2 }
}

/** The picture with the sheet continued beyond its edges, as a mirror would: what is the paper's there is so everywhere. */
export function continued({ values, h, w, channels }: Levels, { from, to }: Sheet): Uint8Array {
  const y = values.slice()
  const inside = [...from.keys()].filter(i => to[i] > from[i])
  const [top, bottom] = [inside[0], inside.at(-1)! + 1]
  const mirrored = (k: number, first: number, end: number) => {
    const n = end - first
    const place = (((k - first) % (2 * n)) + 2 * n) % (2 * n)
    return first + (place < n ? place : 2 * n - 1 - place)
  }
  for (let i = 0; i < h; i++) {
    const row = mirrored(i, top, bottom)
    for (let j = 0; j < w; j++) {
      if (row === i && j >= from[i] && j < to[i]) continue
      const k = row * w + mirrored(j, from[row], to[row])
      for (let c = 0; c < channels; c++) y[(i * w + j) * channels + c] = values[k * channels + c]
    }
  }
  return y
}

/** Takes the ink [h,w] away that lies outside of a sheet. */
export function onSheet(ink: Pixels, { from, to }: Sheet) {
  const [h, w] = ink.shape as [number, number]
  for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) if (j < from[i] || j >= to[i]) ink.set(i, j, 0)
}

function meanOf(light: Uint8Array, w: number, top: number, left: number, size: number): number {
  let sum = 0
  for (let i = top; i < top + size; i++) for (let j = left; j < left + size; j++) sum += light[i * w + j]
  return sum / size ** 2
}

type Point = readonly [row: number, column: number]
/** How far c lies to one side of the way from a to b, times its length. */
const side = (a: Point, b: Point, c: Point) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

/** The corners of the convex hull of rows' first and last columns, once around (Andrew's monotone chain). */
function hullOf(first: Int32Array, last: Int32Array): Point[] {
  const rows = [...first.keys()].filter(i => last[i] >= 0)
  const chain = (points: Point[], sign: number) => {
    const kept: Point[] = []
    for (const point of points) {
      while (kept.length > 1 && sign * side(kept.at(-2)!, kept.at(-1)!, point) <= 0) kept.pop()
      kept.push(point)
    }
    return kept
  }
  const left = chain(
    rows.map(i => [i, first[i]] as const),
    1,
  )
  const right = chain(
    rows.map(i => [i, last[i] + 1] as const),
    -1,
  )
  return [...left, ...right.reverse()]
}

const areaOf = (corners: readonly Point[]) =>
  Math.abs(corners.reduce((sum, [y, x], k) => sum + y * corners.at(k - 1)![1] - x * corners.at(k - 1)![0], 0)) / 2

/** The area of the largest of some quadrangles whose corners lie farthest in four directions. */
function quadrangle(corners: readonly Point[]): number {
  let most = 0
  for (let turn = 0; turn < Math.PI / 2; turn += Math.PI / 36) {
    const ends = [0, 1, 2, 3].map(quarter => {
      const [down, across] = [Math.sin(turn + (quarter * Math.PI) / 2), Math.cos(turn + (quarter * Math.PI) / 2)]
      return corners.reduce((a, b) => (down * b[0] + across * b[1] > down * a[0] + across * a[1] ? b : a))
    })
    most = Math.max(most, areaOf(ends))
  }
  return most
}

const diagonal = (corners: readonly Point[]) =>
  corners.reduce((most, a) => corners.reduce((far, b) => Math.max(far, Math.hypot(a[0] - b[0], a[1] - b[1])), most), 0)

/** What each row has of a convex polygon. */
function spans(corners: readonly Point[], h: number): { from: Int32Array; to: Int32Array } {
  const [from, to] = [new Int32Array(h).fill(0x7fffffff), new Int32Array(h).fill(0)]
  corners.forEach((b, k) => {
    const a = corners.at(k - 1)!
    const [top, bottom] = a[0] < b[0] ? [a, b] : [b, a]
    for (let i = top[0]; i <= bottom[0] && i < h; i++) {
      const column =
        bottom[0] === top[0] ? top[1] : top[1] + ((i - top[0]) / (bottom[0] - top[0])) * (bottom[1] - top[1])
      from[i] = Math.min(from[i], Math.round(column))
      to[i] = Math.max(to[i], Math.round(column))
    }
    from[b[0]] = Math.min(from[b[0]], b[1])
    to[b[0]] = Math.max(to[b[0]], b[1])
  })
  for (let i = 0; i < h; i++) if (from[i] > to[i]) from[i] = to[i] = 0
  return { from, to }
}

/** A convex set's rows without its outermost pixels, so many of them. */
function inset(from: Int32Array, to: Int32Array, by: number): { from: Int32Array; to: Int32Array } {
  const near = (i: number) => [i - by, i + by]
  const isEmpty = (i: number) => near(i).some(k => k < 0 || k >= from.length || to[k] <= from[k])
  const first = from.map((_, i) => (isEmpty(i) ? 0 : Math.max(...near(i).map(k => from[k])) + by))
  const end = to.map((_, i) => (isEmpty(i) ? 0 : Math.min(...near(i).map(k => to[k])) - by))
  for (const i of end.keys()) if (end[i] <= first[i]) first[i] = end[i] = 0
  return { from: first, to: end }
}
