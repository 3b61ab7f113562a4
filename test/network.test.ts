// Networks of any graph: a skip, two inputs, two results, parameters of one's own; and what they leave behind.
import assert from 'node:assert/strict'
import {
  adam,
  cpu,
  dense,
  evaluate,
  ExampleSet,
  fit,
  flatten,
  network,
  ops,
  relu,
  scope,
  sequential,
  sgd,
  tensor,
  zeros,
  type Backend,
  type Layer,
  type Tensor,
} from '../engine/index.js'
import { checkGradients } from './support/gradcheck.js'
import { digits } from './support/examples.js'
import { assertClose, uniform } from './support/numbers.js'

let backend: Backend
beforeEach(() => {
  backend = cpu()
})

const ofUniform = (...shape: number[]) =>
  tensor(
    backend,
    uniform(
      shape.reduce((a, b) => a * b),
      `${shape}`,
    ),
    shape,
  )

/** y = dense(x + dense(x)): a skip over a layer. */
const skip = () => network([4], (x, { layer }) => layer('head', dense(3), ops.add(x, layer('inside', dense(4), x))))

describe('a network of any graph', () => {
  it('knows its layers, parameters and sizes before it has weights', () => {
    const net = skip()
    assert.deepEqual(net.output, [3])
    assert.deepEqual(
      [...net.declared()].map(([name, { shape }]) => [name, shape]),
      [
        ['inside.weight', [4, 4]],
        ['inside.bias', [4]],
        ['head.weight', [4, 3]],
        ['head.bias', [3]],
      ],
    )
    assert.deepEqual(net.summary(), [
      { name: 'inside', output: [4], parameters: 20 },
      { name: 'head', output: [3], parameters: 15 },
    ])
  })
  it('computes what it is written as', async () => {
    const net = skip().init(backend, 1)
    const x = ofUniform(2, 4)
    const weight = (name: string) => net.parameters.get(name)!
    const inside = ops.bias(ops.matmul(x, weight('inside.weight')), weight('inside.bias'))
    const y = ops.bias(ops.matmul(ops.add(x, inside), weight('head.weight')), weight('head.bias'))
    assert.deepEqual(await net.forward(x).download(), await y.download())
    const activations = net.activations(x)
    assert.deepEqual(
      activations.map(({ name, x, y }) => [name, x.shape, y.shape]),
      [
        ['inside', [2, 4], [2, 4]],
        ['head', [2, 4], [2, 3]],
      ],
    )
    assert.deepEqual(await activations[0].y.download(), await inside.download())
  })
  it('may have parameters of its own, learned or not', () => {
    const net = network([3], (x, { parameter }) =>
      ops.bias(ops.bias(x, parameter('shift', zeros([3]))), parameter('fixed', { ...zeros([3]), trained: false })),
    ).init(backend, 0)
    assert.deepEqual([...net.parameters.keys()], ['shift'])
    assert.deepEqual([...net.state.keys()], ['fixed'])
    assert.deepEqual([net.parameters.get('shift')!.requiresGrad, net.state.get('fixed')!.requiresGrad], [true, false])
    net.free()
    assert.equal(backend.live, 0)
  })
  it('must run the same layers for every batch', () => {
    let first = true
    const net = network([3], (x, { layer }) => {
      const y = first ? layer('a', dense(2), x) : layer('b', dense(2), x)
      first = false
      return y
    }).init(backend, 0)
    assert.throws(() => net.forward(ofUniform(1, 3)), { key: 'engine.part' })
  })
  it('its gradients are right, with a layer that is used beside a skip', () =>
    checkGradients(
      'skip',
      (x: Tensor, ...weights: Tensor[]) => {
        const net = skip()
        for (const [i, name] of [...net.declared().keys()].entries()) net.parameters.set(name, weights[i])
        return net.forward(x)
      },
      { x: [3, 4], ...Object.fromEntries([...skip().declared()].map(([name, { shape }]) => [name, shape])) },
    ))

  const twoInputs = () =>
    network({ image: [28, 28], extra: [3] }, ({ image, extra }, { layer }) =>
      ops.add(layer('image', dense(10), layer('row', flatten(), image)), layer('extra', dense(10), extra)),
    )
  it('takes several inputs by name, and learns from sets of them', async () => {
    const net = twoInputs().init(backend, 1)
    assert.deepEqual([net.input, net.output], [[28, 28], [10]])
    const images = digits(32)
    // The label, in binary, is the second input: what the images alone say is not needed.
    const bits = Float32Array.from({ length: 96 }, (_, i) => (images.targets[Math.floor(i / 3)] >> (i % 3)) & 1)
    const examples = {
      length: 32,
      inputs: { image: images.inputs, extra: new ExampleSet(bits, [3]) },
      targets: images.targets,
    }
    let loss = Infinity
    const losses: number[] = []
    const optimizer = adam(net.parameters)
    for await (const step of fit(net, optimizer, backend, examples, { lr: 0.01, epochs: 8, batchSize: 8, seed: 1 }))
      if (step.batch === step.batches) losses.push((loss = step.loss))
    assert.ok(loss < losses[0] / 2, `${losses}`)
    const live = backend.live
    const { outputs, metrics } = await evaluate(net, backend, examples)
    assert.equal(outputs.length, 320)
    assert.ok(metrics.accuracy > 0.8)
    assert.equal(backend.live, live)
    assert.throws(() => net.forward({ image: ofUniform(1, 28, 28) }), {
      message: 'the network takes [3] an example, not []',
    })
  })

  const twoHeads = (loss = true) =>
    network(
      [28, 28],
      (x, { layer }) => {
        const h = layer('relu', relu(), layer('hidden', dense(16), layer('row', flatten(), x)))
        return { digit: layer('digit', dense(10), h), parity: layer('parity', dense(2), h) }
      },
      loss
        ? {
            loss: ({ digit, parity }, labels) => {
              const classes = Array.from(labels as ArrayLike<number>)
              return ops.add(ops.crossEntropy(digit, classes), ops.crossEntropy(parity, classes.map(c => c % 2))) // prettier-ignore
            },
          }
        : {},
    )
  it('gives several results by name, and learns by a loss of its own', async () => {
    const net = twoHeads().init(backend, 1)
    assert.deepEqual(net.output, [10])
    const examples = digits(64)
    const options = { lr: 0.01, epochs: 12, batchSize: 16 }
    let accuracy = 0
    for await (const step of fit(net, adam(net.parameters), backend, examples, options))
      accuracy = step.metrics.accuracy
    assert.ok(accuracy > 0.9, `accuracy ${accuracy} of the first result`)
    const parity = async () => {
      const { parity } = net.results(
        tensor(
          backend,
          Float32Array.from(examples.pixels, p => p / 255),
          [64, 784],
        ),
      ) as {
        parity: Tensor
      }
      const scores = await parity.download()
      return examples.targets.filter((label, i) => (scores[2 * i + 1] > scores[2 * i] ? 1 : 0) === label % 2).length
    }
    assert.ok((await parity()) > 56, 'the second result has learned as well')
  })
  it('of several results needs a loss', async () => {
    const net = twoHeads(false).init(backend, 1)
    const steps = fit(net, sgd(net.parameters), backend, digits(4), { lr: 0.1, epochs: 1 })
    await assert.rejects(steps.next(), {
      message: 'the network gives digit, parity: a network of several results needs a loss of its own',
    })
  })
})

describe('any loss and targets', () => {
  it('numbers are a tensor for the loss; metrics are what one asks for', async () => {
    // y = 2x − 1, by least squares: Σ (y − t)² / n, of which the gradient is 2 (y − t) / n.
    const squares = (y: Tensor, t: Tensor) => {
      const d = ops.add(y, ops.mul(t, tensor(y.backend, new Float32Array(t.shape[0]).fill(-1), t.shape)))
      const n = y.shape[0]
      return ops.reshape(
        ops.matmul(ops.reshape(ops.mul(d, d), [1, n]), tensor(y.backend, new Float32Array(n).fill(1 / n), [n, 1])),
        [],
      )
    }
    const xs = Float32Array.from({ length: 40 }, (_, i) => i / 20 - 1)
    const examples = { length: 40, inputs: new ExampleSet(xs, [1]), targets: xs.map(x => 2 * x - 1) }
    const net = sequential([1], dense(1)).init(backend, 3)
    const metrics = {
      error: (outputs: ArrayLike<number>, targets: ArrayLike<number>, count: number) => {
        let sum = 0
        for (let i = 0; i < count; i++) sum += Math.abs(outputs[i] - targets[i])
        return sum
      },
    }
    const judging = { loss: squares, metrics }
    for await (const { metrics } of fit(net, sgd(net.parameters), backend, examples, {
      ...{ lr: 0.2, epochs: 40, batchSize: 7 },
      ...judging,
    }))
      assert.deepEqual(Object.keys(metrics), ['error'])
    const [w] = await net.parameters.get('0.dense.weight')!.download()
    const [b] = await net.parameters.get('0.dense.bias')!.download()
    assertClose([w, b], [2, -1], 1e-4, 'least squares')
    const { loss, metrics: measured, outputs } = await evaluate(net, backend, examples, judging)
    assert.ok(loss < 1e-7 && measured.error < 1e-3)
    assertClose(outputs, examples.targets, 1e-4, 'outputs, as they are')
  })
})

describe('predict and evaluate', () => {
  it('leave nothing behind, whoever calls them', async () => {
    const net = sequential([28, 28], flatten(), dense(8), relu(), dense(10)).init(backend, 0)
    const x = ofUniform(2, 28, 28)
    const live = backend.live
    const y = net.predict(x)
    assert.equal(backend.live, live + 1)
    y.free()
    await evaluate(net, backend, digits(7), { batchSize: 3 })
    assert.equal(backend.live, live)
    scope(() => void net.predict(x))
    assert.equal(backend.live, live)
  })
  it('do not add a softmax to one that is there', async () => {
    const last: Layer = { name: 'softmax', size: s => ({ output: s, parameters: {}, forward: x => ops.softmax(x) }) }
    const net = sequential([3], last).init(backend, 0)
    const x = ofUniform(2, 3)
    assert.deepEqual(await net.predict(x).download(), await ops.softmax(x).download())
  })
})
