// The webgpu backend in Node, with the package webgpu: .ci/steps/72-webgpu installs it, and has Chromium's SwiftShader, a Vulkan
// driver in software, stand for a graphics card.
import assert from 'node:assert/strict'
import {
  adam,
  conv2d,
  cpu,
  dense,
  evaluate,
  fit,
  flatten,
  maxPool2d,
  random,
  relu,
  sequential,
  webgpu,
  webgpuAdapters,
  type Backend,
  type Buffer,
  type Network,
  type WebgpuBackend,
} from '../../engine/index.js'
import { mnist } from '../../bench/mnist.js'
import { models } from '../../models/index.js'
import { digits } from '../support/examples.js'
import { assertClose, uniform } from '../support/numbers.js'
import { refused } from '../support/refused.js'
import { withoutWebgpu as skip } from '../support/webgpu.js'
import { gpuOptions } from './gpujsOptions.js'
import { testBackend } from './suite.js'
import { testTrajectories } from './trajectories.js'

testBackend('webgpu', () => webgpu(), { ...gpuOptions, skip })
testTrajectories('webgpu', () => webgpu(), { skip })

/** A device, of which the backend that has it shows nothing. */
interface Device {
  destroy(): void
  createBuffer(settings: { size: number; usage: number }): object
}
interface Adapter {
  readonly info: object
  readonly limits: object
  readonly features: object
  requestDevice(settings: object): Promise<Device>
}
type Gpu = { requestAdapter(options?: object): Promise<Adapter> }
;(skip ? describe.skip : describe)(`webgpu in Node${skip ? `: SKIPPED, ${skip}` : ''}`, function () {
  this.timeout(300_000)
  let backend: WebgpuBackend
  before(async () => {
    backend = await webgpu()
  })
  after(() => backend.dispose())

  /** A backend, and the device under it; of an adapter that says so of itself. */
  async function opened(adapted: object = {}) {
    const { gpu } = (globalThis as unknown as { navigator: { gpu: Gpu } }).navigator
    const { requestAdapter } = gpu
    let device: Device | undefined
    gpu.requestAdapter = async options => {
      const adapter = await requestAdapter(options)
      const requestDevice = adapter.requestDevice.bind(adapter)
      const noting = async (settings: object) => (device = await requestDevice(settings))
      return {
        info: adapter.info,
        limits: adapter.limits,
        features: adapter.features,
        ...adapted,
        requestDevice: noting,
      }
    }
    try {
      return { made: await webgpu(), device: device! }
    } finally {
      gpu.requestAdapter = requestAdapter
    }
  }

  it('names its adapter, and calls software by that name', async () => {
    assert.equal(backend.name, 'webgpu')
    const [fastest] = await webgpuAdapters()
    assert.deepEqual(backend.adapter, fastest)
    if (/swiftshader/i.test(process.env.VK_ICD_FILENAMES ?? '')) assert.equal(fastest.software, true)
  })

  it('goes on when another is disposed of, and leaves nothing behind after the last', async () => {
    const other = await webgpu()
    await other.dispose()
    const x = backend.upload(Float32Array.of(-1, 2))
    const y = backend.unary('relu', x)
    assert.deepEqual([...(await backend.download(y))], [0, 2])
    for (const one of [x, y]) backend.free(one)
    await backend.dispose()
    assert.ok(!(globalThis as { navigator?: { gpu?: object } }).navigator?.gpu)
    backend = await webgpu()
  })

  it('a device that is lost is one line, at once and later', async () => {
    const { made, device } = await opened()
    const x = made.upload(Float32Array.of(1, 2))
    const y = made.unary('relu', x)
    await made.download(y)
    device.destroy()
    for (let times = 0; times < 2; times++) {
      await assert.rejects(made.download(made.unary('relu', x)), refused('webgpu.lost', /taken away/))
      await assert.rejects(made.download(y), refused('webgpu.lost', /^download: .*taken away/))
    }
    await made.dispose()
  })

  it('and so it is in the middle of a training', async () => {
    const { made, device } = await opened()
    const network = models.deepnet1().init(made, 1)
    const steps = fit(network, adam(network.parameters), made, digits(8 * 16), { lr: 1e-3, epochs: 1, batchSize: 16 })
    for (let step = 0; step < 3; step++) assert.equal((await steps.next()).done, false)
    const next = steps.next()
    device.destroy()
    await assert.rejects(next, refused('webgpu.lost', /^download: .*taken away/))
    await made.dispose()
  })

  it('an adapter without timestamps, which takes no more than 2 MB at once, is good enough for a small network', async () => {
    const limits = { maxStorageBufferBindingSize: 2 ** 21, maxBufferSize: 2 ** 21 }
    const { made } = await opened({ limits, features: new Set() })
    const network = models.deepnet2().init(made, 1)
    assert.ok(Number.isFinite((await evaluate(network, made, digits(64))).loss))
    assert.throws(
      () => models.convnet().init(made, 1),
      refused('webgpu.size', /^upload: 1179648 numbers.* at most 524288/),
    )
    await made.dispose()
  })

  it('two networks that learn at once learn what each learns alone', async () => {
    const learned = async (model: 'deepnet1' | 'deepnet2', batchSize: number) => {
      const network = models[model]().init(backend, 1)
      const optimizer = adam(network.parameters)
      const steps = fit(network, optimizer, backend, digits(96), { lr: 1e-3, epochs: 2, batchSize })
      while (!(await steps.next()).done);
      const weights: string[] = []
      for (const w of network.parameters.values())
        weights.push(new Uint32Array((await w.download()).slice().buffer).join())
      optimizer.free()
      network.free()
      return weights
    }
    const alone = [await learned('deepnet2', 16), await learned('deepnet1', 20)]
    assert.deepEqual(await Promise.all([learned('deepnet2', 16), learned('deepnet1', 20)]), alone)
  })

  it('what the device refuses in silence, such as a buffer for which there is no memory, is one line', async () => {
    const { made, device } = await opened()
    const x = made.upload(Float32Array.of(1, 2))
    device.createBuffer({ size: 2 ** 42, usage: 128 })
    await assert.rejects(made.download(made.unary('relu', x)), refused('webgpu.kernel', /size.*4398046511104/))
    await made.dispose()
  })

  it('a buffer beyond its limits is one line', async () => {
    const x = backend.upload(new Float32Array(2 ** 16))
    const y = backend.repeat(x, 2 ** 15)
    await assert.rejects(async () => backend.download(y), refused('webgpu.size', /^repeat: 2147483648 numbers/))
    for (const one of [x, y]) backend.free(one)
  })

  it('more than 65,535 workgroups, which no card takes in a row: a convolution of 4 million pixels', async () => {
    const [h, w] = [2049, 2048]
    const s = { n: 1, h, w, ci: 1, kh: 1, kw: 1, co: 1, stride: 1, top: 0, left: 0, oh: h, ow: w }
    const [x, filter] = [
      backend.upload(Float32Array.from({ length: h * w }, (_, i) => i)),
      backend.upload(Float32Array.of(2)),
    ]
    const y = backend.conv2d(x, filter, s)
    assert.equal(
      (await backend.download(y)).findIndex((value, i) => value !== 2 * i),
      -1,
    )
    for (const one of [x, filter, y]) backend.free(one)
  })

  it('products and convolutions of nothing: no rows, no columns, or sums of nothing, which are 0', async () => {
    type Block = ReturnType<WebgpuBackend['upload']>
    const upload = (length: number) => backend.upload(uniform(length, 'x'))
    const zeros = async (make: (x: Block, y: Block) => Block, [x, y]: readonly [Block, Block], length: number) => {
      const made = make(x, y)
      assert.deepEqual([...(await backend.download(made))], Array<number>(length).fill(0))
      for (const one of [x, y, made]) backend.free(one)
    }
    for (const transposed of [{}, { x: true, w: true }])
      for (const [m, k, n] of [
        [0, 5, 3],
        [3, 0, 5],
        [3, 5, 0],
        [20, 0, 40],
        [0, 0, 4],
      ])
        // prettier-ignore
        await zeros((x, w) => backend.matmul(x, w, m, k, n, transposed), [upload(m * k), upload(k * n)], m * n)
    for (const co of [4, 5]) {
      const s = { n: 0, h: 5, w: 5, ci: 4, kh: 3, kw: 3, co, stride: 1, top: 0, left: 0, oh: 3, ow: 3 }
      const filter = 3 * 3 * 4 * co
      await zeros((x, w) => backend.conv2d(x, w, s), [upload(0), upload(filter)], 0)
      await zeros((dy, w) => backend.conv2dGradInput(dy, w, s), [upload(0), upload(filter)], 0)
      await zeros((x, dy) => backend.conv2dGradFilter(x, dy, s), [upload(0), upload(0)], filter)
    }
    await zeros(x => backend.conv2dGradFilter(x, x, { n: 0, h: 5, w: 5, ci: 1, kh: 3, kw: 3, co: 4, stride: 1, top: 0, left: 0, oh: 3, ow: 3 }), [upload(0), upload(0)], 36) // prettier-ignore
    await zeros(x => backend.biasGrad(x, 0, 3), [upload(0), upload(0)], 3)
  })

  /** Learns for so many steps of a batch. @returns after each: what went to and fro, what is in use, and the loss */
  async function steps(network: Network, count: number, batchSize = 16) {
    network.init(backend, 1)
    const optimizer = adam(network.parameters)
    const all: { traffic: Record<string, number>; live: number; buffers: number; bytes: number; loss: number }[] = []
    let before: Readonly<Record<string, number>> = { ...backend.traffic }
    const options = { lr: 1e-3, epochs: Math.ceil(count / 8), batchSize }
    for await (const { loss } of fit(network, optimizer, backend, digits(8 * batchSize), options)) {
      const now = { ...backend.traffic } as Readonly<Record<string, number>>
      const traffic = Object.fromEntries(Object.entries(now).map(([key, value]) => [key, value - before[key]]))
      all.push({ traffic, live: backend.live, ...backend.memory, loss })
      before = now
    }
    optimizer.free()
    network.free()
    return all
  }

  for (const [model, most, batch] of [
    ['deepnet2', 16, 16],
    ['convnet', 36, 2],
    ['tiny', 76, 2],
  ] as const)
    it(`a step of ${model} is one submission of at most ${most} dispatches, and little else goes to the card`, async () => {
      const all = await steps(models[model](), 8, batch)
      // The first makes the optimizer's memory, the second is recorded.
      for (const { traffic } of all.slice(2)) {
        assert.equal(traffic.replays, 1)
        assert.equal(traffic.submits, 1)
        assert.ok(traffic.dispatches <= most, `${traffic.dispatches} dispatches`)
        // Indices, labels and the optimizer's constants; the loss and the scores.
        const constants = 256 * { deepnet2: 4, convnet: 8, tiny: 14 + 4 }[model]
        assert.equal(traffic.written, constants + 8 * batch)
        assert.equal(traffic.read, 4 + 40 * batch)
      }
    })

  it('500 steps leave the number and the bytes of buffers as they were, and learn', async () => {
    const { buffers, bytes } = backend.memory
    const all = await steps(sequential([28, 28, 1], conv2d(2, 5, { stride: 3 }), relu(), maxPool2d(2), flatten(), dense(10)), 500) // prettier-ignore
    for (const step of all.slice(3))
      assert.deepEqual([step.live, step.buffers, step.bytes], [all[2].live, all[2].buffers, all[2].bytes])
    assert.ok(all.at(-1)!.loss < all[0].loss / 2, `the loss went from ${all[0].loss} to ${all.at(-1)!.loss}`)
    // Programs give all back; the set of images stays.
    assert.ok(backend.memory.buffers <= buffers + 2 && backend.memory.bytes <= bytes + 2 ** 20, JSON.stringify(backend.memory)) // prettier-ignore
  })

  it('what was called for before a number changes sees it as it was, without programs, too', async () => {
    const x = backend.upload(uniform(12, 'x'))
    const constants = { lr: 1, momentum: 0 }
    const dw = backend.upload(new Float32Array(12).fill(1))
    const before = backend.repeat(x, 1)
    const { w } = backend.sgdStep(x, dw, undefined, constants)
    constants.lr = 100
    const [then, now] = [await backend.download(before), await backend.download(w)]
    for (const [i, value] of now.entries()) assert.equal(value, Math.fround(then[i] - 1))
    for (const one of [before, w, dw]) backend.free(one)
  })

  it('random lists of calls, of which many become one kernel, give what the reference gives', async () => {
    /** The same calls for each backend. */
    const listOf = async (b: Backend, list: number) => {
      const draw = random(list, 'calls')
      const pick = (count: number) => Math.floor(draw() * count)
      const [m, n] = [[1, 12, 300][pick(3)], 1 + pick(9)]
      const all = [m * n, m * n, n, n, 1].map((length, i) => b.upload(uniform(length, `${i}`)))
      /** f of what is given back at once */
      const of = (x: Buffer, f: (x: Buffer) => Buffer) => {
        const y = f(x)
        b.free(x)
        return y
      }
      for (let call = 0; call < 40; call++) {
        const whole = all.filter(x => x.length === m * n)
        const [x, y, z] = [whole[pick(whole.length)], all[pick(all.length)], pick(all.length)]
        const other = all.find((w, i) => w.length === all[z].length && i !== z)
        const kinds: (() => void)[] = [
          () => all.push(b.add(x, y)),
          () => all.push(b.sub(y, x)),
          () => all.push(of(b.mul(x, y), x => b.unary('tanh', x))),
          () => all.push(of(b.unary('sigmoid', y), s => b.unaryGrad('sigmoid', y, s, y))),
          () => all.push(of(b.biasGrad(x, m, n), x => b.unary('tanh', x))),
          () => other && (all[z] = b.sgdStep(all[z], other, undefined, { lr: 0.1, momentum: 0 }).w),
          () => all.length > 8 && b.free(all.splice(5 + pick(all.length - 5), 1)[0]),
          () => all.length > 8 && b.free(all.splice(5 + pick(all.length - 5), 1)[0]),
        ]
        kinds[pick(kinds.length)]()
      }
      const values = await Promise.all(all.map(x => b.download(x)))
      for (const x of all) b.free(x)
      return values
    }
    for (let list = 0; list < 20; list++) {
      const [expected, actual] = [await listOf(cpu(), list), await listOf(backend, list)]
      for (const [i, values] of expected.entries()) assertClose(actual[i], values, 1e-4, `list ${list}, array ${i}`)
    }
    assert.equal(backend.live, 0)
  })

  it('learns from 1,500 digits what the reference learns, within 0.5 points', async () => {
    const [learned, apart] = [(await mnist('train')).take(1500), (await mnist('t10k')).take(2000)]
    const scores: number[] = []
    for (const b of [cpu(), backend]) {
      const network = models.deepnet2().init(b, 0)
      const optimizer = adam(network.parameters)
      const steps = fit(network, optimizer, b, learned, { lr: 1e-3, epochs: 1, batchSize: 64 })
      while (!(await steps.next()).done);
      scores.push((await evaluate(network, b, apart)).metrics.accuracy)
      optimizer.free()
      network.free()
    }
    assert.ok(Math.abs(scores[0] - scores[1]) <= 0.005, `accuracies ${scores.join(' and ')}`)
    assert.ok(scores[1] > 0.7, `accuracy ${scores[1]}`)
  })
})
