// What an exercise is judged by: the gradient of an operation beside its measured one, numbers of PyTorch, and small trainings.
import {
  adam,
  ChiffreError,
  evaluate,
  noGrad,
  parameter,
  random,
  scope,
  sequential,
  tensor,
  type Backend,
  type Network,
  type Optimizer,
  type Shape,
  type Tensor,
  type Values,
} from '../engine/index.js'
import * as real from '../engine/index.js'
import type { Text } from './exercises.js'
import { diagnose, type Cause, type Diagnosis, type Evidence } from './diagnosis.js'
import { digits, pytorch, uniformOf } from './numbers.js'

/** What is wrong first. */
export interface Finding {
  /** What was looked at, such as `∂L/∂w of matmul`. */
  readonly what: Text
  /** The number that is most wrong, and where it is. */
  readonly place?: readonly number[]
  readonly found?: number
  readonly right?: number
  readonly cause?: Diagnosis | undefined
  /** In the place of numbers: what an error said. */
  readonly message?: string
}

/** The engine with one of its files in the learner's version: what that exports takes the place of the engine's own. */
export type Engine = typeof real & { readonly defaults?: { readonly lr: number } }
/** @returns undefined if all is well */
export type Check = (engine: Engine) => Promise<Finding | undefined>

const both = (text: string): Text => ({ en: text, fr: text })

/** An input of an operation: its shape, for random numbers, or the numbers too. */
type Input = Shape | { readonly shape: Shape; readonly values: ArrayLike<number> }

const tolerance = 1e-6

/** Compares numbers. @returns the one that is most wrong, and why, if any is */
function compare(what: Text, shape: Shape, evidence: Evidence): Finding | undefined {
  const { found, right } = evidence
  let scale = 1e-12
  for (let i = 0; i < right.length; i++) scale = Math.max(scale, Math.abs(right[i]))
  let worst = 0
  const apart = (i: number) => (Number.isNaN(found[i]) ? Infinity : Math.abs(found[i] - right[i]))
  for (let i = 0; i < right.length; i++) if (apart(i) > apart(worst)) worst = i
  if (apart(worst) <= tolerance * scale) return undefined
  return { what, place: placeOf(worst, shape), found: found[worst], right: right[worst], cause: diagnose(evidence) }
}

function placeOf(index: number, shape: Shape): number[] {
  const place: number[] = []
  for (const size of [...shape].reverse()) {
    place.unshift(index % size)
    index = Math.floor(index / size)
  }
  return place
}

type Operation = (ops: Engine['ops'], inputs: Tensor[]) => Tensor

/** y of an operation, and the gradient of Σ dy·y with respect to each input. */
async function run(engine: Engine, f: Operation, shapes: readonly Shape[], values: readonly Values[], dy?: Values) {
  const backend = engine.cpu({ precision: 'float64' })
  const inputs = shapes.map((shape, i) => parameter(backend, values[i], shape))
  const { shape, y, gradients } = scope(() => {
    const y = f(engine.ops, inputs)
    const upstream = dy ?? uniformOf(77, y.shape)
    const found = dy?.length === 0 ? undefined : engine.backward(y, tensor(backend, upstream, y.shape))
    return {
      shape: y.shape,
      y: y.download(),
      gradients: inputs.map(input => found?.get(input)?.download()),
    }
  })
  const received = []
  for (const gradient of gradients) received.push(await gradient)
  return { shape, y: await y, gradients: received }
}

/** Only y, by the engine as it is. */
const value = async (f: Operation, shapes: readonly Shape[], values: readonly Values[]) =>
  (await noGrad(() => run(real, f, shapes, values, new Float64Array(0)))).y

/**
 * Checks an operation: y against the engine's own, then what each input receives against a central difference of y.
 * @param more what other mistakes would give, beside those that diagnose() knows: from the inputs' numbers and dy
 */
export const gradients =
  (
    name: string,
    f: Operation,
    inputs: Readonly<Record<string, Input>>,
    more: (
      input: string,
      values: readonly Values[],
      dy: Values,
    ) => Promise<[Cause, ArrayLike<number>][]> = async () => [],
  ): Check =>
  async engine => {
    const labels = Object.keys(inputs)
    const given = Object.values(inputs)
    const shapes = given.map(input => ('shape' in input ? input.shape : input))
    const values = given.map((input, i): Values =>
      'shape' in input ? Float64Array.from(input.values) : uniformOf(i + 1, input),
    )
    const right = await value(f, shapes, values)
    const { shape, y, gradients } = await run(engine, f, shapes, values)
    const wrong = compare(both(`y = ${name}(${labels.join(', ')})`), shape, { found: y, right })
    if (wrong) return wrong
    const dy = uniformOf(77, shape)

    for (const [at, label] of labels.entries()) {
      const slopesOf = (some: readonly Values[]) => measuredSlopes(f, shapes, some, at)
      const slopes = await slopesOf(values)
      const received = (slopes: Float64Array) => product(dy, slopes, values[at].length)
      const right = received(slopes)
      const found = gradients[at] ?? new Float64Array(right.length)
      const alternatives: [Cause, ArrayLike<number>][] = await more(label, values, dy)
      if (values.length === 2 && shapes[0].length === 2 && shapes[1].length === 2) {
        const misread = values.map((v, i) => (i === at ? v : byColumns(v, shapes[i])))
        alternatives.push(['transposed', received(await slopesOf(misread))])
      }
      if (values.length === 2 && `${shapes[0]}` === `${shapes[1]}`) {
        alternatives.push(['other', received(await slopesOf([values[1], values[0]]))])
        const theirs = await measuredSlopes(f, shapes, values, 1 - at)
        alternatives.push(['other', received(theirs)])
      }
      const what = both(`∂L/∂${label}, ${name}`)
      const wrong = compare(what, shapes[at], { found, right, dy, slopes, together: shape.at(-1) ?? 1, alternatives })
      if (wrong) return wrong
    }
    return undefined
  }

const h = 1e-6

/** ∂y[o]/∂x[i] of one input, at o·inputs + i, measured with the engine as it is. */
async function measuredSlopes(f: Operation, shapes: readonly Shape[], values: readonly Values[], at: number) {
  const size = values[at].length
  let slopes: Float64Array | undefined
  for (let i = 0; i < size; i++) {
    const moved = (by: number) => {
      const x = Float64Array.from(values[at])
      x[i] += by
      return value(
        f,
        shapes,
        values.map((v, j) => (j === at ? x : v)),
      )
    }
    const [more, less] = [await moved(h), await moved(-h)]
    slopes ??= new Float64Array(more.length * size)
    for (let o = 0; o < more.length; o++) slopes[o * size + i] = (more[o] - less[o]) / (2 * h)
  }
  return slopes ?? new Float64Array(0)
}

function product(dy: Values, slopes: Float64Array, size: number): Float64Array {
  const sums = new Float64Array(size)
  for (let o = 0; o < dy.length; o++) for (let i = 0; i < size; i++) sums[i] += dy[o] * slopes[o * size + i]
  return sums
}

/** The numbers of a matrix as they would be if they had been stored column by column. */
const byColumns = (values: Values, [rows, columns]: Shape) =>
  Float64Array.from(values, (_, i) => values[(i % columns) * rows + Math.floor(i / columns)])

/** One check after the other, up to the first that finds something. */
export const all =
  (...checks: Check[]): Check =>
  async engine => {
    for (const check of checks) {
      const finding = await check(engine)
      if (finding) return finding
    }
    return undefined
  }

/** Expressions of one number a, whose derivatives are known by hand. */
export const walk =
  (
    ...cases: readonly [
      text: string,
      f: (ops: Engine['ops'], a: Tensor) => Tensor,
      a: number,
      derivative: number,
      cause: Cause,
    ][]
  ): Check =>
  async engine => {
    for (const [text, f, a, right, cause] of cases) {
      const { gradients } = await run(engine, (ops, [x]) => f(ops, x), [[1]], [Float64Array.of(a)], Float64Array.of(1))
      const found = gradients[0]?.[0] ?? 0
      if (Math.abs(found - right) > 1e-9)
        return { what: both(`∂y/∂a, ${text}, a = ${a}`), place: [0], found, right, cause: { cause } }
    }
    return undefined
  }

/** The same gradients when backward is called once more. */
export const twice: Check = async engine => {
  const backend = engine.cpu({ precision: 'float64' })
  const a = parameter(backend, Float64Array.of(3), [1])
  const y = engine.ops.mul(a, a)
  const [first, second] = [engine.backward(y).get(a)!, engine.backward(y).get(a)!]
  const [[before], [now]] = [await first.download(), await second.download()]
  const what = { en: '∂y/∂a, y = a·a, the second call', fr: '∂y/∂a, y = a·a, deuxième appel' }
  if (before !== 6) return { what: both('∂y/∂a, y = a·a'), place: [0], found: before, right: 6 }
  return now === 6 ? undefined : { what, place: [0], found: now, right: 6, cause: { cause: 'kept' } }
}

/** Ten steps of an optimizer beside PyTorch's (test/fixtures/optimizers.json). */
export const steps =
  (name: 'sgd' | 'momentum' | 'adam'): Check =>
  async engine => {
    const { lr, after } = (await pytorch('optimizers.json'))[name] as { lr: number; after: number[][] }
    const backend = engine.cpu({ precision: 'float64' })
    const w = tensor(backend, uniformOf(1, [7]), [7])
    const before = uniformOf(1, [7])
    const weights = new Map([['w', w]])
    const optimizer: Optimizer =
      name === 'adam' ? engine.adam(weights) : engine.sgd(weights, { momentum: name === 'sgd' ? 0 : 0.9 })
    const seen: Float64Array[] = []
    for (const [t, right] of after.entries()) {
      const dw = uniformOf(10 + t, [7])
      dw[2] = 0
      seen.push(dw)
      scope(() => optimizer.step(new Map([[w, tensor(backend, dw, [7])]]), lr))
      const found = await w.download()
      const alternatives: [Cause, ArrayLike<number>][] = [
        ['correction', uncorrected(before, seen, lr)],
        ['momentum', descent(before, seen, lr)],
        ['sign', descent(before, seen, -lr)],
      ]
      const what = { en: `w after step ${t + 1} of ${name}`, fr: `w après le pas ${t + 1} de ${name}` }
      const wrong = compare(what, [7], { found, right, alternatives })
      // A step in the wrong direction, whatever its length.
      if (wrong && seen.length === 1 && opposite(before, found, right)) return { ...wrong, cause: { cause: 'sign' } }
      if (wrong) return wrong
    }
    return undefined
  }

const opposite = (from: ArrayLike<number>, found: ArrayLike<number>, right: ArrayLike<number>) =>
  Array.from(from, (v, i) => Math.abs(found[i] - v + (right[i] - v)) <= 1e-9).every(Boolean)

const descent = (w: Values, gradients: readonly Values[], lr: number) =>
  w.map((v, i) => gradients.reduce((sum, dw) => sum - lr * dw[i], v))

/** Adam with m and v as they are. */
function uncorrected(w: Values, gradients: readonly Values[], lr: number): Float64Array {
  const [now, m, v] = [Float64Array.from(w), new Float64Array(w.length), new Float64Array(w.length)]
  for (const dw of gradients)
    for (let i = 0; i < w.length; i++) {
      m[i] = 0.9 * m[i] + 0.1 * dw[i]
      v[i] = 0.999 * v[i] + 0.001 * dw[i] ** 2
      now[i] -= (lr * m[i]) / (Math.sqrt(v[i]) + 1e-7)
    }
  return now
}

/** PyTorch's numbers of an operation (test/fixtures/operations.json). */
export const torch =
  (operation: 'softmax' | 'crossEntropy' | 'maxPool2d' | 'conv2d'): Check =>
  async engine => {
    interface Case {
      scale: number
      labels: number[]
      x: Shape
      w: Shape
      size: number
      stride: number
      padding: 'valid' | 'same'
      y: number[]
      loss: number
      dx: number[]
      dw?: number[]
    }
    for (const c of ((await pytorch('operations.json'))[operation] as Case[]).slice(0, 12)) {
      const shapes: Record<string, Shape[]> = {
        softmax: [[3, 5]],
        crossEntropy: [[5, 7]],
        maxPool2d: [c.x],
        conv2d: [c.x, c.w],
      }
      const f: Operation = (ops, [x, w]) =>
        operation === 'softmax'
          ? ops.softmax(x)
          : operation === 'crossEntropy'
            ? ops.crossEntropy(x, c.labels)
            : operation === 'maxPool2d'
              ? ops.maxPool2d(x, c.size, c.stride)
              : ops.conv2d(x, w, c.stride, c.padding)
      const values = shapes[operation].map((shape, i) => uniformOf(i + 1, shape).map(v => (c.scale ?? 1) * v))
      const dy = operation === 'crossEntropy' ? Float64Array.of(1) : undefined
      const { shape, y, gradients } = await run(
        engine,
        f,
        shapes[operation],
        values,
        dy ?? uniformOf(3, [c.y?.length ?? 1]),
      )
      const said = (what: string): Text => ({
        en: `${what} of ${operation}, as PyTorch has it`,
        fr: `${what} de ${operation}, d’après PyTorch`,
      })
      const wrong =
        compare(said('y'), shape, { found: y, right: c.y ?? [c.loss] }) ??
        compare(said('∂L/∂x'), shapes[operation][0], { found: gradients[0] ?? [], right: c.dx }) ??
        (c.dw && compare(said('∂L/∂w'), shapes[operation][1], { found: gradients[1] ?? [], right: c.dw }))
      if (wrong) return wrong
    }
    return undefined
  }

/** Dropout: what is kept is scaled, and each batch drops others. */
export const dropping: Check = async engine => {
  const size = 200
  const network = sequential([size], engine.dropout(0.75))
  const backend = engine.cpu({ precision: 'float64' })
  const x = parameter(backend, new Float64Array(size).fill(2), [1, size])
  const batch = (step: number) => network.forward(x, { training: true, rng: random(1, 'batch', step) })
  const [first, second] = [await batch(1).download(), await batch(2).download()]
  const kept = Array.from(first, v => (v === 0 ? 0 : 8))
  const wrong = compare({ en: 'y of dropout(0.75), all x = 2', fr: 'y de dropout(0.75), tous les x = 2' }, [size], {
    found: first,
    right: kept,
  })
  if (wrong) return wrong
  const share = kept.filter(v => v > 0).length / size
  if (Math.abs(share - 0.25) > 0.15)
    return { what: { en: 'the share that is kept', fr: 'la part gardée' }, found: share, right: 0.25 }
  const same = Array.from(first).every((v, i) => v === second[i])
  const what = {
    en: 'which of 200 numbers the second batch drops',
    fr: 'lesquels de 200 nombres le deuxième lot éteint',
  }
  return same ? { what, cause: { cause: 'stale' } } : undefined
}

/** The first weights of a layer of 400 inputs and 200 outputs: ±√(6/600), and as many signals behind eight such layers as before. */
export const firstWeights: Check = async engine => {
  const { init } = engine.glorot([400, 200])
  const weights = init(random(0, 'weights'))
  const largest = weights.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  const right = Math.sqrt(6 / 600)
  const what = { en: 'the largest first weight of 400 → 200', fr: 'le plus grand premier poids de 400 → 200' }
  return Math.abs(largest - right) < 0.02 * right ? undefined : { what, found: largest, right }
}

/** Trains a network on some digits. @returns the loss at last, and the accuracy on these and on others */
async function learn(
  engine: Engine,
  network: Network,
  { count = 500, epochs = 3, lr = 1e-3, others = 1000, batchSize = 32 } = {},
) {
  const backend: Backend = await real.wasm({ threads: 1, strict: true })
  try {
    const examples = await digits(0, count)
    network.init(backend, 0)
    let loss = NaN
    const options = { lr, epochs, batchSize, seed: 0 }
    for await (const step of engine.fit(network, adam(network.parameters), backend, examples, options)) loss = step.loss
    const { metrics } = await evaluate(network, backend, examples)
    const unseen = await evaluate(network, backend, await digits(5000, others))
    return { loss, seen: metrics.accuracy, unseen: unseen.metrics.accuracy }
  } finally {
    network.free()
    await backend.dispose()
  }
}

const share = (what: Text, found: number, right: number): Finding | undefined =>
  found >= right ? undefined : { what, found, right }

/** A layer or a loop that learns 500 digits. */
export const trains =
  (make: (engine: Engine) => Network, least = 0.8): Check =>
  async engine => {
    const { seen } = await learn(engine, make(engine))
    const what = { en: 'accuracy on 500 digits after 3 epochs', fr: 'exactitude sur 500 chiffres après 3 époques' }
    return share(what, seen, least)
  }

/** The learning rate of the file: it must neither diverge nor stand still. */
export const rate: Check = async engine => {
  const lr = engine.defaults!.lr
  const network = sequential([28, 28], real.flatten(), real.dense(32), real.relu(), real.dense(10))
  const { loss, seen } = await learn(engine, network, { lr, epochs: 5 })
  const what = { en: `loss after 5 epochs at lr = ${lr}`, fr: `perte après 5 époques avec lr = ${lr}` }
  if (!(loss < 0.7)) return { what, found: loss, right: 0.7 }
  return share({ en: 'accuracy', fr: 'exactitude' }, seen, 0.8)
}

type Models = Readonly<Record<string, () => Network>>

/** Few digits by heart. */
export const memorizes: Check = async engine => {
  const make = (engine as unknown as Models).deepnet2
  const { seen } = await learn(engine, make(), { count: 200, epochs: 40 })
  return share({ en: 'accuracy on the 200 digits learned from', fr: 'exactitude sur les 200 chiffres appris' }, seen, 1)
}

/** Other digits than those learned from. */
export const generalizes =
  (least: number): Check =>
  async engine => {
    const make = (engine as unknown as Models).deepnet2
    const { unseen } = await learn(engine, make(), { count: 200, epochs: 40 })
    return share({ en: 'accuracy on 1,000 other digits', fr: 'exactitude sur 1 000 autres chiffres' }, unseen, least)
  }

/** What an error says is a finding too. */
export async function guarded(check: Check, engine: Engine): Promise<Finding | undefined> {
  try {
    return await check(engine)
  } catch (error) {
    const message = error instanceof ChiffreError || error instanceof Error ? error.message : String(error)
    return { what: { en: 'it ends in an error', fr: 'il finit par une erreur' }, message: message.split('\n')[0] }
  }
}
