// gpu.js: its plain-JavaScript mode runs everywhere and tests every general kernel. WebAssembly shares those kernels;
// headless GL has the packed ones too, and needs a display and minutes: .ci/steps/70-gl runs both.
import assert from 'node:assert/strict'
import {
  adam,
  backward,
  conv2d,
  cpu,
  dense,
  evaluate,
  fit,
  flatten,
  gpujs,
  maxPool2d,
  ops,
  relu,
  scope,
  sequential,
  tensor,
} from '../../engine/index.js'
import type { Backend, Network } from '../../engine/index.js'
import { mnist } from '../../bench/mnist.js'
import { models } from '../../models/index.js'
import { uniform } from '../support/numbers.js'
import { gpujsOptions, gpuOptions } from './gpujsOptions.js'
import { testBackend } from './suite.js'
import { testTrajectories } from './trajectories.js'

testBackend('gpujs:cpu', () => gpujs('cpu'), gpujsOptions)

const skip = process.env.CHIFFRE_GL
  ? undefined
  : 'set CHIFFRE_GL=1 to run it (with `xvfb-run -a` where there is no display)'
testBackend('gpujs:webasm', () => gpujs('webasm'), { ...gpujsOptions, skip })
testBackend('gpujs:headlessgl', () => gpujs('headlessgl'), { ...gpuOptions, skip })
testTrajectories('gpujs:headlessgl', () => gpujs('headlessgl'), { skip })

;(skip ? describe.skip : describe)(`memory of gpujs:headlessgl${skip ? `: SKIPPED, ${skip}` : ''}`, function () {
  this.timeout(300_000)
  let backend: Backend
  before(async () => {
    backend = await gpujs('headlessgl')
  })
  after(() => backend.dispose())

  /** Trains on one batch; the first steps compile the kernels and fill GL's own pools. */
  async function train(network: Network, steps: number) {
    network.init(backend, 1)
    const optimizer = adam(network.parameters)
    const x = tensor(backend, uniform(16 * 784, 'x'), [16, ...network.input])
    const labels = Uint8Array.from({ length: 16 }, (_, i) => i % 10)
    const step = async () => {
      const loss = scope(() => {
        const loss = ops.crossEntropy(network.forward(x), labels)
        optimizer.step(backward(loss), 1e-3)
        return loss
      })
      const [value] = await loss.download()
      loss.free()
      return value
    }
    const first = await step()
    for (let i = 1; i < steps / 10; i++) await step()
    const [live, resident] = [backend.live, process.memoryUsage.rss()]
    let last = first
    for (let i = 0; i < steps; i++) last = await step()
    assert.equal(backend.live, live, 'buffers in use')
    const grown = (process.memoryUsage.rss() - resident) / 2 ** 20
    assert.ok(grown < 50, `the process grew by ${grown.toFixed(1)} MB`)
    assert.ok(last < first / 2, `the loss went from ${first} to ${last}`)
  }

  it('500 steps of deepnet2 leave it as it was', () => train(models.deepnet2(), 500))
  it('100 steps of a small convnet leave it as it was', () =>
    train(sequential([28, 28, 1], conv2d(4, 3), relu(), conv2d(8, 3), relu(), maxPool2d(2), flatten(), dense(10)), 100))
})

;(skip ? describe.skip : describe)(`deepnet2 on gpujs:headlessgl${skip ? `: SKIPPED, ${skip}` : ''}`, () => {
  it('learns from 6,000 digits what it learns on the reference, within 0.5 points', async function () {
    this.timeout(300_000)
    const [learned, apart] = [(await mnist('train')).take(6000), (await mnist('t10k')).take(2000)]
    const scores = []
    for (const backend of [cpu(), await gpujs()]) {
      const network = models.deepnet2().init(backend, 0)
      const steps = fit(network, adam(network.parameters), backend, learned, { lr: 1e-3, epochs: 1, batchSize: 128 })
      while (!(await steps.next()).done);
      scores.push((await evaluate(network, backend, apart)).metrics.accuracy)
      await backend.dispose()
    }
    assert.ok(Math.abs(scores[0] - scores[1]) <= 0.005, `accuracies ${scores.join(' and ')}`)
    assert.ok(scores[1] > 0.8, `accuracy ${scores[1]}`)
  })
})
