// `models`, and what becomes of a function that a student adds to models/.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from '../../engine/index.js'
import type { Epoch, Training } from '../../training/index.js'
import { chiffre, root, temporaryFolder } from './chiffre.js'

interface Listed {
  readonly model: string
  readonly parameters: number
  readonly checkpoints: (Training & { readonly name: string; readonly score: Epoch })[]
}

describe('models', () => {
  const storage = temporaryFolder()

  it('lists the networks before there is any checkpoint, or even a storage', async () => {
    const { code, out } = await chiffre('models', '--storage', join(storage, 'none'))
    assert.match(out, /│ best +│ +330,346 │ – /)
    // docs/results.md, seed 0
    assert.match(
      out,
      /│ convnet +│ +1,199,882 │ \(included\) │ 32 × 66,200 of +│.*\n.*mnist-hands.*\n.*│ 99\.60% +│\n.*│ \(test of mnist\) │/,
    )
    assert.equal(code, 0)
  })

  it('says of each checkpoint what is behind it, and which cannot be used', async () => {
    const train = ['train', '--model', 'deepnet1', '--storage', storage, '--examples', '400', '--threads', '1']
    await chiffre(...train, '--epochs', '2', '--lr', '0.01', '--validation', '0.5')
    await chiffre(...train, '--name', 'second', '--optimizer', 'sgd')
    writeFileSync(join(storage, 'torn.safetensors'), 'torn')
    const { out } = await chiffre('models', '--storage', storage)
    assert.match(
      out,
      /│ deepnet1 │ +7,850 │ deepnet1 +│ 2 × 400 of mnist +│ \d\d\.\d\d% +│\n.* Adam, lr 0.01 +│ \(validation\) +│/,
    )
    assert.match(out, /│ second +│ 1 × 400 of mnist +│ \d+\.\d\d% +│\n.* SGD, lr 0.0001 +│ \(training\) +│/)
    assert.match(out, /torn\.safetensors: not a safetensors file: it has 4 bytes, at least 8 are needed\n$/)
  })

  it('--json: the same for programs', async () => {
    const { out } = await chiffre('models', '--storage', storage, '--json')
    const { models, unusable } = JSON.parse(out) as { models: Listed[]; unusable: string[] }
    assert.deepEqual(
      models.map(({ model }) => model),
      ['best', 'convnet', 'deepnet1', 'deepnet2', 'tiny'],
    )
    const { parameters, checkpoints } = models[2]
    const { name, epoch, lr, optimizer, score, validation } = checkpoints[0]
    assert.deepEqual([parameters, name, epoch, lr, optimizer], [7850, 'deepnet1', 2, 0.01, 'adam'])
    assert.equal(validation, 0.5)
    assert.ok(score.accuracy > 0.2 && score.validation!.accuracy > 0.2)
    assert.equal(unusable.length, 1)
  })
})

describe('a checkpoint of a model that is gone', () => {
  // toString is a property that every object has.
  for (const model of ['deepnet9', 'toString'])
    it(`says so: ${model}`, async () => {
      const storage = temporaryFolder()
      await chiffre('train', '--model', 'deepnet1', '--storage', storage, '--examples', '0')
      const path = join(storage, 'deepnet1.safetensors')
      const { tensors, metadata } = deserialize(readFileSync(path))
      const { checksum, ...rest } = metadata
      assert.ok(checksum)
      writeFileSync(path, serialize({ tensors, metadata: { ...rest, model } }))
      const { out, code } = await chiffre('models', '--storage', storage)
      const why = `${path}: model ${model}: no file of models/ exports it, only `
      assert.ok(out.trimEnd().split('\n').at(-1)!.startsWith(why), out)
      assert.equal(code, 0)
    })
})

describe('a student’s model', () => {
  const clone = temporaryFolder()
  const storage = join(clone, 'storage')
  const model = (file: string, code: string) => {
    const imports = "import { conv2d, dense, flatten, relu, sequential } from '../engine/index.js'\n"
    writeFileSync(join(clone, 'models', file), imports + code)
  }
  /** Runs `node cli` in the copy of the project, which builds what changed. */
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['cli', ...args], {
      cwd: clone,
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    })
    return { code: status, out: stdout, err: stderr.replace(/^chiffre: the sources changed, building….*\n/, '') }
  }
  const train = (name: string) =>
    run('train', '--model', name, '--examples', '100', '--threads', '1', '--storage', storage)

  before(function () {
    this.timeout(60000)
    const sources = execFileSync('git', ['ls-files', 'engine', 'models', 'data', 'training', 'cli', 'web', 'scripts'], {
      cwd: root,
      encoding: 'utf8',
    })
    for (const file of [...sources.trim().split('\n'), 'package.json', 'dist'])
      cpSync(join(root, file), join(clone, file), { recursive: true, preserveTimestamps: true })
    symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'))
    mkdirSync(storage)
  })

  it('in a new file runs at once', () => {
    model('mine.ts', 'export const mine = () => sequential([28, 28], flatten(), dense(32), relu(), dense(10))\n')
    const { code, out, err } = train('mine')
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /total .* 25,450 /)
    assert.match(run('models').out, /│ mine +│ +25,450 │ mine /)
  })

  it('in an old file too, and changes when it changes', () => {
    const file = join(clone, 'models/deepnet1.ts')
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, `${before}\nexport const small = () => sequential([28, 28], flatten(), dense(10))\n`)
    assert.match(train('small').out, /total .* 7,850 /)
    writeFileSync(file, `${before}\nexport const small = () => sequential([28, 28], flatten(), dense(4), dense(10))\n`)
    assert.match(
      train('small').err,
      /small\.safetensors: tensor 1\.dense\.weight has shape \[784,10\]; the model needs \[784,4\]/,
    )
    writeFileSync(file, before)
  })

  it('of any graph trains, goes on byte for byte, and is tested: with a skip, and with two results', () => {
    writeFileSync(
      join(clone, 'models/graphs.ts'),
      `import { dense, flatten, network, ops, relu } from '../engine/index.js'

export const skip = () =>
  network([28, 28], (x, { layer }) => {
    const h = layer('relu', relu(), layer('hidden', dense(16), layer('row', flatten(), x)))
    return layer('digit', dense(10), ops.add(h, layer('skipped', dense(16), h)))
  })

export const heads = () =>
  network(
    [28, 28],
    (x, { layer }) => {
      const h = layer('relu', relu(), layer('hidden', dense(16), layer('row', flatten(), x)))
      return { digit: layer('digit', dense(10), h), parity: layer('parity', dense(2), h) }
    },
    {
      loss: ({ digit, parity }, labels) => {
        const classes = Array.from(labels as ArrayLike<number>)
        return ops.add(ops.crossEntropy(digit, classes), ops.crossEntropy(parity, classes.map(c => c % 2)))
      },
    },
  )
`,
    )
    for (const model of ['skip', 'heads']) {
      const train = (name: string, epochs: number) =>
        run('train', '--model', model, '--name', name, '--examples', '200', '--threads', '1', '--lr', '0.01', '--storage', storage, '--epochs', `${epochs}`) // prettier-ignore
      train(`${model}-whole`, 2)
      train(`${model}-parts`, 1)
      const { err } = train(`${model}-parts`, 1)
      assert.equal(err, '')
      const bytes = (name: string) => readFileSync(join(storage, `${name}.safetensors`))
      assert.deepEqual(bytes(`${model}-parts`), bytes(`${model}-whole`))
      const test = run('test', '--model', model, '--name', `${model}-whole`, '--storage', storage, '--threads', '1')
      assert.match(test.out, /^Accuracy \d\d\.\d\d%, loss /m)
    }
  })

  it('that cannot work is told why, in one clear line', () => {
    const wrong: Record<string, [code: string, reason: string]> = {
      unfit: [
        'sequential([28, 28], conv2d(8, 3), flatten(), dense(10))',
        'layer 0.conv2d cannot take [28,28]: it expects 3 dimensions',
      ],
      throwing: ["{ throw new Error('not yet') }", 'it fails with “not yet”'],
      list: ['[dense(10)]', 'it must return sequential(…)'],
      large: ['sequential([32, 32], flatten(), dense(10))', 'it takes [32,32], but an image is [28,28]'],
      four: [
        'sequential([28, 28], flatten(), dense(4))',
        'it ends in [4]; there are 10 kinds of images, so it must end in dense(10)',
      ],
    }
    const entries = Object.entries(wrong)
    model('wrong.ts', entries.map(([name, [code]]) => `export const ${name} = () => ${code}\n`).join(''))
    const { models } = JSON.parse(run('models', '--json').out) as { models: { model: string; error?: string }[] }
    for (const [name, [, reason]] of entries)
      assert.equal(models.find(({ model }) => model === name)!.error, `model ${name}: ${reason}`)
    const { code, err } = train('unfit')
    assert.deepEqual([code, err], [1, `chiffre: model unfit: ${wrong.unfit[1]}\n`])
  })

  const files: [what: string, code: string, line: string][] = [
    ['that fails', "throw new Error('no')", 'models/wrong.ts cannot be loaded: no'],
    [
      'with a name that is taken',
      'export const deepnet2 = () => sequential([28, 28], flatten(), dense(10))',
      'models/wrong.ts: there is a model called deepnet2 already',
    ],
    [
      'that is not TypeScript',
      'export const wrong = () => sequential(',
      'the sources do not build: models/wrong.ts:3:1: Unexpected end of file',
    ],
  ]
  for (const [what, code, line] of files)
    it(`in a file ${what}: one clear line`, () => {
      model('wrong.ts', `${code}\n`)
      const { code: exit, err } = train('wrong')
      assert.deepEqual([exit, err], [1, `chiffre: ${line}\n`])
    })
})
