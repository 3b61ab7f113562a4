// Chapter 2: why the walk back needs an order.
import { Tensor } from '../../engine/index.js'
import { add, mul } from '../../engine/ops/index.js'
import { backend, leaf, numbersOf } from './numbers.js'
import { arrow, back, circle, forward, grey, ink, number, svg, text } from './svg.js'

/** What each tensor has received when its turn comes, in the given order. */
async function walked(order: readonly Tensor[]): Promise<number[]> {
  const received = new Map<Tensor, Tensor>([[order[0], leaf([1])]])
  const atItsTurn: number[] = []
  for (const tensor of order) {
    const dy = received.get(tensor)!
    atItsTurn.push((await numbersOf(dy))[0])
    for (const [input, grad] of tensor.edges) {
      const passed = new Tensor(backend, input.shape, grad(dy.data))
      const before = received.get(input)
      received.set(input, before ? new Tensor(backend, input.shape, backend.add(before.data, passed.data)) : passed)
    }
  }
  return atItsTurn
}

/** b = a·a, c = b·b, y = b + c, walked as tensors are found, and in topological order. */
export async function order(): Promise<string> {
  const a = leaf([2])
  const b = mul(a, a)
  const c = mul(b, b)
  const y = add(b, c)
  const names = new Map([[a, 'a'], [b, 'b'], [c, 'c'], [y, 'y']] as const) // prettier-ignore
  const places = new Map<Tensor, readonly [number, number]>([[a, [40, 135]], [b, [140, 135]], [c, [220, 45]], [y, [300, 135]]]) // prettier-ignore
  const panels = await Promise.all(
    [
      [y, b, c, a],
      [y, c, b, a],
    ].map(async (order, panel) => {
      const passed = await walked(order)
      const left = 360 * panel
      const arrows = [[a, b], [b, c], [b, y], [c, y]].map(([from, to]) => {
        const [[x1, y1], [x2, y2]] = [places.get(from)!, places.get(to)!]
        const length = Math.hypot(x2 - x1, y2 - y1)
        const [ux, uy] = [(22 * (x2 - x1)) / length, (22 * (y2 - y1)) / length]
        return arrow([left + x1 + ux, y1 + uy], [left + x2 - ux, y2 - uy], grey)
      }) // prettier-ignore
      const nodes = await Promise.all(
        order.map(async (tensor, turn) => {
          const [x, y] = places.get(tensor)!
          const [value] = await numbersOf(tensor)
          return [
            circle(left + x, y, 22, { fill: 'white', stroke: ink }),
            text(left + x, y, names.get(tensor)!),
            text(left + x, y - 33, number(value), { fill: forward, 'font-weight': 'bold' }),
            text(left + x, y + 34, number(passed[turn]), { fill: back, 'font-weight': 'bold' }),
            circle(left + x, y + 58, 10, { fill: 'white', stroke: back }),
            text(left + x, y + 58, `${turn + 1}`, { fill: back, 'font-size': '13' }),
          ].join('\n')
        }),
      )
      return [...arrows, ...nodes].join('\n')
    }),
  )
  return svg(700, 210, ...panels)
}
