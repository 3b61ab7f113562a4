// The paper under the ink: how light it would be at every place if nothing were written there. Light falls unevenly, so this is
// a surface and not one level; and ink must not pull at it, so it is made of medians: of each cell, then of the cells around it.

import type { Levels } from './levels.js'

/** How many cells the longer side is divided into, and how many of them a window reaches to either side. */
const cells = 32
const reach = 8
/** So many pixels of a cell say enough about it. */
const sample = 64

/** A level for each cell and channel; between the cells' middles one interpolates. */
export interface Surface {
  readonly rows: number
  readonly columns: number
  /** How many pixels wide and high a cell is. */
  readonly size: number
  readonly levels: Float32Array
}

/** On which side of the paper's level ink is in a channel: −1 if it is darker, 1 if it is lighter, 0 if that is not known yet. */
export type Side = -1 | 0 | 1

/**
 * The paper of a picture [h,w,channels]. Where it is known on which side the ink is, medians give way to quantiles on the other:
 * then most of a close-up may be ink.
 */
export function paperOf(picture: Uint8Array, h: number, w: number, channels: number, sides: readonly Side[]): Surface {
  const size = Math.max(1, Math.round(Math.max(h, w) / cells))
  const [rows, columns] = [Math.ceil(h / size), Math.ceil(w / size)]
  const levels = new Float32Array(rows * columns * channels)
  for (let c = 0; c < channels; c++) {
    const medians = new Float32Array(rows * columns)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) medians[i * columns + j] = cellMedian(picture, h, w, channels, c, i, j, size)
    // A light that fades towards an edge is a slope there, of which a window that ends at the edge sees one side only: what is
    // smoothed is the difference from a parabola.
    const slope = parabola(medians, rows, columns, 0.5 - 0.25 * sides[c])
    const difference = medians.map((v, k) => v - slope[k])
    const level = smoothed(difference, rows, columns, 0.5 - 0.1 * sides[c])
    for (let k = 0; k < level.length; k++) levels[k * channels + c] = slope[k] + level[k]
  }
  return { rows, columns, size, levels }
}

/**
 * The paper where light has edges, as that of a hard shadow: no lighter than the darkest of the squares of this side around a place, each by its lightest pixel, nor much darker
 * (a closing, of what is darker than the paper; an opening of what is lighter): ink that is thinner than the square is not in it, an edge is.
 */
export function withEdges(
  { values, h, w, channels }: Levels,
  surface: Surface,
  sides: readonly Side[],
  square: number,
): Surface {
  const size = cellSize(h, w, finest)
  const [rows, columns] = [Math.ceil(h / size), Math.ceil(w / size)]
  const away = Math.ceil(square / (2 * size))
  // Of what is lighter than the paper, the negative.
  const signs = sides.map(side => (side > 0 ? -1 : 1))
  const closed = signs.map((sign, c) => {
    const most = new Float32Array(rows * columns).fill(-Infinity)
    for (let i = 0; i < h; i++)
      for (let j = 0; j < w; j++) {
        const k = Math.floor(i / size) * columns + Math.floor(j / size)
        most[k] = Math.max(most[k], sign * values[(i * w + j) * channels + c])
      }
    return closing(most, rows, columns, away)
  })
  const levels = new Float32Array(rows * columns * channels)
  const smooth = new Float32Array(w * channels)
  for (let i = 0, k = 0; i < rows; i++) {
    paperRow(surface, Math.min(h - 1, i * size + (size >> 1)), w, channels, smooth)
    for (let j = 0; j < columns; j++, k++)
      for (const [c, sign] of signs.entries()) {
        const level = smooth[Math.min(w - 1, j * size + (size >> 1)) * channels + c]
        levels[k * channels + c] =
          sides[c] === 0 ? level : sign * Math.min(closed[c][k], Math.max(sign * level, closed[c][k] - glare))
      }
  }
  return { rows, columns, size, levels }
}
/** A closing is lighter than the paper by its grain; by more than this, of 255, the light is: a flash, or the glare of a whiteboard. */
const glare = 30
/** So many cells are enough. */
const finest = 5e5

/** How many pixels wide and high a cell is, if a picture has about so many. */
const cellSize = (h: number, w: number, count: number) => Math.max(1, Math.round(Math.sqrt((h * w) / count)))

/** So many cells show what is thin, in squares that reach so far: right in 160 of 160 rows by script, a reach of 2 in 148, of 8 in 120. */
const coarse = 1e5
const thinReach = 4

/** The side of the square that is wider than thin writing. */
export const thinSquare = ({ h, w }: Levels) => (2 * thinReach + 1) * cellSize(h, w, coarse)

/**
 * On which side thin ink is: darker if a closing fills more than an opening takes away, in the sum of squares (top-hats, Meyer 1979). The edge
 * of a shadow or a glare is in neither.
 */
export function thinSides(levels: Levels): Side[] {
  const { values, h, w, channels } = levels
  const size = cellSize(h, w, coarse)
  const [rows, columns] = [Math.floor(h / size), Math.floor(w / size)]
  return Array.from({ length: channels }, (_, c) => {
    const means = new Float32Array(rows * columns)
    for (let i = 0; i < rows * size; i++)
      for (let j = 0; j < columns * size; j++)
        means[Math.floor(i / size) * columns + Math.floor(j / size)] += values[(i * w + j) * channels + c] / size ** 2
    const filled = (x: Float32Array) =>
      closing(x, rows, columns, thinReach).reduce((sum, v, k) => sum + (v - x[k]) ** 2, 0)
    return filled(means) > filled(means.map(v => -v)) ? -1 : 1
  })
}

/** Of the squares that reach so far around a place, each by its largest number, the least. */
const closing = (x: Float32Array, rows: number, columns: number, away: number) =>
  mostAround(mostAround(x, rows, columns, away).map(v => -v), rows, columns, away).map(v => -v) // prettier-ignore

/** The largest number of each square that reaches so far to all sides, across and then down: blockwise from both ends (van Herk 1992). */
function mostAround(x: Float32Array, rows: number, columns: number, away: number): Float32Array {
  const along = (from: Float32Array, lines: number, length: number, step: number, stepAlong: number) => {
    const to = new Float32Array(from.length)
    const window = 2 * away + 1
    const n = Math.ceil((length + 2 * away) / window) * window
    const [forward, backward] = [new Float32Array(n), new Float32Array(n)]
    for (let line = 0; line < lines; line++) {
      const at = (k: number) =>
        k < away || k >= length + away ? -Infinity : from[line * step + (k - away) * stepAlong]
      for (let k = 0; k < n; k++) forward[k] = k % window === 0 ? at(k) : Math.max(forward[k - 1], at(k))
      for (let k = n - 1; k >= 0; k--)
        backward[k] = k % window === window - 1 ? at(k) : Math.max(backward[k + 1], at(k))
      for (let k = 0; k < length; k++) to[line * step + k * stepAlong] = Math.max(backward[k], forward[k + 2 * away])
    }
    return to
  }
  return along(along(x, rows, columns, columns, 1), columns, rows, 1, columns)
}

/** The paper's levels along row i of the picture, into `to` [w,channels]. */
export function paperRow(
  { rows, columns, size, levels }: Surface,
  i: number,
  w: number,
  channels: number,
  to: Float32Array,
) {
  const y = Math.min(rows - 1, Math.max(0, (i + 0.5) / size - 0.5))
  const top = Math.floor(y)
  const below = Math.min(rows - 1, top + 1)
  for (let j = 0; j < w; j++) {
    const x = Math.min(columns - 1, Math.max(0, (j + 0.5) / size - 0.5))
    const left = Math.floor(x)
    const right = Math.min(columns - 1, left + 1)
    for (let c = 0; c < channels; c++) {
      const a = levels[(top * columns + left) * channels + c]
      const b = levels[(top * columns + right) * channels + c]
      const d = levels[(below * columns + left) * channels + c]
      const e = levels[(below * columns + right) * channels + c]
      const [upper, lower] = [a + (x - left) * (b - a), d + (x - left) * (e - d)]
      to[j * channels + c] = upper + (y - top) * (lower - upper)
    }
  }
}

function cellMedian(
  picture: Uint8Array,
  h: number,
  w: number,
  channels: number,
  c: number,
  row: number,
  column: number,
  size: number,
) {
  const [bottom, right] = [Math.min(h, (row + 1) * size), Math.min(w, (column + 1) * size)]
  const step = Math.max(1, Math.floor(size / Math.sqrt(sample)))
  const values: number[] = []
  for (let i = row * size; i < bottom; i += step)
    for (let j = column * size; j < right; j += step) values.push(picture[(i * w + j) * channels + c])
  return quantile(values, 0.5)
}

/** The quantile of each cell and those around it, across and then down. */
function smoothed(x: Float32Array, rows: number, columns: number, share: number): Float32Array {
  const along = (from: Float32Array, lines: number, length: number, step: number, stepAlong: number) => {
    const to = new Float32Array(from.length)
    for (let line = 0; line < lines; line++)
      for (let k = 0; k < length; k++) {
        const window: number[] = []
        for (let near = Math.max(0, k - reach); near <= Math.min(length - 1, k + reach); near++)
          window.push(from[line * step + near * stepAlong])
        to[line * step + k * stepAlong] = quantile(window, share)
      }
    return to
  }
  return along(along(x, rows, columns, columns, 1), columns, rows, 1, columns)
}

/**
 * The surface a + b·y + c·x + d·y² + e·x·y + f·x² that lies nearest to most of the cells: the sum of the distances, not of their
 * squares, is the least, so that ink counts little (iteratively reweighted least squares). A share of the cells lies below it.
 */
function parabola(z: Float32Array, rows: number, columns: number, share: number): Float32Array {
  const terms = new Float64Array(6 * z.length)
  for (const k of z.keys()) {
    const [y, x] = [Math.floor(k / columns) / rows - 0.5, (k % columns) / columns - 0.5]
    terms.set([1, y, x, y * y, x * y, x * x], 6 * k)
  }
  const fitted = new Float32Array(z.length).fill(quantile([...z], share))
  for (let round = 0; round < rounds; round++) {
    const [left, right] = [new Float64Array(36), new Float64Array(6)]
    for (let k = 0; k < z.length; k++) {
      const off = z[k] - fitted[k]
      const weight = (off > 0 ? share : 1 - share) / Math.max(1, Math.abs(off))
      for (let i = 0; i < 6; i++) {
        const share = weight * terms[6 * k + i]
        right[i] += share * z[k]
        for (let j = 0; j < 6; j++) left[6 * i + j] += share * terms[6 * k + j]
      }
    }
    const solution = solve(left, right)
    for (let k = 0; k < z.length; k++) {
      fitted[k] = 0
      for (let i = 0; i < 6; i++) fitted[k] += terms[6 * k + i] * solution[i]
    }
  }
  return fitted
}
const rounds = 12

/** x of A·x = b for a symmetric A [n,n] that is positive, or nearly: a little is added to its diagonal. Gauss's elimination. */
function solve(A: Float64Array, b: Float64Array): Float64Array {
  const n = b.length
  for (let i = 0; i < n; i++) A[i * n + i] += 1e-6 * (A[0] + 1)
  for (let i = 0; i < n; i++)
    for (let row = i + 1; row < n; row++) {
      const share = A[row * n + i] / A[i * n + i]
      for (let j = i; j < n; j++) A[row * n + j] -= share * A[i * n + j]
      b[row] -= share * b[i]
    }
  for (let i = n - 1; i >= 0; i--) {
    for (let j = i + 1; j < n; j++) b[i] -= A[i * n + j] * b[j]
    b[i] /= A[i * n + i]
  }
  return b
}

const quantile = (values: number[], share: number) =>
  values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))]
