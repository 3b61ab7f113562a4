// Chapter 5: a filter that slides, what it and the picture receive, two filters on a digit, and max-pooling.
import { backward, tensor } from '../../engine/index.js'
import { conv2d, maxPool2d } from '../../engine/ops/index.js'
import { mnist } from '../mnist.js'
import { backend, leaf, numbersOf } from './numbers.js'
import { arrow, back, cells, forward, grey, ink, picture, rect, shade, svg, text } from './svg.js'

const rows = (values: readonly number[], width: number) =>
  Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width))

/** A row for each place of the filter: what it makes there, and what comes back; below, what the picture and the filter receive. */
export async function slide(): Promise<string> {
  const x = leaf([3, 1, 4, 1, 5], [1, 1, 5, 1])
  const w = leaf([2, 1, -1], [1, 3, 1, 1])
  const dy = leaf([1, 10, 100], [1, 1, 3, 1])
  const y = conv2d(x, w)
  const gradients = backward(y, dy)
  const [X, W, Y, DY] = await Promise.all([x, w, y, dy].map(numbersOf))
  const [DX, DW] = await Promise.all([x, w].map(leaf => numbersOf(gradients.get(leaf)!)))
  const [left, top, size] = [60, 20, 48]
  const place = (i: number) => top + size * (i + 1.4)
  const label = (at: number, name: string, colour: string) =>
    text(left - 20, at + size / 2, name, { 'text-anchor': 'end', fill: colour })
  return svg(
    620,
    330,
    label(top, 'x', forward),
    cells(left, top, [X], { size, colour: forward }),
    ...Y.map((value, i) => {
      const right = left + 6 * size
      return [
        cells(left + i * size, place(i), [W], { size, fill: () => shade(forward, 0.12) }),
        text(right, place(i) + size / 2, `y[${i}] = ${value}`, { fill: forward, 'text-anchor': 'start' }),
        text(right + 110, place(i) + size / 2, `dy[${i}] = ${DY[i]}`, { fill: back, 'text-anchor': 'start' }),
      ].join('\n')
    }),
    label(place(3.4), 'dx', back),
    cells(left, place(3.4), [DX], { size, colour: back, fill: (_, __, column) => (column === 2 ? shade(back, 0.12) : 'white') }), // prettier-ignore
    text(left + 6 * size - 10, place(3.4) + size / 2, 'dw', { fill: back, 'text-anchor': 'end' }),
    cells(left + 6 * size, place(3.4), [DW], { size, colour: back }),
    // the column of one pixel, down which it collects
    rect(left + 2 * size - 3, place(0) - 6, size + 6, 4.4 * size + 8, { stroke: back, 'stroke-dasharray': '4 3' }),
  )
}

/** Two filters of 3x3 on a digit: blue where the result is positive, red where it is negative. */
export async function edges(): Promise<string> {
  const { images } = await mnist('t10k')
  const pixels = Float64Array.from({ length: 784 }, (_, i) => images.get(0, Math.floor(i / 28), i % 28) / 255)
  const x = tensor(backend, pixels, [1, 28, 28, 1])
  const filters = [
    [-1, 0, 1, -1, 0, 1, -1, 0, 1],
    [-1, -1, -1, 0, 0, 0, 1, 1, 1],
  ]
  const size = 5
  const panels = await Promise.all(
    filters.map(async (weights, k) => {
      const y = await numbersOf(conv2d(x, leaf(weights, [3, 3, 1, 1])))
      const [left, top] = [190 + 265 * k, 25]
      return [
        cells(left, top + 26, rows(weights, 3), { size: 26 }),
        arrow([left + 88, top + 65], [left + 108, top + 65], grey),
        picture(left + 116, top, y, 26, { size, most: 3, colour: forward, negative: back }),
        rect(left + 116, top, 26 * size, 26 * size, { stroke: grey }),
      ].join('\n')
    }),
  )
  return svg(
    710,
    180,
    picture(20, 20, pixels, 28, { size, colour: ink }),
    rect(20, 20, 28 * size, 28 * size, { stroke: grey }),
    ...panels,
  )
}

/** Max-pooling, 4x4 to 2x2: the winners forward, and the way back. */
export async function pool(): Promise<string> {
  const values = [1, 3, 2, 0, 5, 2, 1, 1, 0, 1, 4, 6, 2, 0, 3, 1]
  const x = leaf(values, [1, 4, 4, 1])
  const y = maxPool2d(x, 2)
  const dy = leaf([1, 2, 3, 4], [1, 2, 2, 1])
  const dx = await numbersOf(backward(y, dy).get(x)!)
  const [size, top] = [40, 20]
  const won = (_: unknown, row: number, column: number) => dx[4 * row + column] > 0
  const windows = (left: number) =>
    [0, 1, 2, 3]
      .map(k =>
        rect(left + (k % 2) * 2 * size, top + (k >> 1) * 2 * size, 2 * size, 2 * size, { 'stroke-width': '2.5' }),
      )
      .join('')
  const middle = top + 2 * size
  return svg(
    720,
    210,
    cells(20, top, rows(values, 4), { size, colour: forward, fill: (...at) => (won(...at) ? shade(forward, 0.2) : 'white') }), // prettier-ignore
    windows(20),
    arrow([190, middle], [225, middle], forward),
    cells(235, top + size, rows(await numbersOf(y), 2), { size, colour: forward }),
    cells(405, top + size, rows(await numbersOf(dy), 2), { size, colour: back }),
    arrow([495, middle], [530, middle], back),
    cells(540, top, rows(dx, 4), { size, colour: back, fill: (...at) => (won(...at) ? shade(back, 0.2) : 'white') }), // prettier-ignore
    windows(540),
    ...([[100, 'x', forward], [275, 'y', forward], [445, 'dy', back], [620, 'dx', back]] as const).map(([x, name, fill]) =>
      text(x, 197, name, { fill }),
    ), // prettier-ignore
  )
}
