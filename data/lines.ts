// Lines ruled across a picture, down it or both: a line below the writing, a notebook's, squared paper, the frame of a field.
import { type Pixels } from './image.js'
import { inkLevel, stroke, thicknessOf, writingBox } from './pieces.js'
import { beginOf, countsOf, slopeOf, steepest, thinRuns, upright, without, type Run } from './runs.js'

/** A line or two with no digit beside them may be one; so many are a sheet with nothing on it. */
export const ruled = 4
/** Lines are thin that are no thicker than the longer side by `thinnest`, or two pixels; none is thicker than that by `broadest`. */
const thinnest = 90
const broadest = 30
export const thickestOf = (h: number, w: number) => Math.max(2, Math.ceil(Math.max(h, w) / thinnest))
/** The writing is so many times as thick as a line that is known by that; the ink of a line that is known by its colour is below this share of the writing's. */
export const thicker = 1.5
export const fainter = 0.8
/** Lines of one ruling differ by no more than this factor. */
const alike = 1.25
/** A line's blurred rim makes its runs so many times as long here and there; what is longer is a stroke that crosses it or lies on it. */
const blurred = 2
/** On squared paper lines turn by more: where so many runs are in a column. Ink covers this share of them. */
const steepestSquares = 0.27
const squares = 4
const covered = 0.6
/** A line is at least such a share of the width. */
const shortest = 0.15
/** Pictures smaller than this have no room for lines beside a digit. */
export const smallest = 32

/** A line that was found: the row where it begins, the runs of ink across it, and how long most of them are. */
export interface Line {
  readonly begin: number
  readonly runs: readonly Run[]
  readonly thickness: number
}

/** An image without its lines. */
interface Unruled {
  /** The image without them if they are surely ruled: if there is a digit besides; else as it was. */
  readonly kept: Pixels
  readonly rest: Pixels
  readonly lines: readonly Line[]
  readonly slope: number
}

/**
 * Takes straight lines out that go from edge to edge in one direction. A point of a line is the middle of a run of ink across it
 * that is no longer than a line is thick; so where a digit crosses, its ink stays. All lines are parallel: of the directions, it
 * is the one in which the points fall on the fewest lines (Hough 1962, over a few degrees).
 * @param least ink of at least this belongs to a line
 * @param crossing lines that were found in the other direction
 */
export function withoutLines(
  image: Pixels,
  direction: 'across' | 'down',
  { least = stroke, crossing = [] }: { least?: number; crossing?: readonly Line[] } = {},
): Unruled {
  const same = { kept: image, rest: image, lines: [], slope: 0 }
  const lying = direction === 'across' ? image : image.transpose(1, 0)
  const [h, w] = lying.shape as [number, number]
  if (Math.min(h, w) < smallest) return same
  const runs = thinRuns(lying, Math.ceil(Math.max(h, w) / broadest), least)
  if (runs.length < covered * w) return same
  const most = runs.length > squares * w ? steepestSquares : steepest
  const slope = slopeOf(runs, most, Math.ceil(most * w), h)
  const lines = surelyRuled(lying, linesOf(runs, slope, h, w, crossing.length), crossing)
  if (lines.length === 0) return same
  const isOfLine = (line: Line) => (run: Run) => run.length <= 1 + blurred * line.thickness
  const bare = without(lying, lines.flatMap(line => line.runs.filter(isOfLine(line)))) // prettier-ignore
  const box = writingBox(bare)
  const inside = box && (lines.length > 1 || (box.left > 0.04 * w && box.left + box.width < 0.96 * w))
  const rest = direction === 'across' ? bare : upright(bare)
  return { kept: inside ? rest : image, rest, lines, slope }
}

/** The lines of this slope on which runs lie nearly all along, in a picture [h,w] where so many lines cross them. */
function linesOf(runs: readonly Run[], slope: number, h: number, w: number, crossing: number): Line[] {
  const reach = Math.ceil(Math.abs(slope) * w) + 1
  const counts = countsOf(runs, slope, reach, h)
  const lineAt = new Int32Array(counts.length)
  const mark = (leastAt: (begin: number) => number) => {
    const begins: number[] = []
    for (let b = 1; b < counts.length - 1; b++) {
      const isLine = counts[b - 1] + counts[b] + counts[b + 1] >= leastAt(b - reach)
      if (isLine && lineAt[b - 1] === 0) begins.push(b - reach)
      lineAt[b] = isLine ? begins.length : 0
    }
    return begins
  }
  let begins = mark(() => covered * w)
  // Where there are many, corners may have short ones.
  if (begins.length > 0 && begins.length + crossing >= ruled)
    begins = mark(begin => covered * Math.max(shortest * w, lengthWithin(begin, slope, h, w)))
  const own = begins.map((): Run[] => [])
  for (const run of runs) {
    const b = beginOf(run, slope) + reach
    const line = lineAt[b] || lineAt[b - 1] || lineAt[b + 1]
    if (line) own[line - 1].push(run)
  }
  return begins.map((begin, k) => ({ begin, runs: own[k], thickness: median(own[k].map(({ length }) => length)) }))
}

/** Of lines, those that no digit has: thin ones, thinner or fainter ones than what is left without them, and such as are as thick as another. */
function surelyRuled(image: Pixels, lines: readonly Line[], crossing: readonly Line[]): readonly Line[] {
  const [h, w] = image.shape as [number, number]
  const thickest = thickestOf(h, w)
  if (lines.every(({ thickness }) => thickness <= thickest)) return lines
  const rest = without(image, lines.flatMap(({ runs }) => runs)) // prettier-ignore
  const [pen, ink] = [thicknessOf(rest), inkLevel(rest)]
  return lines.filter(line => {
    const { runs, thickness } = line
    const level = median(runs.map(({ row, column, length }) => image.get(row + (length >> 1), column)))
    const isAlike = (other: Line) =>
      other !== line && Math.max(other.thickness, thickness) <= alike * Math.min(other.thickness, thickness)
    return (
      thickness <= thickest ||
      thicker * thickness < pen ||
      level < fainter * ink ||
      lines.some(isAlike) ||
      crossing.some(isAlike)
    )
  })
}

/** The value in the middle, if there is one; sorts them. */
export const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0

/** How many columns of a picture [h,w] a line crosses that begins in this row. */
function lengthWithin(begin: number, slope: number, h: number, w: number): number {
  if (slope === 0) return w
  const [a, b] = [-begin / slope, (h - begin) / slope]
  return Math.min(w, Math.max(a, b)) - Math.max(0, Math.min(a, b))
}
