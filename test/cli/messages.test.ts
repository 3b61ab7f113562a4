// The catalogue: both languages say everything, with the same values, and nothing is said from anywhere else.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { currentLanguage, decimal, integer, percent, setLanguage, t, translate } from '../../cli/language.js'
import { failure } from '../../cli/errors.js'
import { en } from '../../cli/messages/en.js'
import { fr } from '../../cli/messages/fr.js'
import { preferredLanguage, start } from '../../cli/messages/start.js'
import { ChiffreError } from '../../engine/index.js'
import { root } from './chiffre.js'

const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()

describe('messages', () => {
  afterEach(() => {
    setLanguage('en')
  })

  it('French has the same keys as English', () => {
    assert.deepEqual(Object.keys(fr).sort(), Object.keys(en).sort())
    assert.deepEqual(Object.keys(start.fr), Object.keys(start.en))
  })

  it('every sentence has the same {values} in both', () => {
    for (const [key, text] of Object.entries(en))
      assert.deepEqual(placeholders(fr[key as keyof typeof en]), placeholders(text), key)
  })

  it('every sentence of the command line is said somewhere', () => {
    const sources = ['cli', 'data', 'training'].flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter(file => /\.(ts|js)$/.test(file) && !/^messages\/(en|fr)\.ts$/.test(file) && file !== 'errors.ts')
        .map(file => readFileSync(join(root, folder, file), 'utf8')),
    )
    // cli/errors.ts says sentences too; those of data and training only list them.
    const code = [...sources, readFileSync(join(root, 'cli/errors.ts'), 'utf8')].join('\n')
    const composed = /^(engine|data|gpujs|webgpu|start|system|option)\.|^curves\.(training|validation)$|\.describe$/
    for (const key of Object.keys(en).filter(key => !composed.test(key))) assert.ok(code.includes(`'${key}'`), key)
  })

  it('is in the language of --lang, else of the locale, else English', () => {
    assert.equal(preferredLanguage(['--lang', 'fr'], { LANG: 'en_US.UTF-8' }), 'fr')
    assert.equal(preferredLanguage(['--lang=en'], { LANG: 'fr_FR.UTF-8' }), 'en')
    assert.equal(preferredLanguage([], { LANG: 'fr_CA.UTF-8' }), 'fr')
    assert.equal(preferredLanguage([], { LC_ALL: 'C', LANG: 'fr_FR.UTF-8' }), 'en')
    assert.equal(preferredLanguage([], { LC_MESSAGES: 'fr_FR', LANG: 'de_DE' }), 'fr')
    assert.equal(preferredLanguage([], { LANG: 'ja_JP.UTF-8' }), 'en')
  })

  it('an error within an error is translated too', () => {
    setLanguage('fr')
    assert.equal(currentLanguage(), 'fr')
    const error = failure('file', { path: 'a/b', reason: failure('system.ENOSPC') })
    assert.equal(error.message, 'a/b: the disk is full')
    assert.equal(translate(error), 'a/b\u00a0: le disque est plein')
    assert.equal(translate(new ChiffreError('of.a.model', { n: 3 }, 'a student’s own, {n}')), 'a student’s own, 3')
  })

  it('numbers are written as in the language', () => {
    const written = () => [integer(60000), decimal(0.25, 4), percent(0.9781)]
    assert.deepEqual(written(), ['60,000', '0.2500', '97.81%'])
    setLanguage('fr')
    assert.deepEqual(written(), ['60\u202f000', '0,2500', '97,81\u00a0%'])
    assert.equal(t('train.epoch', { epoch: 1, last: 2 }), 'Époque 1/2')
  })
})
