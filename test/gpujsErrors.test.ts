// What cannot run says so in one line, which names the operation and the limit.
import assert from 'node:assert/strict'
import { ChiffreError, gpujs, webgpuAdapters } from '../engine/index.js'
import { refused } from './support/refused.js'

describe('gpu.js refuses', () => {
  it('a mode that there is not, naming those that there are', () =>
    assert.rejects(gpujs('vulkan'), refused('gpujs.unknown', /vulkan.*headlessgl, webgl2, webgpu, webasm, cpu/)))

  it("a browser's GL in Node", () => assert.rejects(gpujs('webgl2'), refused('gpujs.unsupported', /webgl2/)))

  it('to be anything but WebGPU or headless GL in Node, and says what is missing', async () => {
    try {
      const backend = await gpujs()
      assert.match(backend.name, /^gpujs:(webgpu|headlessgl)$/)
      await backend.dispose()
    } catch (error) {
      refused('gpujs.none', /(package webgpu|WebGPU) .*; the package gl .* display .*doctor/)(error)
    }
  })
  it('to find adapters where there is no WebGPU, and says why', async () => {
    try {
      assert.ok((await webgpuAdapters()).length > 0)
    } catch (error) {
      assert.match((error as ChiffreError).key, /^webgpu\.(package|broken|adapter)$/)
    }
    assert.ok(!(globalThis as { navigator?: { gpu?: object } }).navigator?.gpu, 'WebGPU is left behind')
  })

  it('a tensor beyond 2^24 numbers, where an index in float32 is no longer exact', async () => {
    const backend = await gpujs('cpu')
    const [x, w] = [backend.upload(new Float32Array(4097)), backend.upload(new Float32Array(4096))]
    assert.throws(() => backend.matmul(x, w, 4097, 1, 4096), refused('gpujs.size', /^matmul: 16781312 .* 16777216/))
    await backend.dispose()
  })
})
