// What is no digit: the network that tells, on shapes that it never saw, and on digits that it must not call none. `npm run bench:reading`
// measures it at length.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ndarray from 'ndarray'
import { mnist } from '../bench/mnist.js'
import { someNonDigits } from '../bench/nonDigits.js'
import { rejectorWeights } from '../bench/rejection.js'
import { european, usual } from '../bench/strokes.js'
import { drawn } from '../data/strokes.js'
import { openRejector } from '../cli/reader.js'
import { rejectorPath } from '../cli/trained.js'
import { isRejected, numbered, prepare, readRow, rejector, type Image } from '../data/index.js'
import { blank } from '../data/image.js'
import { deserialize, random, wasm, type Backend } from '../engine/index.js'
import { models } from '../models/index.js'
import { parameterCount } from '../cli/network.js'

const digits = { input: [28, 28, 1], classes: numbered(10) }

describe('what is no digit', function () {
  this.timeout(60_000)
  let backend: Backend
  before(async () => (backend = await wasm()))
  after(() => backend.dispose())

  const rejectedShare = async (images: readonly Image[]) => {
    const reject = (await openRejector(digits, backend))!
    const rejected = await reject(images.map(({ data }) => data))
    return rejected.filter(Boolean).length / images.length
  }

  it('is told by a network of at most 30,000 numbers, which is no model, in at most 60 kB', () => {
    assert.ok(parameterCount(rejector()) <= 30_000)
    assert.ok(readFileSync(rejectorPath).length <= 60_000)
    assert.equal(rejectorWeights, rejectorPath)
    assert.ok(!Object.hasOwn(models, 'rejector'))
    rejector()
      .load(backend, deserialize(readFileSync(rejectorPath)).tensors)
      .free()
  })
  it('is what is likelier none than any', () => {
    assert.ok(isRejected([...new Array<number>(10).fill(0.04), 0.6]))
    assert.ok(!isRejected([0.6, ...new Array<number>(9).fill(0), 0.4]))
  })
  it('is at most 1 in 100 of the test digits, and of European ones', async () => {
    const { pixels } = (await mnist('t10k')).take(4000)
    const image = (i: number) => ndarray(Float32Array.from(pixels.subarray(784 * i, 784 * (i + 1)), v => v / 255), [28, 28]) // prettier-ignore
    assert.ok((await rejectedShare(Array.from({ length: 4000 }, (_, i) => image(i)))) <= 0.012)
    const rng = random(11, 'hands')
    const hands = [...european, ...usual].flatMap(({ strokes }) => [0, 1, 2, 3].map(() => drawn(strokes, 120, rng)))
    assert.ok((await rejectedShare(hands.map(sheet => prepare(sheet)!.input))) <= 0.03)
  })
  it('is most of the shapes that it never learned from', async () => {
    const sheets = someNonDigits([2], 280, await mnist('t10k'), random(12, 'others'), { side: 120 })
    const inputs = [...sheets].flatMap(({ sheet }) => prepare(sheet)?.input ?? [])
    const share = await rejectedShare(inputs)
    assert.ok(share >= 0.8, `${share}`)
  })
  it('is not asked about networks of other things, and by nobody without weights', async () => {
    assert.equal(await openRejector({ ...digits, classes: Array.from('abcdefghij') }, backend), undefined)
    assert.equal(await openRejector({ input: [32, 32, 3], classes: numbered(10) }, backend), undefined)
    assert.equal(await openRejector(digits, backend, join(rejectorPath, 'gone')), undefined)
  })
  it('is asked once in a row, about those that were read', async () => {
    const row = blank(60, 200)
    for (const left of [20, 90, 160])
      for (let i = 10; i < 50; i++) for (let j = 0; j < 6; j++) row.set(i, left + j, 255)
    const predict = async (images: Image[]) => images.map(() => [0.1, 0.9])
    const asked: number[] = []
    const reject = async (images: Image[]) => {
      asked.push(images.length)
      return images.map((_, i) => i === 1)
    }
    const read = (await readRow(row, predict, reject))!
    assert.deepEqual([asked, read.text], [[3], '111'])
    assert.deepEqual(read.lines[0].digits.map(({ rejected }) => rejected), [false, true, false]) // prettier-ignore
    assert.ok((await readRow(row, predict))!.digits.every(digit => !('rejected' in digit)))
  })
})
