// MNIST's hands are American. In much of Europe a 1 begins with a long upstroke, and looks to a network that never saw one like a 7.
import ndarray from 'ndarray'
import { random } from '../engine/index.js'
import { Dataset, joined } from './dataset.js'
import { prepare, side } from './preprocess.js'
import { drawn, type Stroke } from './strokes.js'

/** So many are added: about a sixth of the 1s in all. */
const count = 1200
/** The side of the sheet that they are drawn on, in pixels. */
const sheet = 100

/** A set of digits [n,28,28] and 1,200 more: 1s with an upstroke of any length, three of ten with a foot, drawn by script and prepared as drawings are. */
export function withEuropeanOnes(digits: Dataset): Dataset {
  const rng = random(7, 'eu')
  const between = (from: number, to: number) => from + rng() * (to - from)
  const pixels = new Uint8Array(count * side * side)
  for (let i = 0; i < count; i++) {
    const top = [between(0.45, 0.65), between(0.03, 0.12)] as const
    const foot = top[0] + between(-0.12, 0.1)
    const strokes: Stroke[] = [[[between(0.08, 0.36), between(0.2, 0.6)], top, [foot, 0.95]]]
    if (rng() < 0.3) strokes.push([[foot - between(0.1, 0.3), 0.95], [foot + between(0.1, 0.3), 0.95]]) // prettier-ignore
    const { input } = prepare(drawn(strokes, sheet, rng))!
    input.data.forEach((v, k) => (pixels[i * side * side + k] = Math.round(255 * v)))
  }
  const labels = new Uint8Array(count).fill(1)
  return joined(digits, new Dataset(ndarray(pixels, [count, side, side]), ndarray(labels), digits.classes))
}
