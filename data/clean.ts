// What is ink but no writing: lines ruled across the paper or crossing the writing, what the picture's edge cuts off (a desk, the frame of a form, a
// neighbour), specks, and dots beside the writing. Each is known by its shape; where nothing else would be left, it stays.
import ndarray from 'ndarray'
import { blank, eachPixel, inkBox, type Box, type Pixels } from './image.js'
import { rowMajor } from './rowMajor.js'
import { connectedPieces, withRims } from './segment.js'

/** Ink of at least this, of 255, is a stroke; weaker ink around it goes with it. */
const stroke = 64

/** An image of ink [h,w] without what is no writing; of a blank sheet's grain nothing is left. */
export function clean(picture: Pixels): Pixels {
  const image = withoutForm(picture)
  const lined = withoutLines(image, 'across')
  const uncrossed = lined.lines < ruled ? withoutThreads(image) : image
  const across = uncrossed === image ? lined : withoutLines(uncrossed, 'across')
  const down = withoutLines(across.kept, 'down')
  const bare = across.kept === across.rest ? down : withoutLines(across.rest, 'down')
  const isRuled = across.lines + bare.lines >= ruled
  if (isRuled && !writingBox(bare.rest)) return blank(...(image.shape as [number, number]))
  return withoutPieces(down.kept)
}
/** A line or two with no digit beside them may be one; so many are a sheet with nothing on it. */
const ruled = 4

/** Lines are no thicker than the longer side by this, or two pixels. */
const thinnest = 90
/** They turn by no more than so many pixels a pixel, on squared paper by more: where so many runs are in a column. Ink covers this share of them. */
const steepest = 0.08
const steepestSquares = 0.27
const squares = 4
const covered = 0.6
/** So many directions are tried at most for each 0.08. */
const directions = 96
/** A line is at least such a share of the width. */
const shortest = 0.15
/** So many runs are enough to find it. */
const enough = 20_000

/** An image without its lines. */
interface Unruled {
  /** The image without them if they are surely ruled: if there is a digit besides; else as it was. */
  readonly kept: Pixels
  readonly rest: Pixels
  readonly lines: number
  /** The rows where the lines begin, and their slope. */
  readonly begins: readonly number[]
  readonly slope: number
}

/**
 * Takes straight, thin lines out that go from edge to edge in one direction. A point of a line is the middle of a run of ink across it
 * that is no longer than a line is thick; so where a digit crosses, its ink stays. All lines are parallel: of the directions, it
 * is the one in which the points fall on the fewest lines (Hough 1962, over a few degrees).
 */
function withoutLines(image: Pixels, direction: 'across' | 'down', least = stroke): Unruled {
  const same = { kept: image, rest: image, lines: 0, begins: [], slope: 0 }
  const lying = direction === 'across' ? image : image.transpose(1, 0)
  const [h, w] = lying.shape as [number, number]
  if (Math.min(h, w) < smallest) return same
  const runs = thinRuns(lying, thickestOf(h, w), least)
  if (runs.length < covered * w) return same
  const most = runs.length > squares * w ? steepestSquares : steepest
  const reach = Math.ceil(most * w)
  const slope = slopeOf(runs, most, reach, h)
  const counts = countsOf(runs, slope, reach, h)
  const lines = new Uint8Array(counts.length)
  const begins: number[] = []
  const mark = (isLine: (b: number, points: number) => boolean) => {
    begins.length = 0
    for (let b = 1; b < counts.length - 1; b++) {
      lines[b] = Number(isLine(b, counts[b - 1] + counts[b] + counts[b + 1]))
      if (lines[b] && !lines[b - 1]) begins.push(b - reach)
    }
    return begins.length
  }
  let number = mark((_, points) => points >= covered * w)
  if (number === 0) return same
  // Where there are many, corners may have short ones.
  if (number >= ruled)
    number = mark((b, points) => points >= covered * Math.max(shortest * w, lengthWithin(b - reach, slope, h, w)))
  const isOfLine = (run: Run) => {
    const b = beginOf(run, slope) + reach
    return lines[b - 1] || lines[b] || lines[b + 1]
  }
  const bare = without(lying, runs.filter(isOfLine))
  const box = writingBox(bare)
  const inside = box && (number > 1 || (box.left > 0.04 * w && box.left + box.width < 0.96 * w))
  const rest = direction === 'across' ? bare : upright(bare)
  return { kept: inside ? rest : image, rest, lines: number, begins, slope }
}
/** Columns as rows, in memory too. */
const upright = (x: Pixels): Pixels => ndarray(rowMajor(x.transpose(1, 0)), [x.shape[1], x.shape[0]])
/** Pictures smaller than this have no room for lines beside a digit. */
const smallest = 32

const thickestOf = (h: number, w: number) => Math.max(2, Math.ceil(Math.max(h, w) / thinnest))

/** The slope, up to the steepest, under which runs fall on the fewest lines; a sample of them says it. */
function slopeOf(runs: readonly Run[], most: number, reach: number, h: number): number {
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

/** How many columns of a picture [h,w] a line crosses that begins in this row. */
function lengthWithin(begin: number, slope: number, h: number, w: number): number {
  if (slope === 0) return w
  const [a, b] = [-begin / slope, (h - begin) / slope]
  return Math.min(w, Math.max(a, b)) - Math.max(0, Math.min(a, b))
}

/** How many runs lie on each line of this slope, by where it begins. */
function countsOf(runs: readonly Run[], slope: number, reach: number, h: number, step = 1): Int32Array {
  const counts = new Int32Array(h + 2 * reach + 2)
  for (let k = 0; k < runs.length; k += step) counts[beginOf(runs[k], slope) + reach]++
  return counts
}

/** The row where a line of this slope through a run begins. */
const beginOf = (run: Run, slope: number) => Math.round(middleOf(run) - slope * run.column)

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
function withoutForm(image: Pixels): Pixels {
  const { rest, begins, slope } = withoutLines(image, 'across', pale)
  if (begins.length === 0 || begins.length >= ruled) return image
  const [h, w] = image.shape as [number, number]
  const standing = rest.transpose(1, 0)
  const runs = thinRuns(standing, thickestOf(h, w), pale)
  const lean = slopeOf(runs, steepest, Math.ceil(steepest * h), w)
  const sides = [-1, 1].map(up => (up > 0 ? [...runs].reverse() : runs))
  const found = begins.map(begin =>
    [-1, 1].map((up, side) => {
      const heightOf = (run: Run) => up * (begin + slope * middleOf(run) - run.column)
      return evenBars(barsOf(sides[side], heightOf, lean, thickestOf(h, w)))
    }),
  )
  // On both sides of a line they are squared paper.
  if (found.some(([below, above]) => below.length > 0 && above.length > 0)) return image
  for (const [k, begin] of begins.entries())
    for (const [side, bars] of found[k].entries()) {
      if (bars.length === 0) continue
      const bare = without(standing, bars.flatMap(bar => bar.runs)) // prettier-ignore
      const room = Math.abs(begins[side > 0 ? k - 1 : k + 1] - begin)
      const goesOn = (from: number, to: number) => inkAlong(image, begin, slope, from, to) > (to - from) / 2
      if (isForm(bars, room, goesOn, tallPieces(upright(bare)))) return upright(bare)
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

/** Whether bars are a form's, by how far it is to the next line, if there is one, whether theirs ends with them, and by the writing. */
function isForm(
  bars: readonly Bar[],
  room: number,
  goesOn: (from: number, to: number) => boolean,
  writing: readonly Box[],
) {
  const [first, last] = [bars[0], bars.at(-1)!]
  const half = (last.begin - first.begin) / (2 * (bars.length - 1))
  const isBetween = ({ left, width }: Box) => left > first.begin - half && left + width < last.begin + half
  if (writing.length === 0 || !writing.every(isBetween)) return false
  if (goesOn(first.begin - 2 * half, first.begin - half) || goesOn(last.begin + half, last.begin + 2 * half))
    return false
  const highest = writing.reduce((most, { height }) => Math.max(most, height), 0)
  return isAlike(first.height, room) || first.height <= tooth * highest
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
    const distance = gaps.sort((a, b) => a - b)[gaps.length >> 1]
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

/** A thread spans this share of the picture's width, and has ink of its own in this share of it. */
const spanned = 0.75
const seen = 0.5
/** It goes on behind strokes for so much of the width, but not for more than so many times its length so far. */
const behind = 0.2
const sofar = 2
/** So much of the width says where it goes on. */
const ahead = 0.2
/** It is straight if it leaves its line by no more than so many pixels in the mean; if it bends, the writing is so many times as thick. */
const straight = 1.5
const thicker = 1.5
/** So many runs a column are a texture, and no threads. */
const texture = 30
/** Where it is next may be so many pixels off for each that it was behind a stroke, besides one. */
const askew = 0.15

/**
 * Takes lines out that cross the writing askew or bent, such as those of a form photographed at an angle. A thread is followed from the left,
 * column by column: it goes on where a thin run of ink lies where it would be next, also behind a stroke, whose ink stays. It is none of the
 * writing if it begins and ends outside of it, and is straight or much thinner.
 */
function withoutThreads(image: Pixels): Pixels {
  const [h, w] = image.shape as [number, number]
  if (Math.min(h, w) < smallest) return image
  const runs = thinRuns(image, Math.max(3, Math.ceil(Math.max(h, w) / thinnest)))
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
const middleOf = ({ row, length }: Run) => row + length / 2
const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length

/** How far runs lie from the straight line through them (least squares), in the quadratic mean, in pixels. */
function bendOf(thread: readonly Run[]): number {
  const [x, y] = [thread.map(({ column }) => column), thread.map(middleOf)]
  const [column, row] = [meanOf(x), meanOf(y)]
  const slope = meanOf(x.map((at, k) => (at - column) * (y[k] - row))) / meanOf(x.map(at => (at - column) ** 2))
  return Math.sqrt(meanOf(x.map((at, k) => (y[k] - row - slope * (at - column)) ** 2)))
}

/** How thick strokes are in the mean, in pixels: a stroke of thickness t and length l has t·l pixels and 2·l of edge, which is 4/π as long in rows and columns. */
function thicknessOf(image: Pixels): number {
  const [h, w] = image.shape as [number, number]
  let [pixels, edges] = [0, 0]
  const isInk = (i: number, j: number) => i < h && j < w && image.get(i, j) >= stroke
  for (let i = 0; i < h; i++)
    for (let j = 0; j < w; j++) {
      if (isInk(i, j)) pixels++
      if (isInk(i, j) !== isInk(i + 1, j)) edges++
      if (isInk(i, j) !== isInk(i, j + 1)) edges++
    }
  return (8 / Math.PI) * (pixels / Math.max(1, edges))
}

/** An image without runs, and the pixel at both of their ends. */
function without(image: Pixels, runs: readonly Run[]): Pixels {
  const [h, w] = image.shape as [number, number]
  const bare = ndarray(rowMajor(image).slice(), [h, w])
  for (const { row, column, length } of runs)
    for (let i = Math.max(0, row - 1); i < Math.min(h, row + length + 1); i++) bare.set(i, column, 0)
  return bare
}

interface Run {
  readonly row: number
  readonly column: number
  readonly length: number
}

/** The runs of ink down the columns that are no longer than this. */
function thinRuns(image: Pixels, thickest: number, least = stroke): Run[] {
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

/** The box of the largest piece, if it is large enough to be a digit. */
function writingBox(image: Pixels): Box | undefined {
  const [h, w] = image.shape as [number, number]
  const { boxes } = piecesOf(image)
  return size(largestOf(boxes)) >= 0.12 * Math.min(h, w) ? inkBox(image, stroke) : undefined
}
const none: Box = { top: 0, left: 0, height: 0, width: 0 }

/** The boxes of the pieces that are at least half as high as the highest. */
function tallPieces(image: Pixels): Box[] {
  const { boxes } = piecesOf(image)
  const highest = boxes.reduce((most, { height }) => Math.max(most, height), 0)
  return boxes.filter(({ height }) => 2 * height >= highest)
}

const size = ({ height, width }: Box) => Math.max(height, width)
const largestOf = (boxes: readonly Box[]) => boxes.reduce((a, b) => (size(b) > size(a) ? b : a), none)

/** Pieces at an edge that reach along this much of it are a border. */
const along = 0.5
/** A piece smaller than this share of the largest is a speck, in both directions. */
const speck = 0.1
/** Where no piece is larger than so many pixels, all is the paper's grain. */
const grain = 6
/** One smaller than this, round, and outside the box of the others, is a dot. */
const dot = 0.3

function withoutPieces(image: Pixels): Pixels {
  const [h, w] = image.shape as [number, number]
  const { boxes, sizes, labels } = piecesOf(image)
  const touches = ({ top, left, height, width }: Box) =>
    top === 0 || left === 0 || top + height === h || left + width === w
  const inner = boxes.filter(box => !touches(box)).reduce((most, box) => Math.max(most, size(box)), 0)
  const isBorder = (box: Box) => {
    if (!touches(box) || inner < Math.max(8, 0.15 * Math.min(h, w))) return false
    const beside = (box.left === 0 || box.left + box.width === w) && box.height >= along * h
    const above = (box.top === 0 || box.top + box.height === h) && box.width >= along * w
    return beside || above || size(box) < 0.6 * inner
  }
  const soft = boxes.some(touches) ? fading(image, labels, boxes.length) : []
  const isShadow = (box: Box, p: number) => touches(box) && soft[p] && soft.includes(false)
  // What is drawn or printed around a digit; a straight stroke in an oval is the slash of a 0.
  const isFrame = (box: Box, p: number) =>
    boxes.some(
      (other, q) =>
        holds(box, other) &&
        size(other) >= small * size(box) &&
        (isRectangle(labels, w, box, p + 1) ||
          (surrounds(labels, h, w, other, p + 1) && !isStraight(labels, w, other, q + 1))),
    )
  const kept = boxes.map((box, p) => !isBorder(box) && !isShadow(box, p) && !isFrame(box, p))
  const largest = boxes.reduce((most, box, p) => (kept[p] ? Math.max(most, size(box)) : most), 0)
  if (boxes.length > 0 && largest < Math.min(grain, 0.1 * Math.max(h, w))) return blank(h, w)
  boxes.forEach((box, p) => (kept[p] &&= size(box) >= speck * largest))
  const isRound = ({ height, width }: Box, pixels: number) =>
    Math.max(height, width) < 2 * Math.min(height, width) && pixels > 0.5 * height * width
  const dots = boxes.map((box, p) => kept[p] && size(box) < dot * largest && isRound(box, sizes[p]))
  const others = boxes.filter((_, p) => kept[p] && !dots[p])
  const around = others.reduce(union, others[0] ?? none)
  boxes.forEach((box, p) => {
    if (dots[p] && !overlaps(box, around)) kept[p] = false
  })
  return only(image, labels, kept)
}

/** A piece smaller than this share of the largest, and farther from its box than that share of its size, is none of the same digit. */
const small = 0.35
const far = 0.25

/** A drawing of one digit without small pieces far from it: signs and letters on a screen, or print. */
export function withoutFar(image: Pixels): Pixels {
  const { boxes, labels } = piecesOf(image)
  const largest = largestOf(boxes)
  const gap = (from: number, length: number, other: number, otherLength: number) =>
    Math.max(0, from - other - otherLength, other - from - length)
  const away = ({ top, left, height, width }: Box) =>
    Math.hypot(gap(top, height, largest.top, largest.height), gap(left, width, largest.left, largest.width))
  return only(image, labels, boxes.map(box => size(box) >= small * size(largest) || away(box) <= far * size(largest))) // prettier-ignore
}

/** An image with some of its pieces alone; as it was if these are none or all. */
function only(image: Pixels, labels: Int32Array, kept: readonly boolean[]): Pixels {
  if (!kept.some(Boolean) || kept.every(Boolean)) return image
  const [h, w] = image.shape as [number, number]
  const y = blank(h, w)
  eachPixel(image, (i, j, v) => {
    const piece = labels[i * w + j]
    if (piece > 0 && kept[piece - 1]) y.data[i * w + j] = v
  })
  return y
}

/**
 * Which pieces nowhere end as ink does, but fade as the rest of a shadow: of their pixels of at least half of their strongest, less than a
 * tenth have one weaker by that much within 2 % of the picture's shorter side.
 */
function fading(image: Pixels, labels: Int32Array, count: number): boolean[] {
  const [h, w] = image.shape as [number, number]
  const away = Math.max(2, Math.round(0.02 * Math.min(h, w)))
  const half = new Float64Array(count)
  eachPixel(image, (i, j, v) => {
    const p = labels[i * w + j] - 1
    if (p >= 0) half[p] = Math.max(half[p], v / 2)
  })
  const [all, sharp] = [new Float64Array(count), new Float64Array(count)]
  eachPixel(image, (i, j, v) => {
    const p = labels[i * w + j] - 1
    if (p < 0 || v < half[p]) return
    const isWeak = (y: number, x: number) => y >= 0 && y < h && x >= 0 && x < w && v - image.get(y, x) >= half[p]
    all[p]++
    if (isWeak(i - away, j) || isWeak(i + away, j) || isWeak(i, j - away) || isWeak(i, j + away)) sharp[p]++
  })
  return Array.from(all, (n, p) => sharp[p] < 0.1 * n)
}

const holds = (a: Box, b: Box) =>
  a.top < b.top && a.left < b.left && a.top + a.height > b.top + b.height && a.left + a.width > b.left + b.width

/** Whether a piece has ink along all sides of its box, as the frame of a form's field has and an oval does not: near 80 % of each. */
function isRectangle(labels: Int32Array, w: number, box: Box, piece: number): boolean {
  const { top, left, height, width } = box
  const deep = Math.ceil(0.08 * size(box))
  const [sides, seen] = [
    [height, height, width, width],
    [0, 0, 0, 0],
  ]
  const isInk = (i: number, j: number) => labels[(top + i) * w + left + j] === piece
  for (const [side, length] of sides.entries())
    for (let along = 0; along < length; along++) {
      const across = side < 2 ? width : height
      const place = (k: number) => (side % 2 === 0 ? k : across - 1 - k)
      let k = 0
      while (k < Math.min(deep, across) && !(side < 2 ? isInk(along, place(k)) : isInk(place(k), along))) k++
      if (k < Math.min(deep, across)) seen[side]++
    }
  return seen.every((count, side) => count >= 0.8 * sides[side])
}

/** Whether a piece is met whichever way one goes from the middle of a box. */
function surrounds(
  labels: Int32Array,
  h: number,
  w: number,
  { top, left, height, width }: Box,
  piece: number,
): boolean {
  const meets = (angle: number) => {
    for (let r = 0; ; r++) {
      const [i, j] = [
        Math.round(top + height / 2 + r * Math.sin(angle)),
        Math.round(left + width / 2 + r * Math.cos(angle)),
      ]
      if (i < 0 || j < 0 || i >= h || j >= w) return false
      if (labels[i * w + j] === piece) return true
    }
  }
  return Array.from({ length: 32 }, (_, k) => (k * Math.PI) / 16).every(meets)
}

/** Whether a piece is a straight stroke: the variance of its pixels across it is small beside that along it. */
function isStraight(labels: Int32Array, w: number, { top, left, height, width }: Box, piece: number): boolean {
  let [n, y, x, yy, xy, xx] = [0, 0, 0, 0, 0, 0]
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) {
      if (labels[(top + i) * w + left + j] !== piece) continue
      n++
      y += i
      x += j
      yy += i * i
      xy += i * j
      xx += j * j
    }
  const [a, b, c] = [yy / n - (y / n) ** 2, xy / n - (y * x) / n ** 2, xx / n - (x / n) ** 2]
  const apart = Math.hypot(a - c, 2 * b)
  return a + c - apart < 0.04 * (a + c + apart)
}

const overlaps = (a: Box, b: Box) =>
  a.top < b.top + b.height && b.top < a.top + a.height && a.left < b.left + b.width && b.left < a.left + a.width

function union(a: Box, b: Box): Box {
  const [top, left] = [Math.min(a.top, b.top), Math.min(a.left, b.left)]
  const height = Math.max(a.top + a.height, b.top + b.height) - top
  return { top, left, height, width: Math.max(a.left + a.width, b.left + b.width) - left }
}

/** The connected pieces of strokes: their boxes, how many pixels each has, and to which each pixel of ink belongs (from 1 on). */
function piecesOf(image: Pixels) {
  const [h, w] = image.shape as [number, number]
  const values = rowMajor(image)
  const labelled = connectedPieces(values, w, stroke)
  const sizes = new Float64Array(labelled.count)
  const [top, left] = [new Int32Array(labelled.count).fill(h), new Int32Array(labelled.count).fill(w)]
  const [bottom, right] = [new Int32Array(labelled.count), new Int32Array(labelled.count)]
  for (const pixel of labelled.pixels.subarray(0, labelled.size)) {
    const p = labelled.labels[pixel] - 1
    const [i, j] = [Math.floor(pixel / w), pixel % w]
    sizes[p]++
    top[p] = Math.min(top[p], i)
    left[p] = Math.min(left[p], j)
    bottom[p] = Math.max(bottom[p], i + 1)
    right[p] = Math.max(right[p], j + 1)
  }
  withRims(labelled, values, w)
  const boxes = Array.from(sizes, (_, p): Box => ({ top: top[p], left: left[p], height: bottom[p] - top[p], width: right[p] - left[p] })) // prettier-ignore
  return { boxes, sizes, labels: labelled.labels }
}
