// Batch norm's statistics: state that is saved and restored, not trained; and what a residual block's shortcut must fit.
import assert from 'node:assert/strict'
import {
  adam,
  backward,
  batchNorm,
  conv2d,
  cpu,
  dense,
  deserialize,
  flatten,
  ops,
  random,
  relu,
  residual,
  scope,
  sequential,
  serialize,
  tensor,
  wasm,
  type Network,
} from '../engine/index.js'
import { assertClose, uniform } from './support/numbers.js'

const training = { training: true, rng: random(0, 'test') }

describe('batchNorm', () => {
  it('follows mean and unbiased variance, by hand: of 1, 3 and 5 they are 3 and 4', async () => {
    const backend = cpu({ precision: 'float64' })
    const network = sequential([1], batchNorm({ momentum: 0.25 })).init(backend, 0)
    const y = scope(() => network.forward(tensor(backend, Float64Array.of(1, 3, 5), [3, 1]), training))
    // (1 − 3) / √(8/3 + 1e-5): the batch itself is divided by its biased variance
    assertClose(await y.download(), [-2, 0, 2].map(v => v / Math.sqrt(8 / 3 + 1e-5)), 1e-12, 'y') // prettier-ignore
    assertClose(await network.state.get('0.batchNorm.running_mean')!.download(), [0.75], 1e-12, 'running mean')
    assertClose(await network.state.get('0.batchNorm.running_var')!.download(), [1.75], 1e-12, 'running variance')
    const tested = scope(() => network.forward(tensor(backend, Float64Array.of(1), [1, 1])))
    assertClose(await tested.download(), [0.25 / Math.sqrt(1.75 + 1e-5)], 1e-12, 'tested')
  })
  it('its statistics are no parameters; they are saved, and a network that takes them up says the same', async () => {
    const backend = cpu()
    const make = () => sequential([4, 4, 1], conv2d(3, 3), batchNorm(), relu(), flatten(), dense(2))
    const network = make().init(backend, 0)
    const optimizer = adam(network.parameters)
    for (let t = 0; t < 3; t++)
      scope(() => {
        const x = tensor(backend, uniform(96, `x${t}`), [6, 4, 4, 1])
        optimizer.step(backward(ops.crossEntropy(network.forward(x, training), [0, 1, 0, 1, 1, 0])), 0.01)
      })
    assert.deepEqual([...network.state.keys()], ['1.batchNorm.running_mean', '1.batchNorm.running_var'])
    assert.ok(![...network.parameters.keys()].some(name => name.includes('running')))
    const weights = new Map()
    for (const [name, w] of [...network.parameters, ...network.state])
      weights.set(name, { shape: w.shape, values: Float32Array.from(await w.download()) })
    const { tensors } = deserialize(serialize({ tensors: weights, metadata: {} }))
    const again = make().load(backend, tensors)
    assert.deepEqual(await outputs(again), await outputs(network))
  })
  it('a batch of one row is normalized to β, and leaves finite statistics', async () => {
    const backend = cpu()
    const network = sequential([2], batchNorm()).init(backend, 0)
    const y = scope(() => network.forward(tensor(backend, Float32Array.of(3, -4), [1, 2]), training))
    assert.deepEqual([...(await y.download())], [0, 0])
    assertClose(await network.state.get('0.batchNorm.running_var')!.download(), [0.9, 0.9], 1e-6, 'running variance')
  })
  it('wasm: while testing, it scales the filters before it, and convolution, relu and pooling stay one kernel', async () => {
    const backend = await wasm({ threads: 1 })
    const network = sequential([8, 8, 4], conv2d(8, 3), batchNorm(), relu()).init(backend, 0)
    const [x] = [tensor(backend, uniform(2 * 256, 'x'), [2, 8, 8, 4])]
    scope(() => network.forward(x, training))
    const before = new Map(backend.paths)
    const y = scope(() => ops.maxPool2d(network.forward(x), 2))
    const ran = [...backend.paths].filter(([name, count]) => count > (before.get(name) ?? 0)).map(([name]) => name)
    assert.ok(ran.includes('convolvePool') && !ran.includes('relu') && !ran.includes('maxPool'), ran.join())
    await y.download()
    await backend.dispose()
  })
})

describe('residual', () => {
  it('names its parameters, and those of the shortcut', () => {
    const names = [
      ...sequential([4, 4, 2], residual(conv2d(3, 3, { padding: 'same' }), relu()))
        .declared()
        .keys(),
    ]
    assert.deepEqual(names, ['0.residual.0.conv2d.weight', '0.residual.0.conv2d.bias', '0.residual.shortcut.weight', '0.residual.shortcut.bias']) // prettier-ignore
  })
  it('a block whose result no shortcut fits is refused, with what would fit', () => {
    assert.throws(() => sequential([28, 28, 2], residual(conv2d(3, 3))), {
      message: /^layer 0\.residual cannot take \[28,28,2\]: its layers make \[26,26,3\] .* padding 'same'/,
    })
  })
})

async function outputs(network: Network) {
  const y = scope(() => network.forward(tensor(cpuOf(network), uniform(32, 'tested'), [2, 4, 4, 1])))
  return [...(await y.download())]
}

const cpuOf = (network: Network) => [...network.parameters.values()][0].backend
