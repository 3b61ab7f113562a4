// What the page says in two languages, and what it keeps in its address.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { en } from '../web/messages/en.js'
import { fr } from '../web/messages/fr.js'
import { formatHash, parseHash, sections, type State } from '../web/state.js'

const placeholders = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort()

describe("the page's texts", () => {
  it('are the same in English and French, with the same values', () => {
    assert.deepEqual(Object.keys(fr), Object.keys(en))
    for (const [key, text] of Object.entries(en))
      assert.deepEqual(placeholders(fr[key as keyof typeof en]), placeholders(text), key)
  })
  it('are all written', () => {
    for (const text of [...Object.values(en), ...Object.values(fr)]) assert.match(text, /\S/)
  })
})

describe("the page's address", () => {
  const models = ['convnet', 'deepnet1', 'deepnet2']
  const defaults: State = {
    model: 'deepnet2',
    compare: [],
    lr: '0.001',
    optimizer: 'adam',
    seed: '0',
    lang: 'en',
    backend: '',
    show: '',
  }

  it('brings every state back', () => {
    const fields = {
      model: fc.constantFrom(...models),
      compare: fc.subarray(models),
      lr: fc.double({ min: 1e-6, max: 10, noNaN: true }).map(String),
      optimizer: fc.constantFrom('adam', 'sgd'),
      seed: fc.nat(999_999_999).map(String),
      lang: fc.constantFrom('en', 'fr'),
      backend: fc.constantFrom('', 'cpu', 'gpujs:webgl2'),
      show: fc.constantFrom('', ...sections),
    } as const
    const states = fc.record(fields, { noNullPrototype: true })
    fc.assert(fc.property(states, state => assert.deepEqual(parseHash(formatHash(state), defaults, models), state)))
  })
  it('takes the defaults for what makes no sense', () => {
    for (const hash of ['', '#', '#model=x&lr=-1&lr=a&optimizer=rmsprop&seed=1.5&lang=de&compare=y&show=z', '#%%%'])
      assert.deepEqual(parseHash(hash, defaults, models), defaults)
  })
  it('reads as one would write it', () =>
    assert.equal(
      formatHash({ ...defaults, model: 'convnet', compare: ['deepnet1', 'deepnet2'] }),
      '#model=convnet&compare=deepnet1,deepnet2&lr=0.001&optimizer=adam&seed=0&lang=en',
    ))
})
