// What is no digit, made by script: from strokes, and from digits turned, cut and put together. Three groups of shapes: a network learns
// from the first two, or from one of them to see what it makes of the other; nobody learns from the third.
import ndarray from 'ndarray'
import { type Random } from '../engine/index.js'
import { type Dataset } from '../data/index.js'
import { blank, crop, eachPixel, inkBox, type Image } from '../data/image.js'
import { letters } from './strokes.js'
import { arc, drawn, type Stroke } from '../data/strokes.js'

/** Draws one of a kind on a sheet [side,side]; digits are given by their label. */
type Maker = (rng: Random, side: number, digit: (label: number) => Image) => Image

const circle = (x: number, y: number, r: number) => arc(x, y, r, r, 0, 1)
const box = (x: number, y: number, w: number, h: number): Stroke =>
  [[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]] // prettier-ignore
const between = (rng: Random, from: number, to: number) => from + rng() * (to - from)

/** Some places, joined by straight lines. */
const scribble = (rng: Random): Stroke[] =>
  [Array.from({ length: 10 + Math.floor(10 * rng()) }, () => [rng(), rng()] as const)] // prettier-ignore

/** A pen that goes round and round: two sines, of other speeds across and down. */
function curl(rng: Random): Stroke[] {
  const [a, b, p, q] = [between(rng, 2, 6), between(rng, 2, 6), 7 * rng(), 7 * rng()]
  const [drift, size] = [between(rng, 0, 0.5), between(rng, 0.2, 0.5)]
  return [
    Array.from({ length: 80 }, (_, k) => {
      const t = (k / 79) * 2 * Math.PI
      return [0.5 + drift * (k / 79 - 0.5) + size * Math.cos(a * t + p), 0.5 + 0.5 * Math.sin(b * t + q)] as const
    }),
  ]
}

/**
 * A letter of an alphabet that nobody has: a few corners joined, or two to five strokes, lines, corners and arcs, from places of a grid to
 * others; most begin on one that is there already.
 */
function glyph(rng: Random): Stroke[] {
  const place = (): readonly [number, number] => [
    0.1 + 0.4 * Math.floor(3 * rng()) + between(rng, -0.12, 0.12),
    0.1 + 0.4 * Math.floor(3 * rng()) + between(rng, -0.12, 0.12),
  ]
  if (rng() < 0.15) {
    const corners = Array.from({ length: 3 + Math.floor(3 * rng()) }, place)
    return [[...corners, corners[0]]]
  }
  const strokes: Stroke[] = []
  const count = 2 + Math.floor(3.5 * rng())
  for (let n = 0; n < count; n++) {
    const there = strokes.length > 0 && rng() < 0.75 ? pick(rng, pick(rng, strokes)) : place()
    const kind = rng()
    if (kind < 0.45) strokes.push([there, place()])
    else if (kind < 0.6) strokes.push([there, place(), place()])
    else {
      const [rx, ry, from] = [between(rng, 0.12, 0.45), between(rng, 0.12, 0.45), rng()]
      const to = from + between(rng, 0.35, 1) * (rng() < 0.5 ? 1 : -1)
      const angle = 2 * Math.PI * from
      strokes.push(arc(there[0] - rx * Math.cos(angle), there[1] - ry * Math.sin(angle), rx, ry, from, to))
    }
  }
  return strokes
}

/** Shapes of strokes, a group each. */
const shapes: readonly Readonly<Record<string, (rng: Random) => readonly Stroke[]>>[] = [
  {
    ...Object.fromEntries(Object.entries(letters).map(([name, strokes]) => [name, () => strokes])),
    'a scribble': scribble,
    'a smiley': () => [circle(0.5, 0.5, 0.45), circle(0.35, 0.38, 0.03), circle(0.65, 0.38, 0.03), arc(0.5, 0.55, 0.22, 0.18, 0.05, 0.45)],
    'an arrow': () => [[[0.05, 0.5], [0.95, 0.5]], [[0.65, 0.25], [0.95, 0.5], [0.65, 0.75]]],
    'a tick': () => [[[0.1, 0.55], [0.38, 0.9], [0.95, 0.1]]],
    'a house': () => [box(0.2, 0.45, 0.6, 0.5), [[0.1, 0.5], [0.5, 0.05], [0.9, 0.5]]],
    'a hash': () => [[[0.35, 0.05], [0.3, 0.95]], [[0.7, 0.05], [0.65, 0.95]], [[0.05, 0.33], [0.95, 0.33]], [[0.05, 0.67], [0.95, 0.67]]],
    'a square': () => [box(0.1, 0.1, 0.8, 0.8)],
    'several dots': rng => Array.from({ length: 3 + Math.floor(4 * rng()) }, () => circle(rng(), rng(), between(rng, 0.01, 0.05))),
  },
  {
    'C': () => [arc(0.55, 0.5, 0.4, 0.45, 0.12, 0.88)],
    'L': () => [[[0.25, 0.05], [0.25, 0.95], [0.8, 0.95]]],
    'P': () => [[[0.25, 0.95], [0.25, 0.05]], arc(0.28, 0.3, 0.45, 0.25, -0.25, 0.25)],
    'V': () => [[[0.1, 0.05], [0.5, 0.95], [0.9, 0.05]]],
    'd': () => [circle(0.4, 0.68, 0.26), [[0.68, 0.03], [0.68, 0.95]]],
    'h': () => [[[0.25, 0.05], [0.25, 0.95]], [...arc(0.5, 0.65, 0.25, 0.2, 0.5, 1), [0.75, 0.95]]],
    'm': () => [[[0.1, 0.3], [0.1, 0.85]], [...arc(0.3, 0.45, 0.2, 0.15, 0.5, 1), [0.5, 0.85]], [...arc(0.7, 0.45, 0.2, 0.15, 0.5, 1), [0.9, 0.85]]],
    'n': () => [[[0.2, 0.2], [0.2, 0.9]], [...arc(0.5, 0.45, 0.3, 0.25, 0.5, 1), [0.8, 0.9]]],
    'Π': () => [[[0.2, 0.95], [0.2, 0.08], [0.8, 0.08], [0.8, 0.95]]],
    'Σ': () => [[[0.85, 0.08], [0.15, 0.05], [0.55, 0.5], [0.15, 0.95], [0.85, 0.92]]],
    'a curl': curl,
    'a heart': () => [[...arc(0.3, 0.3, 0.2, 0.22, 0.4, 1), ...arc(0.7, 0.3, 0.2, 0.22, 0.5, 1.1), [0.5, 0.95], [0.14, 0.43]]],
    'a triangle': () => [[[0.5, 0.08], [0.95, 0.9], [0.05, 0.9], [0.5, 0.08]]],
    'a plus': () => [[[0.5, 0.08], [0.5, 0.92]], [[0.08, 0.5], [0.92, 0.5]]],
    'a wave': rng => [Array.from({ length: 30 }, (_, k) => [k / 29, 0.5 + between(rng, 0.1, 0.12) * Math.sin((k / 29) * 4 * Math.PI)] as const)],
    'an equals sign': () => [[[0.1, 0.35], [0.9, 0.35]], [[0.1, 0.65], [0.9, 0.65]]],
    'hatching': rng => Array.from({ length: 4 + Math.floor(4 * rng()) }, (_, k, x = 0.05 + 0.14 * k) => [[x + 0.1, 0.1], [x - 0.05, 0.9]] as const),
    'a flower': () => [circle(0.5, 0.3, 0.12), ...[0, 1, 2, 3, 4].map(k => circle(0.5 + 0.2 * Math.cos(1.2566 * k), 0.3 + 0.2 * Math.sin(1.2566 * k), 0.09)), [[0.5, 0.45], [0.5, 0.98]]],
  },
  {
    'Ψ': () => [[[0.5, 0.05], [0.5, 0.95]], arc(0.5, 0.1, 0.38, 0.5, 0, 0.5)],
    'λ': () => [[[0.15, 0.05], [0.35, 0.1], [0.9, 0.95]], [[0.48, 0.38], [0.1, 0.95]]],
    'k': () => [[[0.3, 0.05], [0.3, 0.95]], [[0.7, 0.4], [0.32, 0.68], [0.75, 0.95]]],
    'w': () => [[...arc(0.27, 0.55, 0.2, 0.35, 0.5, 0), ...arc(0.7, 0.55, 0.2, 0.35, 0.5, 0)]],
    'ж': () => [[[0.5, 0.05], [0.5, 0.95]], [[0.1, 0.1], [0.9, 0.9]], [[0.9, 0.1], [0.1, 0.9]]],
    'a star': () => [[0, 1, 2, 3, 4, 5].map(k => [0.5 + 0.48 * Math.sin(2.5133 * k), 0.5 - 0.48 * Math.cos(2.5133 * k)] as const)],
    'a man': () => [circle(0.5, 0.16, 0.12), [[0.5, 0.28], [0.5, 0.62]], [[0.2, 0.4], [0.8, 0.4]], [[0.25, 0.95], [0.5, 0.62], [0.75, 0.95]]],
    'an envelope': () => [box(0.05, 0.2, 0.9, 0.6), [[0.05, 0.2], [0.5, 0.55], [0.95, 0.2]]],
    'a spiral': () => [Array.from({ length: 60 }, (_, k) => [0.5 + 0.008 * k * Math.cos(k / 3.2), 0.5 + 0.008 * k * Math.sin(k / 3.2)] as const)],
    'a bolt': () => [[[0.6, 0.03], [0.25, 0.55], [0.55, 0.5], [0.35, 0.97]]],
    'a flag': () => [[[0.2, 0.97], [0.2, 0.05], [0.85, 0.1], [0.85, 0.45], [0.2, 0.45]]],
    'brackets': () => [[[0.4, 0.05], [0.15, 0.05], [0.15, 0.95], [0.4, 0.95]], [[0.6, 0.05], [0.85, 0.05], [0.85, 0.95], [0.6, 0.95]]],
  },
] // prettier-ignore

/** A digit as it lies in its box. */
const cropped = (digit: Image) => crop(digit, inkBox(digit, 64) ?? inkBox(digit)!)

/** Images side by side, each in its box; `apart` pixels between them. */
function beside(images: readonly Image[], apart: number): Image {
  const parts = images.map(cropped)
  const height = Math.max(...parts.map(({ shape }) => shape[0]))
  const all = blank(
    height + 4,
    parts.reduce((w, { shape }) => w + shape[1] + Math.max(0, apart), 4),
  )
  let left = 2
  for (const part of parts) {
    const top = 2 + Math.floor((height - part.shape[0]) / 2)
    eachPixel(
      part,
      (i, j, v) => j + left < all.shape[1] && all.set(i + top, j + left, Math.max(v, all.get(i + top, j + left))),
    )
    left += part.shape[1] + apart
  }
  return all
}

const pick = <T>(rng: Random, list: readonly T[]) => list[Math.floor(rng() * list.length)]

/** Turned by quarters, or mirrored. */
function turned(image: Image, quarters: number, mirror = false): Image {
  const [h, w] = image.shape as [number, number]
  const y = quarters % 2 === 0 ? blank(h, w) : blank(w, h)
  eachPixel(image, (i, j, v) => {
    const c = mirror ? w - 1 - j : j
    const [row, column] = [
      [i, c],
      [c, h - 1 - i],
      [h - 1 - i, w - 1 - c],
      [w - 1 - c, i],
    ][quarters]
    y.set(row, column, v)
  })
  return y
}

/** Kinds made of digits [28,28]. */
const ofDigits: readonly Readonly<Record<string, Maker>>[] = [
  {
    'two digits': (rng, _, digit) => beside([digit(Math.floor(10 * rng())), digit(Math.floor(10 * rng()))], Math.floor(between(rng, -3, 8))),
    'a digit on its side': (rng, _, digit) => turned(digit(pick(rng, [2, 3, 4, 5, 7, 8])), pick(rng, [1, 3])),
    'half a 0': (rng, _, digit) => half(digit(0), Math.floor(4 * rng())),
  },
  {
    'three digits': (rng, _, digit) => beside([0, 1, 2].map(() => digit(Math.floor(10 * rng()))), Math.floor(between(rng, -2, 6))),
    'a mirrored digit': (rng, _, digit) => turned(digit(pick(rng, [3, 4, 6, 7, 9])), 0, true),
    'two digits on each other': (rng, _, digit) => onEachOther(digit(pick(rng, [0, 2, 3, 5, 8])), digit(pick(rng, [4, 6, 7, 9])), rng),
  },
  {
    'a digit upside down': (rng, _, digit) => turned(digit(pick(rng, [3, 4, 7])), 2),
    'digits in two lines': (rng, _, digit) => turned(beside([0, 1].map(() => turned(digit(Math.floor(10 * rng())), 1)), 2), 3),
  },
] // prettier-ignore

function half(digit: Image, which: number): Image {
  const part = cropped(digit)
  const [h, w] = part.shape
  const [top, left] = [which === 1 ? h >> 1 : 0, which === 3 ? w >> 1 : 0]
  const piece = part.lo(top, left).hi(which < 2 ? h >> 1 : h, which < 2 ? w : w >> 1)
  return ndarray(Float32Array.from({ length: piece.size }, (_, k) => piece.get(Math.floor(k / piece.shape[1]), k % piece.shape[1])), [...piece.shape]) // prettier-ignore
}

function onEachOther(a: Image, b: Image, rng: Random): Image {
  const all = blank(40, 40)
  const [down, right] = [Math.floor(between(rng, 2, 10)), Math.floor(between(rng, 2, 10))]
  eachPixel(a, (i, j, v) => all.set(i + 6, j + 6, v))
  eachPixel(b, (i, j, v) => all.set(i + down, j + right, Math.max(v, all.get(i + down, j + right))))
  return all
}

/** The kinds of each group, by their names. */
const groups: readonly ReadonlyMap<string, Maker>[] = shapes.map(
  (group, g) =>
    new Map<string, Maker>([
      ...Object.entries(group).map(([name, strokes]): [string, Maker] => [name, (rng, side) => drawn(strokes(rng), side, rng)]),
      ...Object.entries(ofDigits[g]),
    ]), // prettier-ignore
)

/** A sheet with something on it, and what it is. */
export interface NonDigit {
  readonly kind: string
  readonly sheet: Image
}

/**
 * Draws `count` of the kinds of some groups, each kind as often as any other.
 * @param set where digits are taken from
 * @param side of the sheet for strokes
 * @param glyphs the share that is letters of no alphabet instead
 */
export function* someNonDigits(
  which: readonly number[],
  count: number,
  set: Dataset,
  rng: Random,
  { side = 200, glyphs = 0 } = {},
): Generator<NonDigit> {
  const kinds = which.flatMap(g => [...groups[g]])
  const byLabel = Array.from({ length: 10 }, (_, label) =>
    [...set.targets.keys()].filter(i => set.targets[i] === label),
  )
  const digit = (label: number) => {
    const i = pick(rng, byLabel[label])
    return ndarray(Float32Array.from(set.pixels.subarray(784 * i, 784 * (i + 1))), [28, 28])
  }
  for (let i = 0; i < count; i++) {
    const [kind, make] = kinds[i % kinds.length]
    yield rng() < glyphs
      ? { kind: 'a glyph', sheet: drawn(glyph(rng), side, rng) }
      : { kind, sheet: make(rng, side, digit) }
  }
}
