// The reference backend against PyTorch: operations, their gradients, optimizers, and the three models as they train.
import assert from 'node:assert/strict'
import {
  adam,
  backward,
  clipNorm,
  cpu,
  ema,
  ops,
  parameter,
  scope,
  sgd,
  tensor,
  type Backend,
  type Gradients,
  type Shape,
  type Tensor,
} from '../engine/index.js'
import { testTrajectories } from './backends/trajectories.js'
import { fixture, uniformOf } from './support/fixtures.js'
import { assertClose } from './support/numbers.js'

interface Operations {
  conv2d: {
    x: Shape
    w: Shape
    stride: number
    padding: 'valid' | 'same'
    shape: Shape
    y: number[]
    dx: number[]
    dw: number[]
  }[]
  maxPool2d: { x: Shape; size: number; stride: number; shape: Shape; y: number[]; dx: number[] }[]
  softmax: { scale: number; y: number[]; dx: number[] }[]
  crossEntropy: { scale: number; labels: number[]; loss: number; dx: number[] }[]
}

/** Runs f and its gradient, dy being make.py's uniform(3) unless the result is a number. */
async function run(backend: Backend, f: (...inputs: Tensor[]) => Tensor, ...inputs: [Float64Array, Shape][]) {
  const parameters = inputs.map(([values, shape]) => parameter(backend, values, shape))
  const { shape, y, gradients } = scope(() => {
    const y = f(...parameters)
    const dy = y.shape.length > 0 ? tensor(backend, uniformOf(3, y.shape), y.shape) : undefined
    const gradients = backward(y, dy)
    return {
      shape: y.shape,
      y: y.download(),
      gradients: Promise.all(parameters.map(p => gradients.get(p)!.download())),
    }
  })
  for (const p of parameters) p.free()
  return { shape, y: await y, gradients: await gradients }
}

for (const [precision, tolerance] of [
  ['float32', 1e-4],
  ['float64', 1e-9],
] as const) {
  const make = () => cpu({ precision })
  testTrajectories(`cpu in ${precision}`, make, { tolerance, largest: 1 })

  describe(`PyTorch's operations on cpu in ${precision}, to ${tolerance}`, () => {
    const backend = make()
    const expected = fixture('operations.json') as Operations

    for (const c of expected.conv2d)
      it(`conv2d [${c.x}] ∗ [${c.w}], stride ${c.stride}, '${c.padding}'`, async () => {
        const { shape, y, gradients } = await run(
          backend,
          (x, w) => ops.conv2d(x, w, c.stride, c.padding),
          [uniformOf(1, c.x), c.x],
          [uniformOf(2, c.w), c.w],
        )
        assert.deepEqual(shape, c.shape)
        assertClose(y, c.y, tolerance, 'y')
        assertClose(gradients[0], c.dx, tolerance, 'dx')
        assertClose(gradients[1], c.dw, tolerance, 'dw')
      })
    for (const c of expected.maxPool2d)
      it(`maxPool2d [${c.x}], ${c.size}x${c.size}, stride ${c.stride}`, async () => {
        const f = (x: Tensor) => ops.maxPool2d(x, c.size, c.stride)
        const { shape, y, gradients } = await run(backend, f, [uniformOf(1, c.x), c.x])
        assert.deepEqual(shape, c.shape)
        assertClose(y, c.y, tolerance, 'y')
        assertClose(gradients[0], c.dx, tolerance, 'dx')
      })
    for (const c of expected.softmax)
      it(`softmax of numbers up to ${c.scale}`, async () => {
        const x = uniformOf(1, [3, 5]).map(v => c.scale * v)
        const { y, gradients } = await run(backend, ops.softmax, [x, [3, 5]])
        assertClose(y, c.y, tolerance, 'y')
        assertClose(gradients[0], c.dx, tolerance, 'dx')
      })
    for (const c of expected.crossEntropy)
      it(`crossEntropy of logits up to ${c.scale}`, async () => {
        const x = uniformOf(1, [5, 7]).map(v => c.scale * v)
        const { y, gradients } = await run(backend, x => ops.crossEntropy(x, c.labels), [x, [5, 7]])
        assertClose(y, [c.loss], tolerance, 'loss')
        assertClose(gradients[0], c.dx, tolerance, 'dlogits')
      })
  })

  describe(`PyTorch's optimizers on cpu in ${precision}, ten steps, to ${tolerance}`, () => {
    const backend = make()
    const optimizers = {
      sgd: (p: ReadonlyMap<string, Tensor>) => sgd(p),
      momentum: (p: ReadonlyMap<string, Tensor>) => sgd(p, { momentum: 0.9 }),
      adam: (p: ReadonlyMap<string, Tensor>) => adam(p),
      'adam, weight decay': (p: ReadonlyMap<string, Tensor>) => adam(p, { weightDecay: 0.3 }),
      clipped: (p: ReadonlyMap<string, Tensor>) => sgd(p, { momentum: 0.9 }),
    }
    const expected = fixture('optimizers.json') as Record<string, { lr: number; decay: number; after: number[][] }>
    for (const [name, make] of Object.entries(optimizers))
      it(name, async () => {
        const w = tensor(backend, uniformOf(1, [7]), [7])
        const optimizer = make(new Map([['w', w]]))
        const { lr, after } = expected[name]
        for (const [t, weights] of after.entries()) {
          const values = uniformOf(10 + t, [7])
          values[2] = 0
          const gradient = tensor(backend, values, [7])
          const gradients: Gradients = new Map([[w, gradient]])
          scope(() => optimizer.step(name === 'clipped' ? clipNorm(gradients, 1.2) : gradients, lr))
          gradient.free()
          assertClose(await w.download(), weights, tolerance, `weights after step ${t + 1}`)
        }
        assert.equal(optimizer.steps, 10)
        optimizer.free()
        w.free()
        assert.equal(backend.live, 0)
      })
    it('moving averages, swapped in, saved (in float32) and restored', async () => {
      const { decay, after } = expected.ema
      const w = tensor(backend, uniformOf(1, [7]), [7])
      const parameters = new Map([['w', w]])
      let averages = ema(parameters, decay)
      averages.swap()
      averages.swap() // as it was
      for (const [t, average] of after.entries()) {
        const present = tensor(backend, Float64Array.from(expected.sgd.after[t]), [7])
        w.free()
        w.data = present.data
        averages.update()
        averages.swap()
        assertClose(await w.download(), average, Math.max(tolerance, 1e-6), `averages after step ${t + 1}`)
        averages.swap()
        assertClose(await w.download(), expected.sgd.after[t], tolerance, `weights after step ${t + 1}`)
        const saved = await averages.state()
        averages.free()
        averages = ema(parameters, decay)
        averages.restore(saved)
      }
      averages.free()
      w.free()
      assert.equal(backend.live, 0)
    })
    it('weight decay with no gradient: w = (1 − 0.1 · 0.5) w, by hand, also of sgd', async () => {
      for (const make of [sgd, adam]) {
        const w = tensor(backend, Float64Array.of(1, -2), [2])
        const optimizer = make(new Map([['w', w]]), { weightDecay: 0.5 })
        scope(() => optimizer.step(new Map([[w, tensor(backend, new Float64Array(2), [2])]]), 0.1))
        assertClose(await w.download(), [0.95, -1.9], tolerance, 'w')
        optimizer.free()
        w.free()
      }
    })
    it('clipNorm of two gradients: 3 and 4 are 5 long together, by hand', async () => {
      const of = (value: number) => tensor(backend, Float64Array.of(value), [1])
      const [a, b] = [of(0), of(0)]
      for (const [limit, scale] of [
        [1, 0.2],
        [5.1, 1],
        [0, 0],
      ]) {
        // prettier-ignore
        const [da, db] = scope(() => [...clipNorm(new Map([[a, of(3)], [b, of(-4)]]), limit).values()]) // prettier-ignore
        assertClose(
          [...(await da.download()), ...(await db.download())],
          [3 * scale, -4 * scale],
          Math.max(tolerance, 1e-6),
          'clipped',
        )
        for (const x of [da, db]) x.free()
      }
      assert.equal(scope(() => clipNorm(new Map(), 1)).size, 0)
      for (const x of [a, b]) x.free()
      assert.equal(backend.live, 0)
    })
  })
}
