// “Look inside”: what a unit computes can be held, is marked where it looks, and adds up as it is printed.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { root } from './cli/chiffre.js'
import { inChromium, openPage, type Opened } from './support/chromium.js'

const five = [[0.64, 0.2], [0.4, 0.21], [0.37, 0.45], [0.58, 0.46], [0.64, 0.56], [0.62, 0.68], [0.53, 0.77], [0.34, 0.74]] as const // prettier-ignore
const pretrained = { convnet: [join(root, 'storage/pretrained/convnet.safetensors')] }
const title = "document.querySelector('#unit h3')?.textContent"

inChromium('a unit', function () {
  this.timeout(60_000)
  let opened: Opened
  let page: Opened['page']
  before(async () => {
    opened = await openPage({ model: 'convnet' }, pretrained)
    page = opened.page
    await opened.draw(five)
    await opened.until("document.querySelector('#winner').textContent === '5'")
  })
  after(() => opened.close())
  /** The canvas of a layer; the image itself is the first. */
  const layer = (name: string) => page.locator('article', { hasText: name }).locator('canvas')
  async function at(name: string, u: number, v: number) {
    await layer(name).scrollIntoViewIfNeeded()
    // The page scrolls smoothly: until it stands still.
    let [before, box] = [undefined as string | undefined, (await layer(name).boundingBox())!]
    while (JSON.stringify(box) !== before) {
      before = JSON.stringify(box)
      await page.waitForTimeout(60)
      box = (await layer(name).boundingBox())!
    }
    const { x, y, width, height } = box
    return [x + u * width, y + v * height] as const
  }

  it('adds up, thirty times', async () => {
    for (let i = 0; i < 30; i++) {
      const [name, of] = i % 2 ? ['0.conv2d', 32] : ['8.dense', 10]
      await page.mouse.move(...(await at(name, ((i * 7) % 10) / 10 + 0.06, (i % 5) / 5 + 0.1)))
      await opened.until(
        `/${name}/.test(${title}) && /y = [−-]?[\\d.]+ [+−] /.test(document.querySelector('#unit').innerText)`,
      )
      await page.waitForTimeout(30)
      const text = await opened.text('unit')
      const [, sum, sign, bias, y] = /y = (-?[\d.]+) ([+−]) ([\d.]+) = (-?[\d.]+)/.exec(text)!
      const thousandths = (digits: string) => Math.round(1000 * Number(digits))
      const added = thousandths(sum) + (sign === '+' ? 1 : -1) * thousandths(bias)
      assert.equal(added, thousandths(y), `unit of ${of}: ${text}`)
      if (name !== '0.conv2d') continue
      const products = await page.locator('#unit figure:last-child td').allInnerTexts()
      assert.equal(products.length, 9)
      assert.equal(
        products.map(thousandths).reduce((a, b) => a + b, 0),
        thousandths(sum),
      )
    }
  })

  it('is held by a click, through all that the pointer passes; its window is marked on the image', async () => {
    await page.mouse.click(...(await at('0.conv2d', 0.53, 0.2)))
    await opened.until("/Held/.test(document.querySelector('#unit').innerText)")
    const held = await page.evaluate<string>(title)
    await page.mouse.move(...(await at('8.dense', 0.5, 0.5)))
    await page.waitForTimeout(100)
    assert.equal(await page.evaluate(title), held)
    // 3 of 28 pixels, on the image above.
    const image = (await layer('Image').boundingBox())!
    const marks = page.locator('article', { hasText: 'Image' }).locator('.window')
    assert.equal(await marks.count(), 1)
    const window = (await marks.boundingBox())!
    for (const side of ['width', 'height'] as const)
      assert.ok(Math.abs(window[side] / image[side] - 3 / 28) < 0.01, `${window[side]} of ${image[side]}`)
    assert.ok(window.x >= image.x && window.x + window.width <= image.x + image.width + 1)
    await page.mouse.click(...(await at('0.conv2d', 0.53, 0.2)))
    await page.mouse.move(...(await at('8.dense', 0.5, 0.5)))
    await opened.until(`/8.dense/.test(${title})`)
  })

  it('of softmax has its formula, and the classes their names', async () => {
    await page.mouse.move(...(await at('Softmax', 0.55, 0.5)))
    await opened.until(`${title} === 'Softmax, unit 5'`)
    assert.match(await opened.text('unit'), /y = eˣ \/ Σ eˣ\s+y = (1\.000|0\.9\d\d)/)
    const names = page.locator('article', { hasText: 'Softmax' }).locator('.names span')
    assert.deepEqual(await names.allInnerTexts(), Array.from('0123456789'))
  })

  it('has a card that closes, on a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    await page.mouse.click(...(await at('6.dense', 0.5, 0.5)))
    await opened.until("document.querySelector('#unit').checkVisibility()")
    await page.click('#unit .close')
    assert.equal(await page.locator('#unit').isVisible(), false)
  })

  it('caused no error', () => assert.deepEqual(opened.wrong, []))
})
