// The page's server gives out its folders' files, and nothing else to nobody else.
import assert from 'node:assert/strict'
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { request as ask, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve, type Serving } from '../cli/serve.js'
import { pageSite } from '../cli/site.js'

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

describe('the server', () => {
  let folder: string
  let serving: Serving

  /** Sends a path exactly as it is: fetch() and URL would tidy `..` away first. */
  const get = (path: string, { method = 'GET', headers = {}, host = '127.0.0.1' } = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const options = { host, port: serving.port, path, method, headers }
      ask(options, response => {
        let body = ''
        response.setEncoding('utf8').on('data', (part: string) => (body += part))
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
      })
        .on('error', reject)
        .end()
    })

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chiffre-serve-'))
    await mkdir(join(folder, 'page/panels'), { recursive: true })
    await mkdir(join(folder, 'data'))
    await writeFile(join(folder, 'secret.txt'), 'secret')
    await writeFile(join(folder, 'page/index.html'), '<!doctype html><title>page</title>')
    await writeFile(join(folder, 'page/worker.js'), '// worker')
    await writeFile(join(folder, 'page/panels/a.js'), '// panel')
    await writeFile(join(folder, 'page/.hidden'), 'secret')
    await writeFile(join(folder, 'data/images'), 'images')
    await writeFile(join(folder, 'data/other'), 'secret')
    await symlink(join(folder, 'secret.txt'), join(folder, 'page/link.txt'))
    await symlink(folder, join(folder, 'page/up'))
    await symlink(join(folder, 'data/images'), join(folder, 'data/linked'))
    serving = await serve(
      {
        folders: {
          '/': { root: join(folder, 'page') },
          '/data/': { root: join(folder, 'data'), only: ['images', 'linked'] },
        },
        workers: ['/worker.js'],
        documents: { '/list.json': async () => ['a', 'b'] },
      },
      0,
    )
  })
  after(async () => {
    await serving.close()
    await rm(folder, { recursive: true })
  })

  it('serves files with their types, and the page at /', async () => {
    const page = await get('/')
    assert.deepEqual([page.status, page.body], [200, '<!doctype html><title>page</title>'])
    assert.match(page.headers['content-type']!, /^text\/html/)
    assert.match((await get('/panels/a.js?v=1')).headers['content-type']!, /javascript/)
    assert.equal((await get('/data/images')).body, 'images')
    assert.equal((await get('/list.json')).body, '["a","b"]')
    assert.deepEqual(
      [(await get('/', { method: 'HEAD' })).status, (await get('/', { method: 'HEAD' })).body],
      [200, ''],
    )
  })

  it('isolates the page, and lets it load from this server alone', async () => {
    const { headers } = await get('/')
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
    assert.equal(headers['cross-origin-embedder-policy'], 'require-corp')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/)
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    assert.match(String((await get('/worker.js')).headers['content-security-policy']), /wasm-unsafe-eval/)
  })

  for (const path of [
    '/../secret.txt',
    '/panels/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%2fsecret.txt',
    '/%252e%252e/secret.txt',
    '/..\\secret.txt',
    '/%5c..%5csecret.txt',
    '//etc/passwd',
    '/%2fetc/passwd',
    '/link.txt',
    '/up/secret.txt',
    '/.hidden',
    '/%00',
    '/index.html%00.png',
    '/%zz',
    '/panels',
    '/panels/',
    '/data/',
    '/data/other',
    '/data/../data/other',
    '/missing',
  ])
    it(`refuses ${path}`, async () => {
      const { status, body } = await get(path)
      assert.ok(status === 404 || status === 400, `status ${status}`)
      assert.doesNotMatch(body, /secret|root:/)
    })

  it('serves a link that it is told to serve by its name', async () =>
    assert.deepEqual(await get('/data/linked').then(({ status, body }) => [status, body]), [200, 'images']))

  it('lists the checkpoints that it serves, links included, and no others', async () => {
    const [linked, gone, folded] = ['linked', 'gone', 'folded'].map(name => join(folder, `${name}.safetensors`))
    await symlink(join(folder, 'data/images'), linked)
    await symlink(join(folder, 'nothing'), gone)
    const loop = join(folder, 'loop.safetensors')
    await symlink(loop, loop)
    await mkdir(folded)
    const settings = { model: 'a', backend: 'cpu', lang: 'en' }
    const site = await serve(pageSite(settings, { a: [gone, linked], b: [folded], c: [gone], d: [loop] }), 0)
    const list = (await (await fetch(`${site.url}checkpoints.json`)).json()) as Record<string, string>
    assert.deepEqual(Object.keys(list), ['a'])
    assert.equal(await (await fetch(site.url + list.a)).text(), 'images')
    await site.close()
  })

  it('closes a connection whose headers do not come', async () => {
    const impatient = await serve({ folders: {} }, 0, 200)
    const socket = connect(impatient.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half')
    const [begun, answer] = [performance.now(), once(socket, 'data')]
    await once(
      socket.on('data', () => {}),
      'close',
    )
    assert.match(String((await answer)[0]), /^HTTP\/1\.1 408 /)
    assert.ok(performance.now() - begun < 2000)
    await impatient.close()
  })

  it('refuses an absolute address of another host', async () =>
    assert.equal((await get('http://example.org/')).status, 400))

  it('refuses foreign Host headers', async () => {
    for (const host of ['example.org', `example.org:${serving.port}`, '127.0.0.1', '127.0.0.1:1'])
      assert.equal((await get('/', { headers: { host } })).status, 403, host)
    assert.equal((await get('/', { headers: { host: `localhost:${serving.port}` } })).status, 200)
  })

  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'])
    it(`refuses ${method}`, async () => {
      const { status, headers } = await get('/', { method })
      assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'])
    })

  it('answers on 127.0.0.1 alone', async () => {
    const others = Object.values(networkInterfaces()).flatMap(list => list ?? [])
    for (const { address, internal, family } of others)
      if (!internal && family === 'IPv4') await assert.rejects(get('/', { host: address }), { code: 'ECONNREFUSED' })
  })

  it('takes the next port when one is in use', async () => {
    const other = await serve({ folders: {} }, serving.port)
    assert.ok(other.port > serving.port)
    await other.close()
  })
})
