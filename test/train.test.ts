// Training and testing: what fit and evaluate promise, against hand calculations and against themselves.
import assert from 'node:assert/strict'
import {
  adam,
  argmax,
  cpu,
  dense,
  dropout,
  evaluate,
  fit,
  flatten,
  relu,
  sequential,
  sgd,
  type Backend,
  type FitOptions,
  type NamedTensors,
  type Optimizer,
  type Network,
  type Step,
} from '../engine/index.js'
import { defaultMetrics } from '../engine/metrics.js'
import { digits } from './support/examples.js'
import { assertClose } from './support/numbers.js'

const backend = cpu()
const small = () => sequential([28, 28], flatten(), dense(8), relu(), dropout(0.3), dense(10))
const options: FitOptions = { lr: 0.01, epochs: 2, batchSize: 4, seed: 5 }

async function collect(steps: AsyncIterable<Step>): Promise<Step[]> {
  const all: Step[] = []
  for await (const step of steps) all.push(step)
  return all
}

async function weightsOf(network: Network): Promise<NamedTensors> {
  const weights = new Map<string, { shape: readonly number[]; values: Float32Array }>()
  for (const [key, p] of network.parameters)
    weights.set(key, { shape: p.shape, values: Float32Array.from(await p.download()) })
  return weights
}

/** A backend that remembers which images it was given. */
function spied() {
  const asked: number[][] = []
  const gather: Backend['gather'] = (examples, indices) => {
    asked.push([...indices])
    return backend.gather(examples, indices)
  }
  return { ...backend, gather, asked }
}

describe('fit', () => {
  it('goes once through all examples an epoch, in another order each time; the last batch may be smaller', async () => {
    const spy = spied()
    const network = small().init(spy, 0)
    const steps = await collect(fit(network, sgd(network.parameters), spy, digits(10), options))
    assert.deepEqual(
      spy.asked.map(batch => batch.length),
      [4, 4, 2, 4, 4, 2],
    )
    const epochs = [spy.asked.slice(0, 3).flat(), spy.asked.slice(3).flat()]
    assert.notDeepEqual(epochs[0], epochs[1])
    for (const epoch of epochs) assert.deepEqual(epoch.sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert.deepEqual(
      steps.map(s => [s.epoch, s.batch, s.batches, s.seen]),
      [
        [1, 1, 3, 4],
        [1, 2, 3, 8],
        [1, 3, 3, 10],
        [2, 1, 3, 4],
        [2, 2, 3, 8],
        [2, 3, 3, 10],
      ],
    )
    assert.deepEqual(steps[2].progress, { epoch: 1, batch: 0, lossSum: 0, sums: {} })
  })
  it('reports means over the epoch so far: with weights that stand still, those of evaluate', async () => {
    const network = sequential([28, 28], flatten(), dense(10)).init(backend, 3)
    const steps = await collect(fit(network, sgd(network.parameters), backend, digits(10), { ...options, lr: 0 }))
    const { loss, metrics } = await evaluate(network, backend, digits(10))
    for (const step of [steps[2], steps[5]]) {
      assertClose([step.loss], [loss], 1e-6, 'loss')
      assert.deepEqual(step.metrics, metrics)
    }
  })
  it('multiplies the learning rate by the schedule, from 0 to almost 1', async () => {
    const network = small().init(backend, 0)
    const schedule = (t: number) => 1 - t
    const steps = await collect(fit(network, sgd(network.parameters), backend, digits(10), { ...options, schedule }))
    assertClose(
      steps.map(s => s.lr),
      [6, 5, 4, 3, 2, 1].map(v => (0.01 * v) / 6),
      1e-12,
      'lr',
    )
  })
  it('gives the same weights for the same seed, others for another', async () => {
    const train = async (seed: number) => {
      const network = small().init(backend, 1)
      await collect(fit(network, adam(network.parameters), backend, digits(10), { ...options, seed }))
      return weightsOf(network)
    }
    const once = await train(5)
    assert.deepEqual(await train(5), once)
    assert.notDeepEqual(await train(6), once)
  })

  const optimizers: Record<string, (p: Network['parameters']) => Optimizer> = {
    sgd: p => sgd(p),
    momentum: p => sgd(p, { momentum: 0.9 }),
    adam: p => adam(p),
  }
  for (const [name, make] of Object.entries(optimizers))
    it(`${name}: stopped after any batch and continued, it ends with the same weights (dropout too)`, async () => {
      const whole = small().init(backend, 1)
      const last = (await collect(fit(whole, make(whole.parameters), backend, digits(10), options))).at(-1)!
      const expected = await weightsOf(whole)
      for (let stop = 1; stop < 6; stop++) {
        const first = small().init(backend, 1)
        const optimizer = make(first.parameters)
        let step: Step | undefined
        for await (step of fit(first, optimizer, backend, digits(10), options)) if (optimizer.steps === stop) break
        const saved = { weights: await weightsOf(first), state: await optimizer.state(), progress: step!.progress }

        const second = small().load(backend, saved.weights)
        const continued = make(second.parameters)
        continued.restore(saved.state, stop)
        const rest = fit(second, continued, backend, digits(10), { ...options, from: saved.progress })
        const { loss, metrics, progress } = (await collect(rest)).at(-1)!
        assert.deepEqual(await weightsOf(second), expected, `stopped after ${stop}`)
        assert.deepEqual(
          { loss, metrics, progress },
          { loss: last.loss, metrics: last.metrics, progress: last.progress },
        )
      }
    })
  it('2 + 2 epochs end where 4 do', async () => {
    const [a, b] = [small().init(backend, 1), small().init(backend, 1)]
    await collect(fit(a, adam(a.parameters), backend, digits(10), { ...options, epochs: 4 }))
    const optimizer = adam(b.parameters)
    const { progress } = (await collect(fit(b, optimizer, backend, digits(10), options))).at(-1)!
    await collect(fit(b, optimizer, backend, digits(10), { ...options, epochs: 4, from: progress }))
    assert.deepEqual(await weightsOf(b), await weightsOf(a))
  })
  it('has nothing to do when the epochs are done', async () => {
    const network = small().init(backend, 1)
    const from = { epoch: 2, batch: 0, lossSum: 0, sums: {} }
    const steps = await collect(fit(network, sgd(network.parameters), backend, digits(10), { ...options, from }))
    assert.deepEqual(steps, [])
  })
  it('stops at a loss that is not a number, telling which batch', async () => {
    const network = small().init(backend, 1)
    const steps = await collect(fit(network, sgd(network.parameters), backend, digits(10), { ...options, lr: 1e30 }))
    assert.ok(steps.length > 1 && steps.length < 6)
    assert.ok(steps.slice(0, -1).every(s => Number.isFinite(s.loss)))
    assert.ok(!Number.isFinite(steps.at(-1)!.loss))
    assert.equal(steps.at(-1)!.batch, steps.length)
  })
  it('frees what each step made', async () => {
    const own = cpu()
    const network = small().init(own, 1)
    const optimizer = adam(network.parameters)
    for await (const { batch } of fit(network, optimizer, own, digits(10), options))
      assert.equal(own.live, 3 * network.parameters.size, `weights and two moments each, after batch ${batch}`)
    optimizer.free()
    network.free()
    assert.equal(own.live, 0)
  })
})

describe('evaluate', () => {
  // Weights 0 and biases ln 1, ln 2, … ln 10: every image gets the probabilities 1/55, 2/55, … 10/55.
  const network = sequential([28, 28], flatten(), dense(10)).load(
    backend,
    new Map([
      ['1.dense.weight', { shape: [784, 10], values: new Float32Array(7840) }],
      ['1.dense.bias', { shape: [10], values: Float32Array.from({ length: 10 }, (_, i) => Math.log(i + 1)) }],
    ]),
  )
  it('gives the loss, the accuracy and the probabilities that one computes by hand', async () => {
    const examples = digits(50)
    const labels = [...examples.targets]
    const done: number[] = []
    const result = await evaluate(network, backend, examples, { batchSize: 20, onBatch: n => done.push(n) })
    assert.deepEqual(done, [20, 40, 50])
    const loss = labels.reduce((sum, label) => sum - Math.log((label + 1) / 55), 0) / 50
    assertClose([result.loss], [loss], 1e-6, 'loss')
    assert.equal(result.metrics.accuracy, labels.filter(label => label === 9).length / 50)
    assert.deepEqual([...result.targets], labels)
    assert.equal(result.outputs.length, 500)
    for (const row of [0, 19, 20, 49])
      assertClose(
        result.outputs.subarray(10 * row, 10 * row + 10),
        Array.from({ length: 10 }, (_, i) => (i + 1) / 55),
        1e-6,
        `row ${row}`,
      )
  })
  it('does not depend on the size of the batches, and leaves dropout out', async () => {
    const withDropout = small().init(backend, 1)
    const a = await evaluate(withDropout, backend, digits(23), { batchSize: 7 })
    const b = await evaluate(withDropout, backend, digits(23), { batchSize: 23 })
    assert.deepEqual(a.outputs, b.outputs)
    assert.deepEqual(a.metrics, b.metrics)
  })
  it('is exact where the probability of the right answer rounds to 0', async () => {
    const sure = sequential([28, 28], flatten(), dense(10)).load(
      backend,
      new Map([
        ['1.dense.weight', { shape: [784, 10], values: new Float32Array(7840) }],
        ['1.dense.bias', { shape: [10], values: Float32Array.of(1000, 0, 0, 0, 0, 0, 0, 0, 0, 0) }],
      ]),
    )
    const examples = digits(50)
    const { loss, metrics } = await evaluate(sure, backend, examples)
    // A 0 costs −log 1 = 0, any other digit −log e⁻¹⁰⁰⁰ = 1000.
    const zeros = examples.targets.filter(digit => digit === 0).length
    assertClose([loss], [(1000 * (50 - zeros)) / 50], 1e-6, 'loss')
    assert.equal(metrics.accuracy, zeros / 50)
  })
  it('argmax takes the first of equals', () => {
    assert.equal(argmax(Float32Array.of(0, 3, 3, 1, 1, 0), 0, 3), 1)
    assert.equal(argmax(Float32Array.of(0, 3, 3, 1, 1, 0), 1, 3), 0)
  })
  it('what counts as right is that argmax, and never a number that is none', () => {
    const { accuracy } = defaultMetrics
    for (const [label, right] of [0, 1, 0, 0].entries())
      assert.equal(accuracy(Float32Array.of(0, 3, 3, 1), [label], 1), right, `class ${label}`)
    assert.equal(accuracy(Float32Array.of(5, 5, 1, 2, 1, 2), [0, 2], 2), 1)
    assert.equal(accuracy(Float32Array.of(NaN, NaN, 1, NaN), [0, 1], 2), 0)
  })
})
