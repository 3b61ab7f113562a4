// Chapter 8: what is learned by heart, and what for other digits, too.
import ndarray from 'ndarray'
import { augmentations, augmenter, Dataset } from '../../data/index.js'
import { adam, evaluate, fit, random, shuffle, wasm, type FitOptions, type Network } from '../../engine/index.js'
import { convnet } from '../../models/convnet.js'
import { deepnet2 } from '../../models/deepnet2.js'
import { mnist } from '../mnist.js'
import type { Say } from './index.js'
import { measured } from './measured.js'
import { back, chart, forward, green, grey, ink, line, picture, rect, svg, text } from './svg.js'

const backend = () => wasm({ threads: 1, strict: true })

/** What a network is after each epoch, from the first on. */
async function* epochsOf(network: Network, digits: Dataset, options: Partial<FitOptions> & { epochs: number }) {
  const on = await backend()
  network.init(on, 0)
  const judge = (set: Dataset) => evaluate(network, on, set)
  for await (const step of fit(network, adam(network.parameters), on, digits, { lr: 0.001, ...options }))
    if (step.batch === step.batches) yield judge
}

/** The share of digits that a network reads in the end, in percent: of those learned from, and of others. */
async function accuracies(network: Network, digits: Dataset, test: Dataset, options: { epochs: number }) {
  let judge: ((set: Dataset) => ReturnType<typeof evaluate>) | undefined
  for await (judge of epochsOf(network, digits, options));
  const percent = async (set: Dataset) => 100 * (await judge!(set)).metrics.accuracy
  return { training: await percent(digits), test: await percent(test) }
}

async function overfit() {
  const [rest, apart] = (await mnist('train')).split(1 / 12, 0)
  const losses = []
  for await (const judge of epochsOf(deepnet2(), rest.take(1000), { epochs: 40 }))
    losses.push({ training: (await judge(rest.take(1000))).loss, apart: (await judge(apart)).loss })
  return losses
}

/** The loss of 1,000 digits that are learned, and of 5,000 others. */
export async function overfitting(say: Say): Promise<string> {
  const losses = await measured('overfitting', overfit)
  const { field, point } = chart({
    at: [60, 40],
    width: 460,
    height: 280,
    x: { from: 0, to: 40, ticks: [0, 10, 20, 30, 40], label: say('epochs', 'époques') },
    y: { from: 0, to: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1], label: say('loss', 'perte') },
  })
  const curve = (values: readonly number[], name: string, colour: string) => {
    const points = values.map((loss, epoch) => point(epoch + 1, loss))
    const [x, y] = points.at(-1)!
    return (
      line(points, { stroke: colour, 'stroke-width': '2' }) +
      text(x + 10, y, name, { fill: colour, 'text-anchor': 'start' })
    )
  }
  return svg(
    680,
    380,
    field,
    curve(losses.map(({ apart }) => apart), say('5,000 others', '5 000 autres'), back), // prettier-ignore
    curve(losses.map(({ training }) => training), say('1,000 learned', '1 000 appris'), forward), // prettier-ignore
  )
}

const sizes = [100, 300, 1000, 3000, 10_000]
async function errorsBySize() {
  const [all, test] = await Promise.all([mnist('train'), mnist('t10k')])
  const errors = []
  for (const size of sizes) {
    const epochs = Math.max(10, Math.min(60, Math.round(60_000 / size)))
    errors.push(100 - (await accuracies(deepnet2(), all.take(size), test, { epochs })).test)
  }
  return errors
}

/** Errors on the test set, from ever more digits. */
export async function errorsByExamples(say: Say): Promise<string> {
  const errors = await measured('examples', errorsBySize)
  const { field, point } = chart({
    at: [90, 40],
    width: 460,
    height: 280,
    x: { from: 100, to: 10_000, log: true, ticks: sizes, label: say('digits learned from', 'chiffres appris'), format: thousands(say) }, // prettier-ignore
    y: { from: 4, to: 40, log: true, ticks: [5, 10, 20, 40], label: say('test errors, %', 'erreurs de test, %') },
  })
  const points = errors.map((error, i) => point(sizes[i], error))
  return svg(
    600,
    380,
    field,
    line(points, { stroke: back, 'stroke-width': '2' }),
    ...points.map(([x, y], i) => text(x + (i === 0 ? 26 : 0), y - 14, decimal(say, errors[i]), { fill: back, 'font-weight': 'bold' })), // prettier-ignore
  )
}

const decimal = (say: Say, value: number) => say(value.toFixed(1), value.toFixed(1).replace('.', ','))
/** An image of 28x28 bytes in a frame. */
const image = (x: number, y: number, bytes: ArrayLike<number>, size: number) =>
  picture(
    x,
    y,
    Array.from(bytes, v => v / 255),
    28,
    { size, colour: ink },
  ) + rect(x, y, 28 * size, 28 * size, { stroke: grey })

const thousands = (say: Say) => (n: number) => (n < 1000 ? `${n}` : `${n / 1000}${say(',', ' ')}000`)

/** A digit in the ways of --augment, in the first two epochs that change it. */
export async function augmented(): Promise<string> {
  const { inputs } = (await mnist('train')).take(100)
  const columns = augmentations.map((way, i) => {
    const x = 130 + 100 * i
    const ofEpoch = augmenter([way], 0)
    const changed = Array.from({ length: 20 }, (_, epoch) => ofEpoch(inputs, Uint32Array.of(0), epoch)).filter(bytes => bytes.some((v, p) => v !== inputs.values[p])) // prettier-ignore
    return changed.slice(0, 2).map((bytes, row) => image(x, 50 + 96 * row, bytes, 3)).join('\n') + text(x + 42, 30, way) // prettier-ignore
  })
  return svg(940, 256, image(15, 50, inputs.values.subarray(0, 784), 3), text(57, 30, '5'), ...columns)
}

/** The pixels of all images in another order, the same for all. */
function inOrder(digits: Dataset, order: ArrayLike<number>): Dataset {
  const values = digits.pixels.map((_, at) => digits.pixels[784 * Math.floor(at / 784) + order[at % 784]])
  return new Dataset(ndarray(values, [digits.length, 28, 28]), digits.labels)
}

const order = shuffle(784, random(0, 'pixels'))

async function learnShuffled() {
  const [digits, test] = [(await mnist('train')).take(1000), await mnist('t10k')]
  const rows = []
  for (const [name, network, epochs] of [
    ['deepnet2', deepnet2, 20],
    ['convnet', convnet, 6],
  ] as const) {
    // prettier-ignore
    const plain = await accuracies(network(), digits, test, { epochs })
    const shuffled = await accuracies(network(), inOrder(digits, order), inOrder(test, order), { epochs })
    rows.push({ name, plain, shuffled })
  }
  return rows
}

/** What two networks make of pictures, and of the same pictures with their pixels in another order. */
export async function shuffling(say: Say): Promise<string> {
  const rows = await measured('shuffled-pixels', learnShuffled)
  const test = await mnist('t10k')
  const percent = (value: number) => `${decimal(say, value)} %`
  const first = (set: Dataset) => set.pixels.subarray(0, 784)
  const below = (i: number) => 190 + 34 * i
  return svg(
    520,
    270,
    image(150, 15, first(test), 5),
    image(350, 15, first(inOrder(test.take(1), order)), 5),
    ...rows.flatMap(({ name, plain, shuffled }, i) => [
      text(20, below(i), name, { 'text-anchor': 'start' }),
      text(220, below(i), percent(plain.test), { fill: green, 'font-weight': 'bold' }),
      text(420, below(i), percent(shuffled.test), { fill: green, 'font-weight': 'bold' }),
    ]),
  )
}
