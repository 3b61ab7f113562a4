// MNIST's hands were American. Others write some digits in forms that it hardly has: a 1 with a long upstroke looks to a network that never
// saw one like a 7, an angular 6 like a 5, an 8 with a small head like a 0. So there are some more to learn from, drawn by script.
import ndarray from 'ndarray'
import { random, type Random } from '../engine/index.js'
import { Dataset, joined } from './dataset.js'
import { prepare, side } from './preprocess.js'
import { drawn, type Stroke } from './strokes.js'

/** The side of the sheet that they are drawn on, in pixels. */
const sheet = 100

/** A set of digits [n,28,28] and 1,200 more, a sixth of the 1s in all: 1s with an upstroke of any length, three of ten with a foot. */
export function withEuropeanOnes(digits: Dataset): Dataset {
  return withDrawn(digits, new Uint8Array(1200).fill(1), random(7, 'eu'), (_, between) => {
    const top = [between(0.45, 0.65), between(0.03, 0.12)] as const
    const foot = top[0] + between(-0.12, 0.1)
    const strokes: Stroke[] = [[[between(0.08, 0.36), between(0.2, 0.6)], top, [foot, 0.95]]]
    if (between(0, 1) < 0.3) strokes.push([[foot - between(0.1, 0.3), 0.95], [foot + between(0.1, 0.3), 0.95]]) // prettier-ignore
    return strokes
  })
}

/** A set of digits [n,28,28] and 500 more of each, in other forms: angular or round, with any loop, tail, serif and foot. */
export function withOtherForms(digits: Dataset): Dataset {
  const labels = Uint8Array.from({ length: 5000 }, (_, i) => i % 10)
  return withDrawn(digits, labels, random(7, 'hands'), inSomeForm)
}

/** A number from one to another, drawn anew each time. */
type Between = (from: number, to: number) => number

/** The set and a digit of each label more: the strokes of a script, drawn and prepared as drawings are. */
function withDrawn(
  digits: Dataset,
  labels: Uint8Array,
  rng: Random,
  script: (label: number, between: Between) => readonly Stroke[],
): Dataset {
  const pixels = new Uint8Array(labels.length * side * side)
  const between: Between = (from, to) => from + rng() * (to - from)
  for (const [i, label] of labels.entries()) {
    const { input } = prepare(drawn(script(label, between), sheet, rng))!
    input.data.forEach((v, k) => (pixels[i * side * side + k] = Math.round(255 * v)))
  }
  return joined(digits, new Dataset(ndarray(pixels, [labels.length, side, side]), ndarray(labels), digits.classes))
}

/** The corners of each digit's strokes in the forms that it has; a corner that stands twice stays sharper. */
const forms: readonly (readonly ((between: Between) => readonly Stroke[])[])[] = [
  [() => [[[0.5, 0.05], [0.15, 0.05], [0.15, 0.95], [0.85, 0.95], [0.85, 0.05], [0.5, 0.05]]]],
  [
    between => [[[between(0.1, 0.4), between(0.2, 0.5)], [0.55, 0.05], [0.5, 0.95]]],
    between => [[[between(0.1, 0.4), between(0.2, 0.5)], [0.55, 0.05], [0.5, 0.95]], [[between(0, 0.35), 0.95], [between(0.65, 1), 0.95]]],
    () => [[[0.5, 0.05], [0.5, 0.95]]],
  ],
  [
    between => [[[0.2, between(0.1, 0.3)], [0.2, 0.05], [0.8, 0.05], [0.8, between(0.3, 0.5)], [0.2, 0.95], [0.2, 0.95], [0.85, 0.95]]],
    between => [[[0.2, 0.1], [0.8, 0.1], [0.8, 0.1], [0.2, 0.9], [0.2, 0.9], [between(0.7, 0.9), 0.9]]],
  ],
  [
    between => [[[0.2, 0.15], [0.25, 0.05], [0.8, 0.05], [0.8, 0.45], [between(0.3, 0.5), 0.48], [between(0.3, 0.5), 0.48], [0.85, 0.5], [0.85, 0.95], [0.15, 0.93]]],
    between => [[[0.2, 0.07], [0.78, 0.07], [0.78, 0.07], [between(0.35, 0.5), 0.42], [between(0.35, 0.5), 0.42], [0.85, 0.45], [0.85, 0.95], [0.2, 0.93]]],
  ],
  [
    between => [[[0.25, 0.05], [0.2, 0.55], [0.2, 0.55], [0.85, 0.55]], [[0.7, between(0.05, 0.35)], [0.65, 0.95]]],
    between => [[[0.68, 0.95], [0.66, 0.05], [0.66, 0.05], [0.18, between(0.5, 0.7)], [0.18, between(0.5, 0.7)], [between(0.75, 1), 0.62]]],
  ],
  [
    between => [[[0.8, 0.08], [0.28, 0.08], [0.28, 0.08], [0.25, between(0.35, 0.5)], [0.25, between(0.35, 0.5)], [0.8, between(0.35, 0.5)], [0.8, 0.93], [0.2, 0.93]]],
    between => [[[0.28, between(0.08, 0.2)], [0.25, 0.45], [0.25, 0.45], [0.8, between(0.35, 0.5)], [0.8, 0.93], [0.2, 0.93]], [[between(0.25, 0.4), 0.08], [between(0.7, 1), between(0, 0.1)]]],
  ],
  [
    (between, loop = between(0.25, 0.65)) => [[[between(0.55, 0.85), 0.05], [between(0.2, 0.45), 0.05], [0.2, 0.5], [0.2, 0.95], [0.8, 0.95], [0.8, loop], [0.35, loop], [0.22, between(0.65, 0.85)]]],
    (between, loop = between(0.25, 0.65)) => [[[between(0.4, 0.8), 0.05], [0.22, between(0.4, 0.6)], [0.2, 0.95], [0.8, 0.95], [0.8, loop], [0.3, loop], [0.22, between(0.65, 0.85)]]],
  ],
  [
    between => [[[0.18, between(0.06, 0.25)], [0.18, 0.08], [0.18, 0.08], [0.8, 0.08], [0.8, 0.08], [between(0.35, 0.6), 0.95]]],
    between => [[[0.18, 0.08], [0.8, 0.08], [0.8, 0.08], [between(0.35, 0.6), 0.95]], [[0.3, between(0.4, 0.6)], [0.78, between(0.4, 0.55)]]],
  ],
  [
    (between, waist = between(0.3, 0.6), a = between(0.1, 0.35), b = between(0.05, 0.3)) =>
      [[[0.5, waist], [a, waist], [a, 0.05], [1 - a, 0.05], [1 - a, waist], [0.5, waist], [0.5, waist], [b, waist], [b, 0.95], [1 - b, 0.95], [1 - b, waist], [0.5, waist]]],
    (between, waist = between(0.35, 0.55)) => [[[0.75, 0.1], [0.25, 0.05], [0.25, waist - 0.1], [0.8, waist + 0.1], [0.8, 0.95], [0.2, 0.95], [0.2, waist + 0.1], [0.75, waist - 0.1], [0.75, between(0.05, 0.15)]]],
  ],
  [
    (between, head = between(0.35, 0.65)) => [[[0.75, between(0.05, 0.2)], [0.25, 0.05], [0.22, head], [0.75, head], [0.75, 0.1], [0.75, 0.1], [between(0.6, 0.75), 0.95]]],
    (between, head = between(0.35, 0.6)) => [[[0.75, between(0.05, 0.2)], [0.25, 0.05], [0.22, head], [0.75, head], [0.75, 0.1], [0.77, 0.6], [0.75, 0.95], [between(0.15, 0.4), between(0.8, 0.97)]]],
  ],
] // prettier-ignore

/** A digit in one of its forms, each corner a little elsewhere, between angular and round. */
function inSomeForm(label: number, between: Between): Stroke[] {
  const any = (count: number) => Math.floor(between(0, count))
  const strokes = forms[label][any(forms[label].length)](between)
  const moved = strokes.map(stroke => stroke.map(([x, y]) => [x + between(-0.04, 0.04), y + between(-0.04, 0.04)] as const)) // prettier-ignore
  const times = any(4)
  return moved.map(stroke => Array.from({ length: times }).reduce<Stroke>(rounder, stroke))
}

/** The same stroke with its corners cut: twice as many, half as sharp (Chaikin 1974). */
function rounder(stroke: Stroke): Stroke {
  const cut = stroke.slice(1).flatMap(([x, y], k) => {
    const [u, v] = stroke[k]
    return [[(3 * u + x) / 4, (3 * v + y) / 4], [(u + 3 * x) / 4, (v + 3 * y) / 4]] as const // prettier-ignore
  })
  return [stroke[0], ...cut, stroke[stroke.length - 1]]
}
