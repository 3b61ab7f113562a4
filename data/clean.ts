// What is ink but no writing: lines ruled across the paper, what the picture's edge cuts off (a desk, the frame of a form, a
// neighbour), specks, and dots beside the writing. Each is known by its shape; where nothing else would be left, it stays.
import ndarray from 'ndarray'
import { blank, eachPixel, inkBox, type Box, type Pixels } from './image.js'
import { rowMajor } from './rowMajor.js'
import { connectedPieces, withRims } from './segment.js'

/** Ink of at least this, of 255, is a stroke; weaker ink around it goes with it. */
const stroke = 64

/** An image of ink [h,w] without what is no writing; of a blank sheet's grain nothing is left. */
export function clean(image: Pixels): Pixels {
  const across = withoutLines(image, 'across')
  const down = withoutLines(across.kept, 'down')
  const bare = across.kept === across.rest ? down : withoutLines(across.rest, 'down')
  const isRuled = across.lines + bare.lines >= ruled
  return isRuled && !writingBox(bare.rest) ? blank(...(image.shape as [number, number])) : withoutPieces(down.kept)
}
/** A line or two with no digit beside them may be one; so many are a sheet with nothing on it. */
const ruled = 4

/** Lines are no thicker than the longer side by this, or two pixels. */
const thinnest = 90
/** They turn by no more than so many pixels a pixel, and ink covers this share of them, near both ends too. */
const steepest = 0.08
const covered = 0.6
/** So many directions are tried at most. */
const directions = 96
/** So many runs are enough to find it. */
const enough = 20_000

/** An image without its lines. */
interface Unruled {
  /** The image without them if they are surely ruled: if there is a digit besides; else as it was. */
  readonly kept: Pixels
  readonly rest: Pixels
  readonly lines: number
}

/**
 * Takes straight, thin lines out that go from edge to edge in one direction. A point of a line is the middle of a run of ink across it
 * that is no longer than a line is thick; so where a digit crosses, its ink stays. All lines are parallel: of the directions, it
 * is the one in which the points fall on the fewest lines (Hough 1962, over a few degrees).
 */
function withoutLines(image: Pixels, direction: 'across' | 'down'): Unruled {
  const same = { kept: image, rest: image, lines: 0 }
  const lying = direction === 'across' ? image : image.transpose(1, 0)
  const [h, w] = lying.shape as [number, number]
  if (Math.min(h, w) < smallest) return same
  const thickest = Math.max(2, Math.ceil(Math.max(h, w) / thinnest))
  const runs = thinRuns(lying, thickest)
  if (runs.length < covered * w) return same
  const reach = Math.ceil(steepest * w)
  const steps = Math.min(directions, 2 * reach)
  const step = Math.ceil(runs.length / enough)
  let [slope, most] = [0, -1]
  for (let k = 0; k <= steps; k++) {
    const turn = steepest * ((2 * k) / steps - 1)
    const counts = countsOf(runs, turn, reach, h, step)
    let score = 0
    for (let b = 1; b < counts.length; b++) score += (counts[b] + counts[b - 1]) ** 2
    if (score > most) [slope, most] = [turn, score]
  }
  const counts = countsOf(runs, slope, reach, h)
  const isLine = (b: number) => counts[b - 1] + counts[b] + counts[b + 1] >= covered * w
  const lines = new Uint8Array(counts.length)
  let number = 0
  for (let b = 1; b < counts.length - 1; b++)
    if (isLine(b)) {
      if (!lines[b - 1]) number++
      lines[b] = 1
    }
  if (number === 0) return same
  const bare = ndarray(rowMajor(lying).slice(), [h, w])
  for (const { row, column, length } of runs) {
    const b = Math.round(row + length / 2 - slope * column) + reach
    if (!lines[b - 1] && !lines[b] && !lines[b + 1]) continue
    for (let i = Math.max(0, row - 1); i < Math.min(h, row + length + 1); i++) bare.set(i, column, 0)
  }
  const box = writingBox(bare)
  const inside = box && (number > 1 || (box.left > 0.04 * w && box.left + box.width < 0.96 * w))
  const rest = direction === 'across' ? bare : upright(bare)
  return { kept: inside ? rest : image, rest, lines: number }
}
/** Columns as rows, in memory too. */
const upright = (x: Pixels): Pixels => ndarray(rowMajor(x.transpose(1, 0)), [x.shape[1], x.shape[0]])
/** Pictures smaller than this have no room for lines beside a digit. */
const smallest = 32

/** How many runs lie on each line of this slope, by where it begins. */
function countsOf(runs: readonly Run[], slope: number, reach: number, h: number, step = 1): Int32Array {
  const counts = new Int32Array(h + 2 * reach + 2)
  for (let k = 0; k < runs.length; k += step) {
    const { row, column, length } = runs[k]
    counts[Math.round(row + length / 2 - slope * column) + reach]++
  }
  return counts
}

interface Run {
  readonly row: number
  readonly column: number
  readonly length: number
}

/** The runs of ink down the columns that are no longer than this. */
function thinRuns(image: Pixels, thickest: number): Run[] {
  const [h, w] = image.shape as [number, number]
  const runs: Run[] = []
  for (let column = 0; column < w; column++)
    for (let row = 0, length = 0; row <= h; row++)
      if (row < h && image.get(row, column) >= stroke) length++
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
  const largest = boxes.reduce((a, b) => (Math.max(b.height, b.width) > Math.max(a.height, a.width) ? b : a), none)
  return Math.max(largest.height, largest.width) >= 0.12 * Math.min(h, w) ? inkBox(image, stroke) : undefined
}
const none: Box = { top: 0, left: 0, height: 0, width: 0 }

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
  const size = ({ height, width }: Box) => Math.max(height, width)
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
  const kept = boxes.map((box, p) => !isBorder(box) && !isShadow(box, p))
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
  if (!kept.some(Boolean) || kept.every(Boolean)) return image
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
