import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { createMemory } from '../../engine/backends/wasm/host.js'
import { ThreadPool } from '../../engine/backends/wasm/threadPool.js'
import {
  ChiffreError,
  cpu,
  ExampleSet,
  ops,
  pixels,
  sizeOf,
  tensor,
  wasm,
  type Backend,
  type Buffer,
  type Shape,
} from '../../engine/index.js'
import { conv2dShape } from '../../engine/ops/conv2d.js'
import { pool2dShape } from '../../engine/ops/maxPool2d.js'
import { digits } from '../support/examples.js'
import { assertClose, uniform } from '../support/numbers.js'
import { testBackend } from './suite.js'
import { testTrajectories } from './trajectories.js'

testBackend('wasm', () => wasm({ threads: 1 }))
testBackend('wasm, 2 threads', () => wasm({ threads: 2 }))
testBackend('wasm, strict', () => wasm({ threads: 1, strict: true }))
testTrajectories('wasm', () => wasm({ threads: 2 }))

describe('wasm', () => {
  it('counts the bytes in use and the kernels that ran', async () => {
    const b = await wasm({ threads: 1 })
    const values = new Float32Array(1000)
    const before = b.bytes
    const x = b.upload(values)
    const one = b.bytes - before
    assert.ok(one >= values.byteLength && one < values.byteLength + 256, `${one}`)
    assert.equal(b.paths.get('relu'), undefined)
    const y = b.unary('relu', x)
    const z = b.unary('relu', x)
    assert.equal(b.bytes - before, 3 * one)
    assert.deepEqual([...b.paths], [['relu', 2]])
    for (const buffer of [x, y, z]) b.free(buffer)
    assert.equal(b.bytes, before)
    await b.dispose()
  })
  it('has the threads that were asked for, from the script of its own or from chiffre/worker', async () => {
    const script = new URL(import.meta.resolve('chiffre/worker'))
    for (const options of [{}, { worker: script }]) {
      const b = await wasm({ threads: 3, ...options })
      assert.deepEqual([b.threads, b.whyOneThread], [3, undefined])
      await b.dispose()
    }
  })
  it('works with one thread, and says why, if others do not start', async () => {
    const worker = new URL('data:text/javascript,throw new Error("no thread today")')
    const b = await wasm({ threads: 2, worker })
    assert.equal(b.threads, 1)
    assert.equal(b.whyOneThread!.message, 'one thread: others do not start: no thread today')
    assert.deepEqual([...(await b.download(b.unary('relu', b.upload(Float32Array.of(-1, 2)))))], [0, 2])
    await b.dispose()
  })
  it('refuses a number of threads that is none', async () => {
    for (const threads of [0, -1, 1.5, NaN, Infinity])
      await assert.rejects(
        wasm({ threads }),
        (error: Error) => error instanceof ChiffreError && error.message.startsWith(`wasm: threads is ${threads};`),
      )
  })
  it('starts threads in a program that node was given on the command line, or with --require', async () => {
    const engine = new URL('../../engine/index.js', import.meta.url).href
    const program = `import { ops, tensor, wasm } from '${engine}'
      const b = await wasm({ threads: 2 })
      const x = tensor(b, new Float32Array(20_000).fill(-1), [20_000])
      console.log((await ops.relu(x).download()).length)`
    for (const options of [[], ['--require', 'node:path'], ['--import', `data:text/javascript,globalThis.x = 1`]]) {
      const args = [...options, '--input-type=module', '--eval', program]
      const { stdout } = await promisify(execFile)(process.execPath, args)
      assert.equal(stdout.trim(), '20000', `${options}`)
    }
  })
  it('gives its memory back, and is an error to use, once it is disposed of', async () => {
    const values = new Float32Array(16e6)
    const before = process.memoryUsage().rss
    for (let i = 0; i < 10; i++) {
      const b = await wasm({ threads: 2 })
      b.upload(values)
      await b.dispose()
      await b.dispose()
      assert.throws(() => b.upload(values), /used after dispose/)
    }
    const grown = (process.memoryUsage().rss - before) / values.byteLength
    assert.ok(grown < 4, `the memory of ${grown} of 10 backends is in use`)
  })
  for (const [last, kernel] of [
    [false, 'convolvePool'],
    [true, 'inferPooled'],
  ] as const)
    // prettier-ignore
    it(`a pixel that is no number, or huge, reaches only the windows that it is in, by ${kernel} too`, async () => {
      const s = conv2dShape([1, 10, 10, 8], [3, 3, 8, 8], 1, 'valid')
      const p = pool2dShape([1, 8, 8, 8], 2, 2)
      const b = await wasm({ threads: 1 })
      const [x, w] = [uniform(800, 'x'), b.upload(uniform(576, 'w'))]
      const pooled = () => b.download(b.maxPool(b.conv2d(b.upload(x), w, s), p, last))
      const before = await pooled()
      for (const other of [NaN, 1e20, 1e6]) {
        x[8 * (4 * 10 + 4)] = other // (4, 4): in the results (2, 2) to (4, 4), the first of these four windows
        const after = await pooled()
        const windows = [...Array(16).keys()].filter(i =>
          after.subarray(8 * i, 8 * i + 8).some((v, j) => !(Math.abs(v - before[8 * i + j]) < 0.1)),
        )
        assert.deepEqual(windows, [5, 6, 9, 10], `${other}`)
      }
      assert.equal(b.paths.get(kernel), 4)
      await b.dispose()
    })
  it('where no gradient is wanted, larger tiles: of 6 filters, of images of which some are blank, on three threads', async () => {
    const grey = digits(11).pixels.slice().fill(0, 0, 784)
    const results: (Float32Array | Float64Array)[] = []
    for (const threads of [1, 3])
      for (const wanted of [true, false]) {
        const b = await wasm({ threads })
        const weight = (shape: Shape, seed: string) => {
          const w = tensor(b, uniform(sizeOf(shape), seed), shape)
          w.requiresGrad = wanted
          return w
        }
        const x = pixels(b, grey, [11, 28, 28, 1])
        const a = ops.relu(ops.bias(ops.conv2d(x, weight([3, 3, 1, 32], 'w1')), weight([32], 'b1')))
        const y = ops.maxPool2d(ops.relu(ops.bias(ops.conv2d(a, weight([3, 3, 32, 6], 'w2')), weight([6], 'b2'))), 2)
        results.push(await y.download())
        assert.deepEqual([b.paths.has('convolvePool'), b.paths.has('inferPooled')], [wanted, !wanted])
        await b.dispose()
      }
    const [small, large, , others] = results
    assert.deepEqual(others, large)
    const most = Math.max(...small)
    assert.ok(most > 1)
    // 1e-5 of the largest: three times what is measured with convnet's weights
    assert.deepEqual([...large].filter((v, i) => !(Math.abs(v - small[i]) < 1e-5 * most)), []) // prettier-ignore
  })
  it('softmax of logits whose loss is known is there already, once, and the loss has its gradient all the same', async () => {
    const b = await wasm({ threads: 1 })
    const [x, labels, one] = [uniform(21, 'x', -9, 9), Float32Array.of(0, 2, 6), Float32Array.of(1)].map(v =>
      b.upload(v),
    )
    const alone = await b.download(b.softmax(x, 3, 7))
    const before = b.bytes
    const loss = b.crossEntropy(x, labels, 3, 7)
    const results = [b.softmax(x, 3, 7), b.softmax(x, 3, 7)]
    assert.equal(b.paths.get('softmax'), 2)
    const gradient = b.crossEntropyGrad(x, labels, one, 3, 7)
    for (const y of results) assert.deepEqual(await b.download(y), alone)
    const expected = alone.map((p, i) => (p - ([0, 2, 6][Math.floor(i / 7)] === i % 7 ? 1 : 0)) / 3)
    assertClose(await b.download(gradient), expected, 1e-6, 'gradient')
    for (const buffer of [loss, gradient, ...results, x, labels, one]) b.free(buffer)
    assert.ok(b.bytes < before)
    await b.dispose()
  })
  it('adam, a gradient whose square overflows: the weight stands still from then on, as on cpu', async () => {
    const backends: Backend[] = [cpu(), await wasm({ threads: 1 }), await wasm({ threads: 1, strict: true })]
    for (const b of backends) {
      const constants = { lr: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }
      let [w, m, v]: Buffer[] = [[1, 2], [0, 0], [0, 0]].map(x => b.upload(Float32Array.from(x))) // prettier-ignore
      for (const [i, dw] of [1e23, 1, 0].entries())
        ({ w, m, v } = b.adamStep(w, b.upload(Float32Array.of(dw, 0)), m, v, { ...constants, step: i + 1 }))
      assert.deepEqual([...(await b.download(w))], [1, 2], b.name)
      await b.dispose()
    }
  })
  it('gelu is a ramp of slope 1, or flat, for numbers however large', async () => {
    const b = await wasm({ threads: 1 })
    const [x, dy] = [Float32Array.of(1e18, -1e18, 1e13, -1e13, 40, -40), new Float32Array(6).fill(1)].map(v =>
      b.upload(v),
    )
    const dx = await b.download(b.unaryGrad('gelu', x, b.unary('gelu', x), dy))
    assert.deepEqual(dx.map(Math.abs), Float32Array.of(1, 0, 1, 0, 1, 0))
    await b.dispose()
  })
  it('lists of images with little ink, far apart, and of any size, are those images', async () => {
    // An entry says how far it is from the one before, in 8 bits; lists are made of eight pixels at a time, in blocks of 392.
    const places = [[], [0], [391], [392], [0, 247], [0, 248], [0, 255, 391], [1, 390, 393, 783], [7, 8, 15, 300, 399]]
    for (const threads of [1, 3]) {
      const backend = await wasm({ threads })
      for (const size of [8, 49, 392, 393, 399, 400, 407, 784, 2000]) {
        const images = new Uint8Array(places.length * size)
        for (const [i, all] of places.entries())
          for (const k of all) if (k < size) images[i * size + k] = 1 + ((i + k) % 255)
        const indices = Uint32Array.from([...places.keys(), 3, 1, 7])
        const found = []
        for (const b of [cpu(), backend] as Backend[])
          found.push(
            [...(await b.download(b.gather(new ExampleSet(images, [size]), indices)))].map(v => Math.round(255 * v)),
          )
        assert.deepEqual(found[1], found[0], `${size} pixels`)
      }
      await backend.dispose()
    }
  })
  it('calls no kernel that does not exist', () => {
    const pool = new ThreadPool({}, createMemory(true, 1, 1), 2)
    assert.throws(() => {
      pool.run('rleu' as never, 8, 0, 0, [])
    }, /no kernel rleu/)
  })
})
