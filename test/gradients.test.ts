// Every gradient of the engine against a numerical one, in double precision (support/gradcheck.ts); and against values
// computed by hand where a function has a corner.
import assert from 'node:assert/strict'
import {
  averagePool2d,
  backward,
  batchNorm,
  conv2d,
  dense,
  dropout,
  flatten,
  gelu,
  globalAveragePool2d,
  losses,
  maxPool2d,
  ops,
  random,
  relu,
  residual,
  scope,
  sequential,
  sigmoid,
  sizeOf,
  softmax,
  tanh,
  tensor,
  type Layer,
  type Mode,
  type Network,
  type Shape,
  type Tensor,
  type Unary,
} from '../engine/index.js'
import { models } from '../models/index.js'
import { backend64, checkGradients, given, parameter } from './support/gradcheck.js'
import { functions, type FunctionCase } from './support/elementwise.js'
import { assertClose, uniform64 } from './support/numbers.js'

/** The gradient of the result (summed, or weighted by dy) with respect to one input. */
async function gradientOf(x: ReturnType<typeof given>, f: (x: Tensor) => Tensor, dy?: number[]): Promise<number[]> {
  const input = parameter(x)
  const dx = await scope(() => {
    const y = f(input)
    const weights = dy ? Float64Array.from(dy) : new Float64Array(sizeOf(y.shape)).fill(1)
    return backward(y, tensor(backend64, weights, y.shape))
      .get(input)!
      .download()
  })
  input.free()
  return [...dx]
}

describe('gradients of operations', () => {
  for (const [m, k, n] of [
    [1, 1, 1],
    [3, 5, 7],
    [17, 1, 3],
    [1, 33, 5],
  ])
    it(`matmul [${m},${k}]·[${k},${n}]`, () => checkGradients('matmul', ops.matmul, { x: [m, k], w: [k, n] }))

  it('bias of rows and of images', async () => {
    await checkGradients('bias', ops.bias, { x: [3, 5], b: [5] })
    await checkGradients('bias', ops.bias, { x: [2, 3, 5, 7], b: [7] })
  })
  it('softmax, reshape', async () => {
    await checkGradients('softmax', ops.softmax, { x: [3, 5] })
    await checkGradients('softmax', ops.softmax, { x: [2, 3, 1] })
    await checkGradients('reshape', x => ops.mul(ops.reshape(x, [5, 3]), ops.reshape(x, [5, 3])), { x: [3, 5] })
  })
  for (const [f, { low, high, figures }] of Object.entries(functions) as [Unary, FunctionCase][])
    it(`${f}, as PyTorch has it`, async () => {
      await checkGradients(f, ops[f], { x: { shape: [3, 17], values: uniform64([51], f, low, high) } })
      const x = given([figures.length], ...figures.map(([x]) => x))
      const result = scope(() => ops[f](tensor(backend64, x.values, x.shape)).download())
      assertClose(await result, figures.map(([, y]) => y), 1e-12, 'y') // prettier-ignore
      assertClose(await gradientOf(x, ops[f]), figures.map(([, , derivative]) => derivative), 1e-12, 'derivative') // prettier-ignore
    })
  for (const op of ['add', 'sub', 'mul', 'div'] as const)
    it(`${op}, of rows, images, channels and a number too`, async () => {
      const away = (shape: Shape, name: string) => ({ shape, values: uniform64(shape, name, 0.5, 2) })
      for (const [a, b] of [
        [
          [3, 5],
          [3, 5],
        ],
        [[3, 5], [5]],
        [[5], [3, 5]],
        [[2, 3, 4, 5], [5]],
        [
          [2, 3, 4, 5],
          [3, 4, 5],
        ],
        [[3, 5], []],
        [[], [3, 5]],
        [[1], [1, 1]],
      ] as const)
        // prettier-ignore
        await checkGradients(op, ops[op], { a: away(a, 'a'), b: away(b, 'b') })
    })
  for (const over of ['all', 'rows'] as const)
    it(`sum and mean over ${over}`, async () => {
      await checkGradients('sum', x => ops.sum(x, over), { x: [3, 5] })
      await checkGradients('mean', x => ops.mean(x, over), { x: [2, 3, 4, 5] })
      await checkGradients('mean of squares', x => ops.mean(ops.mul(x, x), over), { x: [7, 1] })
    })
  it('a shape that is not the end of the other is refused', () => {
    const of = (...shape: number[]) => tensor(backend64, new Float64Array(sizeOf(shape)), shape)
    scope(() => {
      for (const [a, b] of [
        [of(3, 5), of(3)],
        [of(3, 5), of(3, 1)],
        [of(2, 3), of(3, 2)],
        [of(2), of(5)],
      ])
        // prettier-ignore
        assert.throws(() => ops.mul(a, b), { key: 'engine.shape' })
    })
  })
  it('softmax of large numbers', () =>
    checkGradients('softmax', ops.softmax, { x: given([2, 3], 1000, 1001, 999.5, -500, -499, -502) }))
  it('crossEntropy, of large logits too', async () => {
    await checkGradients('crossEntropy', x => ops.crossEntropy(x, [3, 0, 4]), { logits: [3, 5] })
    await checkGradients('crossEntropy', x => ops.crossEntropy(x, [2, 0]), {
      logits: given([2, 3], 1000, 1001, 999.5, -500, -499, -502),
    })
  })

  it('crossEntropy with label smoothing', () =>
    checkGradients('smoothing', x => ops.crossEntropy(x, [3, 0, 4], { smoothing: 0.2 }), { logits: [3, 5] }))
  it('binaryCrossEntropy, of large logits and at 0 too', async () => {
    const of = (t: number[]) => (x: Tensor) =>
      losses.binaryCrossEntropy(x, tensor(backend64, Float64Array.from(t), x.shape))
    await checkGradients('binaryCrossEntropy', of([0, 1, 0.3, 1, 0, 0.5]), { logits: [2, 3] })
    // (σ(x) − t) / 4 by hand; σ(±1000) is 1 or 0
    const dx = await gradientOf(given([4], 0, 0, 1000, -1000), of([0, 1, 0, 1]))
    assert.deepEqual(dx, [0.125, -0.125, 0.25, -0.25])
  })
  it('mse, with respect to both', () => checkGradients('mse', losses.mse, { y: [3, 5], t: [3, 5] }))
  it('a network that ends in what its loss contains is told so', () => {
    const x = tensor(backend64, new Float64Array(6), [2, 3])
    assert.throws(() => ops.crossEntropy(ops.softmax(x), [0, 1]), {
      message: 'crossEntropy takes logits and applies softmax itself: take the softmax() at the end of the network out',
    })
    assert.throws(() => losses.binaryCrossEntropy(ops.sigmoid(x), x), { key: 'engine.logits' })
  })
  it('batchNorm of rows and of images, by the batch and by given statistics', async () => {
    const batch = (x: Tensor, gamma: Tensor, beta: Tensor) => ops.batchNorm(x, gamma, beta).y
    await checkGradients('batchNorm', batch, { x: [7, 3], gamma: [3], beta: [3] })
    await checkGradients('batchNorm', batch, { x: [2, 3, 4, 5], gamma: [5], beta: [5] })
    const variance = { shape: [3], values: uniform64([3], 'variance', 0.5, 2) }
    await checkGradients(
      'normalize',
      (x, gamma, beta, mean, variance) => ops.normalize(x, gamma, beta, { mean, variance }),
      {
        x: [7, 3],
        gamma: [3],
        beta: [3],
        mean: [3],
        variance, // prettier-ignore
      },
    )
  })
  for (const [size, stride] of [
    [1, 1],
    [2, 2],
    [3, 1],
    [3, 2],
    [2, 3],
  ] as const)
    // prettier-ignore
    it(`averagePool2d of ${size}x${size} windows, stride ${stride}`, () =>
      checkGradients('averagePool2d', x => ops.averagePool2d(x, size, stride), { x: [2, 7, 5, 3] }))
  it('globalAveragePool2d', () => checkGradients('global', ops.globalAveragePool2d, { x: [2, 7, 5, 3] }))

  for (const padding of ['valid', 'same'] as const)
    for (const stride of [1, 2, 3])
      for (const [x, w] of [
        [
          [1, 5, 5, 1],
          [3, 3, 1, 1],
        ],
        [
          [2, 7, 5, 3],
          [3, 3, 3, 5],
        ],
        [
          [3, 6, 7, 2],
          [2, 2, 2, 3],
        ],
        [
          [1, 8, 9, 3],
          [4, 3, 3, 2],
        ],
        [
          [2, 5, 7, 1],
          [5, 5, 1, 3],
        ],
        [
          [2, 4, 3, 3],
          [1, 1, 3, 5],
        ],
      ] as Shape[][])
        it(`conv2d [${x}] ∗ [${w}], stride ${stride}, '${padding}'`, () =>
          checkGradients('conv2d', (x, w) => ops.conv2d(x, w, stride, padding), { x: x, w: w }))

  for (const [size, stride] of [
    [1, 1],
    [2, 2],
    [3, 3],
    [3, 1],
    [3, 2],
    [2, 3],
  ] as const)
    it(`maxPool2d of ${size}x${size} windows, stride ${stride}`, async () => {
      await checkGradients('maxPool2d', x => ops.maxPool2d(x, size, stride), { x: [2, 7, 5, 3] })
      await checkGradients('maxPool2d', x => ops.maxPool2d(x, size, stride), { x: [1, 6, 9, 1] })
    })
})

describe('gradients of a tensor that is used more than once', () => {
  it('x + x and x·x', async () => {
    await checkGradients('x + x', x => ops.add(x, x), { x: [3, 5] })
    await checkGradients('x·x', x => ops.mul(x, x), { x: [3, 5] })
    await checkGradients('matmul(x, x)', x => ops.matmul(x, x), { x: [5, 5] })
  })
  it('an intermediate result that goes two ways', () =>
    checkGradients(
      'fan-out',
      (x, w) => {
        const h = ops.matmul(x, w)
        return ops.add(ops.mul(ops.relu(h), ops.softmax(h)), h)
      },
      { x: [3, 5], w: [5, 7] },
    ))
  it('a weight shared by two matmuls', () =>
    checkGradients('shared weight', (x, w) => ops.matmul(ops.relu(ops.matmul(x, w)), w), { x: [3, 5], w: [5, 5] }))
  it('a filter shared by two convolutions', () =>
    checkGradients('shared filter', (x, w) => ops.conv2d(ops.conv2d(x, w), w), { x: [2, 7, 7, 3], w: [3, 3, 3, 3] }))
  it('paths of different lengths: f = ((x·x) + x)·x, whose derivative is 3x² + 2x', async () => {
    const dx = await gradientOf(given([4], 0, 1, -2, 0.5), x => ops.mul(ops.add(ops.mul(x, x), x), x))
    assert.deepEqual(dx, [0, 5, 8, 1.75])
  })
})

describe('gradients at corners, by hand', () => {
  const pool = (shape: Shape, values: number[], size: number, stride: number, dy: number[]) =>
    gradientOf(given(shape, ...values), x => ops.maxPool2d(x, size, stride), dy)

  it("relu'(0) = 0, at -0 too", async () => {
    assert.deepEqual(await gradientOf(given([5], -1, 0, -0, 1e-300, 2), ops.relu), [0, 0, 0, 1, 1])
  })
  it('a tie goes to the first in row-major order', async () => {
    assert.deepEqual(await pool([1, 2, 2, 1], [1, 3, 3, 3], 2, 2, [5]), [0, 5, 0, 0])
    assert.deepEqual(await pool([1, 2, 2, 1], [1, 2, 3, 3], 2, 2, [5]), [0, 0, 5, 0])
  })
  it('an all-zero window: its first cell receives the gradient, in each channel', async () => {
    const zeros = new Array<number>(8).fill(0)
    assert.deepEqual(await pool([1, 2, 2, 2], zeros, 2, 2, [3, 4]), [3, 4, 0, 0, 0, 0, 0, 0])
    assert.deepEqual(await pool([1, 2, 2, 1], [-0, 0, 0, -0], 2, 2, [3]), [3, 0, 0, 0])
  })
  it('an all-zero window after relu passes nothing on: relu’s own derivative there is 0', async () => {
    const x = given([1, 2, 2, 1], -1, -2, 0, -3)
    assert.deepEqual(await gradientOf(x, x => ops.maxPool2d(ops.relu(x), 2), [3]), [0, 0, 0, 0])
  })
  it('overlapping windows: the centre that wins all four receives all four', async () => {
    const dx = await pool([1, 3, 3, 1], [0, 1, 0, 1, 9, 1, 0, 1, 0], 2, 1, [1, 2, 3, 4])
    assert.deepEqual(dx, [0, 0, 0, 0, 10, 0, 0, 0, 0])
  })
  it('overlapping windows with ties: each window chooses for itself', async () => {
    const dx = await pool([1, 3, 3, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1], 2, 1, [1, 2, 3, 4])
    assert.deepEqual(dx, [1, 2, 0, 3, 4, 0, 0, 0, 0])
  })
  it('rows and columns that fill no window receive nothing', async () => {
    const dx = await pool([1, 3, 3, 1], [1, 2, 9, 4, 3, 9, 9, 9, 9], 2, 2, [7])
    assert.deepEqual(dx, [0, 0, 0, 7, 0, 0, 0, 0, 0])
  })
  it('a window of gaps (stride over size): cells between windows receive nothing', async () => {
    const dx = await pool([1, 1, 5, 1], [1, 9, 2, 9, 3], 1, 2, [4, 5, 6])
    assert.deepEqual(dx, [4, 0, 5, 0, 6])
  })
  it('dropout: kept inputs are scaled by 1/(1 − p), in the gradient as in the result', async () => {
    const network = sequential([1000], dropout(0.75))
    const mode: Mode = { training: true, rng: random(1, 'mask') }
    const dx = await gradientOf({ shape: [1, 1000], values: new Float64Array(1000).fill(2) }, x =>
      network.forward(x, mode),
    )
    const y = Float64Array.from({ length: 1000 }, (_, i) => 2 * dx[i])
    assert.deepEqual([...new Set(dx)].sort(), [0, 4])
    assert.ok(Math.abs(y.filter(v => v > 0).length - 250) < 60, 'about a quarter is kept')
  })
})

/** Checks the gradients of a network's result with respect to its input and every parameter. */
async function checkNetwork(name: string, network: Network, batch: number, labels?: number[]) {
  // Biases are moved away from 0: a window of dead units would sit on relu's corner, where there is no derivative.
  const values = new Map<string, ReturnType<typeof given>>()
  for (const [key, { shape, init, trained = true }] of network.declared()) {
    if (!trained) {
      network.state.set(key, tensor(backend64, init(random(1, key)), shape))
      continue
    }
    const weights = key.endsWith('bias') ? uniform64(shape, key, -0.1, 0.1) : Float64Array.from(init(random(1, key)))
    values.set(key, { shape, values: weights })
  }
  const f = (x: Tensor, ...weights: Tensor[]) => {
    for (const [i, key] of [...values.keys()].entries()) network.parameters.set(key, weights[i])
    const y = network.forward(x, { training: true, rng: random(3, 'mask') })
    return labels ? ops.crossEntropy(y, labels) : y
  }
  await checkGradients(name, f, { x: [batch, ...network.input], ...Object.fromEntries(values) })
}

describe('gradients of layers', () => {
  const cases: [string, Shape, Layer][] = [
    ['dense', [17], dense(5)],
    ['conv2d', [7, 6, 3], conv2d(5, 3)],
    ["conv2d, stride 2, 'same', even window", [7, 6, 3], conv2d(2, 4, { stride: 2, padding: 'same' })],
    ['maxPool2d', [7, 6, 3], maxPool2d(2)],
    ['maxPool2d, overlapping', [7, 6, 3], maxPool2d(3, { stride: 2 })],
    ['flatten', [3, 5, 2], flatten()],
    ['averagePool2d', [7, 6, 3], averagePool2d(3, { stride: 2 })],
    ['globalAveragePool2d', [7, 6, 3], globalAveragePool2d()],
    ['batchNorm of rows', [5], batchNorm()],
    ['batchNorm of images', [3, 2, 4], batchNorm()],
    ['residual', [5, 4, 3], residual(conv2d(3, 3, { padding: 'same' }), tanh(), batchNorm())],
    ['residual with a shortcut', [5, 4, 3], residual(conv2d(6, 3, { padding: 'same', stride: 2 }), gelu())],
    ['residual of rows, within one', [7], residual(residual(dense(7), sigmoid()), dense(4))],
    ['relu', [3, 5], relu()],
    ['softmax', [3, 5], softmax()],
    ['dropout with a fixed mask', [33], dropout(0.4)],
  ]
  for (const [name, input, layer] of cases) it(name, () => checkNetwork(name, sequential(input, layer), 3))
})

describe('gradients of whole networks', () => {
  it('all layers together', () =>
    checkNetwork(
      'network',
      sequential([9, 9], flatten(), dense(2 * 9 * 9), relu(), dropout(0.2), dense(5), softmax()),
      3,
    ))
  it('a small convolutional network, with strides and padding', () =>
    checkNetwork(
      'convolutions',
      sequential(
        [11, 9, 2],
        conv2d(3, 3, { padding: 'same' }),
        relu(),
        conv2d(5, 2, { stride: 2, padding: 'same' }),
        relu(),
        maxPool2d(3, { stride: 2 }),
        flatten(),
        dropout(0.1),
        dense(7),
      ),
      3,
      [6, 0, 3],
    ))
  for (const [name, model] of Object.entries(models))
    it(name, () => checkNetwork(name, model(), 1, [3])).timeout(60_000)
})

describe('the gradient check itself', () => {
  it('tells a wrong gradient, naming the function, the input and both derivatives', async () => {
    const { record } = await import('../engine/tensor.js')
    const wrong = (x: Tensor) =>
      record('wrong', x.shape, x.backend.mul(x.data, x.data), [[x, dy => x.backend.mul(dy, x.data)]])
    await assert.rejects(checkGradients('square', wrong, { side: [3] }), (error: Error) => {
      assert.match(
        error.message,
        /^square: the gradient of side \[3\] is wrong: .*backward gives (\S+) .*difference (\S+)/,
      )
      const [, half, whole] = /gives (\S+) and the central difference (\S+)/.exec(error.message)!
      assert.ok(Math.abs(Number(whole) / Number(half) - 2) < 1e-6, 'the factor 2 is missing')
      return true
    })
  })
})
