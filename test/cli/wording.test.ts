// What is said is true, fits the terminal, and is said in the same words everywhere.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fr } from '../../cli/messages/fr.js'
import { setLanguage, t } from '../../cli/language.js'
import { decodeCheckpoint, encodeCheckpoint, type Training } from '../../training/index.js'
import { fr as page } from '../../web/messages/fr.js'
import { chiffre, root, temporaryFolder } from './chiffre.js'

describe('wording', function () {
  this.timeout(60_000)
  const storage = temporaryFolder()
  const train = (...args: string[]) =>
    chiffre('train', '--model', 'deepnet1', '--storage', storage, '--threads', '1', ...args)
  afterEach(() => setLanguage('en'))

  it('one is one: “1 example”, « 1 exemple »', async () => {
    assert.match((await train('--examples', '1')).out, /^1 example of mnist/m)
    assert.match((await train('--lang', 'fr')).out, /^1 exemple de mnist[^]*rétabli \(1 pas\)/m)
    assert.match((await train('--examples', '2')).out, /^2 examples of mnist[^]*restored \(2 steps\)/m)
  })
  it('French has its singular for none, too', () => {
    setLanguage('fr')
    assert.match(t('train.examples', { examples: '0', data: 'mnist', batch: 1, apart: '' }), /^0 exemple de/)
    setLanguage('en')
    assert.match(t('train.examples', { examples: '0', data: 'mnist', batch: 1, apart: '' }), /^0 examples of/)
  })
  it('SGD at a learning rate made for Adam gets a hint; at one of its own, or with Adam, none', async () => {
    const named = (name: string, ...args: string[]) => train('--examples', '50', '--name', name, ...args)
    assert.match((await named('a', '--optimizer', 'sgd')).out, /^This is a learning rate for Adam: .* --lr 0\.01\.$/m)
    assert.doesNotMatch((await named('b', '--optimizer', 'sgd', '--lr', '0.1')).out, /learning rate for Adam/)
    assert.doesNotMatch((await named('c')).out, /learning rate for Adam/)
  })
  it('one word for the learning rate in French', () => {
    const texts = [...Object.values(fr), ...Object.values(page), readFileSync(join(root, 'README.fr.md'), 'utf8')]
    for (const text of texts) assert.doesNotMatch(text, /(pas|vitesse|coefficient|rythme) d[’']apprentissage/i)
  })
  it('models fits 80 columns, in both languages, whatever was trained, stopped and tested', async () => {
    const { tensors, training } = decodeCheckpoint(new Uint8Array(readFileSync(join(storage, 'a.safetensors'))))
    const write = (name: string, changes: Partial<Training>) => {
      const bytes = encodeCheckpoint({ tensors, training: { ...training, ...changes } })
      writeFileSync(join(storage, `${name}.safetensors`), bytes)
    }
    const stopped = { epoch: 112, batch: 1234, batchSize: 16, examples: 60_000, run: { first: 100, last: 200 } }
    write('stopped', stopped)
    const name = 'a-network-of-a-very-long-name-that-has-no-place-to-break-it-anywhere'
    write(name, { ...stopped, data: 'images-0123abcd', lr: 0.000123456789 })
    for (const lang of ['en', 'fr']) {
      const { out } = await chiffre('models', '--storage', storage, '--lang', lang)
      const table = out.split('\n').filter(line => /^[│┌├└]/.test(line))
      for (const line of table) assert.ok(line.length <= 80, line)
      const column = table.map(line => line.split('│')[3]?.trim() ?? '').join('')
      assert.ok(column.includes(name), 'no part of the name is lost')
    }
  })
})
