// `test`, with a network whose answers can be foretold: it says 7 to everything, with a probability of e² / (e² + 9).
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { checkpointPath, writeCheckpoint } from '../../cli/checkpoint.js'
import type { Training } from '../../training/index.js'
import type { NamedTensors } from '../../engine/index.js'
import { loadDataset } from '../../cli/datasets.js'
import { openTrained } from '../../cli/trained.js'
import { chiffre, temporaryFolder } from './chiffre.js'

const p = Math.exp(2) / (Math.exp(2) + 9)
/** How many of MNIST's test images show each digit, as published. */
const shown = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]

describe('test', () => {
  const storage = temporaryFolder()
  const test = (...more: string[]) =>
    chiffre('test', '--model', 'deepnet1', '--storage', storage, '--threads', '1', ...more)
  const picture = join(storage, 'deepnet1-errors.png')

  const training: Training = {
    ...{
      model: 'deepnet1',
      optimizer: 'adam',
      lr: 0.001,
      momentum: 0,
      weightDecay: 0,
      clip: 0,
      ema: 0,
      batchSize: 128,
      seed: 0,
      data: 'mnist',
    },
    ...{
      examples: 60000,
      validation: 0,
      patience: 0,
      schedule: 'constant',
      augment: '',
      history: [],
      changed: [],
      run: null,
      best: null,
    },
    ...{ epoch: 1, batch: 0, lossSum: 0, sums: {}, steps: 469, input: [28, 28], classes: Array.from('0123456789') },
  }
  const bias = (...values: number[]) => ({ shape: [10], values: Float32Array.from(values) })
  const write = (name: string, changed: Partial<Training> = {}, folder = storage, more: NamedTensors = new Map()) =>
    writeCheckpoint(checkpointPath(folder, name), {
      training: { ...training, ...changed },
      tensors: new Map([
        ['1.dense.weight', { shape: [784, 10], values: new Float32Array(7840) }],
        ['1.dense.bias', bias(0, 0, 0, 0, 0, 0, 0, 2, 0, 0)],
        ...more,
      ]),
    })
  before(() => write('deepnet1'))

  it('--json: accuracy, loss, errors and the confusion matrix, and nothing else', async () => {
    const { code, out, err } = await test('--json')
    assert.deepEqual([code, err, out.split('\n').length], [0, '', 2])
    const { loss, ...counted } = JSON.parse(out) as { loss: number }
    assert.deepEqual(counted, {
      accuracy: 0.1028,
      errors: 8972,
      confusion: shown.map(count => [0, 0, 0, 0, 0, 0, 0, count, 0, 0]),
    })
    const expected = -0.1028 * Math.log(p) - 0.8972 * Math.log((1 - p) / 9)
    assert.ok(Math.abs(loss - expected) < 1e-6, `${loss} instead of ${expected}`)
    assert.match(out, /^\{"accuracy":0\.1028,"loss":[\d.]+,"errors":8972,"confusion":\[\[/)
  })

  it('shows the surest mistakes, both tables, and the result', async () => {
    const { code, out, err } = await test()
    assert.deepEqual([code, err], [0, ''])
    // Of equally sure mistakes the first of the set come first: it begins with 7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 0 …
    const captions = [...out.matchAll(/(\d) → 7 {2}45\.09%/g)].map(([, label]) => Number(label))
    assert.deepEqual(captions, [2, 1, 0, 4, 1, 4, 9, 5, 9, 0, 6, 9, 0, 1, 5, 9])
    assert.match(out, /^│ 2 │ · │ · │ 0 │ · │ · │ · │ · │ 1032 │ · │ · │$/m)
    assert.match(out, /^│ 2 +│ +1,032 │ +0 │ +0\.00% │ 7 \(1,032×\) +│$/m)
    assert.match(out, /^│ 7 +│ +1,028 │ +1,028 │ +100\.00% │ – +│$/m)
    const lines = out.trimEnd().split('\n')
    assert.equal(lines[0], `${checkpointPath(storage, 'deepnet1')} reads 10,000 test images of mnist, computed by wasm`)
    assert.equal(lines.at(-2), 'Accuracy 10.28%, loss 2.5910; errors: 8,972 of 10,000.')
    assert.equal(lines.at(-1), `These mistakes as a picture: ${picture}`)
    assert.ok(Math.max(...lines.slice(1, -1).map(line => line.length)) <= 80)
  })

  it('reads with the averages of the weights, where a training kept some', async () => {
    const averages = new Map([['ema.1.dense.bias', bias(2, 0, 0, 0, 0, 0, 0, 0, 0, 0)]]) // says 0 to everything
    await write('averaged', { ema: 0.9 }, storage, averages)
    const { out } = await test('--name', 'averaged', '--json')
    assert.equal((JSON.parse(out) as { accuracy: number }).accuracy, 0.098)
  })

  it('draws the mistakes into a PNG too', async () => {
    const images = await loadDataset('mnist', 'test')
    const png = PNG.sync.read(readFileSync(picture))
    const firstMistake = images.images.pick(1, null, null)
    for (let y = 0; y < 28; y++)
      for (let x = 0; x < 28; x++)
        assert.equal(png.data[4 * ((20 + 5 * y) * png.width + 20 + 5 * x)], firstMistake.get(y, x))
  })

  it('--errors: another place for the picture; if it cannot be written, that is said after the result', async () => {
    const other = join(storage, 'new', 'other.png')
    await test('--examples', '20', '--errors', other)
    assert.ok(existsSync(other))
    const { code, out, err } = await test('--examples', '20', '--errors', storage)
    assert.match(out, /Accuracy 10\.00%/)
    assert.deepEqual([code, err], [1, `chiffre: ${storage}: this is a folder, not a file\n`])
  })

  if (process.platform !== 'win32')
    it('--errors naming a pipe, a device or a folder leaves it as it is', async () => {
      const pipe = join(storage, 'pipe')
      execFileSync('mkfifo', [pipe])
      symlinkSync('/dev/null', join(storage, 'null'))
      for (const path of [pipe, join(storage, 'null'), storage]) {
        const { code, err } = await test('--examples', '20', '--errors', path)
        const why =
          path === storage ? 'this is a folder, not a file' : 'this is no file but a device, a pipe or a socket'
        assert.deepEqual([code, err], [1, `chiffre: ${path}: ${why}\n`])
      }
      assert.ok(statSync(pipe).isFIFO() && statSync('/dev/null').isCharacterDevice())
      const { code, err } = await chiffre('read', '--image', 'none.png', '--boxes', pipe)
      assert.deepEqual([code, err], [1, `chiffre: ${pipe}: this is no file but a device, a pipe or a socket\n`])
    })

  it('stands beside what was learned, and is kept for `models` as long as the checkpoint is the same', async () => {
    const history = [{ loss: 0.25, accuracy: 0.875, validation: { loss: 0.5, accuracy: 0.75 } }]
    await write('beside', { history })
    const { out } = await test('--name', 'beside')
    const rows = [
      /│ learned from │ +87\.50% │ 0\.2500 │/,
      /│ kept apart +│ +75\.00% │ 0\.5000 │/,
      /│ never seen +│ +10\.28% │ 2\.5910 │/,
    ]
    for (const row of rows) assert.match(out, row)
    const known = async () => {
      const { models } = JSON.parse((await chiffre('models', '--storage', storage, '--json')).out) as {
        models: { checkpoints: { name: string; tests: Record<string, { accuracy: number; images: number }> }[] }[]
      }
      return models.flatMap(({ checkpoints }) => checkpoints).find(({ name }) => name === 'beside')!.tests
    }
    assert.equal((await known()).mnist.accuracy, 0.1028)
    assert.match((await chiffre('models', '--storage', storage)).out, / 10\.28% +│\n.*\(test of mnist\)/)
    await test('--name', 'beside', '--examples', '20') // fewer say less
    assert.equal((await known()).mnist.images, 10000)
    await write('beside', { history, epoch: 2 })
    assert.deepEqual(await known(), {})
    writeFileSync(join(storage, 'beside.tests.json'), '{"tests":')
    assert.equal((await test('--name', 'beside', '--examples', '20')).code, 0)
    assert.equal((await known()).mnist.images, 20)
  })

  it('where no picture can be written that nobody asked for, the result counts', async () => {
    await write('unwritable')
    mkdirSync(join(storage, 'unwritable-errors.png')) // as root, even a read-only folder can be written to
    const { code, out, err } = await test('--name', 'unwritable', '--examples', '20')
    assert.match(out, /Accuracy 10\.00%/)
    const path = join(storage, 'unwritable-errors.png')
    assert.deepEqual([code, err], [0, `No picture of these mistakes: ${path}: this is a folder, not a file\n`])
  })

  it('draws nothing where nothing is wrong', async () => {
    await write('perfect')
    const { code, out } = await test('--name', 'perfect', '--examples', '1') // which is a 7
    assert.match(out, /No mistake: there is nothing to draw\./)
    assert.match(out, /Accuracy 100\.00%, loss 0\.7966; errors: 0 of 1\.\n$/)
    assert.deepEqual([code, existsSync(join(storage, 'perfect-errors.png'))], [0, false])
  })

  it('without a checkpoint, names the command that makes one', async () => {
    const { code, out, err } = await test('--name', 'none')
    const path = checkpointPath(storage, 'none')
    const command = `node cli train --model deepnet1 --name none --storage ${storage}`
    assert.deepEqual([code, out, err], [1, '', `chiffre: there is no ${path} yet; this makes it: ${command}\n`])
  })

  it('takes the checkpoint that comes with the program if there is no other', async () => {
    const folder = temporaryFolder()
    await write('given', { epoch: 9 }, folder)
    const options = { model: 'deepnet1', storage, out: undefined }
    const open = (name: string) => openTrained({ ...options, name }, 'chiffre', folder)
    const { path, missing, checkpoint } = await open('given')
    assert.deepEqual([path, missing], [checkpointPath(folder, 'given'), checkpointPath(storage, 'given')])
    assert.equal(checkpoint.training.epoch, 9)
    assert.equal((await open('deepnet1')).missing, undefined)
    await assert.rejects(open('none'), { message: /^there is no .* yet; this makes it: chiffre train / })
  })

  it('refuses the checkpoint of another model', async () => {
    await write('other', { model: 'deepnet2' })
    const { code, err } = await test('--name', 'other')
    assert.deepEqual(
      [code, err],
      [1, `chiffre: ${checkpointPath(storage, 'other')}: it holds deepnet2, not deepnet1\n`],
    )
  })

  it('tests on the data that the network learned from, or on other data', async () => {
    await write('tenth', { data: 'mnist-10k' })
    assert.match((await test('--name', 'tenth')).out, /2,000 test images of mnist-10k/)
    assert.match((await test('--name', 'tenth', '--data', 'mnist')).out, /10,000 test images of mnist,/)
    await write('mine', { data: 'idx-12345678' })
    const { code, err } = await test('--name', 'mine')
    assert.equal(code, 1)
    assert.match(err, /: it learned from a folder of images: name that folder with --data, or choose another set\n$/)
  })

  it('warns of images that the network has learned from', async () => {
    const { err } = await test('--data', 'mnist-10k')
    assert.match(err, /^Beware: this network learned from mnist, so it has seen the test images of mnist-10k/)
  })

  it('says it all in French', async () => {
    const { out } = await test('--lang', 'fr')
    assert.match(out, /2 → 7 {2}45,09\s%/)
    assert.match(out, /^Exactitude 10,28\s%, perte 2,5910\s; erreurs\s: 8\s972 sur 10\s000\.$/m)
    assert.ok(
      Math.max(
        ...out
          .split('\n')
          .slice(1, -2)
          .map(line => line.length),
      ) <= 80,
    )
  })
})
