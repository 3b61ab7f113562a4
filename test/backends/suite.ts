// The one suite that every backend passes: each kernel of the contract (engine/backend.ts) is run on the backend and on
// the reference in double precision, from the same float32 inputs, and the results are compared. A backend may fuse or
// delay kernels, so kernels are also tested in the chains in which networks use them.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  cpu,
  ExampleSet,
  type Backend,
  type Buffer,
  type Conv2dShape,
  type Pool2dShape,
  type AveragePool2dShape,
  type Unary,
  type Values,
} from '../../engine/index.js'
import { conv2dShape, type Padding } from '../../engine/ops/conv2d.js'
import { pool2dShape } from '../../engine/ops/maxPool2d.js'
import { functions, type FunctionCase } from '../support/elementwise.js'
import { assertClose, eighths, uniform } from '../support/numbers.js'

export interface SuiteOptions {
  /** The largest error allowed, in proportion to the largest number of the result. */
  readonly tolerance?: number
  /** Other tolerances, by kernel. */
  readonly tolerances?: Readonly<Partial<Record<string, number>>>
  /** How many random shapes to draw for each family of kernels. */
  readonly runs?: number
  /** Whether numbers below 2^-126 are told from 0; GPUs round them to 0. */
  readonly subnormals?: boolean
  /** Whether infinities and NaN are as IEEE 754 has them; on GPUs that is up to the card. */
  readonly special?: boolean
  /** Why the backend cannot be tested on this machine. */
  readonly skip?: string | undefined
}

/** Kernels run on one backend, from uploaded inputs to the results to compare, each named after the kernel to blame. */
type Program = (b: Backend, inputs: Record<string, Buffer>) => Results | Promise<Results>
type Results = Record<string, Buffer | Values>

type Inputs = Readonly<Record<string, Float32Array | Uint8Array>>

export function testBackend(
  name: string,
  makeBackend: () => Backend | Promise<Backend>,
  { tolerance = 1e-5, tolerances = {}, runs = 100, subnormals = true, special = true, skip }: SuiteOptions = {},
) {
  if (skip) {
    describe.skip(`backend ${name}: SKIPPED, ${skip}`, () => it('agrees with the reference'))
    return
  }

  describe(`backend ${name} agrees with the reference`, function () {
    this.timeout(300_000)
    const reference = cpu({ precision: 'float64' })
    let backend: Backend

    before(async () => {
      backend = await makeBackend()
    })
    after(() => backend.dispose())

    /**
     * Runs a program on both backends, compares all results, and checks that nothing stays in use (but the sets that images
     * were picked from, which a backend may keep).
     */
    async function compare(what: string, inputs: Inputs, program: Program, keepsImages = false) {
      const expected = await run(reference, inputs, program)
      const [live, bytes] = [backend.live, bytesOf(backend)]
      const actual = await run(backend, inputs, program)
      assert.equal(backend.live, live, `${what}: buffers in use after all were freed`)
      if (!keepsImages) assert.equal(bytesOf(backend), bytes, `${what}: bytes in use after all were freed`)
      for (const [result, values] of Object.entries(actual)) {
        const kernel = result.split(' ')[0]
        assertClose(values, expected[result], tolerances[kernel] ?? tolerance, `${what}: ${result}`, scales[kernel])
      }
    }

    describe('matmul', () => {
      const check = (m: number, k: number, n: number, numbers = uniform) =>
        compare(`[${m},${k}]·[${k},${n}]`, { x: numbers(m * k, 'x'), w: numbers(k * n, 'w') }, (b, { x, w }) => ({
          'matmul plain': b.matmul(x, w, m, k, n),
          'matmul xᵀ': b.matmul(x, w, m, k, n, { x: true }),
          'matmul wᵀ': b.matmul(x, w, m, k, n, { w: true }),
          'matmul xᵀ wᵀ': b.matmul(x, w, m, k, n, { x: true, w: true }),
        }))
      it('odd sizes, all four transpositions', async () => {
        for (const [i, m] of odd.entries())
          for (const [j, k] of odd.entries()) await check(m, k, odd[(i + j) % odd.length])
      })
      it("the models' sizes at batches of 1 and 7", async () => {
        for (const batch of [1, 7])
          for (const [k, n] of [
            [784, 10],
            [784, 128],
            [128, 10],
            [1500, 33],
          ])
            await check(batch, k, n)
      })
      it('mostly zeros, as after relu', () => check(33, 129, 17, sparse))
      it('large and small numbers', async () => {
        await check(5, 17, 3, (length, label) => uniform(length, label).map(v => v * 1e15))
        await check(5, 17, 3, (length, label) => uniform(length, label).map(v => v * 1e-15))
        await check(5, 17, 3, (length, label) => uniform(length, label).map((v, i) => (i % 2 ? v : v * 1e-40)))
      })
      it('random shapes', () => random(runs, [dim(70), dim(70), dim(70)], (m, k, n) => check(m, k, n)))
      it('pixels: mostly 0, all 0, all 255, 100 random rows', async () => {
        const [m, k, n] = [7, 785, 33]
        for (const pixels of [strokes(m * k, 'ink'), new Uint8Array(m * k), new Uint8Array(m * k).fill(255)])
          await compare(`pixels [${m},${k}]`, { pixels, w: uniform(k * n, 'w'), dy: uniform(m * n, 'dy') }, (b, i) => ({
            'uploadPixels itself': i.pixels,
            'matmul of pixels': b.matmul(i.pixels, i.w, m, k, n),
            'matmul pixelsᵀ·dy': b.matmul(i.pixels, i.dy, k, m, n, { x: true }),
          }))
        await random(runs, [dim(9), dim(900), dim(40)], (m, k, n) =>
          compare(
            `pixels [${m},${k}]·[${k},${n}]`,
            { x: strokes(m * k, 'x'), w: uniform(k * n, 'w') },
            (b, { x, w }) => ({
              'matmul of pixels': b.matmul(x, w, m, k, n),
            }),
          ),
        )
      })
    })

    describe('bias', () => {
      const check = (m: number, n: number) =>
        compare(`[${m},${n}]`, { x: uniform(m * n, 'x'), b: uniform(n, 'b') }, (b, i) => ({
          addBias: b.addBias(i.x, i.b, m, n),
          biasGrad: b.biasGrad(i.x, m, n),
        }))
      it('odd sizes', async () => {
        for (const m of [...odd, 7, 1000]) for (const n of odd) await check(m, n)
      })
      it('random shapes', () => random(runs, [dim(300), dim(70)], check))
    })

    describe('element by element', () => {
      const check = (x: Float32Array, dy: Float32Array) =>
        compare(`[${x.length}]`, { x, dy }, (b, i) => ({
          relu: relu(b, i.x),
          reluGrad: reluGrad(b, relu(b, i.x), i.dy),
          add: b.add(i.x, i.dy),
          'add to itself': b.add(i.x, i.x),
          sub: b.sub(i.x, i.dy),
          mul: b.mul(i.x, i.dy),
        }))
      it('odd sizes', async () => {
        for (const n of [...odd, 4, 1000, 4097]) await check(uniform(n, 'x'), uniform(n, 'dy'))
      })
      it("0, -0, denormals and large numbers, and relu'(0) = 0", () =>
        check(
          Float32Array.of(0, -0, 1e-45, -1e-45, 1e-40, -1e-40, 1e38, -1e38, 1, -1, 0, -0, 0).map(v =>
            subnormals || Math.abs(v) >= 2 ** -126 ? v : 0,
          ),
          Float32Array.of(1, 1, 1, 1, 1, 1, 0.25, 0.25, -1, -1, -0, 0, -7),
        ))
      it('relu lets NaN through, so that a loss cannot look sound when the weights are not', async () => {
        const x = backend.upload(Float32Array.of(NaN, 1, -1))
        const y = backend.unary('relu', x)
        assert.deepEqual([...(await backend.download(y))], [NaN, 1, 0])
        for (const buffer of [x, y]) backend.free(buffer)
      })
    })

    describe('functions of one number and their gradients', () => {
      const check = (f: Unary, x: Float32Array) =>
        compare(`${f} [${x.length}]`, { x, dy: uniform(x.length, 'dy') }, (b, i) => {
          const y = b.unary(f, i.x)
          return { [`unary ${f}`]: y, [`unaryGrad ${f}`]: b.unaryGrad(f, i.x, y, i.dy) }
        })
      for (const [f, { low, high }] of Object.entries(functions) as [Unary, FunctionCase][]) {
        it(`${f}: odd sizes`, async () => {
          for (const n of [...odd, 1000, 8195]) await check(f, uniform(n, f, low, high))
        })
        if (special)
          it(`${f}: 0, infinities, NaN, and numbers whose result is neither`, async () => {
            const limits = [0, Infinity, -Infinity, NaN, 100, -100, 88.7, -88, -103, 1e-40, -1e-40, 1e-20, -1e-20, -1]
            const x = Float32Array.from(limits)
            const [expected, actual] = await Promise.all([reference, backend].map(b => unaryOf(b, f, x)))
            for (const [i, y] of actual.entries()) {
              const [wanted, scale] = [Math.fround(expected[i]), Math.max(Math.abs(expected[i]), 1e-37)]
              const same = Object.is(y, wanted) || y === wanted || Math.abs(y - wanted) / scale < 1e-5
              assert.ok(same, `${f}(${x[i]}) is ${y}, not ${wanted}`)
            }
          })
      }
    })

    describe('a row or a number with each row', () => {
      const check = (times: number, n: number) =>
        compare(
          `[${times},${n}] with [${n}]`,
          { x: uniform(times * n, 'x', 0.5, 2), row: uniform(n, 'row', 0.5, 2) },
          (b, { x, row }) => ({
            add: b.add(x, row),
            'add row first': b.add(row, x),
            sub: b.sub(x, row),
            'sub row first': b.sub(row, x),
            mul: b.mul(x, row),
            div: b.div(x, row),
            'div row first': b.div(row, x),
            repeat: b.repeat(row, times),
            dropoutMask: b.dropoutMask(times * n, 0.3, 1 / 0.7, () => 0x9e3779b9 + n),
          }),
        )
      it('odd sizes, rows of one number, more than one chunk', async () => {
        // Each shape is kernels of its own on a graphics card, which take a moment to compile there: no more than tell something.
        for (const [times, n] of [
          [3, 5],
          [17, 1],
          [1, 1],
          [5, 33],
          [1000, 2],
          [33, 4],
          [1, 8195],
          [2741, 3],
        ] as const)
          // prettier-ignore
          await check(times, n)
      })
      it('random shapes', () => random(runs, [dim(70), dim(300)], check))
      it('behind a convolution or a product with its bias, read in between or not, before relu and after', async () => {
        const s = conv2dShape([3, 9, 8, 4], [3, 3, 4, 5], 1, 'valid')
        const [m, n] = [s.n * s.oh * s.ow, s.co]
        const rows = { scale: uniform(n, 'scale', 0.5, 2), shift: uniform(n, 'shift'), b: uniform(n, 'b') }
        const inputs = {
          ...convInputs(s),
          ...rows,
          row: uniform(m, 'row'),
          w1: uniform(7 * n, 'w1'),
          x1: uniform(7 * m, 'x1'),
        }
        await compare('affine', inputs, async (b, i) => {
          const results: Results = {}
          for (const [name, z] of [
            ['conv2d', b.conv2d(i.x, i.w, s)],
            ['matmul', b.matmul(i.x1, i.w1, m, 7, n)],
            ['matmul wᵀ', b.matmul(i.x1, i.w1, m, 7, n, { w: true })],
          ] as const) {
            const scaled = b.mul(z, i.scale)
            const biased = b.addBias(z, i.b, m, n)
            results[`${name} affine`] = b.add(scaled, i.shift)
            results[`${name} relu`] = relu(b, b.add(b.mul(biased, i.scale), i.shift))
            results[`${name} after relu`] = b.add(b.mul(relu(b, biased), i.scale), i.shift)
            results[`${name} twice`] = b.add(b.add(biased, i.shift), i.shift)
            results[`${name} with itself`] = b.mul(biased, biased)
            results[`${name} row first`] = b.mul(i.scale, b.addBias(z, i.shift, m, n))
            results[`${name} itself`] = z
          }
          const changed = b.mul(b.conv2d(i.x, i.w, s), i.scale)
          b.sgdStep(i.w, i.w, undefined, { lr: 0.5, momentum: 0 })
          b.sgdStep(i.scale, i.scale, undefined, { lr: 0.5, momentum: 0 })
          return { ...results, 'conv2d scaled before its weights and the row change': changed }
        })
      })
      it('sums down to one number', () =>
        compare('sum', { x: uniform(10_007, 'x', 0, 1) }, (b, { x }) => ({ biasGrad: b.biasGrad(x, 10_007, 1) })))
    })

    describe('conv2d and its gradients', () => {
      const check = (s: Conv2dShape, numbers = uniform) =>
        compare(`conv2d ${JSON.stringify(s)}`, convInputs(s, numbers), (b, { x, w, dy }) => ({
          conv2d: b.conv2d(x, w, s),
          conv2dGradInput: b.conv2dGradInput(dy, w, s),
          conv2dGradFilter: b.conv2dGradFilter(x, dy, s),
        }))
      for (const padding of ['valid', 'same'] as const)
        for (const stride of [1, 2, 3])
          it(`stride ${stride}, '${padding}', kernels of 1 to 5`, async () => {
            for (const [n, h, w, ci, kh, kw, co] of [
              [1, 5, 5, 1, 1, 1, 1],
              [7, 5, 7, 3, 3, 3, 5],
              [1, 17, 9, 5, 3, 3, 17],
              [7, 8, 6, 1, 2, 2, 3],
              [1, 7, 5, 3, 5, 5, 33],
              [2, 9, 8, 2, 4, 3, 1],
              [1, 6, 7, 33, 1, 3, 5],
              [3, 7, 6, 4, 3, 1, 8],
              [1, 3, 33, 4, 3, 3, 4],
              [1, 6, 6, 6, 3, 3, 6],
            ] as const)
              await check(conv2dShape([n, h, w, ci], [kh, kw, ci, co], stride, padding))
          })
      it("convnet's sizes", async () => {
        await check(conv2dShape([3, 28, 28, 1], [3, 3, 1, 32], 1, 'valid'))
        await check(conv2dShape([1, 26, 26, 32], [3, 3, 32, 64], 1, 'valid'))
      })
      it('mostly zeros, as after relu and in the gradient of a pooling', () =>
        check(conv2dShape([2, 9, 11, 5], [3, 3, 5, 9], 1, 'valid'), sparse))
      it('a window as large as the image, and as small as a pixel', async () => {
        await check(conv2dShape([3, 5, 7, 3], [5, 7, 3, 2], 1, 'valid'))
        await check(conv2dShape([3, 1, 1, 3], [3, 3, 3, 2], 2, 'same'))
      })
      it('random shapes', () =>
        random(runs, convDims, (n, h, w, ci, kh, kw, co, stride, same) =>
          check(convOf(n, h, w, ci, kh, kw, co, stride, same)),
        ))
      it('of pixels', async () => {
        const s = conv2dShape([3, 28, 28, 1], [3, 3, 1, 9], 1, 'valid')
        const x = strokes(3 * 28 * 28, 'ink')
        await compare('conv2d of pixels', { ...convInputs(s), x }, (b, { x, w, dy }) => ({
          conv2d: b.conv2d(x, w, s),
          conv2dGradFilter: b.conv2dGradFilter(x, dy, s),
        }))
      })
    })

    describe('maxPool and its gradient', () => {
      const check = (s: Pool2dShape, numbers = uniform) => {
        const inputs = { x: numbers(s.n * s.h * s.w * s.c, 'x'), dy: uniform(s.n * s.oh * s.ow * s.c, 'dy') }
        return compare(`maxPool ${JSON.stringify(s)}`, inputs, (b, { x, dy }) => {
          const y = b.maxPool(x, s)
          return { maxPool: y, maxPoolGrad: b.maxPoolGrad(x, y, dy, s) }
        })
      }
      const shapes = [
        pool2dShape([1, 5, 5, 1], 2, 2),
        pool2dShape([7, 6, 9, 3], 2, 2),
        pool2dShape([1, 9, 7, 17], 3, 3),
        pool2dShape([7, 7, 8, 5], 3, 1),
        pool2dShape([1, 7, 7, 33], 3, 2),
        pool2dShape([2, 7, 7, 4], 2, 3),
        pool2dShape([2, 3, 3, 5], 3, 1),
        pool2dShape([1, 4, 5, 2], 1, 1),
        pool2dShape([1, 24, 24, 64], 2, 2),
      ]
      it('odd sizes, overlapping windows, windows with gaps in between', async () => {
        for (const s of shapes) await check(s)
      })
      it('ties: the first in row-major order wins', async () => {
        const few = (length: number, label: string) => uniform(length, label, -1, 3).map(Math.floor)
        for (const s of shapes) await check(s, few)
      })
      it('all-zero windows, all negative, and 0 beside -0', async () => {
        for (const s of shapes) {
          await check(s, length => new Float32Array(length))
          await check(s, (length, label) => uniform(length, label, -3, -2))
          await check(s, (length, label) => uniform(length, label).map(v => (v < 0 ? -0 : 0)))
        }
      })
      it('random shapes', () =>
        random(runs, [dim(4), dim(6), dim(6), dim(20), dim(4), dim(4)], (n, h, w, c, size, stride) =>
          check(pool2dShape([n, h + size - 1, w + size - 1, c], size, stride), eighths),
        ))
    })

    describe('averagePool and its gradient', () => {
      const check = (s: AveragePool2dShape) => {
        const inputs = { x: uniform(s.n * s.h * s.w * s.c, 'x', 0, 1), dy: uniform(s.n * s.oh * s.ow * s.c, 'dy') }
        return compare(`averagePool ${JSON.stringify(s)}`, inputs, (b, { x, dy }) => ({
          averagePool: b.averagePool(x, s),
          averagePoolGrad: b.averagePoolGrad(dy, s),
        }))
      }
      const windows = (n: number, h: number, w: number, c: number, kh: number, kw: number, stride: number) =>
        check({ n, h, w, c, kh, kw, stride, oh: Math.floor((h - kh) / stride) + 1, ow: Math.floor((w - kw) / stride) + 1 }) // prettier-ignore
      it('odd sizes, overlapping windows, windows with gaps, whole images', async () => {
        await windows(1, 5, 5, 1, 2, 2, 2)
        await windows(7, 7, 8, 5, 3, 3, 1)
        await windows(1, 7, 7, 33, 3, 3, 2)
        await windows(2, 7, 7, 4, 2, 2, 3)
        await windows(3, 9, 5, 6, 9, 5, 1)
        await windows(1, 1, 1, 3, 1, 1, 1)
      })
      it('random shapes', () =>
        random(runs, [dim(3), dim(7), dim(7), dim(9), dim(4), dim(4), dim(3)], (n, h, w, c, kh, kw, stride) =>
          windows(n, h + kh - 1, w + kw - 1, c, kh, kw, stride),
        ))
    })

    describe('softmax and cross-entropy', () => {
      const check = (m: number, n: number, x: Float32Array) => {
        const labels = Float32Array.from({ length: m }, (_, i) => (i * 7 + 3) % n)
        const inputs = { x, labels, dy: uniform(m * n, 'dy'), one: Float32Array.of(1), other: Float32Array.of(-2.5) }
        return compare(`softmax [${m},${n}]`, inputs, (b, i) => {
          const y = b.softmax(i.x, m, n)
          return {
            softmax: y,
            softmaxGrad: b.softmaxGrad(y, i.dy, m, n),
            crossEntropy: b.crossEntropy(i.x, i.labels, m, n),
            crossEntropyGrad: b.crossEntropyGrad(i.x, i.labels, i.one, m, n),
            'crossEntropyGrad scaled': b.crossEntropyGrad(i.x, i.labels, i.other, m, n),
            'crossEntropy smoothed': b.crossEntropy(i.x, i.labels, m, n, 0.1),
            'crossEntropyGrad smoothed': b.crossEntropyGrad(i.x, i.labels, i.one, m, n, 0.1),
          }
        })
      }
      it('odd sizes', async () => {
        for (const m of [1, 7, 33]) for (const n of [...odd, 10]) await check(m, n, uniform(m * n, 'x', -3, 3))
      })
      it('large numbers, equal numbers, one that wins by far', async () => {
        await check(7, 10, uniform(70, 'x', -80, 80))
        await check(1, 3, Float32Array.of(1000, 1001, 998))
        await check(1, 4, Float32Array.of(-5000, -5001, -5000, -5003))
        await check(3, 5, new Float32Array(15).fill(7))
        await check(2, 3, Float32Array.of(1e4, 0, -1e4, -1e30, 0, 1))
        await check(2, 3, Float32Array.of(0, -0, 1e-40, -1e-40, 1e-45, 0))
      })
      it('scores of 100 to 1e15, all equal: ln 3, and a gradient of thirds', async () => {
        for (const score of [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e15]) {
          await check(1, 3, new Float32Array(3).fill(score))
          const b = backend
          const inputs = [Float32Array.of(score, score, score), Float32Array.of(0), Float32Array.of(1)]
          const [x, labels, one] = inputs.map(values => b.upload(values))
          const [loss, dx] = [b.crossEntropy(x, labels, 1, 3), b.crossEntropyGrad(x, labels, one, 1, 3)]
          assertClose(await b.download(loss), [Math.log(3)], 1e-6, `loss at ${score}`)
          assertClose(await b.download(dx), [-2 / 3, 1 / 3, 1 / 3], 1e-6, `gradient at ${score}`)
          for (const buffer of [x, labels, one, loss, dx]) b.free(buffer)
        }
      })
      it('a loss that is nearly 0, or of scores that are nearly equal and large', async () => {
        // ln(1 + e^-2 + e^-1), ln(1 + e^-12), ln(1 + e^-20), 25 + ln(1 + e^-25): math.log1p in Python.
        const cases: [number[], number, number][] = [
          [[30000, 29998, 29999], 0, 0.4076059644443803],
          [[0, -12, -200], 0, 6.144193477732806e-6],
          [[20, 0], 0, 2.061153620314381e-9],
          [[1e4 + 25, 1e4], 1, 25.000000000013888],
        ]
        for (const [scores, label, expected] of cases) {
          const [x, labels] = [backend.upload(Float32Array.from(scores)), backend.upload(Float32Array.of(label))]
          const loss = backend.crossEntropy(x, labels, 1, scores.length)
          assertClose(await backend.download(loss), [expected], 1e-5, `loss of ${scores}`)
          for (const buffer of [x, labels, loss]) backend.free(buffer)
        }
      })
      it('random shapes', () =>
        random(runs, [dim(40), dim(40)], (m, n) => check(m, n, uniform(m * n, `${m} ${n}`, -10, 10))))
      it('a logit that is not a number gives a loss that is not', async () => {
        const [x, labels] = [backend.upload(Float32Array.of(1, NaN, 0)), backend.upload(Float32Array.of(0))]
        const loss = backend.crossEntropy(x, labels, 1, 3)
        assert.ok(!Number.isFinite((await backend.download(loss))[0]))
        for (const buffer of [x, labels, loss]) backend.free(buffer)
      })
    })

    describe('optimizers, ten steps', () => {
      const inputs = (n: number) => ({
        w: uniform(n, 'w'),
        ...Object.fromEntries(steps.map(t => [`dw${t}`, uniform(n, `dw${t}`).map((v, i) => (i % 5 ? v : 0))])),
        v: new Float32Array(n),
        m: new Float32Array(n),
      })
      for (const n of [...odd, 10_000]) {
        it(`sgd, ${n} weights`, () =>
          compare('sgd', inputs(n), (b, i) => {
            let w = i.w
            for (const t of steps) ({ w } = b.sgdStep(w, i[`dw${t}`], undefined, { lr: 0.1 / (t + 1), momentum: 0 }))
            return { sgdStep: w }
          }))
        it(`momentum, ${n} weights`, () =>
          compare('momentum', inputs(n), (b, i) => {
            let [w, v] = [i.w, i.v]
            for (const t of steps) {
              const next = b.sgdStep(w, i[`dw${t}`], v, { lr: 0.1, momentum: 0.9 })
              ;[w, v] = [next.w, next.v!]
            }
            return { sgdStep: w, 'sgdStep velocity': v }
          }))
        it(`weight decay, ${n} weights`, () =>
          compare('decay', inputs(n), (b, i) => {
            let [w, m, v] = [i.w, i.m, i.v]
            const constants = { lr: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, decay: 0.3 }
            for (const t of steps) {
              ;({ w, m, v } = b.adamStep(w, i[`dw${t}`], m, v, { ...constants, step: t + 1 }))
              w = b.sgdStep(w, i[`dw${t}`], undefined, { lr: 0.01, momentum: 0, decay: 0.5 }).w
            }
            const { w: last, v: velocity } = b.sgdStep(w, i.dw0, i.dw1, { lr: 0.1, momentum: 0.9, decay: 0.7 })
            return { 'sgdStep decay': last, 'sgdStep velocity': velocity!, 'adamStep mean': m }
          }))
        it(`adam, ${n} weights`, () =>
          compare('adam', inputs(n), (b, i) => {
            let [w, m, v] = [i.w, i.m, i.v]
            const constants = { lr: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }
            for (const t of steps) ({ w, m, v } = b.adamStep(w, i[`dw${t}`], m, v, { ...constants, step: t + 1 }))
            return { adamStep: w, 'adamStep mean': m, 'adamStep square': v }
          }))
      }
      it("adam's mean is 0 once it has faded below 1e-30", async () => {
        const b = backend
        const [zero, before] = [() => b.upload(new Float32Array(5)), Float32Array.of(1e-30, -1e-30, 2e-30, -1, 0)]
        const constants = { lr: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, step: 1 }
        const { w, m, v } = b.adamStep(zero(), zero(), b.upload(before), zero(), constants)
        const after = [...(await b.download(m))]
        assert.deepEqual(after.map(v => Number(v.toPrecision(3)) + 0), [0, 0, 1.8e-30, -0.9, 0]) // prettier-ignore
        for (const buffer of [w, m, v]) b.free(buffer)
      })
      it('a kernel that was called before a step sees the weights as they were', () =>
        compare('order', { x: uniform(15, 'x'), w: uniform(35, 'w'), dw: uniform(35, 'dw') }, (b, i) => {
          const before = b.matmul(i.x, i.w, 3, 5, 7)
          const { w } = b.sgdStep(i.w, i.dw, undefined, { lr: 0.5, momentum: 0 })
          return { 'matmul before': before, 'matmul after': b.matmul(i.x, w, 3, 5, 7) }
        }))
    })

    describe('dense layers in a chain', () => {
      it('forward and back, with the step that follows', () =>
        compare('784 → 33 → 10', denseInputs, (b, i) => {
          const [m, k, h, n] = [7, 784, 33, 10]
          const hidden = relu(b, b.addBias(b.matmul(i.x, i.w1, m, k, h), i.b1, m, h))
          const logits = b.addBias(b.matmul(hidden, i.w2, m, h, n), i.b2, m, n)
          const dlogits = b.crossEntropyGrad(logits, i.labels, i.one, m, n)
          const dhidden = reluGrad(b, hidden, b.matmul(dlogits, i.w2, m, n, h, { w: true }))
          const dw2 = b.matmul(hidden, dlogits, h, m, n, { x: true })
          const dw1 = b.matmul(i.x, dhidden, k, m, h, { x: true })
          return {
            'matmul dw1': dw1,
            'matmul dw2': dw2,
            'biasGrad db1': b.biasGrad(dhidden, m, h),
            'biasGrad db2': b.biasGrad(dlogits, m, n),
            crossEntropy: b.crossEntropy(logits, i.labels, m, n),
            'addBias logits': logits,
            'sgdStep w1': b.sgdStep(i.w1, dw1, undefined, { lr: 0.1, momentum: 0 }).w,
            'sgdStep w2': b.sgdStep(i.w2, dw2, undefined, { lr: 0.1, momentum: 0 }).w,
          }
        }))

      // A backend may keep such weights, and what Adam remembers of them, in another order as long as nobody reads them.
      const sizes = [
        [7, 785, 10],
        [340, 785, 33],
        [5, 1200, 129],
        [70, 4000, 40],
      ] as const
      for (const behind of ['images', 'relu'])
        for (const [m, k, n] of sizes)
          it(`steps of weights behind ${behind}, read and unread: [${m},${k}]·[${k},${n}]`, () => {
            const x = behind === 'images' ? strokes(m * k, 'x') : uniform(m * k, 'x')
            const dys = { dy1: uniform(m * n, 'dy1'), dy2: uniform(m * n, 'dy2'), dy3: uniform(m * n, 'dy3') }
            return compare('steps', { x, w: uniform(k * n, 'w'), ...dys }, async (b, i) => {
              const x = behind === 'images' ? i.x : relu(b, i.x)
              const gradient = (dy: Buffer) => b.matmul(x, dy, k, m, n, { x: true })
              const constants = { lr: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-3, decay: 0.2 }
              let [w, mean, square] = [i.w, b.upload(new Float32Array(k * n)), b.upload(new Float32Array(k * n))]
              const before = b.matmul(x, w, m, k, n)
              const step = (dw: Buffer, step: number) => {
                ;({ w, m: mean, v: square } = b.adamStep(w, dw, mean, square, { ...constants, step }))
              }
              step(gradient(i.dy1), 1)
              step(gradient(i.dy2), 2)
              const twice = await b.download(w)
              const read = gradient(i.dy3)
              await b.download(read)
              step(read, 3)
              step(gradient(i.dy1), 4)
              const y = b.matmul(x, w, m, k, n)
              await b.download(y)
              const dx = reluGrad(b, x, b.matmul(i.dy1, w, m, n, k, { w: true }))
              const after = b.sgdStep(w, gradient(i.dy2), undefined, { lr: 0.1, momentum: 0 }).w
              return {
                'matmul before': before,
                'steps twice': twice,
                // The products' rounding, which the steps hand on.
                'matmul mean': mean,
                'matmul square': square,
                'matmul y': y,
                'matmul dx': dx,
                'matmul dw': read,
                'matmul step after': after,
                'matmul again': b.matmul(x, after, m, k, n),
              }
            })
          })
    })

    // conv2d → addBias → relu → maxPool and all the way back: a backend may run each direction as one fused kernel.
    describe('convolution, bias, relu and pooling in a chain', () => {
      const chains: [string, Conv2dShape, number, number][] = [
        ['3x3, pool 2', conv2dShape([7, 10, 12, 5], [3, 3, 5, 9], 1, 'valid'), 2, 2],
        ['3x3, pool 2, channels by 4', conv2dShape([2, 10, 10, 8], [3, 3, 8, 16], 1, 'valid'), 2, 2],
        ['3x3, pool 2 with a row and a column left out', conv2dShape([1, 9, 7, 3], [3, 3, 3, 5], 1, 'valid'), 2, 2],
        ["3x3 'same', pool 2", conv2dShape([1, 8, 6, 4], [3, 3, 4, 4], 1, 'same'), 2, 2],
        ['3x3, overlapping pool', conv2dShape([1, 9, 9, 4], [3, 3, 4, 8], 1, 'valid'), 3, 2],
        ['3x3, stride 2', conv2dShape([3, 11, 9, 3], [3, 3, 3, 6], 2, 'valid'), 2, 2],
        ['5x5', conv2dShape([1, 12, 12, 1], [5, 5, 1, 7], 1, 'valid'), 2, 2],
        ['1x1', conv2dShape([3, 4, 4, 3], [1, 1, 3, 5], 1, 'valid'), 2, 2],
        ["convnet's", conv2dShape([2, 26, 26, 32], [3, 3, 32, 64], 1, 'valid'), 2, 2],
      ]
      const forward = (b: Backend, i: Record<string, Buffer>, s: Conv2dShape, p: Pool2dShape) => {
        const z = b.conv2d(i.x, i.w, s)
        const biased = b.addBias(z, i.bias, s.n * s.oh * s.ow, s.co)
        const a = relu(b, biased)
        return { z, biased, a, y: b.maxPool(a, p) }
      }
      const back = (b: Backend, i: Record<string, Buffer>, s: Conv2dShape, p: Pool2dShape, a: Buffer, y: Buffer) => {
        const da = b.maxPoolGrad(a, y, i.dpooled, p)
        const dz = reluGrad(b, a, da)
        return { da, dz, ...gradients(b, i, s, dz) }
      }
      for (const [label, s, size, stride] of chains) {
        const p = pool2dShape([s.n, s.oh, s.ow, s.co], size, stride)
        const inputs = (numbers = uniform) => ({
          ...convInputs(s, numbers),
          bias: numbers(s.co, 'bias'),
          other: numbers(s.co, 'other'),
          dpooled: numbers(s.n * p.oh * p.ow * p.c, 'dpooled'),
          low: new Float32Array(s.co).fill(-1e6),
        })
        const chain = (what: string, program: Program, numbers = uniform) =>
          it(`${label}: ${what}`, () => compare(`${what}, ${JSON.stringify(s)}`, inputs(numbers), program))
        const ends = (b: Backend, i: Record<string, Buffer>) => {
          const { a, y } = forward(b, i, s, p)
          const { db, dw, dx } = back(b, i, s, p, a, y)
          return { maxPool: y, biasGrad: db, conv2dGradFilter: dw, conv2dGradInput: dx }
        }

        chain('only the ends are read', ends)
        chain('sums that are exact, with many ties', ends, eighths)
        chain('every intermediate is read too', async (b, i) => {
          const { z, biased, a, y } = forward(b, i, s, p)
          const first = (await b.download(biased)).slice()
          const { da, dz, db, dw, dx } = back(b, i, s, p, a, y)
          return {
            'addBias read at once': first,
            maxPool: y,
            conv2d: z,
            addBias: biased,
            relu: a,
            biasGrad: db,
            conv2dGradFilter: dw,
            conv2dGradInput: dx,
            maxPoolGrad: da,
            reluGrad: dz,
          }
        })
        chain('all is freed before the results are read', (b, i) => {
          const { z, biased, a, y } = forward(b, i, s, p)
          b.free(z)
          b.free(biased)
          const { da, dz, db, dw, dx } = back(b, i, s, p, a, y)
          for (const buffer of [a, y, da, dz, ...Object.values(i)]) b.free(buffer)
          return { biasGrad: db, conv2dGradFilter: dw, conv2dGradInput: dx }
        })
        chain('inputs and intermediates are freed before the pooled result is read', (b, i) => {
          const { z, biased, a, y } = forward(b, i, s, p)
          for (const buffer of [z, biased, a, ...Object.values(i)]) b.free(buffer)
          return { maxPool: y }
        })
        chain('the weights change before the result is read', (b, i) => {
          const { z, y } = forward(b, i, s, p)
          const w = b.sgdStep(i.w, i.w, undefined, { lr: 0.5, momentum: 0 }).w
          return { maxPool: y, conv2d: z, 'conv2d after': b.conv2d(i.x, w, s) }
        })
        chain('every intermediate is used twice', (b, i) => {
          const { z, biased, a, y } = forward(b, i, s, p)
          const [rows, n] = [s.n * s.oh * s.ow, s.co]
          const da = b.maxPoolGrad(a, y, i.dpooled, p)
          const dz = reluGrad(b, a, da)
          return {
            'addBias other': b.addBias(z, i.other, rows, n),
            'relu other': relu(b, b.addBias(z, i.other, rows, n)),
            'maxPool other': b.maxPool(relu(b, b.addBias(z, i.other, rows, n)), p),
            'maxPool without relu': b.maxPool(biased, p),
            'maxPool without bias': b.maxPool(z, p),
            'add z': b.add(z, biased),
            'mul a': b.mul(a, a),
            maxPool: y,
            'add da': b.add(da, da),
            'mul dz': b.mul(dz, a),
            ...named(gradients(b, i, s, dz), ''),
            ...named(gradients(b, i, s, da), ' without relu'),
            ...named(gradients(b, i, s, reluGrad(b, a, i.dy)), ' of a dense gradient'),
            ...named(gradients(b, i, s, b.add(dz, i.dy)), ' of a sum'),
          }
        })
        chain('no unit is alive', (b, i) => ends(b, { ...i, bias: i.low }))
        chain('the pooling comes before the relu', (b, i) => {
          const z = b.addBias(b.conv2d(i.x, i.w, s), i.bias, s.n * s.oh * s.ow, s.co)
          const pooled = b.maxPool(z, p)
          const a = relu(b, pooled)
          const dz = b.maxPoolGrad(z, pooled, reluGrad(b, a, i.dpooled), p)
          return { relu: a, maxPoolGrad: dz, ...named(gradients(b, i, s, dz), '') }
        })
      }
      it('random shapes', () =>
        random(runs, [...convDims, dim(3), dim(3)], async (n, h, w, ci, kh, kw, co, stride, same, size, step) => {
          const s = convOf(n, h + size * 2, w + size * 2, ci, kh, kw, co, stride, same)
          if (s.oh < size || s.ow < size) return
          const p = pool2dShape([s.n, s.oh, s.ow, s.co], size, step)
          const inputs = {
            ...convInputs(s, eighths),
            bias: eighths(s.co, 'bias'),
            dpooled: uniform(s.n * p.oh * p.ow * p.c, 'dpooled'),
          }
          await compare(`chain ${JSON.stringify({ ...s, size, step })}`, inputs, (b, i) => {
            const { a, y } = forward(b, i, s, p)
            const { db, dw, dx } = back(b, i, s, p, a, y)
            return { maxPool: y, biasGrad: db, conv2dGradFilter: dw, conv2dGradInput: dx }
          })
        }))
    })

    // Winograd's algorithm adds pixels of neighbouring windows up and takes them away again. What is 0, equal or small by the
    // definition has to be so all the same: on it depends where relu and pooling let a gradient pass.
    describe('a 3x3 convolution that is pooled, with numbers that leave no room for rounding', () => {
      const [n, h, ci, co] = [2, 10, 8, 8]
      const s = conv2dShape([n, h, h, ci], [3, 3, ci, co], 1, 'valid')
      const p = pool2dShape([n, 8, 8, co], 2, 2)
      const check = (what: string, x: (i: number) => number, w: (i: number) => number, bias = 0, gradient = 1) =>
        it(what, () => {
          const inputs = {
            x: Float32Array.from({ length: n * h * h * ci }, (_, i) => x(i)),
            w: Float32Array.from({ length: 9 * ci * co }, (_, i) => w(i)),
            bias: new Float32Array(co).fill(bias),
            dy: new Float32Array(n * 16 * co).fill(gradient),
          }
          return compare(what, inputs, (b, i) => {
            const a = relu(b, b.addBias(b.conv2d(i.x, i.w, s), i.bias, n * 64, co))
            const y = b.maxPool(a, p)
            const dz = reluGrad(b, a, b.maxPoolGrad(a, y, i.dy, p))
            return { maxPool: y, ...named(gradients(b, i, s, dz), '') }
          })
        })
      const [some, others] = [uniform(n * h * h * ci, 'x'), uniform(9 * ci * co, 'w')]
      const few = uniform(9 * ci * co, 'few', 0, 1)
      const tap = (i: number) => Math.floor(i / (ci * co))
      const channel = (i: number) => Math.floor(i / co) % ci
      const [row, column] = [(i: number) => Math.floor(i / (h * ci)) % h, (i: number) => Math.floor(i / ci) % h]

      check('filters of which one tap is left: many results are 0', i => (some[i] > 0.4 ? some[i] : 0), i =>
        tap(i) === (i % co) % 9 && few[i] < 0.3 ? few[i] - 0.3 + 0.15 : 0) // prettier-ignore
      for (const huge of [1e4, 1e6, 1e8, 1e20, 3e38])
        check(`a pixel of ${huge} that meets only weights of 0`, i => (i === 0 ? huge : some[i]), i =>
          channel(i) === 0 && tap(i) < 8 ? 0 : others[i]) // prettier-ignore
      check('weights of 1e38 that cancel', () => 1, i => (channel(i) % 2 ? -1e38 : 1e38), 0.25, 0) // prettier-ignore
      check(
        'windows that are all equal',
        () => 0.3,
        i => others[i],
        0.1,
      )
      check(
        'windows that are all equal, of weights above 0',
        () => 0.3,
        i => 1 + others[i] / 1e3,
      )
      check(
        'windows that are equal side by side',
        i => (row(i) < 5 ? 0.3 : 0.7),
        i => others[i],
        0.1,
      )
      check(
        'windows that are equal below each other',
        i => 1 - column(i) / 7,
        i => others[i],
        0.1,
      )
      if (subnormals)
        check(
          'denormals',
          i => some[i] * 1e-39,
          i => others[i],
        )
    })

    describe('two convolutions of pixels, mostly blank', () => {
      /** Sizes of the first convolution, kernel and filters of the second, the pooling's size and stride. */
      const nets: [
        string,
        Conv2dShape,
        readonly [kernel: number, co: number],
        readonly [size: number, stride: number],
      ][] = [
        ["convnet's", conv2dShape([2, 28, 28, 1], [3, 3, 1, 32], 1, 'valid'), [3, 64], [2, 2]],
        ['three channels, 2x2 and 3x3', conv2dShape([3, 17, 15, 3], [2, 2, 3, 32], 1, 'valid'), [3, 9], [2, 2]],
        ['5x5 and 3x3', conv2dShape([2, 17, 15, 1], [5, 5, 1, 64], 1, 'valid'), [3, 6], [2, 2]],
        ['few filters', conv2dShape([2, 14, 11, 1], [3, 3, 1, 12], 1, 'valid'), [3, 7], [2, 2]],
        ['3x3 and 1x1, pool 3', conv2dShape([2, 14, 11, 1], [3, 3, 1, 96], 1, 'valid'), [1, 7], [3, 3]],
        ['overlapping windows', conv2dShape([1, 14, 14, 1], [3, 3, 1, 32], 1, 'valid'), [3, 5], [3, 2]],
        ["'same'", conv2dShape([1, 12, 12, 1], [3, 3, 1, 32], 1, 'same'), [3, 5], [2, 2]],
      ]
      const images: [string, (length: number) => Uint8Array][] = [
        ['strokes', length => strokes(length, 'ink')],
        ['a single dot', length => new Uint8Array(length).fill(200, length >> 1, (length >> 1) + 1)],
        ['nothing', length => new Uint8Array(length)],
        ['all ink', length => new Uint8Array(length).fill(255)],
      ]
      for (const [label, s, [kernel, co], [size, stride]] of nets) {
        const s2 = conv2dShape([s.n, s.oh, s.ow, s.co], [kernel, kernel, s.co, co], 1, 'valid')
        const p = pool2dShape([s2.n, s2.oh, s2.ow, co], size, stride)
        const [m, m2] = [s.n * s.oh * s.ow, s2.n * s2.oh * s2.ow]
        const inputs = (draw: (length: number) => Uint8Array) => ({
          image: draw(s.n * s.h * s.w * s.ci),
          other: strokes(s.n * s.h * s.w * s.ci, 'other'),
          x: uniform(m * s.co, 'x'),
          w: uniform(s.kh * s.kw * s.ci * s.co, 'w'),
          b: uniform(s.co, 'b'),
          w2: uniform(kernel * kernel * s.co * co, 'w2'),
          b2: uniform(co, 'b2'),
          dpooled: uniform(s.n * p.oh * p.ow * co, 'dpooled'),
        })
        const pass = (b: Backend, i: Record<string, Buffer>) => {
          const x = relu(b, b.addBias(b.conv2d(i.image, i.w, s), i.b, m, s.co))
          const a = relu(b, b.addBias(b.conv2d(x, i.w2, s2), i.b2, m2, co))
          const y = b.maxPool(a, p)
          const da = reluGrad(b, a, b.maxPoolGrad(a, y, i.dpooled, p))
          const dx = reluGrad(b, x, b.conv2dGradInput(da, i.w2, s2))
          return { x, a, y, da, dx }
        }
        for (const [image, draw] of images) {
          it(`${label}: ${image}`, () =>
            compare(`${image}, ${JSON.stringify(s)}`, inputs(draw), (b, i) => {
              const { x, y, da, dx } = pass(b, i)
              return {
                maxPool: y,
                'biasGrad 2': b.biasGrad(da, m2, co),
                'conv2dGradFilter 2': b.conv2dGradFilter(x, da, s2),
                biasGrad: b.biasGrad(dx, m, s.co),
                conv2dGradFilter: b.conv2dGradFilter(i.image, dx, s),
              }
            }))
          it(`${label}: ${image}, and every intermediate is read and used`, () =>
            compare(`${image}, ${JSON.stringify(s)}`, inputs(draw), (b, i) => {
              const { x, a, y, da, dx } = pass(b, i)
              const first = b.biasGrad(dx, m, s.co)
              return {
                'biasGrad first': first,
                conv2dGradInput: dx,
                'maxPool of x': b.maxPool(x, pool2dShape([s.n, s.oh, s.ow, s.co], 2, 2)),
                relu: x,
                'relu 2': a,
                maxPool: y,
                reluGrad: da,
                'biasGrad again': b.biasGrad(dx, m, s.co),
                'conv2dGradFilter of another image': b.conv2dGradFilter(i.other, dx, s),
                'conv2dGradFilter then of this': b.conv2dGradFilter(i.image, dx, s),
                'conv2d of another image': b.conv2d(i.other, i.w, s),
                'conv2dGradFilter 2 of another x': b.conv2dGradFilter(i.x, da, s2),
                'biasGrad pixel by pixel': b.biasGrad(b.conv2dGradInput(da, i.w2, s2), s.n, (m / s.n) * s.co),
                'biasGrad behind another relu': b.biasGrad(reluGrad(b, i.x, b.conv2dGradInput(da, i.w2, s2)), m, s.co),
              }
            }))
        }
      }
    })

    // A reshape shares the buffer, so a kernel may meet one under other sizes than the kernel before: what a backend noted of it,
    // or has yet to compute, is then of another shape.
    describe('one buffer under two shapes', () => {
      it('a bias of other rows than those of the product or convolution before', async () => {
        const s = conv2dShape([2, 6, 6, 3], [3, 3, 3, 4], 1, 'valid')
        const inputs = { x: uniform(30, 'x'), w: uniform(40, 'w'), b4: uniform(4, 'b4'), b64: uniform(64, 'b64') }
        await compare(
          'addBias',
          { ...inputs, image: uniform(216, 'image'), filters: uniform(108, 'filters') },
          (b, i) => ({
            'addBias product': b.addBias(b.matmul(i.x, i.w, 6, 5, 8), i.b4, 12, 4),
            'addBias wider': b.addBias(b.matmul(i.x, i.w, 6, 5, 8), i.b64, 1, 48),
            'addBias convolution': b.addBias(b.conv2d(i.image, i.filters, s), i.b64, 2, 64),
            'relu with it': relu(b, b.addBias(b.conv2d(i.image, i.filters, s), i.b64, 2, 64)),
          }),
        )
      })
      it('a bias and a relu behind the gradient of a relu', () => {
        const [m, k, n] = [340, 33, 785]
        const inputs = { x: uniform(m * n, 'x'), dy: uniform(m * k, 'dy'), w: uniform(n * k, 'w'), b: uniform(n, 'b') }
        return compare('masked', inputs, (b, i) => {
          const y = relu(b, i.x)
          const product = b.matmul(y, i.w, m, n, k)
          const masked = () => reluGrad(b, y, b.matmul(i.dy, i.w, m, k, n, { w: true }))
          return {
            'matmul product': product,
            'matmul masked': masked(),
            'addBias masked': b.addBias(masked(), i.b, m, n),
            'relu masked': relu(b, masked()),
            'matmul by it': b.matmul(y, masked(), n, m, n, { x: true }),
          }
        })
      })
      it('two losses of one buffer', () => {
        const labels = { four: Float32Array.of(0, 1, 2, 3), eight: Float32Array.of(0, 1, 2, 0, 1, 2, 0, 1) }
        return compare('crossEntropy', { x: uniform(24, 'x', -3, 3), ...labels, one: Float32Array.of(1) }, (b, i) => ({
          'crossEntropy [4,6]': b.crossEntropy(i.x, i.four, 4, 6),
          'crossEntropy [8,3]': b.crossEntropy(i.x, i.eight, 8, 3),
          'crossEntropyGrad [4,6]': b.crossEntropyGrad(i.x, i.four, i.one, 4, 6),
          'crossEntropyGrad [8,3]': b.crossEntropyGrad(i.x, i.eight, i.one, 8, 3),
          'crossEntropyGrad [4,6] again': b.crossEntropyGrad(i.x, i.four, i.one, 4, 6),
        }))
      })
      it('products of a mostly empty matrix, and a gradient at its places', () => {
        const [m, n, k] = [512, 600, 33]
        const inputs = {
          x: uniform(m * n, 'x'),
          w: uniform(m * k, 'w'),
          v: uniform(n * k, 'v'),
          dy: uniform(n * k, 'dy'),
        }
        return compare('lists', inputs, (b, i) => {
          const x = relu(b, i.x)
          return {
            'matmul [512,600]': b.matmul(x, i.v, m, n, k),
            'matmul [600,512]': b.matmul(x, i.w, n, m, k),
            'matmul [512,600]ᵀ': b.matmul(x, i.w, n, m, k, { x: true }),
            'matmul masked': reluGrad(b, x, b.matmul(i.dy, i.w, n, k, m, { w: true })),
            'matmul masked [512,600]': reluGrad(b, x, b.matmul(i.w, i.v, m, k, n, { w: true })),
          }
        })
      })
      it('two poolings of one buffer, with one gradient', () => {
        const [p, q] = [pool2dShape([2, 10, 12, 24], 2, 2), pool2dShape([4, 10, 6, 24], 2, 2)]
        const [s, r] = [conv2dShape([2, 12, 14, 24], [3, 3, 24, 24], 1, 'valid'), conv2dShape([4, 12, 8, 24], [3, 3, 24, 24], 1, 'valid')] // prettier-ignore
        const inputs = {
          x: uniform(5760, 'x'),
          dy: uniform(1440, 'dy'),
          w: uniform(9 * 24 * 24, 'w'),
          b: uniform(48, 'b'),
        }
        return compare('maxPool', inputs, (b, i) => {
          const [y, z] = [b.maxPool(i.x, p), b.maxPool(i.x, q)]
          const [dy, dz] = [b.maxPoolGrad(i.x, y, i.dy, p), b.maxPoolGrad(i.x, z, i.dy, q)]
          return {
            'biasGrad [240,24]': b.biasGrad(dy, 240, 24),
            'biasGrad [120,48]': b.biasGrad(dy, 120, 48),
            'biasGrad [480,12]': b.biasGrad(dz, 480, 12),
            'conv2dGradInput p': b.conv2dGradInput(dy, i.w, s),
            'conv2dGradInput q': b.conv2dGradInput(dz, i.w, r),
            'conv2dGradInput p as q': b.conv2dGradInput(dy, i.w, r),
            'conv2dGradInput q as p': b.conv2dGradInput(dz, i.w, s),
            'maxPoolGrad p': dy,
            'maxPoolGrad q': dz,
          }
        })
      })
      const net = (label: string, second: readonly [number, number, number, number]) =>
        it(`two convolutions of an image, ${label}`, () => {
          const s = conv2dShape([2, 12, 12, 1], [3, 3, 1, 32], 1, 'valid')
          const s2 = conv2dShape(second, [3, 3, second[3], 8], 1, 'valid')
          const p = pool2dShape([s2.n, s2.oh, s2.ow, 8], 2, 2)
          const [m, m2] = [200, s2.n * s2.oh * s2.ow]
          const image = new Uint8Array(288).fill(200, 20, 24).fill(99, 200, 201)
          const inputs = { image, w: uniform(288, 'w'), b: uniform(32, 'b'), dy: uniform(p.n * p.oh * p.ow * 8, 'dy') }
          const layer = { w2: uniform(9 * s2.ci * 8, 'w2'), b2: uniform(8, 'b2') }
          return compare(`${second}`, { ...inputs, ...layer }, (b, i) => {
            const x = relu(b, b.addBias(b.conv2d(i.image, i.w, s), i.b, m, 32))
            const a = relu(b, b.addBias(b.conv2d(x, i.w2, s2), i.b2, m2, 8))
            const y = b.maxPool(a, p)
            const da = reluGrad(b, a, b.maxPoolGrad(a, y, i.dy, p))
            const dx = reluGrad(b, x, b.conv2dGradInput(da, i.w2, s2))
            return {
              maxPool: y,
              'biasGrad 2': b.biasGrad(da, m2, 8),
              'conv2dGradFilter 2': b.conv2dGradFilter(x, da, s2),
              biasGrad: b.biasGrad(dx, m, 32),
              conv2dGradFilter: b.conv2dGradFilter(i.image, dx, s),
            }
          })
        })
      net('as they are', [2, 10, 10, 32])
      net('with wider rows and fewer channels', [2, 10, 20, 16])
      net('with longer and narrower images', [2, 20, 5, 32])
      net('with both images as one', [1, 20, 10, 32])
      it('the gradient of an image that was convolved, and sums over other channels', () => {
        const s = conv2dShape([2, 28, 28, 1], [3, 3, 1, 32], 1, 'valid')
        const s2 = conv2dShape([2, 26, 26, 32], [3, 3, 32, 24], 1, 'valid')
        const other = conv2dShape([1, 56, 28, 1], [5, 3, 1, 32], 1, 'valid')
        const p = pool2dShape([2, 24, 24, 24], 2, 2)
        const inputs = {
          image: strokes(1568, 'ink'),
          w: uniform(288, 'w'),
          b: uniform(32, 'b'),
          dy: uniform(6912, 'dy'),
        }
        return compare('sums', { ...inputs, w2: uniform(9 * 32 * 24, 'w2') }, (b, i) => {
          const x = relu(b, b.addBias(b.conv2d(i.image, i.w, s), i.b, 1352, 32))
          const a = b.conv2d(x, i.w2, s2)
          const y = b.maxPool(a, p)
          const dx = reluGrad(b, x, b.conv2dGradInput(b.maxPoolGrad(a, y, i.dy, p), i.w2, s2))
          return {
            'biasGrad [·,32]': b.biasGrad(dx, 1352, 32),
            'biasGrad [·,64]': b.biasGrad(dx, 676, 64),
            'biasGrad [·,4]': b.biasGrad(dx, 1352 * 8, 4),
            conv2dGradFilter: b.conv2dGradFilter(i.image, dx, s),
            'conv2dGradFilter of one image': b.conv2dGradFilter(i.image, dx, other),
          }
        })
      })
      // Long enough for the lists of what is not 0; images have theirs at any length.
      for (const [kind, m] of [
        ['relu', 512],
        ['images', 4],
      ] as const)
        it(`what was noted of numbers that a step changes, and a kernel that waits for them: ${kind}`, () => {
          const [n, k] = [600, 33]
          const x = kind === 'images' ? strokes(m * n, 'x') : uniform(m * n, 'x')
          const labels = Float32Array.from({ length: m }, (_, i) => (i * 7) % n)
          const inputs = {
            x,
            dw: uniform(m * n, 'dw'),
            w: uniform(n * k, 'w'),
            u: uniform(n, 'u'),
            labels,
            one: Float32Array.of(1),
          }
          return compare('steps', inputs, (b, i) => {
            const x = kind === 'images' ? i.x : relu(b, i.x)
            const [mean, square] = [relu(b, i.dw), relu(b, i.dw)]
            const before = {
              'matmul before': b.matmul(x, i.w, m, n, k),
              'matmul mean before': b.matmul(mean, i.u, m, n, 1),
              'matmul square before': b.matmul(square, i.u, m, n, 1),
              crossEntropy: b.crossEntropy(x, i.labels, m, n),
            }
            const adam = b.adamStep(x, i.dw, mean, square, { lr: 0.1, beta1: 0.9, beta2: 0.9, epsilon: 1e-3, step: 1 })
            const waiting = b.matmul(adam.m, i.u, m, n, 1)
            const { w, v } = b.sgdStep(adam.w, i.dw, adam.m, { lr: 0.1, momentum: 0.5 })
            return {
              ...before,
              'matmul waiting': waiting,
              'matmul after': b.matmul(w, i.w, m, n, k),
              'sgdStep velocity': v!,
              crossEntropyGrad: b.crossEntropyGrad(w, i.labels, i.one, m, n),
            }
          })
        })
    })

    describe('memory', () => {
      it('upload and download copy', async () => {
        const values = uniform(33, 'x')
        const x = backend.upload(values)
        const before = values.slice()
        values.fill(0)
        const first = await backend.download(x)
        assert.deepEqual(Float32Array.from(first), before)
        first.fill(1)
        assert.deepEqual(Float32Array.from(await backend.download(x)), before)
        assert.equal(x.length, 33)
        backend.free(x)
      })
      it('picks images out of sets, one set after the other', async () => {
        const [a, c, d] = ['a', 'c', 'd'].map(label => new ExampleSet(strokes(9 * 84, label), [84]))
        const picks = [[a, [8, 0, 8]], [c, [3]], [d, Array.from({ length: 33 }, (_, i) => i % 9)], [a, [1, 2]], [c, [0, 4]]] as const // prettier-ignore
        const program = (b: Backend) =>
          Object.fromEntries(
            picks.map(([set, indices], i) => [`gather ${i}`, b.gather(set, Uint32Array.from(indices))]),
          )
        await compare('gather', {}, program, true)
        const two = (b: Backend) => b.gather(a, Uint32Array.of(4, 7))
        await compare('matmul of picked pixels', { w: uniform(84 * 5, 'w') }, (b, { w }) => ({
          matmul: b.matmul(two(b), w, 2, 84, 5),
        }))
      })
      it('sees that a set has changed once its owner says so, and takes floats as they are', async () => {
        const values = Uint8Array.from({ length: 5 * 12 }, (_, i) => 4 * i)
        const [bytes, floats] = [new ExampleSet(values, [12]), new ExampleSet(uniform(30, 'f'), [2, 3])]
        const picked = async (set: ExampleSet) => {
          const x = backend.gather(set, Uint32Array.of(4, 0))
          const read = await backend.download(x)
          backend.free(x)
          return Array.from(read)
        }
        const expected = () =>
          [4, 0].flatMap(i => [...values.subarray(12 * i, 12 * i + 12)]).map(v => Math.fround(v / 255))
        for (const change of [() => values.fill(7), () => values.fill(0), () => values.set([1, 2, 3], 50)]) {
          assertClose(await picked(bytes), expected(), 1e-6, 'bytes')
          change()
          bytes.changed()
        }
        assertClose(await picked(bytes), expected(), 1e-6, 'bytes')
        assertClose(
          await picked(floats),
          [4, 0].flatMap(i => [...floats.values.subarray(6 * i, 6 * i + 6)]),
          0,
          'floats',
        )
      })
      it('live counts the buffers in use', async () => {
        const before = backend.live
        const x = backend.upload(uniform(10, 'x'))
        const y = backend.unary('relu', x)
        assert.equal(backend.live, before + 2)
        backend.free(x)
        assert.equal(backend.live, before + 1)
        assert.equal((await backend.download(y)).length, 10)
        backend.free(y)
        assert.equal(backend.live, before)
      })
      it('a result that nobody reads is freed all the same', () => {
        const before = backend.live
        const x = backend.upload(uniform(10, 'x'))
        backend.free(backend.matmul(x, x, 5, 2, 5))
        backend.free(x)
        assert.equal(backend.live, before)
      })
    })
  })
}

/** Runs a program; returns its results' numbers, and frees all that it made. */
async function run(backend: Backend, inputs: Inputs, program: Program): Promise<Record<string, Values>> {
  const { kernels, made } = tracked(backend)
  const uploaded = Object.fromEntries(
    Object.entries(inputs).map(([name, values]) => [
      name,
      values instanceof Uint8Array ? kernels.uploadPixels(values) : kernels.upload(values),
    ]),
  )
  const results: Record<string, Values> = {}
  try {
    for (const [name, result] of Object.entries(await program(kernels, uploaded)))
      results[name] = ArrayBuffer.isView(result) && !made.has(result) ? result : await backend.download(result)
  } finally {
    for (const buffer of made) backend.free(buffer)
  }
  return results
}

/** The backend, and the set of buffers that it has given out and not been given back. */
function tracked(backend: Backend) {
  const made = new Set<Buffer>()
  const kernels = new Proxy(backend, {
    get(target, name: keyof Backend) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: (Buffer | undefined)[]) => {
        if (name === 'free') made.delete(args[0]!)
        const result: unknown = Reflect.apply(member, target, args)
        if (name === 'sgdStep' || name === 'adamStep') {
          const [w, , ...state] = args
          for (const used of [w, ...state]) made.delete(used!)
          for (const next of Object.values(result as Record<string, Buffer>)) made.add(next)
        } else if (name !== 'free' && name !== 'download') made.add(result as Buffer)
        return result
      }
    },
  })
  return { kernels, made }
}

/** How many bytes are in use, of backends that count them. */
const bytesOf = (backend: Backend) => ('bytes' in backend ? backend.bytes : undefined)

const relu = (b: Backend, x: Buffer) => b.unary('relu', x)
/** relu's gradient needs its result alone: that is also what relu makes of itself. */
const reluGrad = (b: Backend, y: Buffer, dy: Buffer) => b.unaryGrad('relu', y, y, dy)

async function unaryOf(b: Backend, f: Unary, values: Float32Array): Promise<Values> {
  const x = b.upload(values)
  const y = b.unary(f, x)
  const result = await b.download(y)
  for (const buffer of [x, y]) b.free(buffer)
  return result
}

/** Results that are differences, and may cancel to 0: their error is measured against no less than this. */
const scales: Partial<Record<string, number>> = {
  unary: 0.1,
  unaryGrad: 0.1,
  softmaxGrad: 0.1,
  crossEntropyGrad: 0.01,
  crossEntropy: 0.1,
}

const odd = [1, 3, 5, 17, 33]
const steps = Array.from({ length: 10 }, (_, t) => t)

/** Two numbers in three are 0. */
const sparse = (length: number, label: string) => uniform(length, label).map((v, i) => ((i * 7) % 3 ? 0 : v))

/** Pixels like a digit's: runs of ink on nothing. */
const strokes = (length: number, label: string) =>
  Uint8Array.from(uniform(length, label, 0, 256), (v, i) => (i % 28 > 9 && i % 28 < 16 ? v : 0))

const denseInputs: Inputs = {
  x: strokes(7 * 784, 'x'),
  w1: uniform(784 * 33, 'w1', -0.1, 0.1),
  b1: uniform(33, 'b1'),
  w2: uniform(330, 'w2'),
  b2: uniform(10, 'b2'),
  labels: Float32Array.of(3, 1, 4, 1, 5, 9, 2),
  one: Float32Array.of(1),
}

const convInputs = (s: Conv2dShape, numbers = uniform) => ({
  x: numbers(s.n * s.h * s.w * s.ci, 'x') as Float32Array | Uint8Array,
  w: numbers(s.kh * s.kw * s.ci * s.co, 'w'),
  dy: numbers(s.n * s.oh * s.ow * s.co, 'dy'),
})

/** The gradients of a convolution, given that of its result. */
const gradients = (b: Backend, i: Record<string, Buffer>, s: Conv2dShape, dz: Buffer) => ({
  db: b.biasGrad(dz, s.n * s.oh * s.ow, s.co),
  dw: b.conv2dGradFilter(i.x, dz, s),
  dx: b.conv2dGradInput(dz, i.w, s),
})

/** Gradients of a convolution under the names of their kernels. */
const named = ({ db, dw, dx }: { db: Buffer; dw: Buffer; dx: Buffer }, suffix: string) => ({
  [`biasGrad${suffix}`]: db,
  [`conv2dGradFilter${suffix}`]: dw,
  [`conv2dGradInput${suffix}`]: dx,
})

const dim = (max: number) => fc.integer({ min: 1, max })
const convDims = [dim(3), dim(8), dim(8), dim(9), dim(4), dim(4), dim(9), dim(3), fc.integer({ min: 0, max: 1 })]

/** A convolution whose image is large enough for its window. */
function convOf(
  n: number,
  h: number,
  w: number,
  ci: number,
  kh: number,
  kw: number,
  co: number,
  stride: number,
  same: number,
) {
  const padding: Padding = same ? 'same' : 'valid'
  return conv2dShape([n, h + kh - 1, w + kw - 1, ci], [kh, kw, ci, co], stride, padding)
}

/** Checks so many random shapes, always the same ones; a failure reports the smallest. */
const random = (numRuns: number, dims: fc.Arbitrary<number>[], check: (...dims: number[]) => Promise<void>) =>
  fc.assert(
    fc.asyncProperty(fc.tuple(...dims), shape => check(...shape)),
    { numRuns, seed: 1998 },
  )
