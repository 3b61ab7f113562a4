// The bytes of a safetensors file, and what is made of damaged ones.
// The format: https://github.com/huggingface/safetensors#format
import assert from 'node:assert/strict'
import {
  ChiffreError,
  adam,
  cpu,
  dense,
  deserialize,
  random,
  sequential,
  serialize,
  type NamedTensors,
  type Shape,
} from '../engine/index.js'
import { fixtureBytes } from './support/fixtures.js'

const f32 = (shape: Shape, ...values: number[]) => ({ shape, values: Float32Array.from(values) })
const named = (tensors: Record<string, [Shape, number[]]>): NamedTensors =>
  new Map(Object.entries(tensors).map(([name, [shape, v]]) => [name, f32(shape, ...v)]))

/** A file of the given header (JSON, or bytes as they are) and so many bytes of data. */
function file(header: unknown, size = 0, announced?: bigint): Uint8Array {
  const text = header instanceof Uint8Array ? header : new TextEncoder().encode(JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + size)
  new DataView(bytes.buffer).setBigUint64(0, announced ?? BigInt(text.length), true)
  bytes.set(text, 8)
  return bytes
}
const entry = (shape: unknown, start: unknown, end: unknown, dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: [start, end],
})

describe('serialize', () => {
  it('writes these bytes, field by field', () => {
    const bytes = serialize({ tensors: named({ a: [[2], [1, -2]], b: [[], [0.5]] }), metadata: { by: 'hand' } })
    const header =
      '{"__metadata__":{"by":"hand"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
      '"b":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}'
    assert.equal(header.length, 136, 'a multiple of 8: no padding here')
    const expected = [
      ...[136, 0, 0, 0, 0, 0, 0, 0],
      ...new TextEncoder().encode(header),
      ...[0x00, 0x00, 0x80, 0x3f], // 1
      ...[0x00, 0x00, 0x00, 0xc0], // −2
      ...[0x00, 0x00, 0x00, 0x3f], // ½
    ]
    assert.deepEqual([...bytes], expected)
  })
  it('pads the header with spaces, so that the values are aligned', () => {
    for (const by of ['', 'x', 'xx', 'xxxxx']) {
      const bytes = serialize({ tensors: named({ a: [[1], [1]] }), metadata: { by } })
      const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
      assert.equal(length % 8, 0)
      assert.equal(bytes.length, 8 + length + 4)
      assert.match(new TextDecoder().decode(bytes.subarray(8, 8 + length)), /\} {0,7}$/)
    }
  })
  it('gives the same bytes for the same content, and reads back what was written', () => {
    const tensors = named({
      'z.last': [
        [2, 3],
        [1, 2, 3, 4, 5, 6],
      ],
      'a.first': [[1, 1, 1, 1], [-0]],
      '10': [[], [3e38]],
      '2': [[2], [1e-45, NaN]],
      vide: [[0, 7], []],
      'é ✓ 𝟙 "\\': [[1], [Infinity]],
    })
    const all = new Map([...tensors, ['__proto__', f32([1], 7)], ['constructor', f32([1], 8)]])
    const metadata = { model: 'deepnet2', note: 'naïve ✓ 𝟙', empty: '' }
    const bytes = serialize({ tensors: all, metadata })
    assert.deepEqual(serialize({ tensors: all, metadata }), bytes)
    const back = deserialize(bytes)
    assert.deepEqual(new Map(back.tensors), all)
    assert.ok(Object.is(back.tensors.get('a.first')!.values[0], -0))
    assert.deepEqual({ ...back.metadata }, metadata)
  })
  it('of nothing is a file too', () => {
    const back = deserialize(serialize({ tensors: new Map(), metadata: {} }))
    assert.equal(back.tensors.size, 0)
  })
  it('reads bytes that lie anywhere in a larger buffer', () => {
    const bytes = serialize({ tensors: named({ a: [[2], [1, -2]] }), metadata: {} })
    const larger = new Uint8Array(bytes.length + 3)
    larger.set(bytes, 3)
    assert.deepEqual([...deserialize(larger.subarray(3)).tensors.get('a')!.values], [1, -2])
  })
})

describe('deserialize', () => {
  it('refuses a header by its length, before it is read', () => {
    assert.throws(() => deserialize(file(new Uint8Array(4_000_001).fill(0x20))), {
      message: 'not a safetensors file: its header is 4000001 bytes long; at most 4000000 are read',
    })
  })
  it('reads and writes any text, and refuses what is not UTF-8', () => {
    // One to four bytes a character, in every place within a portion of 4096 bytes.
    const by = 'aé€😀'.repeat(2000) + 'x'.repeat(5000) + '😀'
    assert.equal(deserialize(serialize({ tensors: new Map(), metadata: { by } })).metadata.by, by)
    for (const bytes of [[0x80], [0xc0, 0x80], [0xe2, 0x82], [0xff], Array<number>(9000).fill(0x80)])
      assert.throws(() => deserialize(file(Uint8Array.from([0x7b, 0x22, ...bytes, 0x22, 0x3a, 0x30, 0x7d]))), {
        message: 'not a safetensors file: its header is not JSON',
      })
  })

  it("reads a file made by Python's struct and json (test/fixtures/make.py)", () => {
    const { tensors, metadata } = deserialize(fixtureBytes('handmade.safetensors'))
    assert.deepEqual(metadata, { model: 'hand-made', note: 'naïve ✓' })
    assert.deepEqual(
      tensors,
      named({
        'é.bias': [[], [0.1]],
        '0.weight': [
          [2, 3],
          [1, -2, 0.5, 3.4028234663852886e38, 1e-45, -0],
        ],
        empty: [[0, 4], []],
      }),
    )
  })
  it('reads a file without metadata', () => {
    assert.deepEqual(deserialize(file({ a: entry([1], 0, 4) }, 4)).metadata, {})
  })

  it('reads tensors of no numbers, wherever they lie between the others', () => {
    const nothing = entry([2, 0], 4, 4)
    const { tensors } = deserialize(file({ b: entry([1], 4, 8), n: nothing, a: entry([1], 0, 4) }, 8))
    assert.deepEqual([...tensors.keys()], ['b', 'n', 'a'])
    assert.deepEqual([tensors.get('n')!.shape, tensors.get('n')!.values.length], [[2, 0], 0])
  })

  const e = entry([1], 0, 4)
  const cases: [string, Uint8Array, string | RegExp][] = [
    ['an empty file', new Uint8Array(0), 'it has 0 bytes, at least 8 are needed'],
    ['seven bytes', new Uint8Array(7), 'it has 7 bytes, at least 8 are needed'],
    ['eight bytes, which announce no header', new Uint8Array(8), 'its header is not JSON'],
    ['a header longer than the file', file({}, 0, 3n), 'its header would be 3 bytes long, but the file has 10'],
    [
      'a header length of 2⁶⁴ − 1',
      file({}, 0, 2n ** 64n - 1n),
      'its header would be 18446744073709551615 bytes long, but the file has 10',
    ],
    ['no header', file({}, 0, 0n), 'its header is not JSON'],
    ['a header cut short', file({ a: e }, 4, 20n), 'its header is not JSON'],
    ['a header that is not JSON', file(new TextEncoder().encode('{"a":'), 0), 'its header is not JSON'],
    ['a header that is not UTF-8', file(Uint8Array.of(0x7b, 0xff, 0x7d)), 'its header is not JSON'],
    ['a header that is an array', file([]), 'its header is not JSON'],
    ['a header that is a number', file(5), 'its header is not JSON'],
    ['a header that is null', file(null), 'its header is not JSON'],
    ['another type', file({ a: entry([1], 0, 8, 'F64') }, 8), 'tensor a has type F64; expected F32 or F16'],
    ['no type', file({ a: { shape: [1], data_offsets: [0, 4] } }, 4), 'the header of tensor a is malformed'],
    ['no shape', file({ a: { dtype: 'F32', data_offsets: [0, 4] } }, 4), 'the header of tensor a is malformed'],
    ['no offsets', file({ a: { dtype: 'F32', shape: [1] } }, 4), 'the header of tensor a is malformed'],
    ['an entry that is null', file({ a: null }), 'the header of tensor a is malformed'],
    ['a negative size', file({ a: entry([-1], 0, 4) }, 4), 'the header of tensor a is malformed'],
    ['half a size', file({ a: entry([0.5], 0, 2) }, 2), 'the header of tensor a is malformed'],
    ['a size as text', file({ a: entry(['1'], 0, 4) }, 4), 'the header of tensor a is malformed'],
    ['a negative offset', file({ a: entry([1], -4, 0) }, 4), 'the header of tensor a is malformed'],
    ['an offset above 2⁵³', file({ a: entry([1], 0, 2 ** 60) }, 4), 'the header of tensor a is malformed'],
    [
      'three offsets',
      file({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } }, 4),
      'the header of tensor a is malformed',
    ],
    ['a cut-off file', file({ a: e }, 3), 'tensor a lies at bytes 0–4, outside the 3 bytes of data'],
    [
      'an offset out of range',
      file({ a: entry([1], 4, 8) }, 4),
      'tensor a lies at bytes 4–8, outside the 4 bytes of data',
    ],
    [
      'an end before its start',
      file({ a: entry([1], 8, 4) }, 8),
      'tensor a lies at bytes 8–4, outside the 8 bytes of data',
    ],
    [
      'bytes that do not fill the shape',
      file({ a: entry([3], 0, 8) }, 8),
      'tensor a has 8 bytes; its shape [3] needs 12',
    ],
    [
      'bytes that do not fill the shape of a second tensor',
      file({ a: e, b: entry([3], 4, 8) }, 8),
      'tensor b has 4 bytes; its shape [3] needs 12',
    ],
    [
      'a shape whose product exceeds 2⁵³',
      file({ a: entry([2 ** 31, 2 ** 31], 0, 4) }, 4),
      'tensor a has 4 bytes; its shape [2147483648,2147483648] needs 18446744073709552000',
    ],
    [
      'a shape whose product is beyond all numbers, times 0',
      file({ a: entry([...new Array<number>(40).fill(2 ** 50), 0], 0, 0) }, 0),
      /^tensor a has 0 bytes; its shape \[.*\] needs NaN$/,
    ],
    ['overlapping tensors', file({ a: entry([2], 0, 8), b: entry([2], 4, 12) }, 12), 'tensors a and b overlap'],
    ['two tensors in one place', file({ a: e, b: e }, 4), 'tensors a and b overlap'],
    ['a gap', file({ a: e, b: entry([1], 8, 12) }, 12), 'bytes 4–8 of the data belong to no tensor'],
    ['a gap at the beginning', file({ a: entry([1], 4, 8) }, 8), 'bytes 0–4 of the data belong to no tensor'],
    ['bytes left over', file({ a: e }, 9), 'bytes 4–9 of the data belong to no tensor'],
    ['data without tensors', file({}, 1), 'bytes 0–1 of the data belong to no tensor'],
    [
      'metadata that is not text',
      file({ __metadata__: { n: 1 }, a: e }, 4),
      'the header of tensor __metadata__ is malformed',
    ],
    [
      'metadata that is an array',
      file({ __metadata__: [], a: e }, 4),
      'the header of tensor __metadata__ is malformed',
    ],
    ['metadata that is null', file({ __metadata__: null, a: e }, 4), 'the header of tensor __metadata__ is malformed'],
    [
      'a tensor that is announced twice, at two places',
      file(new TextEncoder().encode(`{"a":${JSON.stringify(e)},"a":${JSON.stringify(entry([1], 4, 8))}}`), 8),
      'bytes 0–4 of the data belong to no tensor',
    ],
  ]
  for (const [what, bytes, reason] of cases)
    it(`refuses ${what}`, () => {
      assert.throws(
        () => deserialize(bytes),
        (error: unknown) => {
          assert.ok(error instanceof ChiffreError, String(error))
          const [, actual] = /^not a safetensors file: (.*)$/.exec(error.message)!
          if (typeof reason === 'string') assert.equal(actual, reason)
          else assert.match(actual, reason)
          return true
        },
      )
    })

  it('survives 2,000 flipped bits and cuts: a ChiffreError or tensors, nothing else', () => {
    const whole = serialize({
      tensors: named({
        '1.dense.weight': [
          [2, 3],
          [1, 2, 3, 4, 5, 6],
        ],
        'adam.m': [[2], [0, 0]],
        é: [[], [1]],
      }),
      metadata: { model: 'x', epochs: '3' },
    })
    const rng = random(1, 'damage')
    let refused = 0
    for (let i = 0; i < 2000; i++) {
      let bytes = whole.slice()
      const flips = Math.floor(rng() * 4)
      for (let k = 0; k < flips; k++) bytes[Math.floor(rng() * bytes.length)] ^= 1 << Math.floor(rng() * 8)
      if (flips === 0 || rng() < 0.2) bytes = bytes.slice(0, Math.floor(rng() * bytes.length))
      try {
        const { tensors } = deserialize(bytes)
        for (const { shape, values } of tensors.values())
          assert.equal(
            shape.reduce((a, b) => a * b, 1),
            values.length,
          )
      } catch (error) {
        assert.ok(error instanceof ChiffreError, String(error))
        refused++
      }
    }
    assert.ok(refused > 500)
  })
})

describe('loading weights', () => {
  const network = () => sequential([3], dense(2), dense(1))
  const good = () =>
    named({
      '0.dense.weight': [
        [3, 2],
        [1, 2, 3, 4, 5, 6],
      ],
      '0.dense.bias': [[2], [7, 8]],
      '1.dense.weight': [
        [2, 1],
        [9, 10],
      ],
      '1.dense.bias': [[1], [11]],
    }) as Map<string, { shape: Shape; values: Float32Array }>

  it('takes what belongs to the network and leaves the rest, such as an optimizer’s state', async () => {
    const backend = cpu()
    const loaded = network().load(backend, good().set('adam.m.0.dense.weight', f32([3, 2], 0, 0, 0, 0, 0, 0)))
    assert.deepEqual([...loaded.parameters.keys()], [...good().keys()])
    assert.deepEqual([...(await loaded.parameters.get('0.dense.weight')!.download())], [1, 2, 3, 4, 5, 6])
    assert.equal(backend.live, 4)
    loaded.load(backend, good())
    assert.equal(backend.live, 4, 'the old weights were freed')
  })
  for (const [what, change, message] of [
    ['a missing tensor', (t: Map<string, unknown>) => t.delete('1.dense.bias'), 'tensor 1.dense.bias is missing'],
    [
      'a tensor of another shape',
      t => t.set('0.dense.weight', f32([2, 3], 1, 2, 3, 4, 5, 6)),
      'tensor 0.dense.weight has shape [2,3]; the model needs [3,2]',
    ],
    [
      'NaN among the weights',
      t => t.set('1.dense.weight', f32([2, 1], 1, NaN)),
      'tensor 1.dense.weight holds a value that is not a finite number, at position 1',
    ],
    [
      'an infinite weight',
      t => t.set('1.dense.bias', f32([1], -Infinity)),
      'tensor 1.dense.bias holds a value that is not a finite number, at position 0',
    ],
  ] as [string, (t: Map<string, unknown>) => unknown, string][])
    it(`refuses ${what}, and the network stays as it was`, async () => {
      const backend = cpu()
      const before = network().load(backend, good())
      const bad = good()
      change(bad)
      assert.throws(() => before.load(backend, bad), { name: 'ChiffreError', message })
      assert.deepEqual([...(await before.parameters.get('1.dense.weight')!.download())], [9, 10])
      assert.equal(backend.live, 4)
    })

  it('an optimizer refuses a state of another shape, and ignores what is not its own', () => {
    const backend = cpu()
    const optimizer = adam(network().init(backend, 0).parameters)
    const state = new Map([['sgd.velocity.0.dense.bias', f32([9], ...new Array<number>(9).fill(0))]])
    optimizer.restore(state, 5)
    assert.equal(optimizer.steps, 5)
    assert.throws(() => optimizer.restore(new Map([['adam.m.0.dense.bias', f32([3], 1, 2, 3)]]), 5), {
      message: 'tensor adam.m.0.dense.bias has shape [3]; the model needs [2]',
    })
  })
})
