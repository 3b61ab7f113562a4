// The fields of a checkpoint, each at the limits of its range, from both of their sides; and what is made of them.
import assert from 'node:assert/strict'
import { deserialize, serialize } from '../engine/index.js'
import { models } from '../models/index.js'
import { checkFit, decodeCheckpoint, scoreOf, type Epoch } from '../training/index.js'
import { checksum } from '../training/checksum.js'
import { fixtureBytes } from './support/fixtures.js'

/** What version 0.1 wrote: 3,000 examples, a tenth kept apart, batches of 10, after 7 epochs and 38 batches of 270. */
const { tensors, metadata } = deserialize(fixtureBytes('checkpoint-0.1.safetensors'))
const read = (changed: Record<string, string>) =>
  decodeCheckpoint(serialize({ tensors, metadata: { ...metadata, ...changed } }))

const most = 1e9
const epochs = (count: number) => JSON.stringify(Array.from({ length: count }, () => ({ loss: 1, accuracy: 0.5 })))

describe('a field of a checkpoint', () => {
  const good: Record<string, string[]> = {
    model: ['a', 'x'.repeat(200), 'a b'],
    data: ['a', 'idx-0123abcd'],
    epoch: ['0', '9', '7'],
    batch: ['0', '269'],
    lossSum: ['0', '-1', '1e300'],
    optimizer: ['adam', 'sgd'],
    steps: ['0', `${most}`],
    lr: ['1e-30', '1e30'],
    momentum: ['0', '0.999'],
    seed: ['0', `${Number.MAX_SAFE_INTEGER}`],
    validation: ['0', '0.5'],
    patience: ['0', `${most}`],
    schedule: ['constant', 'onecycle'],
    history: [epochs(3), '[{"loss":1,"accuracy":0},{"loss":1,"accuracy":1},{"loss":0,"accuracy":1,"validation":{"loss":1,"accuracy":1}}]'], // prettier-ignore
    run: ['null', '{"first":7,"last":7}', '{"first":0,"last":8}'],
    best: ['null', '{"epoch":1,"loss":-1,"waited":0}', `{"epoch":7,"loss":1,"waited":${most}}`],
  }
  for (const [field, values] of Object.entries(good))
    it(`${field}: what is in its range is read`, () => {
      for (const value of values) {
        const written: unknown = (
          read({ correct: '0', [field]: value }).training as unknown as Record<string, unknown>
        )[field]
        assert.equal(typeof written === 'string' ? written : JSON.stringify(written), field === 'lr' ? `${Number(value)}` : field === 'lossSum' ? `${Number(value)}` : value) // prettier-ignore
      }
    })

  const bad: Record<string, string[]> = {
    model: ['', 'x'.repeat(201), ' a', 'a\x07'],
    data: ['', '\x1b[2J'],
    epoch: ['0.5', `${most + 1}`, '"7"', 'null'],
    batch: ['270', '271'],
    lossSum: ['null', '"1"'],
    sums: ['null', '{"accuracy":null}'],
    optimizer: ['adamw', 'toString', '7'],
    steps: ['-1', `${most + 1}`, 'many'],
    lr: ['0', 'null'],
    momentum: ['-0.001', '1'],
    batchSize: ['0', `${most + 1}`],
    seed: ['-1', '0.5', `${Number.MAX_SAFE_INTEGER + 1}`],
    examples: ['-1', '1.5'],
    validation: ['-0.001', '1'],
    patience: ['-1', `${most + 1}`],
    schedule: ['linear', 'toString', '1'],
    history: ['null', '7', '[null]', '[{"loss":null,"accuracy":0.5}]', '[{"loss":1,"accuracy":1.01}]', '[{"loss":1,"accuracy":null}]', '[{"loss":1,"accuracy":0.5,"validation":{"loss":1}}]', '[{"loss":1,"accuracy":0.5},{}]'], // prettier-ignore
    run: [
      '7',
      '{"first":8,"last":9}',
      '{"first":0,"last":6}',
      '{"first":-1,"last":9}',
      '{"first":0,"last":"9"}',
      '{"first":0}',
    ],
    best: ['7', '{"epoch":0,"loss":1,"waited":0}', '{"epoch":8,"loss":1,"waited":0}', '{"epoch":1,"loss":1,"waited":-1}', '{"epoch":1,"loss":"1","waited":0}', '{"epoch":1.5,"loss":1,"waited":0}'], // prettier-ignore
  }
  for (const [field, values] of Object.entries(bad))
    it(`${field}: what is just out of it, or of another kind, is refused`, () => {
      for (const value of values)
        assert.throws(() => read({ [field]: value }), { message: `its metadata lacks a valid ${field}` }, value)
    })

  it('batch may be as large as the examples allow, without those kept apart, the last batch being smaller', () => {
    const half = { batchSize: '100', validation: '0.25', examples: '1001' } // 751 to learn from: 8 batches
    assert.equal(read({ ...half, batch: '7' }).training.batch, 7)
    assert.throws(() => read({ ...half, batch: '8' }), { message: 'its metadata lacks a valid batch' })
  })
  it('other programs’ files, and those of a later format, are told by their version', () => {
    const without = Object.fromEntries(Object.entries(metadata).filter(([field]) => field !== 'version'))
    assert.throws(() => decodeCheckpoint(serialize({ tensors, metadata: without })), { key: 'checkpoint.kind' })
    assert.throws(() => read({ version: '2' }), { message: 'its format is version 2; expected 1' })
  })
})

describe('what a checkpoint holds', () => {
  it('has the checksum that Python computes: FNV-1a over 32-bit words, in the order of the names', () => {
    const f32 = (shape: number[], ...values: number[]) => ({ shape, values: Float32Array.from(values) })
    const saved = new Map([
      ['q', f32([2], 1, -2)],
      ['p', f32([], 0.5)],
    ])
    assert.equal(checksum({ tensors: saved, metadata: { b: 'z', a: 'xy' } }), 'c2cba716')
  })
  it('must fit the network, tensor by tensor', () => {
    const checkpoint = read({})
    const deepnet1 = models.deepnet1()
    checkFit(checkpoint, 'deepnet1', deepnet1)
    const other = (name: string, shape: number[], ...values: number[]) => ({
      ...checkpoint,
      tensors: new Map([...checkpoint.tensors, [name, { shape, values: Float32Array.from(values) }]]),
    })
    assert.throws(() => checkFit(checkpoint, 'deepnet2', deepnet1), { message: 'it holds deepnet1, not deepnet2' })
    assert.throws(() => checkFit(other('2.dense.bias', [1], 1), 'deepnet1', deepnet1), { key: 'engine.weights.extra' })
    assert.throws(() => checkFit(other('x1.dense.bias', [10], ...Array<number>(10).fill(1)), 'deepnet1', deepnet1), {
      key: 'engine.weights.extra',
    })
    assert.throws(() => checkFit(other('best.1.dense.bias', [1], 1), 'deepnet1', deepnet1), {
      key: 'engine.weights.shape',
    })
    const infinite = [NaN, ...Array<number>(9).fill(1)]
    assert.throws(() => checkFit(other('best.1.dense.bias', [10], ...infinite), 'deepnet1', deepnet1), {
      message: 'tensor best.1.dense.bias holds a value that is not a finite number, at position 0',
    })
  })
  it('came to the last epoch’s score, or the best one’s if its weights were restored', () => {
    const history: Epoch[] = [3, 1, 2].map(loss => ({ loss, accuracy: 0.5 }))
    const { training } = read({})
    const scored = (best: typeof training.best) => scoreOf({ ...training, history, best })?.loss
    assert.equal(scored(null), 2)
    assert.equal(scored({ epoch: 2, loss: 1, waited: 1 }), 2)
    assert.equal(scored({ epoch: 2, loss: 1, waited: 0 }), 1)
    assert.equal(scoreOf({ ...training, history: [], best: null }), undefined)
  })
})
