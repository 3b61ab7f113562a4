// Photographs on the page: from a file, dropped and pasted; the same ink as on the command line, and errors in one line.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { encode } from 'jpeg-js'
import ndarray from 'ndarray'
import { mnist } from '../bench/mnist.js'
import { photograph, scenes, written } from '../bench/pictures.js'
import { random } from '../engine/index.js'
import { root } from './cli/chiffre.js'
import { inChromium, openPage, type Opened } from './support/chromium.js'

const winner = "document.querySelector('#winner').textContent"

inChromium('a photograph', function () {
  this.timeout(60_000)
  let opened: Opened
  let photo: Buffer
  before(async () => {
    opened = await openPage({ model: 'convnet' }, { convnet: [join(root, 'storage/pretrained/convnet.safetensors')] })
    const { pixels } = (await mnist('t10k')).gather(Uint32Array.of(0)) // a 7
    const rng = random(1, 'photo')
    photo = encode(photograph(written(ndarray(pixels, [28, 28]), 200, rng), scenes.shadow, rng), 80).data
  })
  after(() => opened.close())
  beforeEach(() => opened.page.click('#clear'))
  const read = () => opened.until(`${winner} === '7'`)

  it('from a file is read', async () => {
    await opened.page.setInputFiles('#photo-file', { name: 'seven.jpg', mimeType: 'image/jpeg', buffer: photo })
    await read()
  })

  for (const [what, target, kind] of [
    ['dropped on the board', '#pen', 'drop'],
    ['pasted', 'body', 'paste'],
  ] as const)
    it(`${what} is read`, async () => {
      await opened.page.evaluate(`(() => {
        const bytes = Uint8Array.from(atob('${photo.toString('base64')}'), letter => letter.charCodeAt(0))
        const held = new DataTransfer()
        held.items.add(new File([bytes], 'seven.jpg', { type: 'image/jpeg' }))
        const event = '${kind}' === 'drop'
          ? new DragEvent('drop', { dataTransfer: held, bubbles: true, cancelable: true })
          : new ClipboardEvent('paste', { clipboardData: held, bubbles: true, cancelable: true })
        document.querySelector('${target}').dispatchEvent(event)
      })()`)
      await read()
    })

  it('that is none is named', async () => {
    await opened.page.setInputFiles('#photo-file', {
      name: 'none.jpg',
      mimeType: 'image/jpeg',
      buffer: Buffer.from('x'),
    })
    await opened.until(`document.body.textContent.includes('none.jpg is no picture that this browser can read')`)
    assert.equal(await opened.page.evaluate(winner), '–')
  })
})
