// Which kernels the models' steps run on wasm: a special path that is never taken gives the right numbers too, only late.
import assert from 'node:assert/strict'
import { adam, ExampleSet, fit, wasm } from '../engine/index.js'
import { models } from '../models/index.js'
import { mnist } from './support/fixtures.js'

const steps = 2

/** How often each kernel ran in a step of 32 images of MNIST, all pixels of which are ink if so asked. */
async function kernels(model: string, inked = false): Promise<(kernel: string) => number> {
  const backend = await wasm({ threads: 1 })
  const network = models[model]().init(backend, 0)
  const { pixels, labels } = mnist(0, steps * 32)
  const inputs = new ExampleSet(inked ? pixels.map(v => Math.max(v, 1)) : pixels, [28, 28])
  const examples = { length: labels.length, inputs, targets: labels }
  let done = 0
  const options = { lr: 1e-3, epochs: 1, batchSize: 32 }
  for await (const { batch } of fit(network, adam(network.parameters), backend, examples, options)) done = batch
  assert.equal(done, steps)
  const { paths } = backend
  await backend.dispose()
  return kernel => (paths.get(kernel) ?? 0) / steps
}

describe('the kernels of a step on wasm', () => {
  it('deepnet1: products of lists of pixels alone, and the gradient’s sum taken together with Adam’s step', async () => {
    const ran = await kernels('deepnet1')
    assert.deepEqual(['spmm', 'spmmBlock', 'spmmAdam', 'multiply', 'adam'].map(ran), [0, 1, 1, 0, 1])
  })
  it('deepnet2: the same for its first layer, and dense products for the second', async () => {
    const ran = await kernels('deepnet2')
    assert.deepEqual(['spmm', 'spmmAdam', 'multiply', 'adam'].map(ran), [1, 1, 3, 3])
  })
  it('pictures that are all ink are multiplied densely', async () => {
    const ran = await kernels('deepnet2', true)
    assert.deepEqual(['spmm', 'spmmAdam', 'multiply', 'adam'].map(ran), [0, 0, 5, 4])
  })
  it('convnet: convolution, relu and pooling at once, gradients of the winners alone, and products of lists behind them', async () => {
    const ran = await kernels('convnet')
    const once = [
      'convolveActive',
      'convolvePool',
      'sparseFilterGrad',
      'sparseInputGrad',
      'sparseBiasGrad',
      'activeFilterGrad',
    ]
    const lists = ['spmm', 'sddmm', 'spmmAdam']
    assert.deepEqual(
      [...once, ...lists].filter(kernel => ran(kernel) !== 1),
      [],
    )
    assert.deepEqual(
      ['convolve', 'maxPool', 'scatter', 'filterGrad'].filter(kernel => ran(kernel) > 0),
      [],
    )
  }).timeout(60_000)
})
