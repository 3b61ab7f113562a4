// What every model promises, whoever wrote it: a function that a student adds to models/ is tested here by being there.
import assert from 'node:assert/strict'
import {
  adam,
  backward,
  cpu,
  deserialize,
  fit,
  ops,
  pixels,
  scope,
  serialize,
  sizeOf,
  wasm,
  type Backend,
} from '../engine/index.js'
import { models } from '../models/index.js'
import { digits } from './support/examples.js'

const backend: Backend = await wasm({ threads: 1 })
after(() => backend.dispose())

for (const [name, model] of Object.entries(models))
  describe(`model ${name}`, function () {
    this.timeout(60_000)

    it('makes ten logits of a digit', () => {
      const network = model().init(backend, 0)
      assert.equal(sizeOf(network.input), 784)
      assert.deepEqual(network.output, [10])
      const shape = scope(() => network.forward(pixels(backend, new Uint8Array(3 * 784), [3, 784])).shape)
      assert.deepEqual(shape, [3, 10])
      network.free()
    })
    it('every parameter gets a gradient', async () => {
      const network = model().init(backend, 0)
      const { pixels: images, labels } = digits(8).gather(Uint32Array.of(0, 1, 2, 3, 4, 5, 6, 7))
      const downloads = scope(() => {
        const gradients = backward(ops.crossEntropy(network.forward(pixels(backend, images, [8, 784])), labels))
        return [...network.parameters].map(([key, p]) => [key, gradients.get(p)!.download()] as const)
      })
      assert.ok(downloads.length > 0)
      for (const [key, values] of downloads)
        assert.ok(
          (await values).some(v => v !== 0),
          key,
        )
      network.free()
    })
    it('learns 32 images by heart, and says the same after being saved and loaded', async () => {
      const live = backend.live
      const network = model().init(backend, 1)
      const optimizer = adam(network.parameters)
      const examples = digits(32)
      let accuracy = 0
      for await (const step of fit(network, optimizer, backend, examples, { lr: 0.003, epochs: 150, batchSize: 32 }))
        if ((accuracy = step.metrics.accuracy) === 1) break
      assert.equal(accuracy, 1)

      const tensors = new Map<string, { shape: readonly number[]; values: Float32Array }>()
      for (const [key, p] of [...network.parameters, ...network.state])
        tensors.set(key, { shape: p.shape, values: Float32Array.from(await p.download()) })
      const loaded = model().load(backend, deserialize(serialize({ tensors, metadata: {} })).tensors)
      const { pixels: images } = examples.gather(Uint32Array.from({ length: 32 }, (_, i) => i))
      const predict = (n: typeof network) => scope(() => n.predict(pixels(backend, images, [32, 784])).download())
      assert.deepEqual(await predict(loaded), await predict(network))
      for (const n of [network, loaded]) n.free()
      optimizer.free()
      assert.equal(backend.live, live)
    })
  })

const total = (name: string) =>
  models[name]()
    .summary()
    .reduce((sum, layer) => sum + layer.parameters, 0)

describe('the models that are held to a size', () => {
  it('tiny has at most 8,000 parameters, running means and variances included', () => assert.equal(total('tiny'), 6818))
  it('best has at most 2 MB of weights', () => {
    assert.equal(total('best'), 330_346)
    assert.ok(4 * total('best') <= 2e6)
  })
})

describe('the three models of the seed project', () => {
  it('have the parameters of their Keras originals', () => {
    assert.equal(total('deepnet1'), 784 * 10 + 10)
    assert.equal(total('deepnet2'), 784 * 128 + 128 + 128 * 10 + 10)
    assert.equal(total('convnet'), 9 * 32 + 32 + 9 * 32 * 64 + 64 + 9216 * 128 + 128 + 128 * 10 + 10)
    assert.deepEqual(['deepnet1', 'deepnet2', 'convnet'].map(total), [7850, 101_770, 1_199_882])
  })
  it('convnet’s layers have these shapes', () => {
    const shapes = models
      .convnet()
      .summary()
      .map(layer => `${layer.name} ${layer.output}`)
    assert.deepEqual(shapes, [
      '0.conv2d 26,26,32',
      '1.relu 26,26,32',
      '2.conv2d 24,24,64',
      '3.relu 24,24,64',
      '4.maxPool2d 12,12,64',
      '5.flatten 9216',
      '6.dense 128',
      '7.relu 128',
      '8.dense 10',
    ])
  })
  it('start from the same weights on every backend', async () => {
    const reference = cpu()
    const [a, b] = [models.deepnet2().init(reference, 7), models.deepnet2().init(backend, 7)]
    for (const [key, p] of a.parameters) assert.deepEqual(await p.download(), await b.parameters.get(key)!.download())
    b.free()
  })
})
