// gpu.js in a real browser, from the minified bundle of production: Chromium draws in software where there is no GPU.
import assert from 'node:assert/strict'
import { build } from 'esbuild'
import { chromium, type Browser } from 'playwright-core'
import type { Parity } from './browser/parity.js'

const executablePath = process.env.CHIFFRE_CHROMIUM

if (!executablePath)
  describe.skip('gpu.js in Chromium: SKIPPED, set CHIFFRE_CHROMIUM=/usr/bin/chromium to run it', () => it('agrees'))
else
  describe('gpu.js in Chromium, minified', function () {
    this.timeout(600_000)
    let browser: Browser
    let script: string

    before(async () => {
      const { outputFiles } = await build({
        entryPoints: ['dist/test/browser/parity.js'],
        bundle: true,
        minify: true,
        write: false,
        format: 'iife',
        platform: 'browser',
        logLevel: 'error',
        alias: { 'node:assert/strict': './dist/test/browser/assert.js' },
      })
      script = outputFiles[0].text
      const args = ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--enable-unsafe-webgpu']
      browser = await chromium.launch({ executablePath, args })
    })
    after(() => browser.close())

    async function open() {
      const page = await browser.newPage()
      await page.route('http://localhost/', route =>
        route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
      )
      await page.goto('http://localhost/') // WebGPU wants a page from a safe place
      await page.addScriptTag({ content: script })
      return page
    }

    for (const backend of ['gpujs:webgl2', 'gpujs:webgpu', 'webgpu'])
      it(`${backend} passes the parity suite`, async () => {
        const page = await open()
        const { name, passed, failures } = await page.evaluate(backend => window.parity(backend), backend)
        assert.equal(name, backend)
        assert.deepEqual(failures, [])
        assert.ok(passed > 100, `${passed} tests passed`)
        await page.close()
      })

    for (const length of [2 ** 23 - 2 ** 14, 2 ** 23 + 4, 2 ** 22 + 4])
      it(`finds each of ${length} numbers in its texture`, async () => {
        const page = await open()
        assert.equal(await page.evaluate(length => window.firstWrong(length), length), undefined)
        await page.close()
      })

    it('a GPU that is taken away is an error, not zeros', async () => {
      const page = await open()
      assert.equal(await page.evaluate(() => window.lose()), 'gpujs.lost')
      await page.close()
    })
  })

/** What parity.ts adds to the page. */
declare const window: {
  parity(backend: string): Promise<Parity>
  lose(): Promise<unknown>
  firstWrong(length: number): Promise<number | undefined>
}
