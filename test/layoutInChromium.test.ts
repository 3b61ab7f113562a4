// Nothing jumps: what one aims at stays where it is, and what has to be said stands where one looks.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { root } from './cli/chiffre.js'
import { inChromium, openPage, type Opened } from './support/chromium.js'

const five = [[0.64, 0.2], [0.4, 0.21], [0.37, 0.45], [0.58, 0.46], [0.64, 0.56], [0.62, 0.68], [0.53, 0.77], [0.34, 0.74]] as const // prettier-ignore
const names = ['convnet', 'deepnet1', 'deepnet2']
const pretrained = Object.fromEntries(names.map(name => [name, [join(root, `storage/pretrained/${name}.safetensors`)]]))

/** Notes every shift of the layout that no hand caused just before (https://web.dev/articles/cls). */
const observe = `
  globalThis.shifts = []
  new PerformanceObserver(list => {
    for (const { value, hadRecentInput, sources } of list.getEntries())
      if (!hadRecentInput) shifts.push([value, sources.map(({ node }) => node?.id || node?.className || node?.nodeName).join()])
  }).observe({ type: 'layout-shift', buffered: true })`

for (const [width, height] of [
  [1280, 900],
  [390, 844],
] as const)
  // prettier-ignore
  inChromium(`the page, ${width} pixels wide,`, function () {
    this.timeout(120_000)
    let opened: Opened
    let page: Opened['page']
    before(async () => {
      opened = await openPage({ model: 'deepnet1' }, pretrained, { viewport: { width, height } })
      page = opened.page
      await page.evaluate(observe)
    })
    after(() => opened.close())
    const inView = async (id: string) => {
      const { y, height: tall } = (await page.locator(`#${id}`).boundingBox())!
      return y >= 0 && y + tall <= height
    }

    it('stays where it is: drawing, the way to a section, Train right after typing, a test', async () => {
      await opened.draw(five)
      await opened.until("document.querySelector('#winner').textContent === '5'")
      for (const section of ['training', 'mistakes']) {
        await page.click(`nav a[href="#${section}"]`)
        let [before, now] = [NaN, 0]
        while (before !== now) {
          await page.waitForTimeout(150)
          ;[before, now] = [now, (await page.locator(`#${section}`).boundingBox())!.y]
        }
        assert.ok(Math.abs(now) < 130, `#${section} stands at ${now}`)
      }
      await page.locator('#train').scrollIntoViewIfNeeded()
      await page.locator('#lr').fill('0,01')
      const { x, y, width: wide, height: tall } = (await page.locator('#train').boundingBox())!
      await page.mouse.click(x + wide / 2, y + tall / 2)
      await opened.until("/epoch 1/.test(document.querySelector('#training-status').textContent)")
      await opened.until("/^Done/.test(document.querySelector('#training-status').textContent)", 60_000)
      await page.click('#test')
      await page.waitForSelector('#gallery li', { timeout: 60_000 })
      const shifts = await page.evaluate<[number, string][]>('shifts')
      const sum = shifts.reduce((total, [value]) => total + value, 0)
      assert.ok(sum <= 0.02, `${sum}: ${shifts.join('; ')}`)
    })

    it('says what is wrong where one looks', async () => {
      await page.locator('#open').scrollIntoViewIfNeeded()
      const file = { name: 'x.safetensors', mimeType: 'application/octet-stream', buffer: Buffer.from('nothing') }
      await page.setInputFiles('#file', file)
      await opened.until("!document.querySelector('#notice').hidden")
      assert.ok(await inView('notice'))
      assert.match(await opened.text('notice-text'), /not a safetensors file/)
      await page.click('#notice-close')
      assert.ok(await page.locator('#notice').isHidden())
    })

    it('caused no error', () => assert.deepEqual(opened.wrong, []))
  })

inChromium('the page at 200 %', function () {
  this.timeout(30_000)
  it('shows the board and the verdict together', async () => {
    const opened = await openPage({ model: 'deepnet1' }, pretrained, { viewport: { width: 640, height: 450 } })
    await opened.page.click('nav a[href="#desk"]')
    await opened.page.waitForTimeout(600)
    for (const id of ['pen', 'winner', 'verdict-text']) {
      const { y, height } = (await opened.page.locator(`#${id}`).boundingBox())!
      assert.ok(y >= 0 && y + height <= 450, `${id}: ${y} to ${y + height}`)
    }
    await opened.close()
  })
})
