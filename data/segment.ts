// Rows of digits, such as postal codes, taken apart into single ones.
//   1. The ink falls into connected pieces; specks are dropped.
//   2. Pieces that stand beside each other are a line; its slant is measured, so that leaning digits can be told apart by upright lines.
//      Signs between them, as of a date or a price, are no digits.
//   3. Pieces that stand over one another are one broken digit; small ones join their nearest neighbour.
//   4. A piece may be one digit or several that touch: it can be cut wherever a way from top to bottom crosses little ink. Which
//      cuts are right is left to the network, which reads what lies between any two of them (readRow.ts).
// The work is linear in the pixels, whatever is in them; a scan full of dots is refused.
//
// Cutting too often and choosing by what can be read is how LeCun et al. 1998 read the amounts on cheques (section V).
import { problem } from './errors.js'
import { blank, type Box, type Image, type Pixels } from './image.js'
import { rowMajor } from './rowMajor.js'

/** One digit of a row: its box in the picture, and its own ink, without its neighbours', in an image of that size. */
export interface Segment {
  readonly box: Box
  readonly ink: Image
}

/** Ink that may be one digit: what a stretch holds between two of its places. */
export interface Candidate {
  readonly from: number
  readonly to: number
  /** Made anew each time it is asked for: a large picture may hold thousands. */
  readonly segment: Segment
  /** How unlike a digit's its shape is, and how much ink is cut through for it: the surer its reading has to be. */
  readonly cost: number
}

/** A stretch of ink that may be one digit or several: it can be cut at its places, of which 0 and `end` are its ends. */
export interface Stretch {
  readonly end: number
  readonly candidates: readonly Candidate[]
  /** How far the whole row leans to the right: pixels sideways for each row up. */
  readonly slant: number
  /** Whether a sign, such as a comma, stands before it. */
  readonly afterSign: boolean
}

/** A picture's ink, row by row. */
type Ink = Pixels['data']
/** Pixels of ink, each as row · width of the picture + column. */
type Piece = Int32Array

/** Ink weaker than this (of 255) does not connect: the grey rims of two strokes may meet where the strokes do not. */
const connects = 96
/** Weak ink belongs to a piece so near, in heights of the tallest: a pen's thickness, not a ruled line that ends in a digit. */
const rim = 0.1
/** A piece whose height and width are below this share of the tallest's height is a speck. */
const speck = 0.12
/** A piece lower than this share of the typical height is a part of a digit. */
const part = 0.6
/** Pieces that share this much of the narrower one's width stand over one another. */
const overlap = 0.4
/** A part belongs to what is no farther away than this, and a digit of several parts is no wider, in typical heights. */
const near = 0.6
const widest = 1.2
/** 90 % of MNIST's digits are narrower than this, in heights; a row's digits are mostly higher than that, in typical heights. */
const usual = 0.95
const usualHeight = 0.85
/** How far a cut may bend to either side to cross less ink, in heights, and what a pixel aside costs, in pixels of ink. */
const bend = 0.15
const asideCost = 0.02
/** Of what a cut leaves, a piece of less ink than this share of the largest is the neighbour's. */
const crumb = 0.12
/** Ways through a stretch are looked for so far from each other, in heights; a cut lies at least so far from others and from the ends. */
const wayEvery = 0.05
const cutDistance = 0.1
/** A way through more ink than this, in heights, is no cut: digits touch with less. */
const thickest = 0.4
/** What it costs to cut through ink one typical height long, and to be one typical height wider or lower than usual. */
const inkCost = 2
const widthCost = 2
const lowCost = 3
/** Ink in more pieces than this, or with room for more digits, is no row of digits. */
const most = 2000

/**
 * The pieces of a picture of ink [h,w] on a ground of 0: line by line from top to bottom, each from left to right; none if it is
 * blank.
 * @throws ChiffreError if the ink is in thousands of pieces
 */
export function segmentLines(image: Pixels): Stretch[][] {
  const w = image.shape[1]
  const ink = rowMajor(image)
  const strong = connectedPieces(ink, w, connects)
  const pieces = withoutSpecks(withRims(strong, ink, w, Math.ceil(rim * tallestOf(strong, w))), w)
  if (pieces.length === 0) return []
  const lines = linesOf(pieces, typicalHeight(pieces, w), w).map(line => {
    const typical = typicalHeight(line, w)
    const signs = signsOf(line, typical, w)
    const digits = line.filter(piece => !signs.has(piece) && !isUnderline(piece, typical, w))
    const [slant, height] = [slantOf(digits, w), typicalHeight(digits, w)]
    return {
      slant,
      height,
      signs: [...signs].map(piece => middle(spanOf(piece, slant, w))),
      groups: joined(digits, slant, height, w).map(piece => ({ piece, span: spanOf(piece, slant, w) })),
    }
  })
  const countOf = ({ groups, height }: (typeof lines)[0]) =>
    groups.reduce((sum, { span }) => sum + Math.ceil(width(span) / height), 0)
  checkCount(lines.reduce((sum, line) => sum + countOf(line), 0))
  return lines.map(({ groups, slant, height, signs }) =>
    groups
      .sort((a, b) => middle(a.span) - middle(b.span))
      .map(({ piece, span }, i) => ({
        ...stretchOf(piece, span, slant, height, ink, w),
        afterSign: signs.some(place => place < middle(span) && (i === 0 || place > middle(groups[i - 1].span))),
      })),
  )
}

/** The stretches of all lines, one after the other. */
export const segment = (image: Pixels): Stretch[] => segmentLines(image).flat()

/**
 * Which pieces stand beside each other. From left to right, a piece belongs to the line whose last piece shares most of its rows with
 * it, so that a line may climb or fall; one that shares few with any begins a line. Parts of digits go where the nearest piece is.
 */
function linesOf(pieces: readonly Piece[], height: number, w: number): Piece[][] {
  interface Line {
    readonly members: Piece[]
    readonly boxes: Box[]
  }
  const boxed = pieces.map(piece => ({ piece, box: boxOf(piece, w) })).sort((a, b) => a.box.left - b.box.left)
  const isPart = ({ box }: (typeof boxed)[0]) => box.height < part * height
  const shared = (a: Box, b: Box) =>
    (Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top)) / Math.min(a.height, b.height)
  const lines: Line[] = []
  for (const one of boxed.filter(one => !isPart(one))) {
    const best = lines.reduce<Line | undefined>(
      (most, line) =>
        !most || shared(line.boxes.at(-1)!, one.box) > shared(most.boxes.at(-1)!, one.box) ? line : most,
      undefined,
    )
    const line = best && shared(best.boxes.at(-1)!, one.box) >= sameLine ? best : { members: [], boxes: [] }
    if (line !== best) lines.push(line)
    line.members.push(one.piece)
    line.boxes.push(one.box)
  }
  if (
    lines.length === 0 ||
    (lines.length > 1 &&
      isOneRow(
        lines.flatMap(({ boxes }) => boxes),
        height,
      ))
  )
    return [[...pieces]]
  const top = ({ boxes }: Line) => boxes.reduce((sum, box) => sum + box.top + box.height / 2, 0) / boxes.length
  lines.sort((a, b) => top(a) - top(b))
  for (const { piece, box } of boxed.filter(isPart)) {
    let [nearest, least] = [lines[0], Infinity]
    for (const line of lines) {
      const near = line.boxes[placeBefore(line.boxes, box.left)]
      const away = Math.max(0, near.top - box.top - box.height, box.top - near.top - near.height)
      if (away < least) [nearest, least] = [line, away]
    }
    nearest.members.push(piece)
  }
  return lines.map(({ members }) => members)
}
/** Pieces that share this much of the lower one's rows may stand on one line. */
const sameLine = 0.3

/**
 * Whether boxes are one row that climbs or falls: near a straight line through their middles, by least squares, that is no steeper than a
 * hand writes or a camera is held.
 */
function isOneRow(boxes: readonly Box[], height: number): boolean {
  if (boxes.length < 3) return false
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const [rows, columns] = [boxes.map(box => box.top + box.height / 2), boxes.map(box => box.left + box.width / 2)]
  const [row, column] = [mean(rows), mean(columns)]
  const slope = mean(rows.map((y, k) => (y - row) * (columns[k] - column))) / mean(columns.map(x => (x - column) ** 2))
  const isNear = (y: number, k: number) => Math.abs(y - row - slope * (columns[k] - column)) <= offRow * height
  return Math.abs(slope) <= steepest && rows.every(isNear)
}
/** In pixels a pixel: 35°; and in typical heights. */
const steepest = 0.7
const offRow = 0.4

/**
 * What of a line stands between digits and is none. Points, commas and dashes are small and stand beside digits, not at their tops, where a bar
 * may be part of a 5; a slash is straight, reaches above and below its neighbours, and leans more.
 */
function signsOf(line: readonly Piece[], height: number, w: number): ReadonlySet<Piece> {
  const boxed = line.map(piece => ({ piece, box: boxOf(piece, w) })).sort((a, b) => a.box.left - b.box.left)
  const tall = boxed.filter(({ box }) => box.height >= part * height)
  const boxes = tall.map(({ box }) => box)
  const isMark = ({ box }: (typeof boxed)[0]) => {
    const before = placeBefore(boxes, box.left)
    const [beside, gap] = boxes
      .slice(before, before + 2)
      .map(other => [other, gapBetween(columnsOf(box), columnsOf(other))] as const)
      .reduce((nearest, other) => (other[1] < nearest[1] ? other : nearest))
    if (gap < -overlapping * box.width) return false
    const place = (box.top + box.height / 2 - beside.top) / beside.height
    return box.width > flat * box.height
      ? box.height < dashHeight * height && gap > dashGap * height && place > 1 / 4 && place < 3 / 4
      : box.height < commaHeight * height && place > 3 / 4
  }
  const isSlash = ({ piece, box }: (typeof boxed)[0], k: number) => {
    const isBeyond = (beside: Box | undefined) =>
      beside !== undefined && box.top < beside.top && box.top + box.height > beside.top + beside.height
    if (box.height < slashHeight * height || !isBeyond(boxes[k - 1]) || !isBeyond(boxes[k + 1])) return false
    const { both, down, across } = momentsOf(piece, w)
    const bend = Math.sqrt(Math.max(0, across - both ** 2 / down) / piece.length)
    return bend < slashBend * box.height && both / down - slantOf([tall[k - 1].piece, tall[k + 1].piece], w) > slashLean
  }
  const marks = boxed.filter(one => one.box.height < part * height && isMark(one))
  return new Set([...marks, ...tall.filter(isSlash)].map(({ piece }) => piece))
}

/** Whether a piece is a line under digits, which would make them one. */
function isUnderline(piece: Piece, height: number, w: number): boolean {
  const box = boxOf(piece, w)
  return box.width > lineWidth * height && box.height < lineHeight * height
}
const lineWidth = 1.5
const lineHeight = 0.4

/** What shares more of its width with a digit stands over or under it. What is wider than so many of its heights is a dash. */
const overlapping = 0.2
const flat = 1.5
/** In typical heights: a comma and a dash are no higher, and a dash is so far from its neighbours. */
const commaHeight = 0.45
const dashHeight = 0.25
const dashGap = 0.05
/** A slash is so many times as tall as digits are, leans so much more than its neighbours, and bends so little, in its heights. */
const slashHeight = 1.2
const slashLean = 0.2
const slashBend = 0.07

/** Of boxes from left to right, the number of the last that begins before a place, or of the first (a binary search). */
function placeBefore(boxes: readonly Box[], left: number): number {
  let [from, to] = [0, boxes.length]
  while (to - from > 1) {
    const half = (from + to) >> 1
    if (boxes[half].left <= left) from = half
    else to = half
  }
  return from
}

function checkCount(count: number) {
  if (count > most) throw problem('data.pieces', { count, most })
}

/** Ink whose pixels know their piece. */
interface Labelled {
  /** For every pixel of the picture: the piece it belongs to, counted from 1; 0 for none. */
  readonly labels: Int32Array
  readonly count: number
  /** The first `size` are the pixels of piece 1, then those of piece 2 and so on; the rest is room for more. */
  readonly pixels: Int32Array
  readonly size: number
}

/** The sets of pixels of at least `threshold` that touch, sideways or by a corner. */
export function connectedPieces(ink: Ink, w: number, threshold: number): Labelled {
  const labels = new Int32Array(ink.length)
  const pixels = new Int32Array(ink.length)
  let [count, size] = [0, 0]
  for (let pixel = 0; pixel < ink.length; pixel++) {
    if (labels[pixel] || ink[pixel] < threshold) continue
    let at = size
    labels[pixel] = ++count
    pixels[size++] = pixel
    for (; at < size; at++)
      eachBeside(pixels[at], ink.length, w, beside => {
        if (labels[beside] || ink[beside] < threshold) return
        labels[beside] = count
        pixels[size++] = beside
      })
  }
  return { labels, count, pixels, size }
}

/** The height of the tallest piece. */
function tallestOf({ labels, pixels, size, count }: Labelled, w: number): number {
  const [tops, bottoms] = [new Int32Array(count).fill(labels.length), new Int32Array(count).fill(-1)]
  for (let at = 0; at < size; at++) {
    const [p, row] = [labels[pixels[at]] - 1, Math.floor(pixels[at] / w)]
    if (row < tops[p]) tops[p] = row
    if (row > bottoms[p]) bottoms[p] = row
  }
  return tops.reduce((most, top, p) => Math.max(most, bottoms[p] - top + 1), 0)
}

/** Pieces one after the other: the pixels of piece p are those from starts[p] to starts[p + 1]. */
interface Pieces {
  readonly pixels: Int32Array
  readonly starts: Int32Array
}

/** Gives weak ink, such as strokes' grey rims, to the nearest piece: all grow through it at the same pace, so many pixels far. */
export function withRims({ labels, count, pixels, size }: Labelled, ink: Ink, w: number, reach = Infinity): Pieces {
  let at = 0
  for (let step = 0; step < reach && at < size; step++)
    for (const end = size; at < end; at++)
      eachBeside(pixels[at], ink.length, w, beside => {
        if (labels[beside] || ink[beside] <= 0) return
        labels[beside] = labels[pixels[at]]
        pixels[size++] = beside
      })
  return sorted(pixels.subarray(0, size), count, pixel => labels[pixel] - 1)
}

/** Sorts pixels by a key from 0 to n − 1, those of one key staying in their order. */
function sorted(pixels: Int32Array, n: number, keyOf: (pixel: number) => number): Pieces {
  const starts = new Int32Array(n + 1)
  for (const pixel of pixels) starts[keyOf(pixel) + 1]++
  for (let key = 0; key < n; key++) starts[key + 1] += starts[key]
  const next = starts.slice()
  const inOrder = new Int32Array(pixels.length)
  for (const pixel of pixels) inOrder[next[keyOf(pixel)]++] = pixel
  return { pixels: inOrder, starts }
}

/** Visits the places around a pixel, itself included, of a picture of `size` pixels in rows of w. */
function eachBeside(pixel: number, size: number, w: number, visit: (pixel: number) => void) {
  const column = pixel % w
  const [before, after] = [column > 0 ? 1 : 0, column < w - 1 ? 1 : 0]
  for (let middle = pixel - w; middle <= pixel + w; middle += w)
    if (middle >= 0 && middle < size) for (let at = middle - before; at <= middle + after; at++) visit(at)
}

function withoutSpecks({ pixels, starts }: Pieces, w: number): Piece[] {
  const count = starts.length - 1
  const piece = (p: number) => pixels.subarray(starts[p], starts[p + 1])
  const heights = Int32Array.from({ length: count }, (_, p) => boxOf(piece(p), w).height)
  const tallest = heights.reduce((a, b) => Math.max(a, b), 0)
  const isSpeck = (p: number) => Math.max(heights[p], boxOf(piece(p), w).width) < speck * tallest
  const large = Int32Array.from(heights.keys()).filter(p => !isSpeck(p))
  checkCount(large.length)
  return Array.from(large, piece)
}

/** A piece's second moments about its middle (ī, j̄): Σ −(i − ī)(j − j̄), Σ (i − ī)², Σ (j − j̄)². */
interface Moments {
  readonly both: number
  readonly down: number
  readonly across: number
}

function momentsOf(piece: Piece, w: number): Moments {
  let [rows, columns] = [0, 0]
  for (const pixel of piece) {
    rows += Math.floor(pixel / w)
    columns += pixel % w
  }
  const [row, column] = [rows / piece.length, columns / piece.length]
  let [both, down, across] = [0, 0, 0]
  for (const pixel of piece) {
    const above = row - Math.floor(pixel / w)
    const aside = (pixel % w) - column
    both += above * aside
    down += above ** 2
    across += aside ** 2
  }
  return { both, down, across }
}

/**
 * How far the writing leans to the right: pixels sideways for each row up, at most 1 either way. By the pieces' second moments, each about
 * its own middle (ī, j̄): −Σ (i − ī)(j − j̄) / Σ (i − ī)². Sheared back by that, rows and columns of the ink are uncorrelated: of one digit
 * this is what LeCun et al. 1998 (section III.B) call deslanting.
 * @param w the picture's width
 */
export const slantOf = (pieces: readonly Piece[], w: number) => slantBy(pieces.map(piece => momentsOf(piece, w)))

function slantBy(moments: readonly Moments[]): number {
  let [both, down] = [0, 0]
  for (const one of moments) {
    both += one.both
    down += one.down
  }
  return down > 0 ? Math.min(1, Math.max(-1, both / down)) : 0
}

/** The median height of the pieces that are at least half as tall as the tallest. */
function typicalHeight(pieces: readonly Piece[], w: number): number {
  const heights = pieces.map(piece => boxOf(piece, w).height).sort((a, b) => a - b)
  const tall = heights.filter(h => h >= part * heights.at(-1)!)
  return tall[tall.length >> 1]
}

/**
 * Joins the parts of broken digits, the nearest first: pieces that stand over one another, and parts with what is beside
 * them, as long as the two together are no wider than a digit.
 */
function joined(pieces: readonly Piece[], slant: number, height: number, w: number): Piece[] {
  interface Group {
    readonly members: readonly Piece[]
    readonly across: Span
    readonly down: Span
  }
  const isPart = ({ down }: Group) => width(down) < part * height
  const distance = (a: Group, b: Group) => {
    const [beside, above] = [gapBetween(a.across, b.across), gapBetween(a.down, b.down)]
    if (-beside / Math.min(width(a.across), width(b.across)) >= overlap) return Math.max(0, above)
    const both = width(union(a.across, b.across))
    if (!(isPart(a) || isPart(b)) || both > widest * height) return Infinity
    const away = Math.hypot(Math.max(0, beside), Math.max(0, above))
    return away < near * height ? away : Infinity
  }
  const groups: (Group | undefined)[] = pieces.map(piece => ({
    members: [piece],
    across: spanOf(piece, slant, w),
    down: rowsOf(piece, w),
  }))
  // For each group, which of those after it is nearest (the first of equals) and how near: so a joining costs one look at
  // all groups instead of one at all pairs.
  const nearest = new Int32Array(groups.length).fill(-1)
  const distances = new Float64Array(groups.length).fill(Infinity)
  const look = (i: number) => {
    ;[nearest[i], distances[i]] = [-1, Infinity]
    for (let j = i + 1; j < groups.length; j++) if (groups[j]) compare(i, j)
  }
  const compare = (i: number, j: number) => {
    const d = distance(groups[i]!, groups[j]!)
    if (d < distances[i] || (d === distances[i] && j < nearest[i])) [nearest[i], distances[i]] = [j, d]
  }
  for (const i of groups.keys()) look(i)
  for (;;) {
    const first = distances.reduce((best, d, i) => (d < distances[best] ? i : best), 0)
    if (distances[first] === Infinity) return groups.flatMap(group => (group ? [concatenated(group.members)] : []))
    const second = nearest[first]
    const [a, b] = [groups[first]!, groups[second]!]
    const members = [...a.members, ...b.members]
    groups[first] = { members, across: union(a.across, b.across), down: union(a.down, b.down) }
    groups[second] = undefined
    distances[second] = Infinity
    for (const [i, group] of groups.entries()) {
      if (!group) continue
      if (i === first || nearest[i] === first || nearest[i] === second) look(i)
      else if (i < first) compare(i, first)
    }
  }
}

const union = (a: Span, b: Span): Span => ({ from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) })

function concatenated(pieces: readonly Piece[]): Piece {
  const all = new Int32Array(pieces.reduce((size, piece) => size + piece.length, 0))
  let end = 0
  for (const piece of pieces) {
    all.set(piece, end)
    end += piece.length
  }
  return all
}

/** A piece with the places where it may be cut, along lines that lean as the writing does and cross little ink. */
function stretchOf(piece: Piece, span: Span, slant: number, height: number, ink: Ink, w: number) {
  const columnOf = (pixel: number) => {
    const row = Math.floor(pixel / w)
    return Math.round(pixel - row * w + slant * row - span.from)
  }
  const { top, height: rows } = boxOf(piece, w)
  const columns = Math.ceil(width(span)) + 1
  const straight = new Float32Array(rows * columns) // the piece with its slant taken out
  for (const pixel of piece) {
    straight[(Math.floor(pixel / w) - top) * columns + columnOf(pixel)] = ink[pixel] / 255
  }
  const cuts = cutsOf(straight, rows, columns, height)
  const end = cuts.length + 1
  // How many cuts surely lie left of a column, whatever their bends: from there on they are looked at.
  const left = new Int32Array(columns)
  for (const { last } of cuts) if (last + 1 < columns) left[last + 1]++
  for (let column = 1; column < columns; column++) left[column] += left[column - 1]
  const slotOf = (pixel: number) => {
    const [row, column] = [Math.floor(pixel / w) - top, columnOf(pixel)]
    let slot = left[column]
    while (slot < cuts.length && column >= cuts[slot].path[row]) slot++
    return slot
  }
  const { pixels, starts } = sorted(piece, end, slotOf)
  const slots = Array.from({ length: end }, (_, slot) => {
    const own = pixels.subarray(starts[slot], starts[slot + 1])
    return { across: spanOf(own, slant, w), down: rowsOf(own, w) }
  })

  const candidates: Candidate[] = []
  for (let from = 0; from < end; from++) {
    let [across, down]: Span[] = [nothing, nothing]
    for (let to = from + 1; to <= end; to++) {
      const whole = from === 0 && to === end
      ;[across, down] = [union(across, slots[to - 1].across), union(down, slots[to - 1].down)]
      if (starts[from] === starts[to]) continue
      const share = width(across) / height
      if (!whole && share > widest) {
        if (from > 0) break // what reaches farther is wider still
        continue
      }
      if (!whole && width(down) < part * height) continue
      const cut = to === end ? 0 : cuts[to - 1].ink / height
      const low = Math.max(0, usualHeight - width(down) / height)
      const cost = inkCost * cut + widthCost * Math.max(0, share - usual) + lowCost * low
      const own = pixels.subarray(starts[from], starts[to])
      candidates.push({
        from,
        to,
        get segment() {
          return segmentOf(whole ? own : withoutCrumbs(own, ink, w), ink, w)
        },
        cost,
      })
    }
  }
  return { end, candidates, slant }
}

/** A way through a stretch from top to bottom: its column in each row, their mean, the last that it may have, and the ink that it crosses. */
interface Way {
  readonly path: Int32Array
  readonly middle: number
  readonly last: number
  readonly ink: number
}

/**
 * The way from top to bottom near a column that crosses the least ink, a column to the side for each row at most: its place in each
 * row, and the ink that it crosses. Row by row, the best way to a place is the best way to one above it and one step on.
 */
function wayNear(place: number, straight: Float32Array, rows: number, columns: number, height: number): Way {
  const from = Math.max(0, place - Math.round(bend * height))
  const size = Math.min(columns - 1, place + Math.round(bend * height)) - from + 1
  const cost = new Float32Array(rows * size)
  const step = new Int8Array(rows * size)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < size; j++) {
      const own = straight[i * columns + from + j] + asideCost * Math.abs(from + j - place) * (i > 0 ? 0.1 : 1)
      let [best, by] = [i > 0 ? cost[(i - 1) * size + j] : 0, 0]
      if (i > 0)
        for (const side of [-1, 1]) {
          if (j + side < 0 || j + side >= size) continue
          // A stroke one pixel thick has no gaps for who goes askew.
          const askew = Math.min(straight[(i - 1) * columns + from + j], straight[i * columns + from + j + side])
          const way = cost[(i - 1) * size + j + side] + asideCost + askew
          if (way < best) [best, by] = [way, side]
        }
      cost[i * size + j] = best + own
      step[i * size + j] = by
    }
  let at = 0
  for (let j = 1; j < size; j++) if (cost[(rows - 1) * size + j] < cost[(rows - 1) * size + at]) at = j
  const path = new Int32Array(rows)
  let crossed = 0
  for (let i = rows - 1; i >= 0; i--) {
    path[i] = from + at
    crossed += straight[i * columns + from + at]
    at += step[i * size + at]
  }
  const middle = Math.round(path.reduce((sum, column) => sum + column, 0) / rows)
  return { path, middle, last: from + size - 1, ink: crossed }
}

/** A part of a piece without what only touched the neighbour that was cut off. */
function withoutCrumbs(piece: Piece, ink: Ink, w: number): Piece {
  const { top, left, height, width: across } = boxOf(piece, w)
  const own = new Float32Array(height * across)
  const place = (pixel: number) => (Math.floor(pixel / w) - top) * across + (pixel % w) - left
  for (const pixel of piece) own[place(pixel)] = ink[pixel]
  const { labels, count } = connectedPieces(own, across, connects)
  if (count < 2) return piece
  const sizes = new Float64Array(count + 1)
  for (const pixel of piece) sizes[labels[place(pixel)]] += ink[pixel]
  const least = crumb * sizes.subarray(1).reduce((a, b) => Math.max(a, b), 0)
  return piece.filter(pixel => labels[place(pixel)] === 0 || sizes[labels[place(pixel)]] >= least)
}

/**
 * Where a piece may be cut, from left to right: of the ways through it that lie near each other, the one that crosses the least ink. Not
 * where a column holds the least: beside a 1 that leans on a 9, none holds little.
 */
function cutsOf(straight: Float32Array, rows: number, columns: number, height: number): Way[] {
  const ways: Way[] = []
  const step = Math.max(1, Math.round(wayEvery * height))
  for (let place = step; place < columns - 1; place += step) ways.push(wayNear(place, straight, rows, columns, height))
  ways.sort((a, b) => a.ink - b.ink)
  const taken = new Uint8Array(columns)
  const take = (place: number) => {
    const distance = Math.ceil(cutDistance * height) - 1
    taken.fill(1, Math.max(0, place - distance), Math.max(0, place + distance + 1))
  }
  take(0)
  take(columns - 1)
  const cuts: Way[] = []
  for (const way of ways) {
    if (taken[way.middle] || way.ink > thickest * height) continue
    cuts.push(way)
    take(way.middle)
  }
  return cuts.sort((a, b) => a.middle - b.middle)
}

/** A piece as an image of its own: the box of its strong ink, with the weak ink in it, so that no pale rim makes it larger. */
function segmentOf(piece: Piece, ink: Ink, w: number): Segment {
  const strong = boxOf(piece, w, pixel => ink[pixel] >= connects)
  const box = strong.height > 0 ? strong : boxOf(piece, w)
  const own = blank(box.height, box.width)
  for (const pixel of piece) {
    const [i, j] = [Math.floor(pixel / w) - box.top, (pixel % w) - box.left]
    if (i >= 0 && i < box.height && j >= 0 && j < box.width) own.data[i * box.width + j] = ink[pixel]
  }
  return { box, ink: own }
}

interface Span {
  readonly from: number
  readonly to: number
}
const nothing: Span = { from: Infinity, to: -Infinity }

/** From where to where a piece reaches across, when its slant is taken out. */
function spanOf(piece: Piece, slant: number, w: number): Span {
  let { from, to } = nothing
  for (const pixel of piece) {
    const row = Math.floor(pixel / w)
    const column = pixel - row * w + slant * row
    if (column < from) from = column
    if (column > to) to = column
  }
  return { from, to }
}

/** The box of a piece's pixels, or of the chosen ones; its height is 0 if there are none. */
function boxOf(piece: Piece, w: number, isChosen = (_pixel: number) => true): Box {
  let [top, left, bottom, right] = [Infinity, Infinity, -1, -1]
  for (const pixel of piece) {
    if (!isChosen(pixel)) continue
    const row = Math.floor(pixel / w)
    const column = pixel - row * w
    if (row < top) top = row
    if (row > bottom) bottom = row
    if (column < left) left = column
    if (column > right) right = column
  }
  return { top, left, height: Math.max(0, bottom - top + 1), width: right - left + 1 }
}

function rowsOf(piece: Piece, w: number): Span {
  const { top, height } = boxOf(piece, w)
  return height > 0 ? { from: top, to: top + height - 1 } : nothing
}

const columnsOf = ({ left, width }: Box): Span => ({ from: left, to: left + width - 1 })

const width = ({ from, to }: Span) => to - from + 1
const middle = ({ from, to }: Span) => (from + to) / 2
/** The free columns between two spans; negative if they share some. */
const gapBetween = (a: Span, b: Span) => Math.max(a.from, b.from) - Math.min(a.to, b.to) - 1
