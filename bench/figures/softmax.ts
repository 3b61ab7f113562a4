// Chapter 4: what a wrong answer costs, and p − y of a digit that deepnet1 misreads.
import { readFileSync } from 'node:fs'
import { backward, deserialize, tensor } from '../../engine/index.js'
import { crossEntropy, softmax } from '../../engine/ops/index.js'
import { models } from '../../models/index.js'
import { mnist } from '../mnist.js'
import { root } from '../results.js'
import { backend, numbersOf } from './numbers.js'
import { back, chart, curve, forward, grey, ink, line, number, picture, rect, svg, text } from './svg.js'

/** −log p and (1 − p)² of the right answer's probability. */
export function cost(): string {
  const { field, point } = chart({
    width: 420,
    height: 250,
    x: { from: 0, to: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1], label: 'p' },
    y: { from: 0, to: 5, ticks: [0, 1, 2, 3, 4, 5], label: 'L' },
  })
  const drawn = (f: (p: number) => number, from: number, stroke: string) =>
    line(curve(f, from, 1).map(([p, loss]) => point(p, loss)), { stroke, 'stroke-width': '2' }) // prettier-ignore
  const cross = (p: number) => -Math.log(p)
  const squared = (p: number) => (1 - p) ** 2
  return svg(
    520,
    350,
    field,
    drawn(cross, Math.exp(-5), forward),
    drawn(squared, 0, grey),
    text(...point(0.2, 2.2), '−log p', { fill: forward, 'text-anchor': 'start' }),
    text(...point(0.03, 0.4), '(1 − p)²', { fill: '#666666', 'text-anchor': 'start' }),
  )
}

/** An example of the test set on which deepnet1 is wrong without being sure. */
const example = 66

/** The digit, what the network says, what it should have said, the difference, and what the weights of each class receive. */
export async function pMinusY(): Promise<string> {
  const { tensors } = deserialize(readFileSync(`${root}storage/pretrained/deepnet1.safetensors`))
  const network = models.deepnet1().load(backend, tensors)
  const { images, labels } = await mnist('t10k')
  const pixels = Float64Array.from({ length: 784 }, (_, i) => images.get(example, Math.floor(i / 28), i % 28) / 255)
  const label = labels.get(example)
  const logits = network.forward(tensor(backend, pixels, [1, 28, 28]))
  const p = await numbersOf(softmax(logits))
  const bias = [...network.parameters.values()].at(-1)!
  const difference = await numbersOf(backward(crossEntropy(logits, [label])).get(bias)!)

  const [left, step, tall] = [210, 58, 50]
  const bars = (base: number, name: string, values: readonly number[], colour: string) => [
    text(left - 16, base - tall / 2, name, { 'text-anchor': 'end', fill: colour }),
    line([[left, base], [left + 10 * step - 8, base]], { stroke: grey, 'stroke-width': '1' }), // prettier-ignore
    ...values.flatMap((value, j) => {
      const height = Math.abs(value) * tall
      const x = left + j * step
      return [
        rect(x + 8, value > 0 ? base - height : base, 34, height, { fill: colour, stroke: 'none' }),
        ...(Math.abs(value) < 0.01
          ? []
          : [text(x + 25, value > 0 ? base - height - 10 : base + height + 10, number(value, 2), { fill: colour, 'font-size': '13' })]), // prettier-ignore
      ]
    }),
  ]
  return svg(
    800,
    440,
    picture(20, 40, pixels, 28, { colour: ink }),
    rect(20, 40, 112, 112, { stroke: grey }),
    ...Array.from({ length: 10 }, (_, j) => text(left + j * step + 25, 20, `${j}`, { 'font-weight': 'bold' })),
    ...bars(105, 'p', p, forward),
    ...bars(190, 'y', Array.from({ length: 10 }, (_, j) => (j === label ? 1 : 0)), ink), // prettier-ignore
    ...bars(265, 'p − y', difference, back),
    text(left - 16, 385, 'dw = xᵀ·(p − y)', { 'text-anchor': 'end', fill: back }),
    `<defs><g id="x">${picture(0, 0, pixels, 28, { size: 1.8 })}</g></defs>`,
    ...difference.flatMap((value, j) => [
      `<use href="#x" x="${left + j * step}" y="360" fill="${value > 0 ? back : forward}" opacity="${Math.min(1, Math.abs(value) / 0.45).toFixed(2)}"/>`,
      rect(left + j * step, 360, 28 * 1.8, 28 * 1.8, { stroke: grey }),
    ]),
  )
}
