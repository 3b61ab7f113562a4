// A checkpoint that is damaged, of another network, or cannot be written: one line that says so, exit code 1, and what
// was on disk stays as it was.
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize, type Saved, type Shape } from '../../engine/index.js'
import { chiffre, root, temporaryFolder } from './chiffre.js'

type Tensors = Map<string, { shape: Shape; values: Float32Array }>
type Header = Record<string, { data_offsets: [number, number] }>

describe('checkpoint', () => {
  const storage = temporaryFolder()
  const path = join(storage, 'deepnet1.safetensors')
  const train = (...more: string[]) =>
    chiffre('train', '--model', 'deepnet1', '--storage', storage, '--examples', '200', '--threads', '1', ...more)
  let good: Buffer

  before(async () => {
    await train()
    good = readFileSync(path)
  })

  /** The file with other tensors or metadata. */
  function changed(change: (tensors: Tensors, metadata: Record<string, string>) => void): Uint8Array {
    const { tensors, metadata }: Saved = deserialize(good)
    const copy = { tensors: new Map(tensors), metadata: { ...metadata } }
    delete copy.metadata.checksum // as a program leaves it out that knows nothing of it
    change(copy.tensors, copy.metadata)
    return serialize(copy)
  }

  /** The file with another header. */
  function reheaded(change: (header: Header) => void): Buffer {
    const end = 8 + Number(good.readBigUInt64LE())
    const header = JSON.parse(good.toString('utf8', 8, end)) as Header
    change(header)
    const json = Buffer.from(JSON.stringify(header))
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(json.length))
    return Buffer.concat([length, json, good.subarray(end)])
  }

  const weight = '1.dense.weight'
  const damages: [what: string, bytes: () => Uint8Array, reason: string | RegExp][] = [
    ['an empty file', () => Buffer.alloc(0), 'not a safetensors file: it has 0 bytes, at least 8 are needed'],
    ['half a file', () => good.subarray(0, good.length / 2), /tensor .* lies at bytes \d+–\d+, outside the \d+ bytes/],
    ['a header cut short', () => good.subarray(0, 100), /its header would be \d+ bytes long, but the file has 100/],
    [
      'a wrong header length',
      () => Buffer.concat([Buffer.from('ffffffffffffff7f', 'hex'), good.subarray(8)]),
      /its header would be 9223372036854775807 bytes long/,
    ],
    ['a header that is no JSON', () => Buffer.from('0100000000000000x'.slice(0, 16) + 'x', 'latin1'), /safetensors/],
    [
      'overlapping tensors',
      () => reheaded(h => (h['1.dense.bias'].data_offsets = [31320, 31360])),
      'not a safetensors file: tensors 1.dense.weight and 1.dense.bias overlap',
    ],
    [
      'offsets out of range',
      () => reheaded(h => (h[weight].data_offsets = [2 ** 40, 2 ** 40 + 31360])),
      /tensor 1\.dense\.weight lies at bytes 1099511627776–1099511659136, outside the 94200 bytes of data/,
    ],
    ['a missing tensor', () => changed(tensors => tensors.delete(weight)), 'tensor 1.dense.weight is missing'],
    [
      'a tensor of another shape',
      () => changed(tensors => tensors.set(weight, { shape: [10, 784], values: new Float32Array(7840) })),
      'tensor 1.dense.weight has shape [10,784]; the model needs [784,10]',
    ],
    [
      'weights that are no numbers',
      () => changed(tensors => tensors.set('1.dense.bias', { shape: [10], values: new Float32Array(10).fill(NaN, 3) })),
      'tensor 1.dense.bias holds a value that is not a finite number, at position 3',
    ],
    [
      'an optimizer’s memory that is no number',
      () => changed(t => t.set('adam.v.1.dense.bias', { shape: [10], values: new Float32Array(10).fill(Infinity) })),
      'tensor adam.v.1.dense.bias holds a value that is not a finite number, at position 0',
    ],
    [
      'a missing memory',
      () => changed(tensors => tensors.delete('adam.m.1.dense.bias')),
      'tensor adam.m.1.dense.bias is missing',
    ],
    [
      'a memory of another shape',
      () => changed(tensors => tensors.set('adam.m.1.dense.bias', { shape: [1, 10], values: new Float32Array(10) })),
      'tensor adam.m.1.dense.bias has shape [1,10]; the model needs [10]',
    ],
    [
      'a tensor of no layer',
      () => changed(tensors => tensors.set('9.dense.bias', { shape: [1], values: new Float32Array(1) })),
      'tensor 9.dense.bias does not belong to the model',
    ],
    ['another model', () => changed((_, metadata) => (metadata.model = 'convnet')), 'it holds convnet, not deepnet1'],
    ['another program’s file', () => changed((_, m) => delete m.version), 'not a checkpoint of chiffre'],
    ['a later format', () => changed((_, m) => (m.version = '2')), 'its format is version 2; expected 1'],
    ['a malformed epoch', () => changed((_, m) => (m.epoch = '-1')), 'its metadata lacks a valid epoch'],
    [
      'metadata nested without end',
      () => changed((_, m) => (m.history = `[{"loss":1,"accuracy":0.5,"x":${'['.repeat(20000)}${']'.repeat(20000)}}]`)),
      'its metadata lacks a valid history',
    ],
    ['no model', () => changed((_, m) => delete m.model), 'its metadata lacks a valid model'],
    ['an unknown optimizer', () => changed((_, m) => (m.optimizer = 'lion')), 'its metadata lacks a valid optimizer'],
    ['a batch that no epoch has', () => changed((_, m) => (m.batch = '7')), 'its metadata lacks a valid batch'],
    ['a learning rate that leads uphill', () => changed((_, m) => (m.lr = '-1')), 'its metadata lacks a valid lr'],
    ['an accuracy over 100 %', () => changed((_, m) => (m.history = '[{"loss":1,"accuracy":61.87}]')), /valid history/],
    [
      'what a terminal would obey',
      () => changed((_, m) => (m.data = 'mnist\x1b[2J')),
      'its metadata lacks a valid data',
    ],
    [
      'a bit that has changed',
      () => {
        const bytes = Buffer.from(good)
        bytes[bytes.length - 3] ^= 1
        return bytes
      },
      /^it is damaged: what it holds does not give its checksum, [0-9a-f]{8}, but [0-9a-f]{8}$/,
    ],
    ['a malformed history', () => changed((_, m) => (m.history = '[{}]')), 'its metadata lacks a valid history'],
  ]
  for (const [what, bytes, reason] of damages)
    it(`says what is wrong with ${what}`, async () => {
      writeFileSync(path, bytes())
      const { code, err } = await train()
      assert.equal(code, 1)
      assert.equal(err.trim().split('\n').length, 1)
      const [start, end] = [`chiffre: ${path}: `, '; choose another --name, or start again with --fresh\n']
      assert.ok(err.startsWith(start) && err.endsWith(end), err)
      const said = err.slice(start.length, -end.length)
      if (typeof reason === 'string') assert.equal(said, reason)
      else assert.match(said, reason)
      assert.deepEqual(readFileSync(path), Buffer.from(bytes()))
      assert.deepEqual(readdirSync(storage), ['deepnet1.safetensors'])
    })

  it('--fresh replaces a damaged one', async () => {
    writeFileSync(path, 'damaged')
    assert.equal((await train('--fresh')).code, 0)
    assert.deepEqual(readFileSync(path), good)
  })

  it('says that storage is not a folder, or cannot be one', async () => {
    for (const [folder, reason] of [
      [join(path), 'a part of this path is a file, not a folder'],
      [join(path, 'deeper'), 'a part of this path is a file, not a folder'],
      ['/proc/none', 'no such file or folder'],
    ] as const) {
      const { code, err, out } = await chiffre('train', '--examples', '100', '--storage', folder)
      assert.deepEqual([code, err, out], [1, `chiffre: ${folder}: ${reason}\n`, ''])
    }
  })

  it('says that a checkpoint’s place is taken by a folder', async () => {
    mkdirSync(join(storage, 'taken.safetensors'))
    const { code, err } = await train('--name', 'taken')
    assert.match(err, /taken\.safetensors: this is a folder, not a file/)
    assert.equal(code, 1)
  })

  it('keeps the checkpoint, and leaves nothing beside it, when the disk takes no more', async function () {
    if (process.platform === 'win32') this.skip()
    writeFileSync(path, good)
    // No file may grow over 50 blocks of 512 bytes, which a checkpoint of 94 kB does.
    const script = 'ulimit -f 50; trap "" XFSZ; exec "$0" cli train --model deepnet1 --storage "$1" --threads 1'
    const [code, err] = await new Promise<[unknown, string]>(resolve => {
      const options = { cwd: root, env: { ...process.env, LC_ALL: 'C' } }
      execFile('sh', ['-c', script, process.execPath, storage], options, (error, _, stderr) => {
        resolve([error?.code, stderr])
      })
    })
    assert.deepEqual([code, err], [1, `chiffre: ${path}: the file is larger than the system allows\n`])
    assert.deepEqual(readFileSync(path), good)
    assert.deepEqual(
      readdirSync(storage).filter(entry => entry.endsWith('.tmp')),
      [],
    )
  })

  if (process.platform !== 'win32')
    it('that cannot be looked at is an error, not absent', async () => {
      const own = temporaryFolder()
      const at = join(own, 'deepnet1.safetensors')
      symlinkSync(at, at)
      const cases = [['this link leads back to itself', () => {}]] as [string, () => void][]
      if (process.getuid?.() !== 0)
        cases.push([
          'permission denied',
          () => {
            rmSync(at)
            writeFileSync(at, good, { mode: 0 })
          },
        ])
      for (const [why, prepare] of cases) {
        prepare()
        for (const command of ['test', 'train', 'use']) {
          const more = command === 'use' ? ['--image', 'none.png'] : command === 'train' ? ['--examples', '100'] : []
          const { code, err } = await chiffre(command, '--model', 'deepnet1', '--storage', own, ...more)
          assert.ok(err.startsWith(`chiffre: ${at}: ${why}`), err)
          assert.equal(code, 1)
        }
      }
    })

  it('whose metadata is out of range is refused, and the field is named', async () => {
    const epoch = '{"loss":1,"accuracy":61.87}'
    const outOfRange: [field: string, values: string[]][] = [
      ['lr', ['-1', '0', '1e999', 'null', '"0.1"']],
      ['momentum', ['1', '-0.1']],
      ['batchSize', ['0', '1.5', '-128']],
      ['batch', ['99999', '7', '-1']], // of 200 examples, 32 at a time, there are 7
      ['epoch', ['-1', '0.5', '1e300']],
      ['lossSum', ['null', '1e999']],
      ['sums', ['{"accuracy":1}', '{"accuracy":-1}']], // of no example, none was right
      ['validation', ['1', '-0.2']],
      ['patience', ['-1']],
      ['seed', ['-1', '1.5']],
      ['schedule', ['toString', 'cosine2']],
      ['history', [`[${epoch}]`, '[{"loss":1}]', '{}']],
      ['run', ['{"first":2,"last":3}', '{"first":0,"last":0}', '{"first":0}']],
      ['best', ['{"epoch":0,"loss":1,"waited":0}', '{"epoch":9,"loss":1,"waited":0}']],
    ]
    const own = temporaryFolder()
    const at = join(own, 'deepnet1.safetensors')
    for (const [field, values] of outOfRange)
      for (const value of values) {
        writeFileSync(
          at,
          changed((_, metadata) => void (metadata[field] = value)),
        )
        const { code, err } = await chiffre('test', '--model', 'deepnet1', '--storage', own)
        assert.deepEqual([code, err], [1, `chiffre: ${at}: its metadata lacks a valid ${field}\n`], `${field} ${value}`)
      }
  })

  it('with control characters in its texts shows them, and never sends them to the terminal', async () => {
    const own = temporaryFolder()
    const at = join(own, 'bad\u001b]0;x\u0007\u009b31m\u202e.safetensors')
    const bad = '\u001b[2J\u001b]52;c;eA==\u0007\r\n\u009b1m'
    writeFileSync(
      at,
      changed((_, metadata) => void (metadata.data = bad)),
    )
    writeFileSync(
      join(own, 'deepnet1.safetensors'),
      changed((_, metadata) => void (metadata.model = bad)),
    )
    const runs = [['models'], ['models', '--json'], ['test', '--model', 'deepnet1']]
    for (const run of [...runs, ['use', '--image', `none${bad}.png`], [`train${bad}`], ['train', '--data', bad]])
      for (const lang of ['en', 'fr']) {
        const { out, err } = await chiffre(...run, '--storage', own, '--lang', lang)
        // eslint-disable-next-line no-control-regex -- these are what is looked for
        assert.doesNotMatch(out + err, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/, run.join(' '))
        if (run[0] !== 'test') assert.match(out + err, /\\(x|u00)1b/, run.join(' '))
      }
  })

  if (process.platform !== 'win32')
    it('that is a pipe, or larger than any checkpoint, is not read', async () => {
      const own = temporaryFolder()
      const at = join(own, 'deepnet1.safetensors')
      const run = async () => (await chiffre('test', '--model', 'deepnet1', '--storage', own)).err
      execFileSync('mkfifo', [at])
      assert.equal(await run(), `chiffre: ${at}: this is no file but a device, a pipe or a socket\n`)
      rmSync(at)
      writeFileSync(at, '')
      truncateSync(at, 3e9)
      assert.match(await run(), /: 3,000,000,000 bytes are more than such a file has; at most 128,000,000 are read\n$/)
    })
})
