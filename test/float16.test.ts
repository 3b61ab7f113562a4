// Half precision against Python's, and weights in it through files, the command line and the checks of a checkpoint.
import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromHalf, toHalf } from '../engine/float16.js'
import { deserialize, serialize } from '../engine/index.js'
import { decodeCheckpoint, encodeCheckpoint, weightsAlone } from '../training/index.js'
import { chiffre, temporaryFolder } from './cli/chiffre.js'

/** From Python 3.11: struct.pack('<e', x), which rounds to the nearest, and to even between two. */
const figures = [
  [0.0, 0x0000],
  [-0, 0x8000],
  [1.0, 0x3c00],
  [-2.0, 0xc000],
  [0.3333333333333333, 0x3555],
  [0.1, 0x2e66],
  [65504.0, 0x7bff],
  [65519.99, 0x7bff],
  [6.103515625e-5, 0x0400],
  [5.960464477539063e-8, 0x0001],
  [2 ** -25, 0x0000],
  [8.940696716308594e-8, 0x0002],
  [6.097555160522461e-5, 0x03ff],
  [2049.0, 0x6800],
  [2051.0, 0x6802],
  [1023.75, 0x6400],
  [-0.00012213, 0x8801],
  [3.14159265, 0x4248],
  [4095.9999, 0x6c00],
] as const

describe('half precision', () => {
  it('rounds as Python does', () => {
    for (const [x, bits] of figures) assert.equal(toHalf(x), bits, `${x}`)
  })
  it('is infinite from 65520 on, and keeps what is no number', () => {
    assert.deepEqual([65520, 1e30, Infinity, -65520].map(toHalf), [0x7c00, 0x7c00, 0x7c00, 0xfc00])
    assert.ok(Number.isNaN(fromHalf(toHalf(NaN))))
  })
  it('gives each of its numbers back', () => {
    for (let bits = 0; bits < 0x10000; bits++)
      if (!Number.isNaN(fromHalf(bits))) assert.equal(toHalf(fromHalf(bits)), bits)
  })
  it('is what F16 in a file means', () => {
    const tensors = new Map([['a', { shape: [3], values: Float32Array.of(1, -2, 0.1) }]])
    const bytes = serialize({ tensors, metadata: {} }, 'F16')
    assert.deepEqual([...bytes.subarray(-6)], [0x00, 0x3c, 0x00, 0xc0, 0x66, 0x2e])
    assert.deepEqual([...deserialize(bytes).tensors.get('a')!.values], [1, -2, 0.0999755859375])
  })
})

describe('chiffre export', function () {
  this.timeout(60_000)
  const storage = temporaryFolder()
  const cli = (...args: string[]) => chiffre(...args, '--storage', storage)
  const bytesOf = (name: string) => new Uint8Array(readFileSync(join(storage, `${name}.safetensors`)))

  before(async () => {
    const { code, err } = await cli(
      'train',
      '--model',
      'deepnet1',
      '--examples',
      '2000',
      '--ema',
      '0.9',
      '--lr',
      '0.01',
    )
    assert.equal(code, 0, err)
  })

  it('writes the weights to read with, in full or in half, and nothing of the optimizer', async () => {
    assert.equal((await cli('export', 'deepnet1')).code, 0)
    const { code, out } = await cli('export', 'deepnet1', '--half')
    assert.equal(code, 0)
    assert.match(out, /^Saved .*deepnet1-half\.safetensors: [\d,]+ bytes; .*deepnet1\.safetensors has [\d,]+\.\n$/)
    const averages = deserialize(bytesOf('deepnet1')).tensors
    const full = deserialize(bytesOf('deepnet1-weights')).tensors
    const half = deserialize(bytesOf('deepnet1-half')).tensors
    for (const [name, { values }] of full) {
      assert.deepEqual(values, averages.get(`ema.${name}`)!.values)
      assert.deepEqual(
        half.get(name)!.values,
        values.map(v => fromHalf(toHalf(v))),
      )
    }
    assert.deepEqual([...half.keys()], ['1.dense.weight', '1.dense.bias'])
    assert.deepEqual([...full.keys()], [...half.keys()])
    assert.ok(statSync(join(storage, 'deepnet1-half.safetensors')).size < 18_000)
  })
  it('what it wrote is a checkpoint: it is tested as well, and training goes on from it', async () => {
    const accuracy = async (name: string) => {
      const { out } = await cli('test', '--model', 'deepnet1', '--name', name, '--examples', '2000', '--json')
      return (JSON.parse(out) as { accuracy: number }).accuracy
    }
    const [before, after] = [await accuracy('deepnet1'), await accuracy('deepnet1-half')]
    assert.ok(before > 0.7 && Math.abs(before - after) < 0.002, `${before}, ${after}`)
    copyFileSync(join(storage, 'deepnet1-half.safetensors'), join(storage, 'again.safetensors'))
    const { code, out } = await cli('train', '--model', 'deepnet1', '--name', 'again')
    assert.equal(code, 0)
    assert.match(out, /starts without memory/)
  })
  it('refuses a number beyond half precision, and writes nothing', async () => {
    const { training, tensors } = weightsAlone(decodeCheckpoint(bytesOf('deepnet1')))
    const { shape, values } = tensors.get('1.dense.bias')!
    const large = new Map([...tensors, ['1.dense.bias', { shape, values: values.map(() => 1e6) }] as const])
    writeFileSync(join(storage, 'large.safetensors'), encodeCheckpoint({ training, tensors: large }))
    const { code, err } = await cli('export', 'large', '--half')
    assert.equal(code, 1)
    assert.match(err, /tensor 1\.dense\.bias has a number above 65,504/)
    assert.throws(() => bytesOf('large-half'))
  })
  it('wants one name, and one that there is', async () => {
    assert.match((await cli('export')).err, /which checkpoint\? node cli export NAME/)
    assert.match((await cli('export', 'deepnet9')).err, /no checkpoint called deepnet9.*did you mean deepnet/)
  })
})
