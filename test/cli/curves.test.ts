// `curves`: the same numbers as in the checkpoint's history, as text and as a picture.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeCheckpoint } from '../../cli/checkpoint.js'
import { curvesOf, markOf, plot } from '../../cli/curves.js'
import { decodeCheckpoint, type Epoch } from '../../training/index.js'
import { fixtureBytes } from '../support/fixtures.js'
import { chiffre, temporaryFolder } from './chiffre.js'

describe('curves', () => {
  const storage = temporaryFolder()
  const old = decodeCheckpoint(fixtureBytes('checkpoint-0.1.safetensors'))
  const write = (name: string, history: readonly Epoch[]) =>
    writeCheckpoint(join(storage, `${name}.safetensors`), {
      ...old,
      training: { ...old.training, history, best: null },
    })
  const curves = (...args: string[]) => chiffre('curves', ...args, '--storage', storage)

  it('a line that falls evenly is drawn as one, from its highest to its lowest value', () => {
    const history = [3, 2, 1].map(loss => ({ loss, accuracy: 0.5 }))
    const lines = plot(curvesOf('one', history), 'loss', 26, String).split('\n')
    assert.match(lines[0], /^3 ┤a+$/)
    assert.match(lines[11], /^1 ┤ +a+$/)
    assert.deepEqual([lines[12], lines[13]], [`  └${'─'.repeat(22)}`, `   1${' '.repeat(20)}3`])
    for (const [row, line] of lines.slice(0, 12).entries())
      for (const { index } of line.matchAll(/a/g)) assert.ok(Math.abs((index - 3) / 21 - row / 11) < 0.08, line)
  })

  it('a letter a checkpoint, a capital for what was kept apart', () => {
    const all = [...curvesOf('one', old.training.history), ...curvesOf('two', [{ loss: 1, accuracy: 0.1 }])]
    assert.deepEqual(
      all.map(curve => markOf(curve, all)),
      ['a', 'A', 'b'],
    )
  })

  it('draws several over one another, and as an SVG that has every point', async () => {
    await write('first', old.training.history)
    await write('second', old.training.history.slice(0, 4))
    const { code, out, err } = await curves('first', 'second')
    assert.deepEqual([code, err], [0, ''])
    const path = join(storage, 'first-curves.svg')
    for (const part of ['Loss', '2.0016 ┤', 'Accuracy', '98.19% ┤', '  a  first, examples learned from'])
      assert.ok(out.includes(part), part)
    assert.ok(out.includes('  B  second, examples kept apart'))
    assert.ok(out.endsWith(`These curves as a picture: ${path}\n`))
    const svg = readFileSync(path, 'utf8')
    const lines = [...svg.matchAll(/<path [^>]*d="(M[^"]*L[^"]*)"/g)].map(([, d]) => d.split('L').length)
    // Loss and accuracy, learned from and kept apart: seven epochs and four.
    assert.deepEqual(lines.filter(points => points > 2).sort(), [4, 4, 4, 4, 7, 7, 7, 7])
    assert.ok(svg.includes('>first</text>') && svg.includes('>second</text>'))
  })

  it('of the networks that come with the program, where there are no others', async () => {
    const picture = join(storage, 'given.svg')
    const { code } = await curves('deepnet1', '--svg', picture)
    assert.deepEqual([code, existsSync(picture)], [0, true])
  })

  it('says what is missing', async () => {
    const nothing = await curves()
    assert.deepEqual([nothing.code, nothing.err], [2, 'chiffre: which checkpoints? node cli curves NAME [NAME…]\n'])
    const near = await curves('frist')
    assert.equal(near.err, `chiffre: there is no checkpoint called frist in ${storage}; did you mean first?\n`)
    await write('none', [])
    const none = await curves('none')
    const path = join(storage, 'none.safetensors')
    assert.equal(none.err, `chiffre: ${path}: no epoch is complete yet, so there is nothing to draw\n`)
    assert.deepEqual([near.code, none.code], [1, 1])
    mkdirSync(join(storage, 'second-curves.svg'))
    const { code, err } = await curves('second')
    assert.equal(code, 0)
    assert.match(err, /^No picture of these curves: .*second-curves\.svg: this is a folder, not a file\n$/)
  })
})
