// The networks of the page, in a Worker: the same engine as on the command line. web/api.ts says what it can be asked.
import { expose } from 'comlink'
import ndarray from 'ndarray'
// File by file, and not from data/index.js: what only training needs is loaded by it alone.
import { clean } from '../data/clean.js'
import { areNamed, Dataset, joined, numbered } from '../data/dataset.js'
import { inkOf, type Ink } from '../data/ink.js'
import { confusion, mistakes } from '../data/mistakes.js'
import { paperRow } from '../data/paper.js'
import { disturb, prepare, side } from '../data/preprocess.js'
import { readRow } from '../data/readRow.js'
import { isRejected, rejector } from '../data/rejection.js'
import {
  checkFit,
  decodeCheckpoint,
  encodeCheckpoint,
  learnedWeights,
  Session,
  settle,
  type Checkpoint,
  type Training,
} from '../training/index.js'
import { blank, crop, inkBox, type Box, type Image, type Pixels } from '../data/image.js'
import { fit } from '../data/preprocess.js'
import {
  argmax,
  backward,
  cpu,
  deserialize,
  evaluate,
  gpujs,
  noGrad,
  random,
  scope,
  sizeOf,
  tensor,
  Tensor,
  wasm,
  wasmSupported,
  type Backend,
  type Network,
  type Shape,
  webgpu,
  webgpuAdapters,
} from '../engine/index.js'
import { models } from '../models/index.js'
import type { Answers, Api, Grid, NetworkInfo, PageSettings, TrainingOptions } from './api.js'
import { descended, stepView, weightView, type Studied } from './backprop.js'
import { handOnKeys } from './thrown.js'
import { Job, learn } from './training.js'

/** A network that has been opened. */
interface Opened {
  network: Network
  /** What it tells apart. */
  classes: readonly string[]
  weights: NetworkInfo['weights']
  /** What it was opened from. */
  checkpoint?: Checkpoint | undefined
  /** Its training here, and whether that has come to the end it was to have. */
  session?: Session | undefined
  over?: boolean
}

/** The backends that a browser can have; a mode may follow the name, as in `gpujs:webgl2`. */
const backends: Readonly<Record<string, (mode?: string) => Promise<Backend>>> = {
  wasm: () => wasm({ worker: new URL('worker.js', location.href) }), // its policy allows no Worker from a text
  cpu: async () => cpu(),
  webgpu: () => webgpu(),
  gpujs: mode => gpujs(mode),
}

let backend: Backend
const opened = new Map<string, Opened>()
/** The numbers of the image that was read last: what activations, units and saliency are about. */
let seen: Float32Array | undefined
/** So many test images are read now and then while a network trains. */
const tested = 1000

/** The training under way. */
let running: Job | undefined

const api: Api = {
  async start(name) {
    const [kind, mode] = name.split(':')
    backend = await (backends[kind] ?? backends[wasmSupported() ? 'wasm' : 'cpu'])(mode)
    return { backend: backend.name, models: Object.keys(models) }
  },

  async card() {
    if (backend.adapter) return backend.adapter.name
    const found = await webgpuAdapters().catch(() => [])
    return found.find(({ software }) => !software)?.name
  },

  async open(model) {
    const known = opened.get(model)
    if (known) return infoOf(model, known)
    const found: Opened = { ...made(model), weights: 'none' }
    const addresses = JSON.parse(new TextDecoder().decode(await download('checkpoints.json'))) as Record<string, string>
    if (addresses[model]) {
      const checkpoint = decodeCheckpoint(await download(addresses[model]))
      Object.assign(found, made(model, checkpoint.training))
      checkFit(checkpoint, model, found.network)
      goBack(found, checkpoint, 'checkpoint')
    }
    opened.set(model, found)
    return infoOf(model, found)
  },

  async read(drawing, width, disturbance, names, deslant) {
    const preparation = prepare(imageOf(drawing, width), { deslant })
    if (!preparation) return undefined
    const { upright, slant, scaled, padded, centred, frame } = preparation
    const image = disturb(preparation.input, disturbance)
    return {
      ...(upright && { upright: gridOf(fit(upright, stepSide)) }),
      slant,
      scaled: gridOf(scaled),
      padded: gridOf(padded),
      centred: gridOf(centred),
      frame,
      ...(await answers(gridOf(image), names)),
      rejected: (await rejected([preparation.input]))?.[0],
    }
  },

  async ink(picture, width, squares) {
    const height = picture.length / 4 / width
    const found = inkOf(picture, height, width)
    if (!found) return undefined
    const cleaned = clean(found.image)
    const [ink, writing] = [found.image, cleaned].map(image => gridOf(fit(image, stepSide)))
    return {
      squares: onSquares(cleaned, squares),
      steps: { paper: paperGrid(found, ink.shape), ink, cleaned: writing },
    }
  },

  look: (picture, model) => {
    const values = Float32Array.from(picture, level => level / 255)
    return answers({ shape: ready(model).network.input, values }, [model])
  },

  async activations(model) {
    const one = ready(model)
    return take(
      asItReads(one, () =>
        scope(() => {
          const all = noGrad(() => one.network.activations(input(one)))
          const x = input(one)
          return [x, ...all.map(({ y }) => y), one.network.predict(x)]
        }),
      ),
    )
  },

  async unit(model, index, place) {
    // The gradient of a unit with respect to its layer's input says which inputs it is connected to, and how much each
    // counts. Dense layers and convolutions are linear, so these gradients are their weights.
    const one = ready(model)
    const { network } = one
    const layer = network.layers[index]
    const parameters = Object.fromEntries(
      Object.keys(layer.parameters).map(key => {
        const name = `${layer.name}.${key}`
        return [key, (network.parameters.get(name) ?? network.state.get(name))!]
      }),
    )
    const [inputs, outputs, weights] = (await take(
      asItReads(one, () =>
        scope(() => {
          const x = noGrad(() => network.activations(input(one)))[index].x
          x.requiresGrad = true
          const y = layer.forward(x, parameters, { training: false, rng: random(0, 'unit') })
          return [x, y, gradient(y, place, x)]
        }),
      ),
    )) as [Grid, Grid, Grid]
    const value = outputs.values[place]
    const sum = inputs.values.reduce((total, v, i) => total + v * weights.values[i], 0)
    const shape = shapeBefore(network, index)
    const box = windowOf({ ...weights, shape }, outputs.shape, place)
    const isPart = box.height * box.width < shape[0] * (shape[1] ?? 1)
    // A layer without parameters keeps channels apart (and numbers, if there are no places): only its own counts.
    const size = sizeOf(shape) / sizeOf(outputs.shape)
    if (Object.keys(layer.parameters).length === 0 && (outputs.shape.length === 3 || size === 1)) {
      const only = (grid: Grid) => oneOf({ ...grid, shape: inputs.shape }, box, place, outputs.shape)
      const channel = place % outputs.shape.at(-1)!
      const window = outputs.shape.length === 3 ? { ...box, of: shape, channel } : undefined
      return { value, bias: undefined, inputs: only(inputs), weights: only(weights), ...(window && { window }) }
    }
    return {
      value,
      bias: 'bias' in layer.parameters ? value - sum : undefined,
      inputs: cropGrid({ ...inputs, shape }, box),
      weights: cropGrid({ ...weights, shape }, box),
      ...(isPart && { window: { ...box, of: shape } }),
    }
  },

  async saliency(model) {
    const one = ready(model)
    const { network } = one
    const [logits] = await take([asItReads(one, () => scope(() => noGrad(() => network.forward(input(one)))))])
    const winner = argmax(logits.values, 0, network.output[0])
    const [dx] = await take([
      asItReads(one, () =>
        scope(() => {
          const x = input(one)
          x.requiresGrad = true
          return gradient(network.forward(x), winner, x)
        }),
      ),
    ])
    return dx
  },

  step: (model, label) => stepView(studied(model, label)),
  descend: (model, label, rates) => descended(studied(model, label), rates),
  weight: (model, label, parameter, index, distances) => weightView(studied(model, label), parameter, index, distances),

  readRow: (drawing, width, model, deslant) =>
    readRow(
      imageOf(drawing, width),
      images =>
        probabilities(
          ready(model),
          images.map(({ data }) => data),
        ),
      areNamed(ready(model).classes) ? undefined : rejected,
      deslant,
    ),

  async train({ model, lr, optimizer, seed, epochs, fresh, own }, onReport) {
    await api.open(model)
    const one = opened.get(model)!
    const { examples, data } = await examplesOf(own)
    const job = (running = new Job(model))
    try {
      const before = await keep(one)
      const saved = fresh ? undefined : before
      // What learned from other examples goes on with all of these.
      const known = saved?.training.data === data ? saved.training.examples : examples.length
      const wanted = settle({ lr, optimizer, seed, data }, saved?.training)
      const settings = { ...wanted, examples: known }
      const some = examples.take(known)
      const [learned, apart] = settings.validation ? some.split(settings.validation, 0) : [some]
      one.session?.optimizer.free()
      one.session = saved
        ? await Session.resume(saved, one.network, backend, settings, epochs)
        : Session.begin(model, one.network, backend, settings, epochs)
      one.over = false
      const { weights } = one
      one.weights = 'trained here'
      const { network, session } = one
      const first = (await dataset('t10k')).take(tested)
      const test = async () => {
        const { metrics, loss } = await session.usingAverages(() => evaluate(network, backend, first))
        return { loss, accuracy: metrics.accuracy }
      }
      const end = await learn(session, backend, learned, apart, job, test, onReport)
      one.over = end === 'over'
      if (end === 'diverged') goBack(one, before, weights)
      return end
    } finally {
      running = undefined
      await job.end()
    }
  },
  async weights(model) {
    const one = ready(model)
    const [weight] = one.network.parameters.values()
    return Float32Array.from(await asItReads(one, () => weight.download()))
  },
  async pause(paused) {
    if (running) running.paused = paused
  },
  async stop() {
    if (running) running.stopped = true
  },

  async save(model) {
    const one = ready(model)
    const checkpoint = await between(model, () => keep(one))
    if (!checkpoint) throw new Error(`${model} has weights that are not finite numbers`)
    return encodeCheckpoint(checkpoint)
  },
  async load(bytes) {
    const checkpoint = decodeCheckpoint(bytes)
    const { model } = checkpoint.training
    if (!Object.hasOwn(models, model)) throw new Error(`there is no model called ${model}`)
    const one: Opened = opened.get(model) ?? { ...made(model), weights: 'none' }
    const another = made(model, checkpoint.training)
    checkFit(checkpoint, model, another.network)
    if (running?.model === model) {
      running.stopped = true
      await running.ended
    }
    one.network.free()
    Object.assign(one, another)
    goBack(one, checkpoint, 'file')
    opened.set(model, one)
    return infoOf(model, one)
  },

  async test(model, onProgress) {
    const { network, session } = ready(model)
    const examples = await dataset('t10k')
    const read = () => evaluate(network, backend, examples, { batchSize: 200, onBatch: onProgress })
    const evaluation = await between(model, () => session?.usingAverages(read) ?? read())
    const pictured = mistakes(evaluation).map(mistake => {
      const { pixels } = examples.gather(Uint32Array.of(mistake.index))
      return { ...mistake, pixels }
    })
    const { metrics, loss } = evaluation
    return { accuracy: metrics.accuracy, loss, confusion: confusion(evaluation), mistakes: pictured }
  },
  async example(i) {
    const examples = await dataset('t10k')
    const { pixels, labels } = examples.gather(Uint32Array.of(i % examples.length))
    return { pixels, label: labels[0] }
  },
}

/** Does something with a network: if it is training, between two batches. */
const between = <T>(model: string, errand: () => Promise<T>) =>
  running?.model === model ? running.between(errand) : errand()

/** Computes with a network that has the averages of its weights, if its training keeps some. */
function asItReads<T>({ session }: Pick<Opened, 'session'>, compute: () => T): T {
  const back = session?.optimizer.useAverages()
  try {
    return compute()
  } finally {
    back?.()
  }
}

/** A network with weights. */
function ready(model: string): Opened {
  const one = opened.get(model)
  if (!one || one.weights === 'none') throw new Error(`${model} has no weights yet`)
  return one
}

/** A model's network, for what a checkpoint of it learned from; for the digits, if nothing is said. */
function made(model: string, training?: Training) {
  const { input, classes } = training ?? { input: [side, side], classes: numbered(10) }
  const [rows, columns, channels = 1] = input
  const isUsual = `${[rows, columns, channels, classes.length]}` === `${[side, side, 1, 10]}`
  return { network: isUsual ? models[model]() : models[model]([rows, columns, channels], classes.length), classes }
}

function infoOf(model: string, { network, classes, weights, session, checkpoint }: Opened): NetworkInfo {
  const training = session?.training ?? checkpoint?.training
  const info = { model, layers: network.summary(), input: network.input, classes, weights }
  if (!training) return info
  const { optimizer, lr, seed, epoch, batch, steps, data, run } = training
  const remembers = session ? steps > 0 : [...checkpoint!.tensors.keys()].some(name => name.startsWith(optimizer))
  const past = { optimizer, lr, seed, epoch, batch, steps, data, remembers, ...(run && { run }) }
  return { ...info, past }
}

/** All of a network, as a file holds it; undefined if it has no weights, or some that are no finite numbers. */
const keep = async ({ session, checkpoint, over = false }: Opened) => (session ? session.checkpoint(over) : checkpoint)

/** Makes a network what it is in a checkpoint, or a new one without weights. */
function goBack(one: Opened, checkpoint: Checkpoint | undefined, weights: NetworkInfo['weights']) {
  if (checkpoint) one.network.load(backend, learnedWeights(checkpoint))
  else one.network.free()
  one.session?.optimizer.free()
  one.session = undefined
  one.checkpoint = checkpoint
  one.weights = checkpoint ? weights : 'none'
}

async function answers(image: Grid, names: readonly string[]): Promise<Answers> {
  seen = image.values
  const results = await Promise.all(
    names.map(async model => ({ model, probabilities: (await probabilities(ready(model), [image.values]))[0] })),
  )
  return { seen: image, results }
}

async function probabilities(one: Pick<Opened, 'network' | 'session'>, images: readonly Float32Array[]) {
  const { network } = one
  const classes = network.output[0]
  const values = new Float32Array(images.length * images[0].length)
  images.forEach((image, i) => values.set(image, i * image.length))
  const x = () => tensor(backend, values, [images.length, ...network.input])
  const rows = asItReads(one, () => scope(() => network.predict(x())))
  const all = Float32Array.from(await rows.download())
  rows.free()
  return images.map((_, i) => all.subarray(i * classes, (i + 1) * classes))
}

/** The network that knows what is no digit, if there are weights for it. */
let judge: Promise<{ readonly network: Network } | undefined> | undefined
async function openRejector() {
  const { rejector: address } = await pageSettings()
  if (address === undefined) return undefined
  return { network: rejector().load(backend, deserialize(await download(address)).tensors) }
}

/** Which of prepared drawings are rather no digits. */
async function rejected(images: readonly Image[]): Promise<boolean[] | undefined> {
  const one = await (judge ??= openRejector())
  if (!one) return undefined
  const inputs = images.map(({ data }) => data)
  return (await probabilities(one, inputs)).map(isRejected)
}

/** What was last read, as a batch of one. */
function input({ network }: Opened): Tensor {
  if (seen?.length !== sizeOf(network.input)) throw new Error('nothing was read yet')
  return tensor(backend, seen, [1, ...network.input])
}

/** What was last read, with what it shows, and the network that learns from it. */
function studied(model: string, label: number): Studied {
  const one = ready(model)
  if (seen?.length !== sizeOf(one.network.input)) throw new Error('nothing was read yet')
  return { network: one.network, backend, x: seen, label, asItReads: fn => asItReads(one, fn) }
}

/** dy[place] / dx, in x's shape; to be called in a scope. */
function gradient(y: Tensor, place: number, x: Tensor): Tensor {
  const dy = new Float32Array(sizeOf(y.shape))
  dy[place] = 1
  return new Tensor(backend, x.shape, backward(y, tensor(backend, dy, y.shape)).get(x)!)
}

/** Takes tensors' numbers off the backend, without the batch's dimension, and gives their memory back. */
async function take(tensors: readonly Tensor[]): Promise<Grid[]> {
  const values = await Promise.all(tensors.map(x => x.download()))
  for (const buffer of new Set(tensors.map(x => x.data))) backend.free(buffer) // a reshaped tensor shares its buffer
  return tensors.map((x, i) => ({ shape: x.shape.slice(1), values: Float32Array.from(values[i]) }))
}

/** The shape in which a layer's input is best looked at: what it was before it was lined up in a row. */
function shapeBefore(network: Network, index: number): Shape {
  const shapes = [network.input, ...network.layers.map(layer => layer.output)].slice(0, index + 1)
  const size = sizeOf(shapes.at(-1)!)
  return shapes.reverse().find(shape => shape.length > 1 && sizeOf(shape) === size) ?? shapes[0]
}

/** The rows and columns of an input [h,w,c] that a unit is connected to: all of them, unless its layer keeps places. */
function windowOf({ shape, values }: Grid, output: Shape, place: number): Box {
  const [h = 1, w = 1, channels = 1] = shape
  if (output.length !== 3) return { top: 0, left: 0, height: h, width: w }
  const [oh, ow, oc] = output as [number, number, number]
  const [row, column] = [Math.floor(place / (ow * oc)), Math.floor(place / oc) % ow]
  const size = Math.floor(h / oh)
  // A pooling passes on one number of its window: only one of the gradients is not 0.
  if (size > 1) return { top: row * size, left: column * size, height: size, width: Math.floor(w / ow) }
  const ink = blank(h, w)
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) ink.data[Math.floor(i / channels)] = 1
  return inkBox(ink) ?? { top: row, left: column, height: 1, width: 1 }
}

/** The numbers of a window that are in the same channel as a place of the output; without channels, that number. */
function oneOf(grid: Grid, window: Box, place: number, output: Shape): Grid {
  if (output.length !== 3) return { shape: [1], values: grid.values.slice(place, place + 1) }
  const channels = output[2]
  const { shape, values } = cropGrid(grid, window)
  return { shape: shape.slice(0, 2), values: values.filter((_, i) => i % channels === place % channels) }
}

function cropGrid({ shape, values }: Grid, { top, left, height, width }: Box): Grid {
  if (shape.length === 1) return { shape, values }
  const [, w = 1, channels = 1] = shape
  const kept = new Float32Array(height * width * channels)
  for (let i = 0; i < height; i++) {
    const from = ((top + i) * w + left) * channels
    kept.set(values.subarray(from, from + width * channels), i * width * channels)
  }
  return { shape: [height, width, channels], values: kept }
}

/** The longer side of the pictures that show what became of a photograph, and of a slanted drawing. */
const stepSide = 192

/** The paper of a picture in a smaller shape: red, green and blue [h,w,3]. */
function paperGrid({ paper, image }: Ink, [h, w]: Shape): Grid {
  const values = new Float32Array(h * w * 3)
  const row = new Float32Array(3 * image.shape[1])
  for (let i = 0; i < h; i++) {
    paperRow(paper, Math.floor(((i + 0.5) * image.shape[0]) / h), image.shape[1], 3, row)
    for (let j = 0; j < w; j++) {
      const from = 3 * Math.floor(((j + 0.5) * image.shape[1]) / w)
      values.set(row.subarray(from, from + 3), 3 * (i * w + j))
    }
  }
  return { shape: [h, w, 3], values }
}

/** Ink on squares side by side, its box in their middle and as large as fits. */
function onSquares(image: Pixels, squares: number): Uint8Array[] {
  const [side, margin] = [280, 36]
  const box = inkBox(image, 64) ?? inkBox(image)!
  const scale = Math.min((side - 2 * margin) / box.height, (squares * side - 2 * margin) / box.width)
  const ink = fit(crop(image, box), scale * Math.max(box.height, box.width))
  const [h, w] = ink.shape as [number, number]
  const [top, left] = [Math.floor((side - h) / 2), Math.floor((squares * side - w) / 2)]
  return Array.from({ length: squares }, (_, square) =>
    Uint8Array.from({ length: side * side }, (_, k) => {
      const [i, j] = [Math.floor(k / side) - top, (k % side) + square * side - left]
      return i >= 0 && i < h && j >= 0 && j < w ? ink.get(i, j) : 0
    }),
  )
}

const imageOf = (bytes: Uint8Array, width: number) => ndarray(bytes, [bytes.length / width, width])
const gridOf = (image: Image): Grid => ({ shape: [...image.shape], values: image.data })

/** What a gzip file holds; a host may have said so, and the browser has unfolded it. */
async function unfold(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  const content = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Uint8Array(await new Response(content).arrayBuffer())
}

async function download(address: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`${address}: ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

const pageSettings = async () => JSON.parse(new TextDecoder().decode(await download('settings.json'))) as PageSettings

/** Beside MNIST's, one's own drawings are repeated until they are at least so many: else nothing would be learned of them. */
const heard = 6000

/** What a training of the page learns from, and what it is called. */
async function examplesOf(own: TrainingOptions['own']): Promise<{ examples: Dataset; data: string }> {
  if (!own) return { examples: await dataset('train'), data: 'mnist' }
  const { pixels, labels } = own
  const drawings = new Dataset(ndarray(pixels, [labels.length, side, side]), ndarray(labels, [labels.length]))
  const name = `drawings-${drawings.fingerprint()}`
  if (own.alone) return { examples: drawings, data: name }
  const mnist = await dataset('train')
  const times = Math.ceil(heard / labels.length)
  const examples = joined(mnist, ...Array.from({ length: times }, () => drawings))
  return { examples, data: `mnist-and-${name}` }
}

/** MNIST's training images, or its test images (`t10k`), once they are asked for. */
const datasets = new Map<string, Promise<Dataset>>()
function dataset(part: 'train' | 't10k'): Promise<Dataset> {
  const found = datasets.get(part) ?? load()
  datasets.set(part, found)
  return found
  async function load() {
    const { compressed } = await pageSettings()
    const files = [`data/mnist/${part}-images-idx3-ubyte`, `data/mnist/${part}-labels-idx1-ubyte`]
    const [images, labels] = await Promise.all(
      files.map(async file => (compressed ? unfold(await download(`${file}.gz`)) : download(file))),
    )
    const { readIdx } = await import('../data/idx.js') // with what unfolds it: only who trains loads that
    return new Dataset(readIdx(images, 3), readIdx(labels, 1))
  }
}

handOnKeys()
expose(api)
