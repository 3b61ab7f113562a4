// A row of digits, such as a postal code, taken apart into single ones.
//   1. The ink falls into connected pieces; specks are dropped.
//   2. The slant of the writing is measured, so that leaning digits can be told apart by upright lines.
//   3. Pieces that stand over one another are one broken digit; small ones join their nearest neighbour.
//   4. A wide piece may be one wide digit or two that touch: it is also cut where the ink is thinnest, and whether it
//      should have been is left to the network, which reads both (readRow.ts).
import type { Box, Image, Pixels } from './preprocess.js'
import { blank, eachPixel } from './preprocess.js'

/** One digit of a row: its box in the picture, and its own ink, without its neighbours', in an image of that size. */
export interface Segment {
  readonly box: Box
  readonly ink: Image
}

/** The ways in which one connected piece of ink may be digits: first as one, then cut into several. */
export type Alternatives = readonly (readonly Segment[])[]

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
/** A piece wider than this many times the typical height may be two digits. 90 % of MNIST's are narrower. */
const wide = 1
/** Cuts are tried at so many places, at least this share of the height away from each other and the piece's ends. */
const cutPlaces = 3
const cutDistance = 0.2

/** The pieces of a picture of ink [h,w] on a ground of 0, from left to right; none if it is blank. */
export function segment(image: Pixels): Alternatives[] {
  const pieces = withoutSpecks(withRims(connectedPieces(image, connects), image))
  if (pieces.length === 0) return []
  const slant = slantOf(pieces.flat())
  const height = typicalHeight(pieces)
  return joined(pieces, slant, height)
    .map(piece => ({ piece, middle: middle(spanOf(piece, slant)) }))
    .sort((a, b) => a.middle - b.middle)
    .map(({ piece }) => [[piece], ...cuts(piece, slant, height, image)])
    .map(ways => ways.map(way => way.map(part => segmentOf(part, image))))
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

/** Joins the parts of broken digits. */
function joined(pieces: Piece[], slant: number, height: number): Piece[] {
  const found = [...pieces].sort((a, b) => heightOf(b) - heightOf(a))
  const digits: Piece[] = []
  for (const piece of found) {
    const span = spanOf(piece, slant)
    const gaps = digits.map(digit => gapBetween(span, spanOf(digit, slant)))
    const nearest = gaps.indexOf(Math.min(...gaps))
    const shared = -(gaps[nearest] ?? 0) / width(span)
    const isPart = heightOf(piece) < part * height && width(span) < part * height
    if (nearest >= 0 && (shared >= overlap || (isPart && gaps[nearest] < part * height))) digits[nearest].push(...piece)
    else digits.push([...piece])
  }
  return digits
}

/** A wide piece cut along slanted lines that cross little ink: at one place, or at two. */
function cuts(piece: Piece, slant: number, height: number, image: Pixels): Piece[][] {
  const span = spanOf(piece, slant)
  if (Math.min(width(span), width(extent(piece, 1))) <= wide * height) return []
  const columnOf = (at: number) => Math.round(piece[at + 1] + slant * piece[at] - span.from)
  const inkOf = new Float64Array(Math.ceil(width(span)) + 1)
  for (let at = 0; at < piece.length; at += 2) inkOf[columnOf(at)] += image.get(piece[at], piece[at + 1])

  const places: number[] = []
  const distance = cutDistance * height
  const byInk = [...inkOf.keys()].sort((a, b) => inkOf[a] - inkOf[b])
  for (const c of byInk)
    if ([0, width(span), ...places].every(other => Math.abs(c - other) >= distance) && places.length < cutPlaces)
      places.push(c)
  const pairs = places.flatMap((a, i) => places.slice(i + 1).map(b => [a, b].sort((x, y) => x - y)))

  return [...places.map(place => [place]), ...pairs].map(at => {
    const parts: Piece[] = Array.from({ length: at.length + 1 }, () => [])
    for (let k = 0; k < piece.length; k += 2)
      parts[at.filter(place => columnOf(k) >= place).length].push(piece[k], piece[k + 1])
    return parts.filter(part => part.length > 0)
  })
}

/** A piece as an image of its own. */
function segmentOf(piece: Piece, image: Pixels): Segment {
  const [rows, columns] = [extent(piece, 0), extent(piece, 1)]
  const box = { top: rows.from, left: columns.from, height: width(rows), width: width(columns) }
  const ink = blank(box.height, box.width)
  for (let at = 0; at < piece.length; at += 2)
    ink.set(piece[at] - box.top, piece[at + 1] - box.left, image.get(piece[at], piece[at + 1]))
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
