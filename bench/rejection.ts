// `npm run train:rejector`: the small network that knows what is no digit (data/rejection.ts) learns it, from training digits and what bench/nonDigits.ts
// makes, is calibrated on training digits kept apart, measured, and kept in storage/pretrained. With --learn 0 or 1 it learns from one
// group of shapes alone, is measured on the others, and not kept.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ndarray from 'ndarray'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { augmenter, Dataset, none, numbered, prepare, rejector, type Image } from '../data/index.js'
import { prepareDigit } from '../data/preprocess.js'
import {
  adam,
  deserialize,
  evaluate,
  fit,
  random,
  schedules,
  serialize,
  wasm,
  type Backend,
  type NamedTensors,
  type Network,
} from '../engine/index.js'
import { mnist } from './mnist.js'
import { someNonDigits } from './nonDigits.js'
import { blownUp } from './pictures.js'
import { root } from './results.js'
import { drawn } from '../data/strokes.js'
import { european, usual } from './strokes.js'

export const rejectorWeights = join(root, 'storage/pretrained/rejection/rejector.safetensors')

/** The groups of bench/nonDigits.ts. */
export const groupNames = ['shapes that it learned from', 'more of these', 'shapes that it never saw']

/** Training digits that are learned from; the others calibrate. */
const learned = 50_000
/** Digits that were blown up and prepared again, digits of strokes, and what is no digit. */
const [redrawn, stroked, others] = [10_000, 10_000, 60_000]
/** The share of digits kept apart that is rejected. */
const rejectedShare = 0.008
const settings = { lr: 0.005, epochs: 4, batchSize: 128, schedule: schedules.onecycle }

const imageOf = (set: Dataset, i: number) => ndarray(set.pixels.subarray(784 * i, 784 * (i + 1)), [28, 28])

/** Images [28,28] of 0 to 1 with their labels, as a set. */
function setOf(images: readonly Image[], labels: readonly number[]): Dataset {
  const pixels = new Uint8Array(784 * images.length)
  images.forEach(({ data }, i) => pixels.set(data.map(v => Math.round(255 * v)), 784 * i)) // prettier-ignore
  return new Dataset(ndarray(pixels, [images.length, 28, 28]), ndarray(Uint8Array.from(labels)), numbered(none + 1))
}

/** What the rejector learns from. @param groups of shapes that are no digits */
function examplesOf(train: Dataset, groups: readonly number[]): Dataset {
  const digits = train.take(learned)
  const rng = random(0, 'rejector')
  const images: Image[] = []
  const labels: number[] = []
  const add = (sheet: Image, label: number) => {
    images.push(prepareDigit(sheet)!.input)
    labels.push(label)
  }
  for (let k = 0; k < redrawn; k++) {
    const i = Math.floor(rng() * learned)
    add(blownUp(imageOf(digits, i), 4), digits.targets[i])
  }
  const hands = [...european, ...usual]
  for (let k = 0; k < stroked; k++) {
    const { strokes, label } = hands[k % hands.length]
    add(drawn(strokes, 84, rng), label)
  }
  for (const { sheet } of someNonDigits(groups, others, digits, rng, { side: 84, glyphs: 0.7 })) add(sheet, none)
  const more = setOf(images, labels)
  const count = learned + more.length
  const [pixels, targets] = [new Uint8Array(784 * count), new Uint8Array(count)]
  pixels.set(digits.pixels.subarray(0, 784 * learned))
  pixels.set(more.pixels, 784 * learned)
  targets.set(digits.targets.subarray(0, learned))
  targets.set(more.targets, learned)
  return new Dataset(ndarray(pixels, [count, 28, 28]), ndarray(targets), numbered(none + 1))
}

/** Of each image, the logarithm of how much likelier a digit is than none. */
async function scores(network: Network, backend: Backend, set: Dataset): Promise<Float64Array> {
  const relabelled = new Dataset(set.images, set.labels, numbered(none + 1))
  const { outputs } = await evaluate(network, backend, relabelled)
  return Float64Array.from({ length: set.length }, (_, i) => {
    const p = Math.max(1e-30, outputs[(none + 1) * i + none])
    return Math.log(Math.max(1e-30, 1 - p) / p)
  })
}

/** Digits as people draw them, large, and prepared. */
const redraw = (set: Dataset, from: number, count: number) =>
  setOf(
    Array.from({ length: count }, (_, k) => prepare(blownUp(imageOf(set, from + k)))!.input),
    [...set.targets.subarray(from, from + count)],
  )

async function weightsOf(network: Network): Promise<Map<string, { shape: readonly number[]; values: Float32Array }>> {
  const weights = new Map<string, { shape: readonly number[]; values: Float32Array }>()
  for (const [name, weight] of [...network.parameters, ...network.state])
    weights.set(name, { shape: weight.shape, values: Float32Array.from(await weight.download()) })
  return weights
}

/** The shares that are rejected, by what the images show. */
export async function rejectedShares(weights: NamedTensors, backend: Backend, test: Dataset) {
  const network = rejector().load(backend, weights)
  const share = async (set: Dataset) => (await scores(network, backend, set)).filter(v => v < 0).length / set.length
  const shares = new Map<string, number>()
  const rows: [string, Dataset][] = [
    [`${test.length} test digits`, test],
    ['1,000 of them, drawn', redraw(test, 0, 1000)],
  ]
  const rng = random(1, 'european')
  for (const { name, label, strokes } of european) {
    const images = Array.from({ length: 100 }, () => prepare(drawn(strokes, 200, rng))!.input)
    rows.push([name, setOf(images, images.map(() => label))]) // prettier-ignore
  }
  for (const [name, set] of rows) shares.set(name, await share(set))
  return { digits: shares, others: await caught(network, backend, test) }
}

/** The shares of each kind of some groups that are rejected, by group: 40 of each kind, from test digits and another seed. */
async function caught(network: Network, backend: Backend, test: Dataset) {
  const all = new Map<number, ReadonlyMap<string, number>>()
  for (const group of groupNames.keys()) {
    const inputs = new Map<string, Image[]>()
    for (const { kind, sheet } of someNonDigits([group], 1600, test, random(2, 'caught', group))) {
      const some = inputs.get(kind) ?? []
      const prepared = some.length < 40 && prepare(sheet)
      if (prepared) inputs.set(kind, [...some, prepared.input])
    }
    const shares = new Map<string, number>()
    for (const [kind, images] of inputs) {
      const values = await scores(network, backend, setOf(images, images.map(() => none))) // prettier-ignore
      shares.set(kind, values.filter(v => v < 0).length / values.length)
    }
    all.set(group, shares)
  }
  return all
}

export const mean = (values: Iterable<number>) => {
  const all = [...values]
  return all.reduce((a, b) => a + b, 0) / all.length
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { learn } = await yargs(hideBin(process.argv))
    .option('learn', { number: true, choices: [0, 1], describe: 'learn from this group of shapes alone, keep nothing' })
    .strict()
    .parse()
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`
  const seconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6
  const train = await mnist('train')
  const backend = await wasm({ strict: true })
  const examples = examplesOf(train, learn === undefined ? [0, 1] : [learn])
  const network = rejector().init(backend, 0)
  const augment = augmenter(['rotation', 'scale', 'shear', 'elastic', 'thickness'], 0) // prettier-ignore
  for await (const { epoch, batch, batches, loss, metrics } of fit(
    network,
    adam(network.parameters),
    backend,
    examples,
    { ...settings, augment },
  ))
    if (batch === batches) console.log(`epoch ${epoch}: loss ${loss.toFixed(4)}, ${percent(metrics.accuracy)}`)

  // Calibrated with the weights as they are kept: in half precision.
  const half = (weights: NamedTensors) => serialize({ tensors: weights, metadata: {} }, 'F16')
  const weights = deserialize(half(await weightsOf(network))).tensors
  network.load(backend, weights)
  const apart = [
    new Dataset(train.images.lo(learned), train.labels.lo(learned)),
    redraw(train, learned, 2000),
  ] // prettier-ignore
  const thresholds = []
  for (const set of apart) {
    const sorted = (await scores(network, backend, set)).sort()
    thresholds.push(sorted[Math.floor(rejectedShare * sorted.length)])
  }
  const threshold = Math.min(...thresholds)
  const bias = [...weights.keys()].filter(name => name.endsWith('.bias')).at(-1)!
  weights.get(bias)!.values[none] += threshold
  const file = half(weights)
  console.log(`${seconds().toFixed(0)} s of a processor; ${file.length} bytes; threshold ${threshold.toFixed(3)}`)

  const { digits, others } = await rejectedShares(deserialize(file).tensors, backend, await mnist('t10k'))
  for (const [name, share] of digits) console.log(`${name}: ${percent(share)} rejected`)
  for (const [group, shares] of others) {
    console.log(`group ${group}, ${groupNames[group]}: ${percent(mean(shares.values()))} caught`)
    console.log([...shares].map(([kind, share]) => `  ${kind} ${(100 * share).toFixed(0)}`).join(','))
  }
  if (learn === undefined) {
    await mkdir(dirname(rejectorWeights), { recursive: true })
    await writeFile(rejectorWeights, file)
  }
  await backend.dispose()
}
