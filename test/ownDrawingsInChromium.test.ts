// “That was a 1”: drawings labelled in the page are kept, saved, opened again, and a network learns from them.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { unzipSync } from 'fflate'
import { PNG } from 'pngjs'
import { temporaryFolder } from './cli/chiffre.js'
import { inChromium, openPage, type Opened } from './support/chromium.js'

/** A 7 with a bar, and a 1 without anything. */
const seven = [[[0.3, 0.22], [0.68, 0.22], [0.46, 0.8]], [[0.4, 0.5], [0.66, 0.5]]] as const // prettier-ignore
const one = [[[0.5, 0.2], [0.5, 0.8]]] as const // prettier-ignore
const status = "document.querySelector('#training-status').textContent"

inChromium('drawings of one’s own', function () {
  this.timeout(60_000)
  let opened: Opened
  let page: Opened['page']
  before(async () => {
    opened = await openPage({ model: 'deepnet1' })
    page = opened.page
  })
  after(() => opened.close())
  async function draw(strokes: readonly (readonly (readonly [number, number])[])[]) {
    await page.click('#clear')
    for (const stroke of strokes) await opened.draw(stroke)
    await page.waitForTimeout(300)
  }
  const label = (digit: number) => page.locator('#own-labels button').nth(digit).click()
  const count = () => opened.text('own-count')

  it('are kept with a click, also over a reload, before any network has learned anything', async () => {
    assert.equal(await page.isDisabled('#own-save'), true)
    await draw(seven)
    await label(7)
    await draw(one)
    await label(1)
    await label(1)
    const kept = 'Kept in this browser, for a network to learn from: 3 (1: 2, 7: 1)'
    assert.equal(await count(), kept)
    await page.reload()
    await opened.started()
    assert.equal(await count(), kept)
  })

  it('teach a network, alone', async () => {
    await page.selectOption('#from', 'own')
    await page.fill('#lr', '0.01')
    await page.fill('#epochs', '60')
    await page.click('#train')
    await opened.until(`/^Done/.test(${status})`)
    for (const [strokes, digit] of [
      [seven, '7'],
      [one, '1'],
    ] as const) {
      // prettier-ignore
      await draw(strokes)
      await opened.until(`document.querySelector('#winner').textContent === '${digit}'`)
    }
  })

  it('are saved as a folder a digit, and opened again', async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#own-save')])
    const files = unzipSync(readFileSync(await download.path()))
    assert.deepEqual(Object.keys(files).sort(), ['drawings/1/2.png', 'drawings/1/3.png', 'drawings/7/1.png'])
    const folder = temporaryFolder()
    for (const [name, bytes] of Object.entries(files)) {
      const { width, height, data } = PNG.sync.read(Buffer.from(bytes))
      assert.deepEqual([width, height], [28, 28])
      assert.ok(data.some((v, i) => i % 4 === 0 && v > 200))
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), bytes)
    }
    await page.click('#own-clear')
    assert.match(await count(), /^A click keeps/)
    assert.equal(await page.inputValue('#from'), 'mnist')
    await page.setInputFiles('#own-folder', join(folder, 'drawings'))
    await opened.until("/: 3 \\(1: 2, 7: 1\\)/.test(document.querySelector('#own-count').textContent)")
    await page.setInputFiles('#own-folder', join(folder, 'drawings/7'))
    await opened.until("/has no folders 0 to 9/.test(document.querySelector('#notice-text').textContent)")
  })

  it('teach together with MNIST', async () => {
    await page.selectOption('#from', 'both')
    await page.fill('#lr', '0.001')
    await page.fill('#epochs', '1')
    await page.check('#fresh')
    await page.click('#train')
    await opened.until(`/^Done/.test(${status})`)
    await draw(seven)
    await opened.until("document.querySelector('#winner').textContent === '7'")
  })

  it('caused no error', () => assert.deepEqual(opened.wrong, []))
})
