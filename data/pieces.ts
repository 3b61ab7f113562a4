// The pieces of a picture's ink: strokes that are connected, their boxes and sizes, and how thick and how dark strokes are.
import { inkBox, type Box, type Pixels } from './image.js'
import { rowMajor } from './rowMajor.js'
import { connectedPieces, withRims } from './segment.js'

/** Ink of at least this, of 255, is a stroke; weaker ink around it goes with it. */
export const stroke = 64

/** The connected pieces of strokes: their boxes, how many pixels each has, its strongest ink, and to which each pixel of ink belongs (from 1 on). */
export function piecesOf(image: Pixels) {
  const [h, w] = image.shape as [number, number]
  const values = rowMajor(image)
  const labelled = connectedPieces(values, w, stroke)
  const [sizes, strongest] = [new Float64Array(labelled.count), new Float64Array(labelled.count)]
  const [top, left] = [new Int32Array(labelled.count).fill(h), new Int32Array(labelled.count).fill(w)]
  const [bottom, right] = [new Int32Array(labelled.count), new Int32Array(labelled.count)]
  for (const pixel of labelled.pixels.subarray(0, labelled.size)) {
    const p = labelled.labels[pixel] - 1
    const [i, j] = [Math.floor(pixel / w), pixel % w]
    sizes[p]++
    strongest[p] = Math.max(strongest[p], values[pixel])
    top[p] = Math.min(top[p], i)
    left[p] = Math.min(left[p], j)
    bottom[p] = Math.max(bottom[p], i + 1)
    right[p] = Math.max(right[p], j + 1)
  }
  withRims(labelled, values, w)
  const boxes = Array.from(sizes, (_, p): Box => ({ top: top[p], left: left[p], height: bottom[p] - top[p], width: right[p] - left[p] })) // prettier-ignore
  return { boxes, sizes, strongest, labels: labelled.labels }
}

/** The box of the largest piece, if it is large enough to be a digit. */
export function writingBox(image: Pixels): Box | undefined {
  const [h, w] = image.shape as [number, number]
  const { boxes } = piecesOf(image)
  return size(largestOf(boxes)) >= 0.12 * Math.min(h, w) ? inkBox(image, stroke) : undefined
}
export const none: Box = { top: 0, left: 0, height: 0, width: 0 }

/** The boxes of the pieces that are at least half as high as the highest. */
export function tallPieces(image: Pixels): Box[] {
  const { boxes } = piecesOf(image)
  const highest = highestOf(boxes)
  return boxes.filter(({ height }) => 2 * height >= highest)
}
export const highestOf = (boxes: readonly Box[]) => boxes.reduce((most, { height }) => Math.max(most, height), 0)

export const size = ({ height, width }: Box) => Math.max(height, width)
export const largestOf = (boxes: readonly Box[]) => boxes.reduce((a, b) => (size(b) > size(a) ? b : a), none)

export function union(a: Box, b: Box): Box {
  const [top, left] = [Math.min(a.top, b.top), Math.min(a.left, b.left)]
  const height = Math.max(a.top + a.height, b.top + b.height) - top
  return { top, left, height, width: Math.max(a.left + a.width, b.left + b.width) - left }
}

export const overlaps = (a: Box, b: Box) =>
  a.top < b.top + b.height && b.top < a.top + a.height && a.left < b.left + b.width && b.left < a.left + a.width

/** How thick strokes are in the mean, in pixels: a stroke of thickness t and length l has t·l pixels and 2·l of edge, which is 4/π as long in rows and columns. */
export function thicknessOf(image: Pixels): number {
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

/** The ink that a tenth of the strokes' pixels exceed. */
export function inkLevel(image: Pixels): number {
  const values = rowMajor(image)
    .filter(v => v >= stroke)
    .sort()
  return values[Math.floor(0.9 * values.length)] ?? 0
}
