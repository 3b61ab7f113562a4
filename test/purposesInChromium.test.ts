// The page with networks that read something else than the ten digits: letters that are drawn, and pictures in colours.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { cpu } from '../engine/index.js'
import { models } from '../models/index.js'
import { defaults, encodeCheckpoint, Session, type Training } from '../training/index.js'
import { temporaryFolder } from './cli/chiffre.js'
import { inChromium, openPage, type Opened } from './support/chromium.js'

const letters = Array.from('abcdefghijklmnopqrstuvwxyz')
const colours = ['blue', 'green', 'red']

inChromium('networks of other things', function () {
  this.timeout(60_000)
  const storage = temporaryFolder()
  /** Writes a deepnet1 with the weights that `weight` says, of a channel for a class, and no biases. */
  async function write(
    name: string,
    input: number[],
    classes: string[],
    weight: (channel: number, c: number) => number,
  ) {
    const network = models.deepnet1(input, classes.length)
    const settings = { ...defaults, data: 'images-1a2b3c4d', examples: 100 }
    const session = Session.begin('deepnet1', network, cpu(), settings, 1, classes)
    const { training, tensors } = (await session.checkpoint(true))!
    const { values } = tensors.get('1.dense.weight')!
    values.forEach((_, i) => {
      values[i] = weight(Math.floor(i / classes.length) % (input[2] ?? 1), i % classes.length)
    })
    const path = join(storage, `${name}.safetensors`)
    const done: Training = { ...training, input, classes, epoch: 3, steps: 12 }
    writeFileSync(path, encodeCheckpoint({ training: done, tensors }))
    return path
  }
  let opened: Opened
  let page: Opened['page']
  afterEach(async () => {
    await opened.close()
    assert.deepEqual(opened.wrong, [])
  })
  const open = async (checkpoint: string) => {
    const pretrained = join(storage, '../none')
    opened = await openPage({ model: 'deepnet1' }, { deepnet1: [checkpoint], deepnet2: [pretrained] })
    page = opened.page
  }
  const winner = (answer: string) => opened.until(`document.querySelector('#winner').textContent === '${answer}'`)

  it('letters: names in the verdict, and the ten likeliest in the bars', async () => {
    // The more ink, the likelier are the letters towards q.
    await open(await write('letters', [28, 28, 1], letters, (_, c) => (c <= 16 ? c / 1000 : 0)))
    assert.equal(await opened.text('read-title'), 'Draw one of a, b, c, … z')
    await opened.draw([[0.5, 0.2], [0.5, 0.8]]) // prettier-ignore
    await winner('q')
    assert.match(await opened.text('verdict-text'), /^q: [\d.]+%, says deepnet1\.$/)
    const names = await page.locator('#bars tbody th').allInnerTexts()
    assert.deepEqual(names, Array.from('qponmlkjih'))
    assert.equal(await page.isDisabled('#train'), true)
    assert.match(
      await opened.text('training-past'),
      /did not learn from MNIST.*node cli train --model deepnet1 --data …/,
    )
    assert.equal(await page.isDisabled('#test'), true)
    assert.match(await opened.text('test-elsewhere'), /deepnet1 does not tell digits apart/)
    await opened.draw([[0.1, 0.2], [0.1, 0.8]], 'strip') // prettier-ignore
    await opened.until("document.querySelector('#code-text').textContent === 'q'")
    assert.equal(await page.isVisible('#example'), false)
  })

  it('letters are not compared with digits', async () => {
    await open(await write('letters', [28, 28], letters, (_, c) => c / 1000))
    await page.getByLabel('deepnet2', { exact: true }).check()
    assert.equal(await opened.text('compare-other'), 'Not compared, because they tell other things apart: deepnet2.')
    await opened.draw([[0.5, 0.2], [0.5, 0.8]]) // prettier-ignore
    await winner('z')
    await page.selectOption('#model', 'deepnet2')
    await opened.until("document.querySelector('#read-title').textContent === 'Draw a digit'")
    assert.equal(await page.isDisabled('#train'), false)
  })

  it('32x32 in three colours: nothing to draw, a picture is opened and scaled, with a way through the layers', async () => {
    await open(await write('colours', [32, 32, 3], colours, (channel, c) => (channel === 2 - c ? 0.01 : -0.01)))
    assert.equal(await opened.text('read-title'), 'Show it a picture')
    assert.match(await opened.text('picture-why'), /deepnet1 reads images of 32 × 32 × 3, so nothing is drawn/)
    assert.equal(await page.isVisible('#pen'), false)
    const png = new PNG({ width: 64, height: 48 })
    for (let i = 0; i < 64 * 48; i++) png.data.set([10, 240, 20, 255], 4 * i)
    const path = join(storage, 'green.png')
    writeFileSync(path, PNG.sync.write(png))
    await page.setInputFiles('#picture-file', path)
    await winner('green')
    assert.match(await opened.text('verdict-text'), /^green: [\d.]+%, says deepnet1\.$/)
    assert.deepEqual(await page.locator('#bars tbody th').allInnerTexts(), colours)
    await page.locator('#inside').scrollIntoViewIfNeeded()
    await opened.until("document.querySelectorAll('#layers canvas')[1].width === 3")
    // A file that is no picture is said to be none, and the picture stays.
    await page.setInputFiles('#picture-file', { name: 'text.png', mimeType: 'image/png', buffer: Buffer.from('text') })
    await opened.until("/text.png is no picture/.test(document.querySelector('#notice-text').textContent)")
    await winner('green')
  })

  it('a file of another kind is opened in the place of digits, and the other way round', async () => {
    await open(await write('digits', [28, 28], Array.from('0123456789'), (_, c) => c / 1000))
    await opened.draw([[0.5, 0.2], [0.5, 0.8]]) // prettier-ignore
    await winner('9')
    await page.setInputFiles('#file', await write('letters', [28, 28, 1], letters, (_, c) => c / 1000))
    await winner('z')
    await page.setInputFiles('#file', join(storage, 'digits.safetensors'))
    await winner('9')
    assert.equal(await opened.text('read-title'), 'Draw a digit')
  })
})
