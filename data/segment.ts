// A row of digits, such as a postal code, taken apart into single ones.
//   1. The ink falls into connected pieces; specks are dropped.
//   2. The slant of the writing is measured, so that leaning digits can be told apart by upright lines.
//   3. Pieces that stand over one another are one broken digit; small ones join their nearest neighbour.
//   4. A wide piece may be one wide digit or several that touch: it can be cut where the ink is thinnest. Which cuts are
//      right is left to the network, which reads what lies between any two of them (readRow.ts).
// Cutting too often and choosing by what can be read is how LeCun et al. 1998 read the amounts on cheques (section V).
import type { Box, Image, Pixels } from './preprocess.js'
import { blank, eachPixel } from './preprocess.js'

/** One digit of a row: its box in the picture, and its own ink, without its neighbours', in an image of that size. */
export interface Segment {
  readonly box: Box
  readonly ink: Image
}

/** Ink that may be one digit: what a stretch holds between two of its places. */
export interface Candidate {
  readonly from: number
  readonly to: number
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
}

/** Pixels of ink, as [row, column, row, column, …]. */
type Piece = number[]

/** Ink weaker than this (of 255) does not connect: the grey rims of two strokes may meet where the strokes do not. */
const connects = 96
/** A piece whose height and width are below this share of the tallest's height is a speck. */
const speck = 0.12
/** A piece lower than this share of the typical height is a part of a digit. */
const part = 0.6
/** Pieces that share this much of the narrower one's width stand over one another. */
const overlap = 0.4
/** A part belongs to what is no farther away than this, and a digit of several parts is no wider, in typical heights. */
const near = 0.6
const widest = 1.2
/** A piece wider than this, in typical heights, may be two digits. 90 % of MNIST's digits are narrower. */
const wide = 1
/** Cuts are at least this far from each other and from the piece's ends, and there are at most so many, in heights. */
const cutDistance = 0.2
const cutsAHeight = 3
/** What it costs to cut through ink one typical height long, and to be one typical height wider than high. */
const inkCost = 3
const widthCost = 1.5

/** The pieces of a picture of ink [h,w] on a ground of 0, from left to right; none if it is blank. */
export function segment(image: Pixels): Stretch[] {
  const pieces = withoutSpecks(withRims(connectedPieces(image, connects), image))
  if (pieces.length === 0) return []
  const slant = slantOf(pieces.flat())
  const height = typicalHeight(pieces)
  return joined(pieces, slant, height)
    .map(piece => ({ piece, middle: middle(spanOf(piece, slant)) }))
    .sort((a, b) => a.middle - b.middle)
    .map(({ piece }) => stretchOf(piece, slant, height, image))
}

/** The sets of pixels of at least `threshold` that touch, sideways or by a corner. */
export function connectedPieces(image: Pixels, threshold: number): Piece[] {
  const [h, w] = image.shape as [number, number]
  const seen = new Uint8Array(h * w)
  const pieces: Piece[] = []
  eachPixel(image, (i, j, v) => {
    if (v < threshold || seen[i * w + j]) return
    const piece: Piece = [i, j]
    seen[i * w + j] = 1
    for (let at = 0; at < piece.length; at += 2)
      for (const [r, c] of besides(piece[at], piece[at + 1], h, w)) {
        if (seen[r * w + c] || image.get(r, c) < threshold) continue
        seen[r * w + c] = 1
        piece.push(r, c)
      }
    pieces.push(piece)
  })
  return pieces
}

/** Gives weak ink, such as strokes' grey rims, to the nearest piece: all grow through it at the same pace. */
function withRims(pieces: Piece[], image: Pixels): Piece[] {
  const [h, w] = image.shape as [number, number]
  const owned = new Uint8Array(h * w)
  for (const piece of pieces) for (let at = 0; at < piece.length; at += 2) owned[piece[at] * w + piece[at + 1]] = 1
  const grown = pieces.map(() => 0)
  while (pieces.some((piece, p) => grown[p] < piece.length))
    pieces.forEach((piece, p) => {
      const end = piece.length
      for (let at = grown[p]; at < end; at += 2)
        for (const [r, c] of besides(piece[at], piece[at + 1], h, w)) {
          if (owned[r * w + c] || image.get(r, c) <= 0) continue
          owned[r * w + c] = 1
          piece.push(r, c)
        }
      grown[p] = end
    })
  return pieces
}

/** The places around a pixel, itself included. */
function* besides(row: number, column: number, h: number, w: number) {
  for (let r = Math.max(0, row - 1); r <= Math.min(h - 1, row + 1); r++)
    for (let c = Math.max(0, column - 1); c <= Math.min(w - 1, column + 1); c++) yield [r, c] as const
}

function withoutSpecks(pieces: Piece[]): Piece[] {
  const tallest = Math.max(...pieces.map(heightOf))
  return pieces.filter(piece => Math.max(heightOf(piece), width(extent(piece, 1))) >= speck * tallest)
}

/**
 * How far the writing leans: pixels to the left for each row down. Of the slants between −1 and 1 it is the one under
 * which the ink stands most upright, gathered in the fewest columns: the largest Σ (ink of a column)².
 */
export function slantOf(pixels: Piece): number {
  let [best, bestScore] = [0, -1]
  for (let slant = -1; slant <= 1; slant += 0.05) {
    const columns = new Map<number, number>()
    for (let at = 0; at < pixels.length; at += 2) {
      const column = Math.round(pixels[at + 1] + slant * pixels[at])
      columns.set(column, (columns.get(column) ?? 0) + 1)
    }
    let score = 0
    for (const count of columns.values()) score += count * count
    if (score > bestScore) [best, bestScore] = [slant, score]
  }
  return best
}

/** The median height of the pieces that are at least half as tall as the tallest. */
function typicalHeight(pieces: Piece[]): number {
  const heights = pieces.map(heightOf).sort((a, b) => a - b)
  const tall = heights.filter(h => h >= part * heights.at(-1)!)
  return tall[tall.length >> 1]
}

/**
 * Joins the parts of broken digits, the nearest first: pieces that stand over one another, and parts with what is beside
 * them, as long as the two together are no wider than a digit.
 */
function joined(pieces: Piece[], slant: number, height: number): Piece[] {
  interface Group {
    readonly members: Piece[]
    readonly across: Span
    readonly down: Span
  }
  const groups: Group[] = pieces.map(piece => ({
    members: [piece],
    across: spanOf(piece, slant),
    down: extent(piece, 0),
  }))
  const isPart = ({ down }: Group) => width(down) < part * height
  const distance = (a: Group, b: Group) => {
    const [beside, above] = [gapBetween(a.across, b.across), gapBetween(a.down, b.down)]
    if (-beside / Math.min(width(a.across), width(b.across)) >= overlap) return Math.max(0, above)
    const both = width(union(a.across, b.across))
    if (!(isPart(a) || isPart(b)) || both > widest * height) return Infinity
    const away = Math.hypot(Math.max(0, beside), Math.max(0, above))
    return away < near * height ? away : Infinity
  }
  for (;;) {
    let [least, first, second] = [Infinity, 0, 0]
    for (let i = 0; i < groups.length; i++)
      for (let j = i + 1; j < groups.length; j++) {
        const d = distance(groups[i], groups[j])
        if (d < least) [least, first, second] = [d, i, j]
      }
    if (least === Infinity) return groups.map(({ members }) => members.flat())
    const [a, b] = [groups[first], groups[second]]
    const members = [...a.members, ...b.members]
    groups.splice(second, 1)
    groups[first] = { members, across: union(a.across, b.across), down: union(a.down, b.down) }
  }
}

const union = (a: Span, b: Span): Span => ({ from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) })

/** A piece with the places where it may be cut, along lines that lean as the writing does and cross little ink. */
function stretchOf(piece: Piece, slant: number, height: number, image: Pixels): Stretch {
  const span = spanOf(piece, slant)
  const columnOf = (at: number) => Math.round(piece[at + 1] + slant * piece[at] - span.from)
  const inkOf = new Float64Array(Math.ceil(width(span)) + 1)
  for (let at = 0; at < piece.length; at += 2) inkOf[columnOf(at)] += image.get(piece[at], piece[at + 1]) / 255

  const isWide = Math.min(width(span), width(extent(piece, 1))) > wide * height
  const least = isWide ? Infinity : 0
  const columns = [...inkOf.keys()].filter(column => inkOf[column] <= least).sort((a, b) => inkOf[a] - inkOf[b])
  const cuts: number[] = []
  for (const column of columns)
    if ([0, inkOf.length, ...cuts].every(other => Math.abs(column - other) >= cutDistance * height)) cuts.push(column)
  const places = [
    0,
    ...cuts.slice(0, Math.ceil((cutsAHeight * width(span)) / height)).sort((a, b) => a - b),
    inkOf.length,
  ]

  const end = places.length - 1
  const candidates: Candidate[] = []
  for (let from = 0; from < end; from++)
    for (let to = from + 1; to <= end; to++) {
      const ink: Piece = []
      for (let at = 0; at < piece.length; at += 2)
        if (columnOf(at) >= places[from] && columnOf(at) < places[to]) ink.push(piece[at], piece[at + 1])
      const whole = from === 0 && to === end
      if (ink.length === 0) continue
      const share = width(spanOf(ink, slant)) / height
      if (!whole && (share > widest || heightOf(ink) < part * height)) continue
      const cut = to === end ? 0 : inkOf[places[to]] / height
      const cost = inkCost * cut + widthCost * Math.max(0, share - wide)
      candidates.push({ from, to, segment: segmentOf(ink, image), cost })
    }
  return { end, candidates, slant }
}
/** A piece as an image of its own: the box of its strong ink, with the weak ink in it, so that no pale rim makes it larger. */
function segmentOf(piece: Piece, image: Pixels): Segment {
  const strong: Piece = []
  for (let at = 0; at < piece.length; at += 2)
    if (image.get(piece[at], piece[at + 1]) >= connects) strong.push(piece[at], piece[at + 1])
  const boxed = strong.length > 0 ? strong : piece
  const [rows, columns] = [extent(boxed, 0), extent(boxed, 1)]
  const box = { top: rows.from, left: columns.from, height: width(rows), width: width(columns) }
  const ink = blank(box.height, box.width)
  for (let at = 0; at < piece.length; at += 2) {
    const [i, j] = [piece[at] - box.top, piece[at + 1] - box.left]
    if (i >= 0 && i < box.height && j >= 0 && j < box.width) ink.set(i, j, image.get(piece[at], piece[at + 1]))
  }
  return { box, ink }
}

interface Span {
  readonly from: number
  readonly to: number
}

/** From where to where a piece reaches when its slant is taken out. */
function spanOf(piece: Piece, slant: number): Span {
  let [from, to] = [Infinity, -Infinity]
  for (let at = 0; at < piece.length; at += 2) {
    const column = piece[at + 1] + slant * piece[at]
    from = Math.min(from, column)
    to = Math.max(to, column)
  }
  return { from, to }
}

const width = ({ from, to }: Span) => to - from + 1
const middle = ({ from, to }: Span) => (from + to) / 2
/** The free columns between two spans; negative if they share some. */
const gapBetween = (a: Span, b: Span) => Math.max(a.from, b.from) - Math.min(a.to, b.to) - 1

const heightOf = (piece: Piece) => width(extent(piece, 0))

/** The first and last row (of = 0) or column (of = 1) of a piece. */
function extent(piece: Piece, of: 0 | 1): Span {
  let [from, to] = [Infinity, -Infinity]
  for (let at = of; at < piece.length; at += 2) {
    from = Math.min(from, piece[at])
    to = Math.max(to, piece[at])
  }
  return { from, to }
}
