// A user's mistake is one line that names what was wrong, where, and what would be right.
import assert from 'node:assert/strict'
import {
  ChiffreError,
  conv2d,
  cpu,
  dense,
  dropout,
  ExampleSet,
  fill,
  flatten,
  gather,
  maxPool2d,
  messages,
  network,
  ops,
  pixels,
  relu,
  sequential,
  sizeOf,
  tensor,
  type Backend,
  type Layer,
  type Tensor,
} from '../engine/index.js'
import { record } from '../engine/tensor.js'
import { backward } from '../engine/backward.js'

const backend = cpu()
const of = (...shape: number[]) => tensor(backend, new Float32Array(sizeOf(shape)), shape)

function says(fn: () => unknown, message: string) {
  assert.throws(fn, (error: unknown) => {
    assert.ok(error instanceof ChiffreError, String(error))
    assert.equal(error.message, message)
    assert.ok(!message.includes('\n'))
    assert.ok(error.key in messages)
    return true
  })
}

describe('errors of operations name the operation and both shapes', () => {
  it('matmul', () => {
    const message = (x: string, w: string) =>
      `matmul: x [${x}] and w [${w}] do not fit; the last size of x must be the first of w`
    says(() => ops.matmul(of(2, 3), of(4, 5)), message('2,3', '4,5'))
    says(() => ops.matmul(of(2, 3, 1), of(3, 5)), message('2,3,1', '3,5'))
    says(() => ops.matmul(of(2, 3), of(3)), message('2,3', '3'))
  })
  it('bias, add, mul', () => {
    says(() => ops.bias(of(2, 3), of(2)), 'bias: b has shape [2]; expected [3]')
    says(() => ops.bias(of(2, 3), of(3, 1)), 'bias: b has shape [3,1]; expected [3]')
    says(() => ops.add(of(2, 3), of(3, 2)), 'add: b has shape [3,2]; expected [2,3]')
    says(() => ops.mul(of(6), of(3, 2)), 'mul: b has shape [3,2]; expected [6]')
  })
  it('conv2d', () => {
    says(() => ops.conv2d(of(5, 5, 1), of(3, 3, 1, 2)), 'conv2d: x has shape [5,5,1]; expected 4 dimensions')
    says(() => ops.conv2d(of(1, 5, 5, 1), of(3, 3, 1)), 'conv2d: w has shape [3,3,1]; expected 4 dimensions')
    says(() => ops.conv2d(of(1, 5, 5, 2), of(3, 3, 1, 4)), 'conv2d: w has shape [3,3,1,4]; expected [3,3,2,4]')
    says(() => ops.conv2d(of(1, 2, 5, 1), of(3, 3, 1, 4)), 'conv2d: x has shape [1,2,5,1]; expected [1,≥3,≥3,1]')
  })
  it('maxPool2d', () => {
    says(() => ops.maxPool2d(of(4, 4), 2), 'maxPool2d: x has shape [4,4]; expected 4 dimensions')
    says(() => ops.maxPool2d(of(1, 1, 4, 3), 2), 'maxPool2d: x has shape [1,1,4,3]; expected [1,≥2,≥2,3]')
  })
  it('strides, windows and paddings that are none', () => {
    const [x, w] = [of(1, 6, 6, 1), of(3, 3, 1, 1)]
    for (const stride of [0, -1, 1.5, NaN]) {
      says(() => ops.conv2d(x, w, stride), `conv2d: stride is ${stride}; expected ≥ 1`)
      says(() => ops.maxPool2d(x, 2, stride), `maxPool2d: stride is ${stride}; expected ≥ 1`)
      says(() => ops.maxPool2d(x, stride, 1), `maxPool2d: size is ${stride}; expected ≥ 1`)
    }
    says(() => ops.conv2d(x, w, 1, 'SAME' as 'same'), 'conv2d: padding is SAME; expected valid, same')
  })
  it('reshape', () => {
    for (const shape of [[4], [0.5, 12], [-2, -3], [-1]])
      says(() => ops.reshape(of(2, 3), shape), `reshape: [2,3] holds 6 numbers and cannot become [${shape}]`)
  })
  it('tensors of two backends, or of two instances of one', () => {
    const [other, double] = [cpu(), cpu({ precision: 'float64' })]
    const on = (backend: Backend, ...shape: number[]) => tensor(backend, new Float32Array(sizeOf(shape)), shape)
    const binary: [string, (on: Backend) => Tensor][] = [
      ['add', b => ops.add(of(2), on(b, 2))],
      ['mul', b => ops.mul(of(2), on(b, 2))],
      ['bias', b => ops.bias(of(3, 2), on(b, 2))],
      ['matmul', b => ops.matmul(of(3, 2), on(b, 2, 4))],
      ['conv2d', b => ops.conv2d(of(1, 3, 3, 1), on(b, 3, 3, 1, 2))],
      ['matmul', b => sequential([2], dense(2)).init(b, 0).predict(of(1, 2))],
      ['backward', b => backward(ops.relu(of(2)), on(b, 2)) && of(1)],
    ]
    for (const [op, f] of binary) {
      says(() => f(other), `${op}: its inputs are on two backends, cpu and another cpu; upload them to the same`)
      says(() => f(double), `${op}: its inputs are on two backends, cpu and cpu:float64; upload them to the same`)
    }
  })
  it('crossEntropy', () => {
    says(() => ops.crossEntropy(of(2, 3), [1]), 'crossEntropy: logits has shape [2,3]; expected [1,n]')
    for (const label of [3, -1, 0.5, NaN])
      says(
        () => ops.crossEntropy(of(2, 3), [1, label]),
        `crossEntropy: label ${label} at position 1; expected a whole number from 0 to 2`,
      )
  })
  it('tensor, pixels', () => {
    says(() => tensor(backend, new Float32Array(5), [2, 3]), 'tensor: 5 values cannot fill shape [2,3]')
    says(() => pixels(backend, new Uint8Array(7), [2, 3]), 'tensor: 7 values cannot fill shape [2,3]')
    says(() => new ExampleSet(new Uint8Array(7), [2, 3]), 'tensor: 7 values cannot fill shape [n,2,3]')
    says(
      () => gather(backend, new ExampleSet(new Uint8Array(12), [3]), Uint32Array.of(3, 4)),
      'gather: there is no example 4; the set has 4, counted from 0',
    )
  })
  it('a gradient of another size than its input, in an operation that someone wrote', () => {
    const w = Object.assign(of(2, 3), { requiresGrad: true })
    const y = record('mine', [], backend.upload(new Float32Array(1)), [[w, dy => dy]])
    says(() => backward(y), 'mine: the gradient of tensor has 1 numbers, but its shape is [2,3]')
  })
})

describe('errors of layers name the layer and its input', () => {
  const cases: [string, () => unknown, string][] = [
    [
      'dense after an image',
      () => sequential([28, 28, 1], relu(), dense(10)),
      'layer 1.dense cannot take [28,28,1]: it takes a row of numbers; put flatten() before it',
    ],
    [
      'conv2d after flatten',
      () => sequential([28, 28, 1], flatten(), conv2d(8, 3)),
      'layer 1.conv2d cannot take [784]: it expects 3 dimensions',
    ],
    [
      'a window larger than the image',
      () => sequential([4, 9, 1], conv2d(8, 5)),
      'layer 0.conv2d cannot take [4,9,1]: its 5x5 window is larger than the image',
    ],
    [
      'a pool larger than what is left',
      () => sequential([6, 6, 1], conv2d(2, 5), maxPool2d(3)),
      'layer 1.maxPool2d cannot take [2,2,2]: its 3x3 window is larger than the image',
    ],
    [
      'a layer that was not called',
      () => sequential([6], dense(3), relu as unknown as Layer),
      'layer 1.relu is no layer; did you mean relu()?',
    ],
    [
      'two layers of one name',
      () => network([6], (x, { layer }) => layer('a', dense(2), layer('a', dense(3), x))),
      'two parts of the network are called a; every name may be given once',
    ],
    ['no units', () => dense(0), 'dense: units is 0; expected ≥ 1'],
    ['half a filter', () => conv2d(1.5, 3), 'conv2d: filters is 1.5; expected ≥ 1'],
    ['a stride of 0', () => conv2d(1, 3, { stride: 0 }), 'conv2d: stride is 0; expected ≥ 1'],
    [
      'unknown padding',
      () => conv2d(1, 3, { padding: 'full' as 'same' }),
      'conv2d: padding is full; expected valid, same',
    ],
    ['a pool of nothing', () => maxPool2d(NaN), 'maxPool2d: size is NaN; expected ≥ 1'],
    ['dropout of all', () => dropout(1), 'dropout: probability is 1; expected [0, 1)'],
    ['dropout of NaN', () => dropout(NaN), 'dropout: probability is NaN; expected [0, 1)'],
  ]
  for (const [what, fn, message] of cases) it(what, () => says(fn, message))

  it('a network without weights, and an input that does not fit', () => {
    const network = sequential([28, 28], flatten(), dense(10))
    says(() => network.forward(of(1, 28, 28)), 'the network has no weights yet: call init(backend, seed) first')
    network.init(backend, 0)
    says(() => network.forward(of(2, 27, 28)), 'the network takes [28,28] an example, not [27,28]')
    assert.deepEqual(network.forward(of(2, 784)).shape, [2, 10], 'the same numbers in another shape will do')
  })
})

describe('messages', () => {
  it('take numbers, text and other errors for their reason', () => {
    const reason = new ChiffreError('engine.layer.rank', { expected: 3 }, messages['engine.layer.rank'])
    assert.equal(
      fill('{a} of {b}: {reason} {unknown}', { a: 1, b: 'x', reason }),
      '1 of x: it expects 3 dimensions {unknown}',
    )
  })
  it('do not expand a value that looks like a placeholder', () =>
    assert.equal(fill('{name} {other}', { name: '{other}', other: '!' }), '{other} !'))
})
