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

  it('shows its paper, its ink and what of it is writing, as long as it is on the board', async () => {
    const shown = `[...document.querySelectorAll('#steps li')].filter(item => item.checkVisibility()).length`
    /** The mean red, green and blue of a step's picture, and its size. */
    const mean = (step: string) =>
      opened.page.evaluate<{ mean: number[]; size: number[] }>(`(() => {
        const canvas = document.querySelector('#steps li:has([data-text="steps.${step}"]) canvas')
        const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
        const mean = [0, 1, 2].map(c => data.reduce((sum, v, k) => sum + (k % 4 === c ? v : 0), 0) / (width * height))
        return { mean, size: [width, height] }
      })()`)
    assert.equal(await opened.page.evaluate(shown), 4)
    await opened.page.setInputFiles('#photo-file', { name: 'seven.jpg', mimeType: 'image/jpeg', buffer: photo })
    await read()
    await opened.until(`${shown} === 7`)
    assert.match(await opened.text('steps'), /^The paper, as light as it would be.*\nInk: .*\nWithout lines, borders/)
    const [paper, ink, cleaned] = [await mean('paper'), await mean('ink'), await mean('cleaned')]
    assert.deepEqual([paper.size, ink.size, cleaned.size], Array(3).fill([192, 192]))
    // The sheet is 248, 247, 243, and a part of it has 55 % of the light.
    const [red, green, blue] = paper.mean
    assert.ok(red < 248 && red > 0.55 * 248 && red > green && green > blue, `${paper.mean}`)
    // A 7 is a thin thing: MNIST's cover some tenth of their square, and the sheet is larger.
    for (const { mean } of [ink, cleaned]) assert.ok(mean[0] > 5 && mean[0] < 51, `${mean}`)
    await opened.draw([
      [0.1, 0.9],
      [0.15, 0.9],
    ])
    assert.equal(await opened.page.evaluate(shown), 7)
    await opened.page.click('#clear')
    await opened.until(`${shown} === 4`)
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
