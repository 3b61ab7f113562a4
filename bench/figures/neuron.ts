// Chapter 1: a neuron, its gradient, and a number that is used twice.
import { add, mul, sub } from '../../engine/ops/index.js'
import type { Tensor } from '../../engine/index.js'
import { leaf, valuesAndGradients } from './numbers.js'
import { arrow, back, chart, circle, curve, forward, grey, ink, line, number, svg, text } from './svg.js'

type Place = readonly [label: string, x: number, y: number]

/** Nodes and the arrows between them: above each node its value, below it how fast the last one moves with it. */
async function graph(
  width: number,
  height: number,
  tensors: readonly Tensor[],
  places: readonly Place[],
  arrows: readonly (readonly [from: number, to: number])[],
): Promise<string> {
  const all = await valuesAndGradients(tensors)
  const radius = 22
  return svg(
    width,
    height,
    ...arrows.map(([from, to]) => {
      const [[, x1, y1], [, x2, y2]] = [places[from], places[to]]
      const length = Math.hypot(x2 - x1, y2 - y1)
      const [ux, uy] = [((x2 - x1) / length) * radius, ((y2 - y1) / length) * radius]
      return arrow([x1 + ux, y1 + uy], [x2 - ux, y2 - uy], grey)
    }),
    ...places.flatMap(([label, x, y], i) => [
      circle(x, y, radius, { fill: 'white', stroke: ink }),
      text(x, y, label),
      text(x, y - radius - 11, number(all[i].value), { fill: forward, 'font-weight': 'bold' }),
      text(x, y + radius + 11, number(all[i].gradient), { fill: back, 'font-weight': 'bold' }),
    ]),
  )
}

/** L = (w·x + b − t)² for one example. */
export async function neuronGraph(): Promise<string> {
  const [x, w, b, t] = [3, 0.5, 1, 4].map(value => leaf([value]))
  const product = mul(w, x)
  const y = add(product, b)
  const error = sub(y, t)
  const loss = mul(error, error)
  const places: Place[] = [
    ['x', 40, 50],
    ['w', 40, 160],
    ['b', 180, 190],
    ['t', 330, 190],
    ['×', 180, 80],
    ['+', 330, 80],
    ['−', 480, 80],
    ['(·)²', 630, 80],
  ]
  const arrows = [[0, 4], [1, 4], [4, 5], [2, 5], [5, 6], [3, 6], [6, 7]] as const // prettier-ignore
  return graph(670, 240, [x, w, b, t, product, y, error, loss], places, arrows)
}

/** y = a·b + a. */
export async function usedTwice(): Promise<string> {
  const [a, b] = [leaf([5]), leaf([2])]
  const p = mul(a, b)
  const y = add(p, a)
  const places: Place[] = [
    ['a', 40, 60],
    ['b', 40, 180],
    ['×', 220, 150],
    ['+', 400, 100],
  ]
  return graph(440, 240, [a, b, p, y], places, [[0, 2], [1, 2], [2, 3], [0, 3]]) // prettier-ignore
}

/** The neuron's loss as its weight moves, and the slope where it stands. */
export async function slope(): Promise<string> {
  const [x, b, t] = [3, 1, 4]
  const w = leaf([0.5])
  const product = mul(w, leaf([x]))
  const y = add(product, leaf([b]))
  const error = sub(y, leaf([t]))
  const all = await valuesAndGradients([w, product, y, error, mul(error, error)])
  const [{ value, gradient }, loss] = [all[0], all.at(-1)!.value]
  const lossAt = (w: number) => (w * x + b - t) ** 2
  const tangent = (w: number) => loss + gradient * (w - value)
  const { field, point } = chart({
    width: 420,
    height: 250,
    x: { from: -0.2, to: 2.2, ticks: [0, 0.5, 1, 1.5, 2], label: 'w' },
    y: { from: 0, to: 10, ticks: [0, 2, 4, 6, 8, 10], label: 'L' },
  })
  return svg(
    520,
    350,
    field,
    line(curve(lossAt, -0.05, 2.05).map(([w, l]) => point(w, l)), { stroke: forward, 'stroke-width': '2' }), // prettier-ignore
    line([point(-0.2, tangent(-0.2)), point(0.75, tangent(0.75))], { stroke: back, 'stroke-width': '2' }),
    circle(...point(value, loss), 5, { fill: back }),
    text(...point(0.6, 3.2), number(gradient), { fill: back, 'font-weight': 'bold', 'text-anchor': 'start' }),
  )
}
