// What is ink but no writing: lines ruled across the paper or crossing the writing, what the picture's edge cuts off (a desk, the frame of a form, a
// neighbour), specks, and dots beside the writing. Each is known by its shape; where nothing else would be left, it stays.
import { blank, eachPixel, type Box, type Pixels } from './image.js'
import { withoutForm } from './form.js'
import { fainter, ruled, withoutLines } from './lines.js'
import { largestOf, none, overlaps, piecesOf, size, union, writingBox } from './pieces.js'
import { withoutThreads } from './threads.js'

/** An image of ink [h,w] without what is no writing; of a blank sheet's grain nothing is left. */
export function clean(picture: Pixels): Pixels {
  const image = withoutForm(picture)
  const lined = withoutLines(image, 'across')
  const uncrossed = lined.lines.length < ruled ? withoutThreads(image) : image
  const across = uncrossed === image ? lined : withoutLines(uncrossed, 'across')
  const crossing = across.lines
  const down = withoutLines(across.kept, 'down', { crossing })
  const bare = across.kept === across.rest ? down : withoutLines(across.rest, 'down', { crossing })
  const isRuled = across.lines.length + bare.lines.length >= ruled
  // Lines in both directions are a grid or a frame, even if there is only one of each.
  const isGrid = across.lines.length > 0 && bare.lines.length > 0
  const writing = isRuled || isGrid ? writingBox(bare.rest) : undefined
  if (isRuled && !writing) return blank(...(image.shape as [number, number]))
  return withoutPieces(isGrid && writing ? bare.rest : down.kept)
}

/** Pieces at an edge that reach along this much of it are a border. */
const along = 0.5
/** A piece smaller than this share of the largest is a speck, in both directions. */
const speck = 0.1
/** Where no piece is larger than so many pixels, all is the paper's grain. */
const grain = 6
/** One whose strongest ink is weaker than this share of all ink's is what is left of a line, or shows through the paper. */
const faint = 1 / 3
/** What is drawn around a digit has so many pixels at least: thousands of specks are not asked which other they hold. */
const smallestFrame = 12
/** One smaller than this, round, and outside the box of the others, is a dot. */
const dot = 0.3

function withoutPieces(image: Pixels): Pixels {
  const [h, w] = image.shape as [number, number]
  const { boxes, sizes, strongest, labels } = piecesOf(image)
  const level = strongest.reduce((a, b) => Math.max(a, b), 0)
  const touches = ({ top, left, height, width }: Box) =>
    top === 0 || left === 0 || top + height === h || left + width === w
  const inner = size(largestOf(boxes.filter(box => !touches(box))))
  const isBorder = (box: Box, p: number) => {
    if (!touches(box) || inner < Math.max(8, 0.15 * Math.min(h, w))) return false
    const beside = (box.left === 0 || box.left + box.width === w) && box.height >= along * h
    const above = (box.top === 0 || box.top + box.height === h) && box.width >= along * w
    return beside || above || size(box) < 0.6 * inner || strongest[p] < fainter * level
  }
  const soft = boxes.some(touches) ? fading(image, labels, strongest) : []
  const isShadow = (box: Box, p: number) => touches(box) && soft[p] && soft.includes(false)
  // What is drawn or printed around a digit; a straight stroke in an oval is the slash of a 0.
  const isFrame = (box: Box, p: number) =>
    size(box) >= smallestFrame &&
    boxes.some(
      (other, q) =>
        holds(box, other) &&
        size(other) >= small * size(box) &&
        (isRectangle(labels, w, box, p + 1) ||
          (surrounds(labels, h, w, other, p + 1) && !isStraight(labels, w, other, q + 1))),
    )
  const kept = boxes.map((box, p) => !isBorder(box, p) && !isShadow(box, p) && !isFrame(box, p))
  const largest = size(largestOf(boxes.filter((_, p) => kept[p])))
  if (boxes.length > 0 && largest < Math.min(grain, 0.1 * Math.max(h, w))) return blank(h, w)
  boxes.forEach((box, p) => (kept[p] &&= size(box) >= speck * largest && strongest[p] >= faint * level))
  const isRound = (box: Box, pixels: number) =>
    size(box) < 2 * Math.min(box.height, box.width) && pixels > 0.5 * box.height * box.width
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
function fading(image: Pixels, labels: Int32Array, strongest: Float64Array): boolean[] {
  const [h, w] = image.shape as [number, number]
  const away = Math.max(2, Math.round(0.02 * Math.min(h, w)))
  const half = strongest.map(v => v / 2)
  const [all, sharp] = [new Float64Array(half.length), new Float64Array(half.length)]
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
