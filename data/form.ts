// Forms: a row of boxes, or a comb, one field for each digit.
import { type Box, type Pixels } from './image.js'
import { median, ruled, thickestOf, withoutLines } from './lines.js'
import { highestOf, tallPieces } from './pieces.js'
import { beginOf, middleOf, slopeOf, steepest, thinRuns, upright, without, type Run } from './runs.js'

/** Forms are printed pale: ink of at least this, of 255, is one of their lines. */
const pale = 24
/** A form has so many bars at least, and no more than that. */
const fewestBars = 3
const mostBars = 100
/** Their heights, and the distances from one to the next, differ by no more than these shares. */
const sameHeight = 0.12
const sameDistance = 0.08
/** Where a bar should be there is one in this share of the places at least: digits cross some. */
const present = 0.6
/** Bars are no lower than this share of the distance between them; those of a comb are no higher than that share of the writing. */
const lowest = 0.15
const tooth = 0.75

/** A thin, straight stroke that stands on a line across or hangs from it. */
interface Bar {
  /** The column where it would meet the picture's top. */
  readonly begin: number
  readonly runs: readonly Run[]
  readonly height: number
}

/**
 * Takes a form out, boxes or a comb: a line or two across, and on them bars of one height at one distance, between which all of the writing
 * is. The line ends with them, and they reach from line to line or are lower than the writing, so that no row of 1s on a line is taken for them.
 */
export function withoutForm(image: Pixels): Pixels {
  const { rest, lines, slope } = withoutLines(image, 'across', { least: pale })
  const begins = lines.map(({ begin }) => begin)
  if (begins.length === 0 || begins.length >= ruled) return image
  const [h, w] = image.shape as [number, number]
  const standing = rest.transpose(1, 0)
  const runs = thinRuns(standing, thickestOf(h, w), pale)
  const lean = slopeOf(runs, steepest, Math.ceil(steepest * h), w)
  // Below a line, then above it.
  const sides = [-1, 1].map(up => ({ up, runs: up > 0 ? [...runs].reverse() : runs }))
  const heightAbove = (begin: number, up: number, row: number, column: number) => up * (begin + slope * column - row)
  const found = begins.map(begin =>
    sides.map(({ up, runs }) =>
      evenBars(barsOf(runs, run => heightAbove(begin, up, run.column, middleOf(run)), lean, thickestOf(h, w))),
    ),
  )
  // On both sides of a line they are squared paper.
  if (found.some(([below, above]) => below.length > 0 && above.length > 0)) return image
  for (const [k, begin] of begins.entries())
    for (const [side, bars] of found[k].entries()) {
      if (bars.length === 0) continue
      const bare = without(standing, bars.flatMap(bar => bar.runs)) // prettier-ignore
      const room = Math.abs(begins[side > 0 ? k - 1 : k + 1] - begin)
      const goesOn = (from: number, to: number) => inkAlong(image, begin, slope, from, to) > (to - from) / 2
      const heightOf = ({ top, left, height, width }: Box) =>
        heightAbove(begin, sides[side].up, top + height / 2, left + width / 2)
      if (isForm(bars, room, goesOn, tallPieces(upright(bare)), heightOf)) return upright(bare)
    }
  return image
}

/** In how many of some columns there is ink where a line passes, or beside it. */
function inkAlong(image: Pixels, begin: number, slope: number, from: number, to: number): number {
  const [h, w] = image.shape as [number, number]
  let count = 0
  for (let column = Math.max(0, Math.ceil(from)); column < Math.min(w, to); column++) {
    const row = Math.round(begin + slope * column)
    if ([row - 1, row, row + 1].some(at => at >= 0 && at < h && image.get(at, column) >= pale)) count++
  }
  return count
}

/**
 * Whether bars are a form's, by how far it is to the next line, if there is one, whether theirs ends with them, and by the writing: its
 * pieces and how high their middles are above the line.
 */
function isForm(
  bars: readonly Bar[],
  room: number,
  goesOn: (from: number, to: number) => boolean,
  writing: readonly Box[],
  heightOf: (piece: Box) => number,
) {
  const [first, last] = [bars[0], bars.at(-1)!]
  const half = (last.begin - first.begin) / (2 * (bars.length - 1))
  const isBetween = ({ left, width }: Box) => left > first.begin - half && left + width < last.begin + half
  if (writing.length === 0 || !writing.every(isBetween)) return false
  if (goesOn(first.begin - 2 * half, first.begin - half) || goesOn(last.begin + half, last.begin + 2 * half))
    return false
  if (isAlike(first.height, room)) return writing.every(piece => heightOf(piece) > 0 && heightOf(piece) < room)
  return first.height <= tooth * highestOf(writing) && writing.every(piece => heightOf(piece) > 0)
}
const isAlike = (height: number, other: number) => Math.abs(height / other - 1) <= sameHeight

/** The bars on a line: of runs in the order of their heights above it, those that lie on one line from there on, without a gap. */
function barsOf(runs: readonly Run[], heightOf: (run: Run) => number, lean: number, gap: number): Bar[] {
  const all = new Map<number, { begin: number; runs: Run[]; height: number }>()
  for (const run of runs) {
    const height = heightOf(run)
    if (height <= 0) continue
    const middle = beginOf(run, lean)
    for (const begin of [middle - 1, middle, middle + 1]) {
      const bar = all.get(begin) ?? { begin, runs: [], height: 0 }
      if (height - bar.height > gap) continue
      bar.runs.push(run)
      bar.height = height
      all.set(begin, bar)
    }
  }
  const bars: Bar[] = []
  for (const bar of [...all.values()].sort((a, b) => a.begin - b.begin)) {
    const before = bars.at(-1)
    if (bar.height <= gap) continue
    if (!before || bar.begin - before.begin > gap) bars.push(bar)
    else if (bar.runs.length > before.runs.length) bars[bars.length - 1] = bar
  }
  return bars
}

/** The most bars of one height and at one distance, from left to right; none if they are too few. */
function evenBars(bars: readonly Bar[]): readonly Bar[] {
  let most: readonly Bar[] = []
  if (bars.length > mostBars) return most
  for (const [k, first] of bars.entries()) {
    const alike = bars.slice(k).filter(({ height }) => isAlike(height, first.height))
    if (alike.length < fewestBars || alike.length <= most.length) continue
    const gaps = alike.slice(1).map(({ begin }, i) => begin - alike[i].begin)
    const distance = median(gaps)
    const even = [first]
    for (const bar of alike) {
      const places = (bar.begin - even.at(-1)!.begin) / distance
      if (places > 0.5 && Math.abs(places - Math.round(places)) <= sameDistance) even.push(bar)
    }
    const places = 1 + (even.at(-1)!.begin - first.begin) / distance
    const isFull = even.length >= Math.max(fewestBars, present * places)
    if (isFull && even.length > most.length && first.height >= lowest * distance) most = even
  }
  return most
}
