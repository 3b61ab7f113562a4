// Small networks of every layer, loss and optimizer that the three models do not have, against PyTorch (test/fixtures/make.py):
// five steps of training, what the weights and the running statistics are then, and what the network then says.
import assert from 'node:assert/strict'
import {
  adam,
  averagePool2d,
  backward,
  batchNorm,
  clipNorm,
  conv2d,
  cpu,
  dense,
  elementwise,
  gelu,
  globalAveragePool2d,
  gpujs,
  leakyRelu,
  losses,
  noGrad,
  ops,
  relu,
  residual,
  scope,
  sequential,
  sgd,
  sigmoid,
  tanh,
  tensor,
  wasm,
  type Backend,
  type Network,
  type Optimizer,
  type Tensor,
} from '../engine/index.js'
import { fixture, initial, summaryError, uniformOf, type Summary } from './support/fixtures.js'
import { assertClose } from './support/numbers.js'

interface Case {
  readonly network: () => Network
  readonly batch: number
  readonly optimizer: (network: Network) => Optimizer
  readonly lr: number
  readonly limit?: number
  readonly loss: (y: Tensor, t: Float64Array) => Tensor
}

const like = (y: Tensor, values: Float64Array) => tensor(y.backend, values, y.shape)
const same = { padding: 'same' } as const

const cases: Record<string, Case> = {
  images: {
    network: () =>
      sequential(
        [6, 6, 2],
        conv2d(4, 3, same),
        batchNorm(),
        gelu(),
        residual(conv2d(4, 3, same), batchNorm(), relu()),
        averagePool2d(2),
        residual(conv2d(6, 3, { stride: 2, ...same }), leakyRelu()),
        globalAveragePool2d(),
        dense(5),
      ),
    batch: 8,
    // A bias before batch norm has a gradient of 0: with a small epsilon, Adam would make a step of its rounding.
    optimizer: ({ parameters }) => adam(parameters, { epsilon: 1e-3, weightDecay: 0.1 }),
    lr: 0.01,
    loss(y, t) {
      const labels = Array.from({ length: 8 }, (_, i) => Math.floor(Math.abs(t[5 * i]) * 5))
      return ops.crossEntropy(y, labels, { smoothing: 0.1 })
    },
  },
  rows: {
    network: () => sequential([7], dense(9), batchNorm(), tanh(), residual(dense(9), sigmoid()), dense(3)),
    batch: 6,
    optimizer: ({ parameters }) => sgd(parameters, { momentum: 0.9 }),
    lr: 0.1,
    limit: 0.2,
    loss: (y, t) =>
      losses.binaryCrossEntropy(
        y,
        like(
          y,
          t.map(v => (v + 1) / 2),
        ),
      ),
  },
  curve: {
    network: () => sequential([2], dense(8), elementwise('softplus', ops.softplus), dense(3)),
    batch: 5,
    optimizer: ({ parameters }) => adam(parameters),
    lr: 0.02,
    loss: (y, t) => losses.mse(y, like(y, t)),
  },
}

interface Expected {
  readonly losses: number[]
  readonly after: Readonly<Record<string, Summary>>
  readonly outputs: number[]
}

/** make.py's first values: layer by layer, weight and bias; a scale of batch norm around 1. */
function start(network: Network, backend: Backend) {
  network.init(backend, 0)
  const layers = [...new Set([...network.parameters.keys()].map(name => name.replace(/\.\w+$/, '')))]
  for (const [name, w] of network.parameters) {
    const layer = layers.indexOf(name.replace(/\.\w+$/, ''))
    const values = initial(2 * layer + (name.endsWith('bias') ? 1 : 0), w.shape)
    const scale = name.endsWith('weight') && w.shape.length === 1 ? 1 : 0
    w.free()
    w.data = backend.upload(values.map(v => v + scale))
  }
}

const backends: [string, () => Backend | Promise<Backend>, number][] = [
  ['cpu in float64', () => cpu({ precision: 'float64' }), 1e-9],
  ['cpu', () => cpu(), 1e-4],
  ['wasm', () => wasm({ threads: 2 }), 1e-4],
  ['gpujs:cpu', () => gpujs('cpu'), 1e-4],
]
for (const [label, make, tolerance] of backends)
  describe(`small networks on ${label} learn as in PyTorch, to ${tolerance}`, function () {
    this.timeout(60_000)
    let backend: Backend
    before(async () => {
      backend = await make()
    })
    after(() => backend.dispose())

    for (const [name, c] of Object.entries(cases))
      it(name, async () => {
        const expected = (fixture('networks.json') as Record<string, Expected>)[name]
        const live = backend.live
        const network = c.network()
        start(network, backend)
        const optimizer = c.optimizer(network)
        const shape = [c.batch, ...network.input]
        for (const [t, wanted] of expected.losses.entries()) {
          const loss = scope(() => {
            const y = network.forward(tensor(backend, uniformOf(200 + t, shape), shape), {
              training: true,
              rng: () => 0,
            })
            const loss = c.loss(y, uniformOf(3, y.shape))
            const gradients = backward(loss)
            optimizer.step(c.limit === undefined ? gradients : clipNorm(gradients, c.limit), c.lr)
            return loss
          })
          assertClose(await loss.download(), [wanted], tolerance, `loss ${t}`)
          loss.free()
        }
        const weights = new Map([...network.parameters, ...network.state])
        assert.deepEqual([...weights.keys()].sort(), Object.keys(expected.after).sort())
        for (const [key, w] of weights) {
          const error = summaryError(await w.download(), expected.after[key])
          assert.ok(error <= tolerance, `${key} after five steps: relative error ${error}`)
        }
        const y = scope(() => noGrad(() => network.forward(tensor(backend, uniformOf(300, shape), shape))))
        assertClose(await y.download(), expected.outputs, tolerance, 'outputs with the running statistics')
        y.free()
        optimizer.free()
        network.free()
        assert.equal(backend.live, live)
      })
  })
