// `use` as one starts it: the page's address, a port that is taken, and the end by Ctrl-C.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { chiffre, start, temporaryFolder } from './chiffre.js'

describe('use', () => {
  for (const [signal, lang, ended] of [
    ['SIGINT', 'en', 'Ended.'],
    ['SIGTERM', 'fr', 'Terminé.'],
  ] as const)
    it(`serves the page on the next free port, says so, and ends at ${signal} (${lang})`, async () => {
      const taken = createServer().listen(0, '127.0.0.1')
      await once(taken, 'listening')
      const { port } = taken.address() as AddressInfo
      const args = ['--no-open', '--port', `${port}`, '--lang', lang, '--storage', temporaryFolder()]
      const { child, ended: over } = start('use', ...args)
      let said = ''
      let url: string | undefined
      while (!(url = /http:\S+/.exec(said)?.[0])) said += String((await once(child.stdout!, 'data'))[0])
      assert.ok(Number(new URL(url).port) > port)
      const page = await fetch(url)
      assert.match(await page.text(), /<title>chiffre<\/title>/)
      assert.equal(page.headers.get('cross-origin-opener-policy'), 'same-origin')
      const settings = (await (await fetch(`${url}settings.json`)).json()) as Record<string, string>
      assert.equal(settings.lang, lang)
      child.kill(signal)
      const { code, out, err } = await over
      assert.match(err, new RegExp(`${port}.*${new URL(url).port}`))
      assert.deepEqual([code, out.trim().split('\n').at(-1)], [0, ended])
      taken.close()
      await once(taken, 'close')
    })

  it('refuses a port that is none', async () => {
    for (const port of ['-1', '65536', 'x']) {
      const { code, err } = await chiffre('use', '--port', port, '--no-open')
      assert.equal(code, 2)
      assert.match(err, /--port/)
    }
  })
})
