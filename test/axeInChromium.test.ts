// axe-core finds nothing to say against the page: empty and in use, in both themes and both languages.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './cli/chiffre.js'
import { inChromium, openPage, type Opened } from './support/chromium.js'

const axe = join(root, 'test/axe/node_modules/axe-core/axe.min.js')
const five = [[0.64, 0.2], [0.4, 0.21], [0.37, 0.45], [0.58, 0.46], [0.64, 0.56], [0.62, 0.68], [0.53, 0.77], [0.34, 0.74]] as const // prettier-ignore
const pretrained = { deepnet1: [join(root, 'storage/pretrained/deepnet1.safetensors')] }

/** What axe-core finds: the rule, and where. */
const violations = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => [id, ...target, failureSummary].join(' '))))`

if (!existsSync(axe)) describe.skip('axe-core: SKIPPED, `npm run axe:install` installs it', () => it('finds nothing'))
else
  inChromium('axe-core', function () {
    this.timeout(120_000)
    let opened: Opened
    before(async () => {
      opened = await openPage({ model: 'deepnet1' }, pretrained)
      await opened.page.evaluate(readFileSync(axe, 'utf8'))
    })
    after(() => opened.close())

    it('finds nothing on the page before anything is done', async () => {
      assert.deepEqual(await opened.page.evaluate(violations), [])
    })

    for (const theme of ['light', 'dark'] as const)
      for (const language of ['en', 'fr'])
        it(`finds nothing on the page in use: ${theme}, ${language}`, async () => {
          const { page } = opened
          await page.emulateMedia({ colorScheme: theme })
          if ((await page.evaluate('document.documentElement.lang')) !== language) await page.click('#language')
          if ((await page.locator('#confusion button').count()) === 0) {
            await opened.draw(five)
            await opened.until("document.querySelector('#winner').textContent === '5'")
            await page.click('#test')
            await page.waitForSelector('#gallery li', { timeout: 60_000 })
            await page.fill('#lr', '0.001')
            await page.click('#train')
            await opened.until("/^Done/.test(document.querySelector('#training-status').textContent)", 60_000)
          }
          const unit = page.locator('#layers canvas').nth(1)
          await unit.scrollIntoViewIfNeeded()
          await unit.hover()
          await opened.until("document.querySelector('#unit h3') !== null")
          await page.waitForTimeout(300)
          assert.deepEqual(await page.evaluate(violations), [])
        })
  })
