// Threads: single lines that cross the writing askew or bent.
import { type Pixels } from './image.js'
import { smallest, thickestOf, thicker } from './lines.js'
import { none, tallPieces, thicknessOf, union } from './pieces.js'
import { middleOf, thinRuns, without, type Run } from './runs.js'

/** A thread spans this share of the picture's width, and has ink of its own in this share of it. */
const spanned = 0.75
const seen = 0.5
/** It goes on behind strokes for so much of the width, but not for more than so many times its length so far. */
const behind = 0.2
const sofar = 2
/** So much of the width says where it goes on. */
const ahead = 0.2
/** It is straight if it leaves its line by no more than so many pixels in the mean. */
const straight = 1.5
/** So many runs a column are a texture, and no threads. */
const texture = 30
/** Where it is next may be so many pixels off for each that it was behind a stroke, besides one. */
const askew = 0.15

/**
 * Takes lines out that cross the writing askew or bent, such as those of a form photographed at an angle. A thread is followed from the left,
 * column by column: it goes on where a thin run of ink lies where it would be next, also behind a stroke, whose ink stays. It is none of the
 * writing if it begins and ends outside of it, and is straight or much thinner.
 */
export function withoutThreads(image: Pixels): Pixels {
  const [h, w] = image.shape as [number, number]
  if (Math.min(h, w) < smallest) return image
  const runs = thinRuns(image, Math.max(3, thickestOf(h, w)))
  if (runs.length < seen * w || runs.length > texture * w) return image
  const threads = threadsOf(runs, w)
  if (threads.length === 0) return image
  const pieces = tallPieces(without(image, runs))
  const writing = pieces.reduce(union, pieces[0] ?? none)
  const [left, right] = [writing.left, writing.left + writing.width - 1]
  const thickness = thicknessOf(without(image, threads.flat()))
  const isCrossing = (thread: readonly Run[]) =>
    thread[0].column < left &&
    thread.at(-1)!.column > right &&
    (bendOf(thread) <= straight || thickness > thicker * meanOf(thread.map(({ length }) => length)))
  const crossing = threads.filter(isCrossing)
  return crossing.length === 0 ? image : without(image, crossing.flat())
}

/** The threads among thin runs, which stand column by column. Where two cross, both have what lies there. */
function threadsOf(runs: readonly Run[], w: number): Run[][] {
  const columns = Array.from({ length: w }, (): Run[] => [])
  for (const run of runs) columns[run.column].push(run)
  const back = Math.ceil(ahead * w)
  const all: Run[][] = []
  let open: Run[][] = []
  for (const [column, here] of columns.entries()) {
    const taken = new Map<Run, Run | undefined>()
    open = open.filter(thread => {
      const last = thread.at(-1)!
      const far = column - last.column
      if (far > Math.min(behind * w, sofar * thread.length)) return false
      const before = thread[Math.max(0, thread.length - back)]
      const slope = (middleOf(last) - middleOf(before)) / Math.max(back, last.column - before.column)
      const off = (run: Run) => Math.abs(middleOf(run) - middleOf(last) - slope * far)
      const next = here.reduce<Run | undefined>((a, b) => (a && off(a) <= off(b) ? a : b), undefined)
      if (!next || off(next) > 1 + askew * far) return true
      // Two that have been on the same way for a while are one: the first, which is the longer.
      if (taken.get(next) === before) return false
      taken.set(next, before)
      thread.push(next)
      return true
    })
    for (const run of here)
      if (!taken.has(run)) {
        open.push([run])
        all.push(open.at(-1)!)
      }
  }
  return all.filter(thread => thread.length >= seen * w && thread.at(-1)!.column - thread[0].column >= spanned * w)
}
const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length

/** How far runs lie from the straight line through them (least squares), in the quadratic mean, in pixels. */
function bendOf(thread: readonly Run[]): number {
  const [x, y] = [thread.map(({ column }) => column), thread.map(middleOf)]
  const [column, row] = [meanOf(x), meanOf(y)]
  const slope = meanOf(x.map((at, k) => (at - column) * (y[k] - row))) / meanOf(x.map(at => (at - column) ** 2))
  return Math.sqrt(meanOf(x.map((at, k) => (y[k] - row - slope * (at - column)) ** 2)))
}
