// What a hand does to the page besides drawing: it trains, pauses, leaves, comes back, goes back, types numbers as people do.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { root } from './cli/chiffre.js'
import { inChromium, openPage, type Opened } from './support/chromium.js'

const one = [[0.5, 0.18], [0.5, 0.82]] as const // prettier-ignore
const names = ['deepnet1', 'deepnet2']
const pretrained = Object.fromEntries(names.map(name => [name, [join(root, `storage/pretrained/${name}.safetensors`)]]))
const status = "document.querySelector('#training-status').textContent"

inChromium('the page under a hand', function () {
  this.timeout(90_000)
  let opened: Opened
  let page: Opened['page']
  beforeEach(async () => {
    opened = await openPage({ model: 'deepnet1' }, pretrained)
    page = opened.page
  })
  afterEach(async () => {
    await opened.close()
    assert.deepEqual(opened.wrong, [])
  })
  const reads = (answer: string) => opened.until(`document.querySelector('#winner').textContent === '${answer}'`)

  it('reads learning rates as people write them, and refuses 0', async () => {
    for (const [typed, kept] of [
      ['0,01', '0.01'],
      ['1E-3', '0.001'],
      ['.5', '0.5'],
    ] as const) {
      // prettier-ignore
      await page.fill('#lr', typed)
      await page.locator('#lr').blur()
      assert.match(page.url(), new RegExp(`lr=${kept}&`))
      assert.equal(await page.inputValue('#lr'), kept)
    }
    await page.fill('#lr', '0')
    await page.click('#train')
    assert.equal(
      await page.evaluate("document.querySelector('#lr').validationMessage"),
      'A number above 0, such as 0.001',
    )
    assert.equal(await page.evaluate(status), '')
    await page.fill('#lr', '0.25')
    await page.locator('#lr').blur()
    await page.click('#language')
    await opened.until("document.querySelector('#lr').value === '0,25'")
  })

  it('keeps the drawing, the theme, the sliders and what is sheared when it is loaded again', async () => {
    await opened.draw(one)
    await reads('1')
    await page.fill('#turn', '30')
    await page.check('#strip-deslant')
    await page.click('#theme')
    const theme = await page.evaluate('document.documentElement.dataset.theme')
    await page.waitForTimeout(300)
    const bars = await opened.text('bars')
    await page.reload()
    await opened.started()
    await opened.until("document.querySelector('#turn').value === '30'")
    assert.deepEqual([await page.isChecked('#deslant'), await page.isChecked('#strip-deslant')], [false, true])
    await page.uncheck('#strip-deslant')
    await opened.until(`document.querySelector('#bars').innerText === ${JSON.stringify(bars)}`)
    assert.equal(await page.evaluate('document.documentElement.dataset.theme'), theme)
    await page.click('#clear')
    await page.reload()
    await opened.started()
    await reads('–')
  })

  it('Back undoes a change of model', async () => {
    await page.selectOption('#model', 'deepnet2')
    await opened.until("location.hash.includes('model=deepnet2')")
    await page.goBack()
    await opened.until("document.querySelector('#model').value === 'deepnet1'")
    await opened.until("document.querySelectorAll('#layers article').length === 3")
  })

  it('keeps the focus on what was chosen to compare with', async () => {
    await page.focus('#compare-deepnet2')
    await page.keyboard.press('Space')
    await opened.until("location.hash.includes('compare=deepnet2')")
    await page.waitForTimeout(200)
    assert.equal(await page.evaluate('document.activeElement.id'), 'compare-deepnet2')
  })

  it('draws no line between two fingers', async () => {
    const cdp = await page.context().newCDPSession(page)
    const { x, y, width } = (await page.locator('#pen').boundingBox())!
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...points: [number, number][]) =>
      cdp.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: points.map(([u, v], id) => ({ x: x + u * width, y: y + v * width, id })),
      })
    await touch('touchStart', [0.2, 0.2])
    await touch('touchStart', [0.2, 0.2], [0.8, 0.8])
    for (let i = 0; i <= 5; i++) await touch('touchMove', [0.2, 0.2 + i / 10], [0.8, 0.8 - i / 10])
    await touch('touchEnd')
    const inked = (u: number, v: number) =>
      page.evaluate<number>(`(() => {
        const copy = new OffscreenCanvas(560, 560).getContext('2d', { willReadFrequently: true })
        copy.drawImage(document.querySelector('#pen'), 0, 0)
        return copy.getImageData(560 * ${u}, 560 * ${v}, 1, 1).data[0]
      })()`)
    assert.deepEqual([await inked(0.2, 0.4), await inked(0.5, 0.5), await inked(0.8, 0.6)], [255, 0, 0])
  })

  it('trains: draw meanwhile on the small board, pause stays, leaving asks, the runs lie over one another', async () => {
    await page.fill('#epochs', '3')
    await page.locator('#train').focus()
    await page.keyboard.press('Enter')
    await opened.until(`/epoch 1: loss/.test(${status})`)
    assert.equal(await page.evaluate('document.activeElement.id'), 'pause')
    await opened.draw(one, 'small-pen')
    await opened.until("document.querySelector('#small-winner').textContent === '1'")
    assert.match(await opened.text('small-verdict'), /1: .*deepnet1/)
    await page.click('#pause')
    await page.waitForTimeout(500)
    assert.equal(await page.evaluate(status), 'Paused.')
    const asked: string[] = []
    page.on('dialog', dialog => {
      asked.push(dialog.type())
      void dialog.dismiss()
    })
    await page.evaluate('setTimeout(() => location.reload())')
    await page.waitForTimeout(500)
    assert.deepEqual(asked, ['beforeunload'])
    await page.click('#pause')
    await page.click('#stop')
    await opened.until(`/^Stopped/.test(${status})`)
    await page.click('#train')
    await opened.until("document.querySelectorAll('#runs li').length === 2")
    await page.click('#stop')
    await opened.until(`/^Stopped/.test(${status})`)
    assert.match((await page.locator('#runs li').allInnerTexts()).join(), /deepnet1, Adam 0.0001, Seed 0/)
    await page.click('#forget')
    assert.equal(await page.locator('#runs li').count(), 1)
    // Ten pictures of weights in colours.
    const colours = await page.evaluate<number>(`(() => {
      const copy = new OffscreenCanvas(300, 28).getContext('2d', { willReadFrequently: true })
      copy.drawImage(document.querySelector('#template-maps'), 0, 0)
      return new Set(copy.getImageData(0, 0, 100, 28).data).size
    })()`)
    assert.ok(colours > 20, `${colours}`)
  })

  it('says so when nothing was learned', async () => {
    await page.fill('#lr', '1e-12')
    await page.click('#train')
    await opened.until(`/has learned nothing: [\\d.]+% right, and guessing gives 10 %/.test(${status})`, 60_000)
  })

  it('puts a mistake on the board that is clicked', async () => {
    await page.click('#test')
    await page.waitForSelector('#gallery li', { timeout: 60_000 })
    const card = page.locator('#gallery button').first()
    const [, answer] = /read as (\d)/.exec((await card.getAttribute('title'))!)!
    await card.click()
    await reads(answer)
    assert.equal(await page.evaluate('document.activeElement.id'), 'desk')
  })

  it('shows one section to a class, in large type, and its address says which', async () => {
    const seen = () =>
      page.evaluate<string[]>(
        "[...document.querySelectorAll('main > section')].filter(s => s.checkVisibility()).map(s => s.id)",
      )
    await page.click('#classroom')
    assert.deepEqual(await seen(), ['desk'])
    assert.match(page.url(), /show=desk/)
    assert.equal(await page.evaluate("getComputedStyle(document.querySelector('#verdict-text')).fontSize"), '25.3px')
    await page.click('nav a[href="#training"]')
    assert.deepEqual(await seen(), ['training'])
    await page.reload()
    await opened.started()
    await opened.until("document.querySelector('#desk').hidden")
    assert.deepEqual(await seen(), ['training'])
    await page.goBack()
    await opened.until("!document.querySelector('#desk').hidden")
    assert.deepEqual(await seen(), ['desk'])
    await page.evaluate('document.activeElement.blur()')
    await page.keyboard.press('Escape')
    await opened.until("!document.querySelector('#training').hidden")
    assert.equal((await seen()).length, 6)
  })
})
