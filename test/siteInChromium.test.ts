// `chiffre site`: files that a host without any settings serves below a path of its own, as GitHub Pages does. The page draws,
// reads and trains there, on threads; and is small.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { mnistFolder } from '../cli/datasets.js'
import { rejectorPath } from '../cli/trained.js'
import { chiffre, temporaryFolder } from './cli/chiffre.js'
import { inChromium, openPage, type Opened } from './support/chromium.js'

const folder = join(temporaryFolder(), 'site')
const mostBytes = 155_000

describe('chiffre site', function () {
  this.timeout(60_000)
  it('writes the page with everything that it loads', async () => {
    const { code, out, err } = await chiffre('site', folder)
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /^The page is in .*site: put these files on any host/)
    const name = 't10k-labels-idx1-ubyte'
    const labels = gunzipSync(readFileSync(join(folder, `data/mnist/${name}.gz`)))
    assert.ok(labels.equals(readFileSync(join(mnistFolder(), name))))
    const checkpoints = JSON.parse(readFileSync(join(folder, 'checkpoints.json'), 'utf8')) as Record<string, string>
    for (const model of ['deepnet1', 'deepnet2', 'convnet']) readFileSync(join(folder, checkpoints[model]))
    const settings = JSON.parse(readFileSync(join(folder, 'settings.json'), 'utf8')) as { rejector: string }
    assert.ok(readFileSync(join(folder, settings.rejector)).equals(readFileSync(rejectorPath)))
    assert.deepEqual(
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => /\.(map|ts|tmp)$/.test(file)),
      [],
    )
  })
  it('writes it again, and leaves a folder with something else in it alone', async () => {
    assert.equal((await chiffre('site', folder)).code, 0)
    const others = join(temporaryFolder(), 'mine')
    mkdirSync(others)
    writeFileSync(join(others, 'thesis.txt'), '')
    const { code, err } = await chiffre('site', others)
    assert.equal(code, 1)
    assert.match(err, /mine: there is something else in it/)
    assert.deepEqual(readdirSync(others), ['thesis.txt'])
    assert.match((await chiffre('site')).err, /into which folder\? node cli site DIR/)
  })
})

inChromium('the site', function () {
  this.timeout(180_000)
  let opened: Opened
  const asked = new Set<string>()

  before(async () => {
    await chiffre('site', folder)
    const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }
    types['.svg'] = 'image/svg+xml'
    const server = createServer((request, response) => {
      const path = /^\/pupils\/chiffre\/([\w./-]*)$/.exec(request.url!)?.[1]
      try {
        if (path === undefined) throw new Error('it is elsewhere')
        const name = path || 'index.html'
        response.setHeader('Content-Type', types[extname(name)] ?? 'application/octet-stream')
        response.end(readFileSync(join(folder, name)))
        asked.add(name)
      } catch {
        response.writeHead(404).end()
      }
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const serving = {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/pupils/chiffre/`,
      close: async () => void server.close(),
    }
    opened = await openPage({}, {}, { serving })
  })
  after(() => opened.close())

  it('is isolated by its service worker, so that threads may share memory', async () => {
    assert.equal(await opened.page.evaluate('crossOriginIsolated'), true)
  })
  it(`is at most ${mostBytes} bytes, compressed, before weights`, () => {
    const code = [...asked].filter(name => !name.startsWith('checkpoints/'))
    assert.ok(code.includes('network.js') && code.includes('main.css'), code.join())
    const bytes = code.map(name => gzipSync(readFileSync(join(folder, name)), { level: 9 }).length)
    assert.ok(bytes.reduce((a, b) => a + b) <= mostBytes, code.map((name, i) => `${name} ${bytes[i]}`).join(', '))
  })
  it('reads a drawing', async () => {
    await opened.draw([
      [0.3, 0.25],
      [0.68, 0.24],
      [0.45, 0.8],
    ])
    await opened.until("document.querySelector('#winner').textContent === '7'")
  })
  it('says of an H that it may be no digit, and what it would be', async () => {
    await opened.page.click('#clear')
    for (const [x, y, u, v] of [
      [0.35, 0.2, 0.35, 0.8],
      [0.65, 0.2, 0.65, 0.8],
      [0.35, 0.5, 0.65, 0.5],
    ])
      await opened.draw([
        [x, y],
        [u, v],
      ])
    await opened.until(
      "/^Not a digit\\? If it is one, a \\d: .*deepnet2/.test(document.querySelector('#verdict-text').textContent)",
    )
  })
  it('trains on the compressed digits', async () => {
    await opened.page.fill('#epochs', '1')
    await opened.page.click('#train')
    await opened.until("/^Done/.test(document.querySelector('#training-status').textContent)", 120_000)
    await opened.page.click('#test')
    await opened.until("/%/.test(document.querySelector('#test-status').textContent)", 60_000)
    const accuracy = Number(/([\d.]+)%/.exec(await opened.text('test-status'))![1])
    assert.ok(accuracy > 88, `${accuracy} %`)
  })
  it('caused no error and no request to another host', () => {
    assert.deepEqual(opened.wrong, [])
  })
})
