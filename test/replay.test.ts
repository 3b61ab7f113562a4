// A step that is replayed gives the same bits as one that is run: on random networks, and where something changes in between.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import ndarray from 'ndarray'
import { Dataset } from '../data/index.js'
import { eager } from '../engine/backends/gathered.js'
import type { Explained } from '../engine/backends/wasm/recording.js'
import {
  adam,
  backward,
  batchNorm,
  dense,
  dropout,
  evaluate,
  evaluator,
  ExampleSet,
  fit,
  flatten,
  gather,
  losses,
  parameter,
  pixels,
  random,
  relu,
  scope,
  sequential,
  sgd,
  sizeOf,
  tensor,
  Tensor,
  wasm,
  webgpu,
  type Backend,
  type Buffer,
  type Examples,
  type FitOptions,
  type Network,
  type Optimizer,
  type SlotValues,
  type WasmBackend,
  type WebgpuBackend,
} from '../engine/index.js'
import { models } from '../models/index.js'
import { augmenter } from '../data/augment.js'
import { cases } from './fuzz/arbitrary.js'
import { isLeaf, rows, sinksOf, type Network as Draft } from './fuzz/program.js'
import { floats, grey } from './fuzz/values.js'
import { digits } from './support/examples.js'
import { keepToTheirMemory } from './support/memory.js'
import { withoutWebgpu } from './support/webgpu.js'

let one: WasmBackend
let three: WasmBackend
before(async () => {
  one = await wasm({ threads: 1 })
  three = await wasm({ threads: 3 })
})
after(async () => {
  await one.dispose()
  await three.dispose()
})

type Replaying = WasmBackend | WebgpuBackend

/** A replayed step is one more, whatever else is counted. */
const callsOf = (backend: Replaying) => ('traffic' in backend ? backend.traffic.replays : backend.calls)

/** The backend without programs: every step is run. */
const stepwise = <B extends Replaying>(backend: B): B => new Proxy(backend, { get: (b, key) => (key === 'program' ? (fn: Parameters<Backend['program']>[0]) => eager<Buffer>(b, fn) : (Reflect.get(b, key) as unknown)) }) // prettier-ignore

const bits = (values: ArrayLike<number>) => [...new Uint32Array(Float32Array.from(values).buffer)]

/** Trains a random network for some steps. @returns each step's results and gradients, and how many runs of so many were one call */
async function train(replaying: Replaying, draft: Draft, steps: number, atOnce = 1) {
  const backend: Backend = replaying
  const { values, seed, kind, lr, decay, optimizer: name } = draft
  const parameters = new Map<string, Tensor>()
  for (const [id, value] of values.entries())
    if (value.op === 'parameter' && isLeaf(value)) {
      const start = floats(value.style, sizeOf(value.shape), seed, `v${id}`)
      parameters.set(`${id}`, parameter(backend, start, value.shape))
    }
  const optimizer =
    name === 'adam'
      ? adam(parameters, { weightDecay: decay })
      : sgd(parameters, { momentum: name === 'momentum' ? 0.5 : 0, weightDecay: decay })
  const leaves = [...values.entries()].flatMap(([id, v]) =>
    isLeaf(v) && v.op !== 'parameter' ? [[id, v] as const] : [],
  )
  const sets = new Map<number, ExampleSet>()
  for (const [id, { style, shape, set }] of leaves)
    if (set) sets.set(id, new ExampleSet(grey(style, set, shape.slice(1), seed, `set ${id}`), shape.slice(1)))
  const valuesAt = (step: number) =>
    leaves.map(([id, { op, style, shape, set }]): SlotValues => {
      const label = `v${id} ${step}`
      const rng = random(seed, label)
      if (set) return Uint32Array.from({ length: shape[0] }, () => Math.floor(rng() * set))
      if (op === 'data') return floats(style, sizeOf(shape), seed, label)
      return grey(style, shape[0], shape.slice(1), seed, label)
    })
  const labels = (n: number, classes: number) => Array.from({ length: n }, (_, i) => (7 * i + seed) % classes)
  const last = sinksOf(draft).at(-1)!

  const step = backend.program(slots =>
    scope(() => {
      const tensors: Tensor[] = []
      const { results, gradients } = scope(() => {
        for (const [id, value] of values.entries()) {
          const slot = slots[leaves.findIndex(([leaf]) => leaf === id)]
          if (!isLeaf(value))
            tensors.push(rows[value.op].run(value, value.inputs.map(id => tensors[id]), labels)) // prettier-ignore
          else if (value.op === 'parameter') tensors.push(parameters.get(`${id}`)!)
          else if (slot instanceof Uint32Array) tensors.push(gather(backend, sets.get(id)!, slot))
          else if (slot instanceof Uint8Array) tensors.push(pixels(backend, slot, value.shape))
          else tensors.push(tensor(backend, slot, value.shape))
        }
        const y = tensors[last]
        const style = kind === 'exact' ? 'integers' : 'uniform'
        const dy = tensor(backend, floats(style, sizeOf(y.shape), seed, 'dy'), y.shape)
        const gradients = y.requiresGrad ? backward(y, dy) : new Map<Tensor, Tensor>()
        const copy = ({ data, shape }: Tensor) => new Tensor(backend, shape, backend.repeat(data, 1))
        return { results: [y, ...gradients.values()].map(copy), gradients }
      })
      optimizer.apply(gradients)
      return results
    }).map(({ memory }) => memory.release()),
  )

  const all: number[][] = []
  let replayed = 0
  let finite = true
  for (let i = 0; i < steps && finite; i += atOnce) {
    const calls = callsOf(replaying)
    const times = Math.min(atOnce, steps - i)
    const slots = (run: number) => {
      optimizer.advance(lr, i + run + 1)
      return valuesAt(i + run)
    }
    await step.run(times, slots, results => {
      // A program stops at a loss that is no number: from there on the weights are others.
      if (!finite) return
      all.push(...results.map(bits))
      finite = results[0].every(Number.isFinite)
    })
    if (times === atOnce && callsOf(replaying) === calls + 1) replayed++
  }
  if (finite) for (const one of parameters.values()) all.push(bits(await one.download()))
  step.free()
  optimizer.free()
  for (const one of parameters.values()) one.free()
  return { all, replayed }
}

/** Hears of the first of several programs. */
function firstOf(hear: (program: Explained) => void) {
  let heard = false
  return (program: Explained) => {
    if (!heard) hear(program)
    heard = true
  }
}

describe('replaying gives the bits of running', () => {
  it('on random networks, with one thread and with three; and kernels read and write what they say', async function () {
    this.timeout(60_000)
    let [replayed, together, kernels] = [0, 0, 0]
    const drafts = fc
      .sample(cases([2e4, 1e5]), { numRuns: 100, seed: 77 })
      .flatMap(({ networks }) => networks.filter(draft => sinksOf(draft).length > 0))
    for (const draft of drafts) {
      const { all: expected } = await train(stepwise(one), draft, 7)
      // One that has run nothing yet: what a first step still has to find room for is not where a later one keeps its numbers.
      const fresh = await wasm({ threads: 1, explain: firstOf(program => (kernels += keepToTheirMemory(program))) })
      for (const backend of [fresh, one, three]) {
        const { live } = backend
        const found = await train(backend, draft, 7)
        assert.deepEqual(found.all, expected)
        assert.equal(backend.live, live)
        replayed += found.replayed
        const several = await train(backend, draft, 7, 3)
        assert.deepEqual(several.all, expected)
        assert.equal(backend.live, live)
        together += several.replayed
      }
      await fresh.dispose()
    }
    assert.ok(replayed > 4 * drafts.length, `${replayed} steps of ${drafts.length} networks were replayed`)
    assert.ok(
      together > drafts.length,
      `${together} times three steps of ${drafts.length} networks were replayed by one call`,
    )
    assert.ok(kernels > 20 * drafts.length, `${kernels} kernels of ${drafts.length} networks`)
  })
})

/** What fit and evaluate make of a network in some epochs, and how many calls each batch took. */
async function learn(
  backend: Replaying,
  make: () => Network,
  examples: Examples,
  {
    optimizer: optimizerOf = n => adam(n.parameters),
    after,
    ...options
  }: Partial<FitOptions> & {
    optimizer?: (network: Network) => Optimizer
    after?: (network: Network, batch: number) => void
  } = {},
) {
  const network = make().init(backend, 3)
  const optimizer = optimizerOf(network)
  const losses = new Map<string, number>()
  const calls: number[] = []
  let before = callsOf(backend)
  for await (const { loss, epoch, batch } of fit(network, optimizer, backend, examples, {
    lr: 1e-3,
    epochs: 2,
    batchSize: 32,
    ...options,
  })) {
    calls.push(callsOf(backend) - before)
    losses.set(`epoch ${epoch}, batch ${batch}`, loss)
    after?.(network, batch)
    before = callsOf(backend)
  }
  const { loss: judge, metrics } = options
  const judging = { batchSize: 32, ...(judge && { loss: judge }), ...(metrics && { metrics }) }
  const { outputs, loss } = await evaluate(network, backend, examples, judging)
  const tensors = new Map([...network.parameters, ...network.state])
  const weights: number[][] = []
  for (const w of tensors.values()) weights.push(bits(await w.download()))
  optimizer.free()
  network.free()
  return { bits: [bits(outputs), bits([loss]), ...weights], losses, calls }
}

/** Learns on both and compares, one step at a time and several. @returns the calls of each batch where steps are replayed */
async function same(...args: Parameters<typeof learn> extends [unknown, ...infer Rest] ? Rest : never) {
  const expected = await learn(stepwise(one), ...args)
  let calls: number[] = []
  for (const backend of [one, three]) {
    const found = await learn(backend, ...args)
    assert.deepEqual(found.losses, expected.losses)
    assert.deepEqual(found.bits, expected.bits)
    calls = found.calls
    const [make, examples, options] = args
    const several = await learn(backend, make, examples, { ...options, atOnce: () => 3 })
    assert.deepEqual(several.bits, expected.bits)
    for (const [when, loss] of several.losses) assert.equal(loss, expected.losses.get(when), when)
    assert.ok(several.calls.length < calls.length)
  }
  return calls
}

/** Weights that are replaced after a batch, and images that change, are seen by a training that is replayed. */
async function seesChanges(replaying: Parameters<typeof learn>[0], model: keyof typeof models) {
  for (const change of ['weights', 'images'] as const) {
    const runs = []
    for (const backend of [stepwise(replaying), replaying]) {
      const set = digits(4 * 32)
      const after = (network: Network, batch: number) => {
        if (batch !== 3) return
        if (change === 'weights') network.init(backend, 9)
        else {
          ;(set.inputs.values as Uint8Array).reverse()
          set.inputs.changed()
        }
      }
      runs.push((await learn(backend, () => models[model](), set, { after, optimizer: n => sgd(n.parameters) })).bits)
    }
    assert.deepEqual(runs[1], runs[0], change)
  }
}

const withMomentum = (w: Network['parameters']) => sgd(w, { momentum: 0.5 })

/** After each batch: its number, loss and calls, and all weights and what the optimizer remembers. */
async function statesOf(backend: Replaying, optimizerOf: (w: Network['parameters']) => Optimizer, options: FitOptions) {
  const network = models['deepnet1']().init(backend, 3)
  const optimizer = optimizerOf(network.parameters)
  const all: { batch: number; steps: number; loss: number; calls: number; state: number[][] }[] = []
  let before = callsOf(backend)
  for await (const { batch, loss } of fit(network, optimizer, backend, digits(10 * 32), options)) {
    const calls = callsOf(backend) - before
    const state: number[][] = []
    for (const w of network.parameters.values()) state.push(bits(await w.download()))
    for (const { values } of (await optimizer.state()).values()) state.push(bits(values))
    all.push({ batch, steps: optimizer.steps, loss, calls, state })
    before = callsOf(backend)
  }
  optimizer.free()
  network.free()
  return all
}

const farTooFar = {
  ...{ lr: 1, epochs: 1, batchSize: 32 },
  schedule: (progress: number) => (progress < 0.6 ? 1 : 1e38),
}

/** A loss that is no number, since the step before was far too long, ends a training that is replayed; nothing is changed for it. */
async function stops(backend: Replaying, optimizers: readonly ((w: Network['parameters']) => Optimizer)[]) {
  for (const optimizerOf of optimizers) {
    const all = await statesOf(backend, optimizerOf, farTooFar)
    const [previous, last] = all.slice(-2)
    assert.ok(all.length < 10 && all.slice(0, -1).every(({ loss }) => Number.isFinite(loss)), `${all.length} steps`)
    assert.ok(!Number.isFinite(last.loss), `the last loss is ${last.loss}`)
    assert.equal(last.calls, 1)
    assert.deepEqual(last.state, previous.state, optimizerOf.name)
  }
}

const dataset = (values: Uint8Array, count: number, shape: number[]) =>
  new Dataset(ndarray(values, [count, ...shape]), ndarray(Uint8Array.from({ length: count }, (_, i) => i % 10)))

describe('a test that is replayed', () => {
  for (const [name, model] of Object.entries(models))
    it(`${name}, by a backend that has run nothing else: no bit is other`, async function () {
      this.timeout(60_000)
      const found = []
      for (const threads of [1, 3])
        for (const on of [(backend: WasmBackend) => backend, stepwise]) {
          const backend = on(await wasm({ threads }))
          const network = model().init(backend, 3)
          const { loss, outputs } = await evaluate(network, backend, digits(100), { batchSize: 32 })
          found.push([loss, ...bits(outputs)])
          await backend.dispose()
        }
      for (const one of found) assert.deepEqual(one, found[0])
    })

  it('again and again, is one call a batch from the second time on; free gives its memory back', async () => {
    for (const backend of [one, three]) {
      const network = models.deepnet2().init(backend, 3)
      const examples = digits(100)
      const first = await evaluate(network, backend, examples, { batchSize: 50 })
      const [live, bytes] = [backend.live, backend.bytes]
      const judge = evaluator(network, backend, examples, { batchSize: 50 })
      await judge.run()
      const before = callsOf(backend)
      const outputs: number[] = []
      const { loss, metrics } = await judge.run((_, y) => outputs.push(...y))
      assert.equal(callsOf(backend) - before, 2)
      assert.deepEqual([loss, metrics, ...bits(outputs)], [first.loss, first.metrics, ...bits(first.outputs)])
      judge.free()
      assert.deepEqual([backend.live, backend.bytes], [live, bytes])
      network.free()
    }
  })
  it('again and again, sees what was learned, loaded or changed in between', async () => {
    for (const backend of [one, three]) {
      const network = models.deepnet1().init(backend, 3)
      const pictures = Uint8Array.from({ length: 64 * 784 }, (_, i) => i % 251)
      const [examples, others] = [digits(64), dataset(pictures, 64, [28, 28])]
      const judge = evaluator(network, backend, others, { batchSize: 32 })
      const optimizer = adam(network.parameters)
      const losses: number[] = []
      const compare = async () => {
        const found: number[] = []
        const { loss } = await judge.run((_, y) => found.push(...y))
        const anew = await evaluate(network, backend, others, { batchSize: 32 })
        assert.deepEqual([loss, ...bits(found)], [anew.loss, ...bits(anew.outputs)])
        assert.ok(!losses.includes(loss))
        losses.push(loss)
      }
      await compare()
      const options = { lr: 0.01, epochs: 3, batchSize: 16 }
      for await (const { batch, batches } of fit(network, optimizer, backend, examples, options))
        if (batch === batches) await compare()
      network.init(backend, 4)
      await compare()
      pictures.fill(7, 0, 784 * 20)
      others.inputs.changed()
      await compare()
      judge.free()
      optimizer.free()
      network.free()
    }
  })
  it('again and again, at the same time: each has its own numbers', async () => {
    for (const backend of [one, three]) {
      const network = models.deepnet1().init(backend, 3)
      const sets = [digits(96), digits(100).split(0.5, 0)[0]]
      const alone = []
      for (const set of sets) alone.push(await evaluate(network, backend, set, { batchSize: 16 }))
      const judges = sets.map(set => evaluator(network, backend, set, { batchSize: 16 }))
      for (let times = 0; times < 3; times++) {
        const all = [...judges, ...judges]
        const outputs = all.map((): number[] => [])
        await Promise.all(all.map((judge, i) => judge.run((_, y) => outputs[i].push(...y))))
        for (const [i, found] of outputs.entries()) assert.deepEqual(bits(found), bits(alone[i % 2].outputs))
      }
      for (const judge of judges) judge.free()
      network.free()
    }
  })
})

describe('a training that is replayed', () => {
  for (const [name, make] of Object.entries(models))
    it(`${name}: its kernels read and write what they say`, async function () {
      this.timeout(60_000)
      let kernels = 0
      for (const augment of [undefined, augmenter(['shift'], 5)]) {
        const backend = await wasm({ threads: 1, explain: firstOf(program => (kernels += keepToTheirMemory(program))) })
        await learn(backend, () => make(), digits(4 * 4), { batchSize: 4, epochs: 1, ...(augment && { augment }) })
        await backend.dispose()
      }
      assert.ok(kernels > 10, `${kernels} kernels`)
    })
  for (const [name, model] of Object.entries(models))
    it(`${name}: a step is one call from JavaScript, and no bit is other`, async function () {
      this.timeout(60_000)
      const examples = digits(6 * 16)
      const calls = await same(() => model(), examples, { batchSize: 16, epochs: 3 })
      // The first steps may change how full a layer is, and with that the kernels.
      assert.ok(calls.slice(-6).filter(count => count === 1).length >= 4, `${calls}`)
    })
  it('several steps are one call, if so many are handed over at once', async () => {
    for (const backend of [one, three]) {
      const options = { batchSize: 16, epochs: 4, atOnce: () => 4 }
      const { calls } = await learn(backend, () => models['deepnet1'](), digits(8 * 16 + 5), options)
      assert.deepEqual(calls.slice(-3), [1, 1, 1])
    }
  })
  it('one step at least, and whole steps, whatever number is asked for', async () => {
    const found = []
    for (const asked of [1, 0, -3, NaN, 2.5, Infinity]) {
      const options = { batchSize: 16, epochs: 2, atOnce: () => asked }
      const { bits, calls } = await learn(one, () => models['deepnet1'](), digits(5 * 16 + 5), options)
      assert.equal(calls.length, asked > 2 ? (asked > 3 ? 4 : 8) : 12, `${asked}`)
      found.push(bits)
    }
    for (const one of found) assert.deepEqual(one, found[0])
  })
  it('with augmented images, and a last batch that is smaller', async () => {
    const examples = digits(8 * 32 + 5)
    const augment = augmenter(['shift', 'rotation'], 5)
    const calls = await same(() => models['deepnet2'](), examples, { augment, epochs: 3 })
    assert.deepEqual(calls.slice(-3), [1, 1, 1])
  })
  it('from numbers of any kind, of which no copy is kept', async () => {
    const { inputs, targets, length } = digits(5 * 32 + 3)
    const numbers = new ExampleSet(
      Float32Array.from(inputs.values, level => level / 255 - 0.13),
      inputs.shape,
    )
    const calls = await same(() => models['deepnet2'](), { inputs: numbers, targets, length }, { epochs: 3 })
    assert.deepEqual(calls.slice(-3), [1, 1, 1])
  })
  it('in another layout from step to step, as the images fill up: a guard stops the program', async () => {
    // 64 images of 4096 numbers, of which the first relu leaves a half, or nearly all: above 60 % the dense product is taken.
    const rng = random(1, 'images')
    const count = 6 * 64
    const values = new Uint8Array(count * 4096)
    for (let i = 0; i < count; i++) {
      const skewed = i < count / 2
      for (let j = 0; j < 4096; j++) values[4096 * i + j] = skewed ? (rng() < 0.1 ? 0 : 200) : rng() * 255
    }
    const examples = dataset(values, count, [16, 16, 16])
    const make = () => sequential([16, 16, 16], batchNorm(), relu(), flatten(), dense(32), relu(), dense(10))
    await same(make, examples, { batchSize: 64, epochs: 3 })
  })
  it('that a guard stopped is noted anew with slots that are still slots: targets that are numbers, too', async () => {
    // From the third epoch on all inputs are positive: of 1024 units with mostly positive weights, relu leaves more than 60 %.
    const count = 4 * 256
    const inputs = new ExampleSet(
      Float32Array.from({ length: count * 8 }, (_, i) => Math.sin(i * 7.3)),
      [8],
    )
    const targets = Float32Array.from({ length: count }, (_, i) => Math.cos(i))
    const augment: FitOptions['augment'] = (_, indices, epoch) =>
      Float32Array.from({ length: indices.length * 8 }, (_, i) => {
        const x = inputs.values[indices[Math.floor(i / 8)] * 8 + (i % 8)]
        return epoch < 2 ? 0.3 * x - (i % 24 < 8 ? -0.3 : 0.3) : Math.abs(x) + 0.1
      })
    const init = (rng: () => number) => Float32Array.from({ length: 8 * 1024 }, () => rng() * 0.2 - 0.02)
    const positive = dense(1024, { init: shape => ({ shape, init }) })
    const make = () => sequential([8], positive, relu(), dense(32), relu(), dense(1))
    const options = { loss: losses.mse, metrics: {}, batchSize: 256, epochs: 6, augment }
    await same(make, { length: count, inputs, targets }, { ...options, optimizer: n => sgd(n.parameters) })
  })
  it('leaves weights and moments as they are for a loss that is no number', async () => {
    for (const backend of [one, three]) await stops(backend, [sgd, withMomentum])
  })
  it('ends in the midst of several steps, too, as it does step by step', async () => {
    for (const backend of [one, three])
      for (const optimizerOf of [sgd, withMomentum]) {
        const expected = (await statesOf(backend, optimizerOf, farTooFar)).at(-1)!
        const several = await statesOf(backend, optimizerOf, { ...farTooFar, atOnce: () => 9 })
        const { batch, loss, state, steps } = several.at(-1)!
        assert.ok(several.length < 3 && batch < 10 && !Number.isFinite(loss))
        assert.deepEqual([batch, steps, state], [expected.batch, batch, expected.state])
      }
  })
  it('whose weights are replaced in between, and whose images change', () => seesChanges(one, 'deepnet2'))
  it('that asks for the same examples each time sees that their numbers have changed', async () => {
    const set = new ExampleSet(Float32Array.of(1, 2, 3, 4), [2])
    const program = one.program(() => {
      const x = one.gather(set, Uint32Array.of(1))
      const y = one.unary('relu', x)
      one.free(x)
      return [y]
    })
    const found: number[][] = []
    for (const first of [3, 3, 3, 5, 5]) {
      if (first !== set.values[2]) {
        set.values[2] = first
        set.changed()
      }
      await program.run(1, () => [], ([y]) => found.push([...y])) // prettier-ignore
    }
    assert.deepEqual(found, [[3, 4], [3, 4], [3, 4], [5, 4], [5, 4]]) // prettier-ignore
    program.free()
  })
})

;(withoutWebgpu ? describe.skip : describe)(
  `replaying on webgpu${withoutWebgpu ? `: SKIPPED, ${withoutWebgpu}` : ''}`,
  function () {
    this.timeout(300_000)
    let gpu: WebgpuBackend
    before(async () => {
      gpu = await webgpu()
    })
    after(() => gpu.dispose())

    it('gives the bits of running, on random networks', async () => {
      let replayed = 0
      const drafts = fc
        .sample(cases([2e3, 1e4]), { numRuns: 12, seed: 78 })
        .flatMap(({ networks }) => networks.filter(draft => sinksOf(draft).length > 0))
      for (const draft of drafts) {
        const { live } = gpu
        const expected = await train(stepwise(gpu), draft, 5)
        const found = await train(gpu, draft, 5)
        assert.deepEqual(found.all, expected.all)
        assert.equal(gpu.live, live)
        replayed += found.replayed
        assert.deepEqual((await train(gpu, draft, 5, 2)).all, expected.all)
      }
      assert.ok(replayed > 2 * drafts.length, `${replayed} steps of ${drafts.length} networks were replayed`)
    })
    const dropped = () => sequential([28, 28], flatten(), dense(16), batchNorm(), relu(), dropout(0.3), dense(10))
    for (const [what, make, options] of [
      [
        'deepnet2, with augmented images and a last batch that is smaller',
        () => models['deepnet2'](),
        { augment: augmenter(['shift', 'rotation'], 5) },
      ],
      ['batch norm and dropout', dropped, {}],
    ] as const)
      // prettier-ignore
      it(`gives the bits of running: ${what}`, async () => {
      const examples = digits(4 * 16 + 5)
      const expected = await learn(stepwise(gpu), make, examples, { batchSize: 16, epochs: 3, ...options })
      const found = await learn(gpu, make, examples, { batchSize: 16, epochs: 3, ...options })
      assert.deepEqual(found.losses, expected.losses)
      assert.deepEqual(found.bits, expected.bits)
      assert.deepEqual(found.calls.slice(-5), [1, 1, 1, 1, 1])
    })
    it('sees weights that are replaced in between, and images that change', () => seesChanges(gpu, 'deepnet1'))
    it('leaves weights and moments as they are for a loss that is no number', () =>
      stops(gpu, [sgd, withMomentum, adam]))
  },
)
