// What is just possible, and what is just not: sizes at the edge, nothing at all, and numbers that are equal.
import assert from 'node:assert/strict'
import {
  argmax,
  conv2d,
  cpu,
  dense,
  dropout,
  evaluate,
  flatten,
  maxPool2d,
  ops,
  relu,
  sequential,
  sgd,
  sizeOf,
  tensor,
  type Layer,
} from '../engine/index.js'
import { digits } from './support/examples.js'

const backend = cpu()
const of = (...shape: number[]) => tensor(backend, new Float32Array(sizeOf(shape)), shape)

describe('a window', () => {
  const outputs = (layer: Layer, ...sizes: [number, number][]) =>
    sizes.map(([h, w]) => [...layer.size([h, w, 2]).output])

  it('may be as large as the image, in either direction, and no larger', () => {
    assert.deepEqual(outputs(conv2d(4, 3), [3, 3], [3, 5], [5, 3]), [[1, 1, 4], [1, 3, 4], [3, 1, 4]]) // prettier-ignore
    assert.deepEqual(outputs(maxPool2d(2), [2, 2], [2, 4], [4, 2]), [[1, 1, 2], [1, 2, 2], [2, 1, 2]]) // prettier-ignore
    for (const [layer, size] of [
      [conv2d(4, 3), 3],
      [maxPool2d(3), 3],
    ] as const)
      for (const input of [
        [size - 1, size],
        [size, size - 1],
        [size - 1, size - 1],
      ]) {
        const larger = /cannot take .*: its 3x3 window is larger than the image$/
        assert.throws(() => sequential([...input, 2], layer), larger)
      }
  })
  it('with zeros around the image may be larger', () =>
    assert.deepEqual(outputs(conv2d(4, 3, { padding: 'same' }), [2, 2], [1, 5], [3, 1]), [[2, 2, 4], [1, 5, 4], [3, 1, 4]])) // prettier-ignore
  it('of an operation is refused by its shape', () => {
    for (const x of [of(1, 2, 5, 1), of(1, 5, 2, 1)]) {
      const expected = { message: `conv2d: x has shape [${x.shape}]; expected [1,≥3,≥3,1]` }
      assert.throws(() => ops.conv2d(x, of(3, 3, 1, 4)), expected)
    }
    for (const x of [of(1, 1, 4, 3), of(1, 4, 1, 3)]) {
      const expected = { message: `maxPool2d: x has shape [${x.shape}]; expected [1,≥2,≥2,3]` }
      assert.throws(() => ops.maxPool2d(x, 2), expected)
    }
  })
})

describe('shapes of other ranks', () => {
  it('cross-entropy takes a matrix of scores alone', () => {
    for (const logits of [of(2), of(2, 3, 4)])
      assert.throws(() => ops.crossEntropy(logits, [0, 1]), {
        message: `crossEntropy: logits has shape [${logits.shape}]; expected [2,n]`,
      })
  })
  it('softmax goes along the last dimension, however many there are', async () => {
    const y = ops.softmax(of(2, 3, 4))
    assert.deepEqual(y.shape, [2, 3, 4])
    assert.deepEqual([...(await y.download())], Array(24).fill(0.25))
    assert.deepEqual([...(await ops.softmax(of(5)).download())], Array(5).fill(Math.fround(0.2)))
  })
})

describe('two shapes in one operation', () => {
  const shapeOf = (a: number[], b: number[]) => [...ops.add(of(...a), of(...b)).shape]

  it('are one the end of the other, whichever comes first, or a number', () => {
    for (const [long, short] of [
      [[2, 3], [3]],
      [
        [4, 2, 3],
        [2, 3],
      ],
      [[3], [1]],
      [[2, 3], [1]],
      [[2, 3], []],
      [
        [2, 3],
        [2, 3],
      ],
      [[1, 1], [1]],
    ]) {
      assert.deepEqual(shapeOf(long, short), long)
      assert.deepEqual(shapeOf(short, long), long)
    }
  })
  it('are refused by both names if they are not', () => {
    for (const [a, b] of [
      [[2, 3], [2]],
      [
        [2, 3],
        [3, 2],
      ],
      [
        [1, 3],
        [2, 3],
      ],
      [[2], [2, 3]],
      [[1, 1], [3]],
      [[3], [1, 1]],
    ])
      assert.throws(() => shapeOf(a, b), { message: `add: b has shape [${b}]; expected [${a}]` })
  })
  it('may hold nothing', () => assert.deepEqual(ops.reshape(of(0, 3), [3, 0]).shape, [3, 0]))
})

describe('sums and means', () => {
  const x = () => tensor(backend, Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [2, 2, 2])

  it('of all numbers, or of rows, of any rank, channel by channel', async () => {
    for (const [y, shape, expected] of [
      [ops.sum(x()), [], [36]],
      [ops.sum(x(), 'rows'), [2], [16, 20]],
      [ops.mean(x()), [], [4.5]],
      [ops.mean(x(), 'rows'), [2], [4, 5]],
    ] as const) {
      assert.deepEqual(y.shape, shape)
      assert.deepEqual([...(await y.download())], expected)
    }
  })
})

describe('dropout at its edges', () => {
  it('of nothing changes nothing, and draws nothing', () => {
    const x = of(2, 3)
    const rng = () => assert.fail('a number was drawn')
    assert.equal(dropout(0).size([3]).forward(x, {}, { training: true, rng }), x)
    assert.equal(dropout(0.5).size([3]).forward(x, {}, { training: false, rng }), x)
  })
  it('draws its mask from a key and a place, by the hash that its source gives, and takes another key at each step', async () => {
    // lowbias32 of C. Wellons, "Prospecting for Hash Functions" (2018), computed here with whole numbers of any size.
    const lowbias = (x: bigint) => {
      x = ((x ^ (x >> 16n)) * 0x7feb352dn) & 0xffffffffn
      x = ((x ^ (x >> 15n)) * 0x846ca68bn) & 0xffffffffn
      return x ^ (x >> 16n)
    }
    const x = tensor(backend, new Float32Array(1000).fill(3), [1000])
    for (const key of [0, 1, 0xdeadbeef]) {
      const y = dropout(0.25)
        .size([1000])
        .forward(x, {}, { training: true, rng: () => assert.fail('a number was drawn'), key: () => () => key })
      const expected = Array.from({ length: 1000 }, (_, i) =>
        lowbias(lowbias(BigInt(i)) ^ BigInt(key)) < 2n ** 30n ? 0 : 4,
      )
      assert.deepEqual([...(await y.download())], expected)
    }
  })
  it('of less than nothing is refused', () =>
    assert.throws(() => dropout(-0.01), { message: 'dropout: probability is -0.01; expected [0, 1)' }))
})

describe('SGD without momentum', () => {
  it('remembers nothing, takes no memory, and takes up none', async () => {
    const own = cpu()
    const network = sequential([4], dense(3)).init(own, 0)
    const optimizer = sgd(network.parameters)
    assert.equal((await optimizer.state()).size, 0)
    const velocity = { shape: [3], values: new Float32Array(3).fill(1) }
    optimizer.restore(new Map([['sgd.velocity.0.dense.bias', velocity]]), 5)
    assert.deepEqual([optimizer.steps, own.live], [5, 2])
  })
})

describe('the edges of a set of examples', () => {
  it('evaluate goes through each once if the batches fill the set exactly, and says so', async () => {
    const network = sequential([28, 28], flatten(), dense(10)).init(backend, 0)
    const done: number[] = []
    await evaluate(network, backend, digits(20), { batchSize: 10, onBatch: n => done.push(n) })
    assert.deepEqual(done, [10, 20])
  })
  it('the largest of a row is looked for in that row alone', () => {
    const rows = Float32Array.of(9, 1, 2, 8, 0, 7)
    assert.deepEqual([argmax(rows, 0, 2), argmax(rows, 1, 2), argmax(rows, 2, 2)], [0, 1, 1])
    assert.deepEqual([argmax(rows, 0, 3), argmax(rows, 1, 3)], [0, 0])
  })
  it('an image in another shape is taken for what the network expects, and one in the same as it is', () => {
    const network = sequential([2, 3], relu()).init(backend, 0)
    assert.deepEqual(network.forward(of(4, 6)).shape, [4, 2, 3])
    assert.deepEqual(network.forward(of(4, 3, 2)).shape, [4, 2, 3])
    assert.deepEqual(network.forward(of(4, 2, 3)).shape, [4, 2, 3])
  })
})
