// Runs of ink down the columns of a picture, of which thin lines are made, and the slope under which most of them lie on lines.
import ndarray from 'ndarray'
import { type Pixels } from './image.js'
import { stroke } from './pieces.js'
import { rowMajor } from './rowMajor.js'

/** Unbroken ink down a column, from this row on. */
export interface Run {
  readonly row: number
  readonly column: number
  readonly length: number
}

/** The runs of ink down the columns that are no longer than this. */
export function thinRuns(image: Pixels, thickest: number, least = stroke): Run[] {
  const [h, w] = image.shape as [number, number]
  const runs: Run[] = []
  for (let column = 0; column < w; column++)
    for (let row = 0, length = 0; row <= h; row++)
      if (row < h && image.get(row, column) >= least) length++
      else {
        if (length > 0 && length <= thickest) runs.push({ row: row - length, column, length })
        length = 0
      }
  return runs
}

/** An image without runs, and the pixel at both of their ends. */
export function without(image: Pixels, runs: readonly Run[]): Pixels {
  const [h, w] = image.shape as [number, number]
  const bare = ndarray(rowMajor(image).slice(), [h, w])
  for (const { row, column, length } of runs)
    for (let i = Math.max(0, row - 1); i < Math.min(h, row + length + 1); i++) bare.set(i, column, 0)
  return bare
}

/** Columns as rows, in memory too. */
export const upright = (x: Pixels): Pixels => ndarray(rowMajor(x.transpose(1, 0)), [x.shape[1], x.shape[0]])

export const middleOf = ({ row, length }: Run) => row + length / 2

/** The row where a line of this slope through a run begins. */
export const beginOf = (run: Run, slope: number) => Math.round(middleOf(run) - slope * run.column)

/** Lines turn by no more than so many pixels a pixel. */
export const steepest = 0.08
/** So many directions are tried at most for each 0.08. */
const directions = 96
/** So many runs are enough to find it. */
const enough = 20_000

/** The slope, up to the steepest, under which runs fall on the fewest lines; a sample of them says it. */
export function slopeOf(runs: readonly Run[], most: number, reach: number, h: number): number {
  const steps = Math.min(Math.round((directions * most) / steepest), 2 * reach)
  const step = Math.ceil(runs.length / enough)
  let [slope, highest] = [0, -1]
  for (let k = 0; k <= steps; k++) {
    const turn = most * ((2 * k) / steps - 1)
    const counts = countsOf(runs, turn, reach, h, step)
    let score = 0
    for (let b = 1; b < counts.length; b++) score += (counts[b] + counts[b - 1]) ** 2
    if (score > highest) [slope, highest] = [turn, score]
  }
  return slope
}

/** How many runs lie on each line of this slope, by where it begins. */
export function countsOf(runs: readonly Run[], slope: number, reach: number, h: number, step = 1): Int32Array {
  const counts = new Int32Array(h + 2 * reach + 2)
  for (let k = 0; k < runs.length; k += step) counts[beginOf(runs[k], slope) + reach]++
  return counts
}
