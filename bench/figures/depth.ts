// Chapter 7: what first weights and normalization do to a network of twenty layers.
import {
  backward,
  batchNorm,
  dense,
  fit,
  flatten,
  gather,
  glorot,
  he,
  losses,
  relu,
  sequential,
  sgd,
  wasm,
  type Backend,
  type Initializer,
  type Layer,
} from '../../engine/index.js'
import type { Dataset } from '../../data/index.js'
import { mnist } from '../mnist.js'
import type { Say } from './index.js'
import { measured } from './measured.js'
import { back, chart, forward, green, line, pink, svg, text, yellow } from './svg.js'

const [depth, units] = [20, 100]
const settings = { lr: 0.03, epochs: 5, batchSize: 128 }

const withRelu = (init: Initializer) => [dense(units, { init }), relu()]
const times =
  (factor: number, init: Initializer): Initializer =>
  shape => {
    const { init: draw } = init(shape)
    return { shape, init: rng => draw(rng).map(v => factor * v) }
  }

/** Ways to begin: what they are called, what each layer is made of, and their colour. */
const beginnings: readonly (readonly [name: string, layer: () => Layer[], colour: string])[] = [
  ['1½ · he', () => withRelu(times(1.5, he)), back],
  ['batchNorm', () => [dense(units), batchNorm(), relu()], pink],
  ['he', () => withRelu(he), green],
  ['glorot', () => withRelu(glorot), forward],
  ['½ · glorot', () => withRelu(times(0.5, glorot)), yellow],
]

interface Learned {
  /** The length of each dense layer's gradient in the first batch. */
  readonly norms: readonly number[]
  /** After so many epochs: the mean loss of the last quarter of one. It ends where the loss is no number any more. */
  readonly losses: readonly (readonly [epochs: number, loss: number])[]
}

async function learn(backend: Backend, digits: Dataset, layer: () => Layer[]): Promise<Learned> {
  const hidden = Array.from({ length: depth }, layer).flat()
  const network = sequential([28, 28], flatten(), ...hidden, dense(10)).init(backend, 0)
  const first = gather(
    backend,
    digits.inputs,
    Uint32Array.from({ length: settings.batchSize }, (_, i) => i),
  )
  const y = network.forward(first, { training: true, rng: () => 0 })
  const gradients = backward(losses.crossEntropy(y, digits.targets.subarray(0, settings.batchSize)))
  const weights = [...network.parameters.values()].filter(({ shape }) => shape.length === 2)
  const norms = await Promise.all(weights.map(async w => Math.hypot(...(await gradients.get(w)!.download()))))

  network.init(backend, 0)
  const quarters: [number, number][] = []
  let [sum, seen] = [0, 0]
  for await (const step of fit(network, sgd(network.parameters), backend, digits, settings)) {
    if (!Number.isFinite(step.loss)) break
    const done = step.batch === step.batches
    if (step.batch % Math.ceil(step.batches / 4) > 0 && !done) continue
    const total = step.loss * step.seen
    quarters.push([step.epoch - 1 + step.batch / step.batches, (total - sum) / (step.seen - seen)])
    ;[sum, seen] = done ? [0, 0] : [total, step.seen]
  }
  network.free()
  return { norms: norms.slice(0, depth), losses: quarters }
}

/** 6,000 digits, from each beginning. */
async function all(): Promise<Learned[]> {
  const backend = await wasm({ threads: 1, strict: true })
  const digits = (await mnist('train')).take(6000)
  const results = []
  for (const [, layer] of beginnings) results.push(await learn(backend, digits, layer))
  return results
}

const curve = (points: readonly (readonly [number, number])[], name: string, colour: string, down = 0) =>
  line(points, { stroke: colour, 'stroke-width': '2' }) +
  text(points.at(-1)![0] + 10, points.at(-1)![1] + down, name, { fill: colour, 'text-anchor': 'start' })

/** Each layer's gradient in the first batch. */
export async function gradientsByLayer(say: Say): Promise<string> {
  const results = await measured('depth', all)
  const { field, point } = chart({
    at: [90, 40],
    width: 460,
    height: 300,
    x: { from: 1, to: depth, ticks: [1, 5, 10, 15, 20], label: say('layer', 'couche') },
    y: {
      from: 1e-10,
      to: 1e5,
      log: true,
      ticks: [1e-10, 1e-5, 1, 1e5],
      format: tick => ({ [1e-10]: '10⁻¹⁰', [1e-5]: '10⁻⁵', 1: '1', [1e5]: '10⁵' })[tick]!,
      label: say('length of the gradient', 'norme du gradient'),
    },
  })
  const curves = beginnings.map(
    ([name, , colour], i) =>
    curve(results[i].norms.map((norm, layer) => point(layer + 1, norm)), name, colour, { he: 8, batchNorm: -8 }[name]), // prettier-ignore
  )
  return svg(660, 400, field, ...curves)
}

/** The loss while learning. */
export async function lossByBeginning(say: Say): Promise<string> {
  const results = await measured('depth', all)
  const { field, point } = chart({
    at: [90, 40],
    width: 460,
    height: 300,
    x: { from: 0, to: settings.epochs, ticks: [0, 1, 2, 3, 4, 5], label: say('epochs', 'époques') },
    y: { from: 0, to: 3, ticks: [0, 0.5, 1, 1.5, 2, 2.5, 3], label: say('loss', 'perte') },
  })
  const curves = beginnings.flatMap(
    ([name, , colour], i) =>
    results[i].losses.length > 0 ? [curve(results[i].losses.map(([x, y]) => point(x, y)), name, colour, { glorot: -9, '½ · glorot': 9 }[name])] : [], // prettier-ignore
  )
  return svg(660, 400, field, ...curves)
}
