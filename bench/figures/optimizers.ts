// Chapter 6: three optimizers in a narrow valley, and deepnet2 with the learning rates that its reader will try.
import { adam, backward, evaluate, fit, scope, sgd, wasm, type Optimizer, type Tensor } from '../../engine/index.js'
import { mul, sum } from '../../engine/ops/index.js'
import { models } from '../../models/index.js'
import { mnist } from '../mnist.js'
import type { Say } from './index.js'
import { measured } from './measured.js'
import { leaf, numbersOf } from './numbers.js'
import { back, chart, circle, curve, forward, green, line, pink, svg, text, yellow } from './svg.js'

/** L = ½ (u² + 20 v²), a valley that is 20 times as steep across as along. */
const steepness = [1, 20] as const

/** Where an optimizer goes from (−4, 1) in so many steps. */
async function path(make: (parameters: Map<string, Tensor>) => Optimizer, lr: number, steps: number) {
  const w = leaf([-4, 1])
  const half = leaf(steepness.map(s => s / 2))
  const optimizer = make(new Map([['w', w]]))
  const places: (readonly [number, number])[] = [[-4, 1]]
  for (let step = 0; step < steps; step++) {
    scope(() => optimizer.step(backward(sum(mul(half, mul(w, w)))), lr))
    const [u, v] = await numbersOf(w)
    places.push([u, v])
  }
  return places
}

export async function valley(say: Say): Promise<string> {
  const steps = 30
  const runs = [
    ['SGD', await path(sgd, 0.09, steps), back],
    [say('SGD, momentum 0.8', 'SGD, inertie 0,8'), await path(w => sgd(w, { momentum: 0.8 }), 0.03, steps), green],
    ['Adam', await path(adam, 0.3, steps), forward],
  ] as const
  const panels = runs.map(([name, places, colour], i) => {
    const { field, point } = chart({
      at: [50, 30 + 190 * i],
      width: 560,
      height: 140,
      x: { from: -4.6, to: 2.4, ticks: [-4, -2, 0, 2], label: '' },
      y: { from: -1.4, to: 1.4, ticks: [-1, 0, 1], label: '' },
    })
    const contour = (level: number) => {
      const [a, b] = steepness.map(s => Math.sqrt((2 * level) / s))
      const at = (angle: number) => point(Math.max(-4.6, Math.min(2.4, a * Math.cos(angle))), b * Math.sin(angle))
      return line(curve(x => x, 0, 2 * Math.PI, 80).map(([angle]) => at(angle)), { stroke: '#cccccc', 'stroke-width': '1' }) // prettier-ignore
    }
    return [
      field,
      ...[0.3, 2.5, 7, 14].map(contour),
      line(places.map(([u, v]) => point(u, v)), { stroke: colour }), // prettier-ignore
      ...places.map(([u, v]) => circle(...point(u, v), 2.5, { fill: colour })),
      text(...point(2.3, 1.15), name, { fill: colour, 'text-anchor': 'end' }),
    ].join('\n')
  })
  return svg(640, 600, ...panels)
}

/** What was measured: the loss, fifth by fifth of an epoch, and the accuracy on the test set after each epoch. */
interface Run {
  readonly optimizer: 'adam' | 'sgd'
  /** The learning rate of each epoch. */
  readonly rates: readonly number[]
  readonly losses: readonly number[]
  readonly accuracies: readonly number[]
}

const epochs = 6
const constant = (rate: number) => Array.from({ length: epochs }, () => rate)
const falling = [0.01, 0.01, 0.001, 0.001, 0.0001, 0.0001]

/** Trains deepnet2 with each optimizer and learning rate: a minute. */
async function train(): Promise<Run[]> {
  const backend = await wasm({ strict: true, threads: 1 })
  const [training, test] = [await mnist('train'), await mnist('t10k')]
  const runs: Run[] = []
  for (const [name, make] of Object.entries({ adam, sgd }))
    for (const rates of [...[0.1, 0.01, 0.001, 0.0001].map(constant), ...(name === 'adam' ? [falling] : [])]) {
      const network = models.deepnet2().init(backend, 0)
      const optimizer = make(network.parameters)
      const [losses, accuracies]: [number[], number[]] = [[], []]
      for (const [epoch, lr] of rates.entries()) {
        let [sum, seen] = [0, 0]
        const from = { epoch, batch: 0, lossSum: 0, sums: {} }
        for await (const step of fit(network, optimizer, backend, training, { lr, epochs: epoch + 1, from }))
          if (step.batch % (step.batches / 5) === 0) {
            const total = step.loss * step.seen
            losses.push((total - sum) / (step.seen - seen))
            ;[sum, seen] = [total, step.seen]
          }
        accuracies.push((await evaluate(network, backend, test)).metrics.accuracy)
      }
      network.free()
      optimizer.free()
      runs.push({ optimizer: name as Run['optimizer'], rates, losses, accuracies })
    }
  return runs
}

/** The measured losses: a panel an optimizer, a colour a learning rate. */
export async function learningRates(say: Say): Promise<string> {
  const runs = await measured('learning-rates', train)
  const colours: Readonly<Record<number, string>> = { 0.1: pink, 0.01: yellow, 0.001: forward, 0.0001: green }
  const named = (rate: number) => say(`${rate}`, `${rate}`.replace('.', ','))
  const panels = (['adam', 'sgd'] as const).map((optimizer, i) => {
    const { field, point } = chart({
      at: [60 + 400 * i, 50],
      width: 330,
      height: 280,
      x: { from: 0, to: epochs, ticks: [0, 1, 2, 3, 4, 5, 6], label: say('epochs', 'époques') },
      y: { from: 0.03, to: 3, ticks: [0.03, 0.1, 0.3, 1, 3], label: say('loss', 'perte'), log: true, format: named },
    })
    const lines = runs
      .filter(run => run.optimizer === optimizer)
      .map(({ rates, losses }) => {
        const places = losses.map((loss, k) => point((k + 0.5) / 5, Math.min(3, loss)))
        const constant = rates[0] === rates.at(-1)
        return line(
          places,
          constant ? { stroke: colours[rates[0]], 'stroke-width': '2' } : { 'stroke-dasharray': '5 3' },
        )
      })
    return [field, ...lines, text(225 + 400 * i, 20, optimizer === 'adam' ? 'Adam' : 'SGD', { 'font-weight': 'bold' })]
  })
  const legend = [
    ...Object.keys(colours)
      .map(Number)
      .sort((a, b) => b - a),
    undefined,
  ].map((rate, k) => {
    const [x, y] = [60 + 130 * k, 400]
    const style = rate ? { stroke: colours[rate], 'stroke-width': '2' } : { 'stroke-dasharray': '5 3' }
    const words = rate ? named(rate) : [0.01, 0.001, 0.0001].map(named).join(' → ')
    return line([[x, y], [x + 30, y]], style) + text(x + 38, y, words, { 'text-anchor': 'start' }) // prettier-ignore
  })
  return svg(810, 425, ...panels.flat(), ...legend)
}
