// gpu.js on WebGPU in Node, with the package webgpu: .ci/steps/72-webgpu installs it, and has Chromium's SwiftShader, a Vulkan
// driver in software, stand for a graphics card.
import assert from 'node:assert/strict'
import { adam, backward, cpu, evaluate, fit, gpujs, ops, scope, tensor, webgpuAdapters } from '../../engine/index.js'
import type { Backend } from '../../engine/index.js'
import { loadLibrary } from '../../engine/backends/gpujs/library.js'
import { mnist } from '../../bench/mnist.js'
import { models } from '../../models/index.js'
import { uniform } from '../support/numbers.js'
import { refused } from '../support/refused.js'
import { withoutWebgpu as skip } from '../support/webgpu.js'
import { gpuOptions } from './gpujsOptions.js'
import { testBackend } from './suite.js'
import { testTrajectories } from './trajectories.js'

testBackend('gpujs:webgpu', () => gpujs('webgpu'), { ...gpuOptions, skip })
testTrajectories('gpujs:webgpu', () => gpujs('webgpu'), { skip })

/** The device of gpu.js, which no backend of ours hands out. */
interface Device {
  destroy(): void
  createBuffer(settings: { size: number; usage: number }): { destroy(): void }
}

;(skip ? describe.skip : describe)(`gpujs:webgpu in Node${skip ? `: SKIPPED, ${skip}` : ''}`, function () {
  this.timeout(300_000)
  let backend: Backend
  beforeEach(async () => {
    backend = await gpujs()
  })
  afterEach(() => backend.dispose())
  const device = async () => (await (await loadLibrary()).WebGPUContext.acquire()).device as unknown as Device

  it('is what gpujs takes, names its adapter, and calls software by that name', async () => {
    assert.equal(backend.name, 'gpujs:webgpu')
    const [fastest] = await webgpuAdapters()
    assert.deepEqual(backend.adapter, fastest)
    assert.notEqual(fastest.name, 'WebGPU')
    if (/swiftshader/i.test(process.env.VK_ICD_FILENAMES ?? ''))
      assert.deepEqual(fastest, {
        name: 'google swiftshader-device-subzero (SwiftShader driver 5.0.0)',
        software: true,
      })
  })

  it('lets another backend go on when one is disposed of, and can be opened again after the last', async () => {
    const other = await gpujs('webgpu')
    await backend.dispose()
    const x = other.upload(Float32Array.of(-1, 2))
    assert.deepEqual([...(await other.download(other.unary('relu', x)))], [0, 2])
    await other.dispose()
    backend = await gpujs('webgpu')
  })

  it('a device that is lost is one line, at once and later', async () => {
    const x = backend.upload(Float32Array.of(1, 2))
    const y = backend.unary('relu', x)
    await backend.download(y)
    ;(await device()).destroy()
    for (let times = 0; times < 2; times++) {
      await assert.rejects(backend.download(backend.unary('relu', x)), refused('gpujs.lost', /taken away.*webgpu/))
      await assert.rejects(backend.download(y), refused('gpujs.lost', /^download: .*taken away/))
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  })

  it('what the device refuses in silence, such as a buffer for which there is no memory, is one line', async () => {
    const x = backend.upload(Float32Array.of(1, 2))
    ;(await device()).createBuffer({ size: 2 ** 42, usage: 128 })
    await assert.rejects(backend.download(backend.unary('relu', x)), refused('gpujs.kernel', /size.*4398046511104/))
  })

  it('a buffer beyond its limits is one line', async () => {
    const [x, w] = [backend.upload(new Float32Array(4097)), backend.upload(new Float32Array(4096))]
    assert.throws(() => backend.matmul(x, w, 4097, 1, 4096), refused('gpujs.size', /^matmul: 16781312 .* webgpu/))
  })

  it('60 steps of deepnet2 leave the buffers as they were, and learn', async () => {
    const network = models.deepnet2().init(backend, 1)
    const optimizer = adam(network.parameters)
    const x = tensor(backend, uniform(16 * 784, 'x'), [16, ...network.input])
    const labels = Uint8Array.from({ length: 16 }, (_, i) => i % 10)
    const losses: number[] = []
    const live: number[] = []
    for (let i = 0; i < 60; i++) {
      const loss = scope(() => {
        const loss = ops.crossEntropy(network.forward(x), labels)
        optimizer.step(backward(loss), 1e-3)
        return loss
      })
      losses.push((await loss.download())[0])
      loss.free()
      live.push(backend.live)
    }
    assert.equal(live.at(-1), live[20], 'buffers in use')
    assert.ok(losses.at(-1)! < losses[0] / 2, `the loss went from ${losses[0]} to ${losses.at(-1)}`)
  })

  it('learns from 3,000 digits what the reference learns, within 0.5 points', async () => {
    const [learned, apart] = [(await mnist('train')).take(3000), (await mnist('t10k')).take(2000)]
    const scores: number[] = []
    for (const b of [cpu(), backend]) {
      const network = models.deepnet2().init(b, 0)
      const steps = fit(network, adam(network.parameters), b, learned, { lr: 1e-3, epochs: 1, batchSize: 128 })
      while (!(await steps.next()).done);
      scores.push((await evaluate(network, b, apart)).metrics.accuracy)
    }
    assert.ok(Math.abs(scores[0] - scores[1]) <= 0.005, `accuracies ${scores.join(' and ')}`)
    assert.ok(scores[1] > 0.7, `accuracy ${scores[1]}`)
  })
})
