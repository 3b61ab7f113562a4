// npm run bench:browser: the kernels in Chromium, on our backends; and beside them, on the same GL, those of tfjs and
// naive ones. The page (bench/browser/page.ts) measures; this starts it, asks for one call after the other, and shows
// what came of it.
import { build } from 'esbuild'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import { chromium } from 'playwright-core'
import yargs from 'yargs'
import { allCalls, kernelNames, type Call, type Kernel } from './kernelCalls.js'
import type { Effort } from './measure.js'
import { some } from './options.js'
import { root, save, type Results } from './results.js'
import type { Measured, Transfer } from './runner.js'
import { browserTable, duration, print, progress, threadsOf, transferTable } from './tables.js'
import { takeTurns, type Contestant, type KernelRow } from './turns.js'

export interface BrowserResults extends Results<KernelRow> {
  readonly browser: string
  /** What draws, by its own name. */
  readonly gl: string
  readonly waiting: Readonly<Record<string, number>>
  readonly transfers: readonly (Transfer & { readonly threads: number })[]
  /** Who could not start, and why. */
  readonly absent: Readonly<Record<string, string>>
}

/** What tfjs and the naive kernels have, and what the time goes to. */
const products: readonly Kernel[] = ['matmul', 'conv2d', 'conv2dGradInput', 'conv2dGradFilter']
const ours = ['webgpu', 'gpujs:webgl2', 'gpujs:webgpu', 'wasm', 'cpu']
const others = ['tfjs', 'naive']
const tfjs = `${root}bench/peers/node_modules/@tensorflow/tfjs/dist/tf.min.js`
const browsers = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser']

const argv = yargs(process.argv.slice(2))
  .usage('npm run bench:browser -- [kernels…] [options]\n\nMeasures kernels in Chromium, beside tfjs and naive ones.')
  .option('backend', some([...ours, ...others], 'backends and others to measure'))
  .option('chromium', {
    string: true,
    default: process.env['CHIFFRE_CHROMIUM'] ?? browsers.find(existsSync) ?? browsers[0],
    describe: 'the browser to start',
  })
  .option('window', { boolean: true, default: false, describe: 'open a window: some GPUs are not used without' })
  .option('batch', { number: true, default: 32, describe: 'examples in a batch' })
  .option('time', { number: true, default: 0.3, describe: 'seconds to measure each call' })
  .option('samples', { number: true, default: 5, describe: 'samples of each call, at least' })
  .option('cap', {
    number: true,
    default: 3,
    describe: 'what takes more seconds is measured only once, or not if ten times more',
  })
  .strictOptions()
  .parseSync()

const fail = (reason: string) => {
  console.error(reason)
  process.exit(1)
}

const selected = argv._.map(String)
const unknown = selected.find(name => !kernelNames.includes(name as Kernel))
if (unknown !== undefined) fail(`There is no kernel ${unknown}. Kernels: ${kernelNames.join(', ')}`)
if (!existsSync(argv.chromium)) fail(`There is no browser ${argv.chromium}. Say where one is: --chromium PATH`)
if (argv.backend.includes('tfjs') && !existsSync(tfjs)) fail('tfjs is not installed: npm run bench:peers:install')

const wanted = (selected.length > 0 ? selected : products) as Kernel[]
const calls = allCalls(argv.batch).filter(({ kernel }) => wanted.includes(kernel))
const effort = { time: argv.time, samples: argv.samples, cap: argv.cap }

/** The page's scripts, each a bundle: esbuild puts gpu.js, a CommonJS package, into the form of a browser. */
async function bundle(): Promise<ReadonlyMap<string, Uint8Array>> {
  const entryPoints = ['bench/browser/page.js', 'bench/browser/checker.js']
  const { outputFiles } = await build({
    entryPoints: entryPoints.map(path => `${root}dist/${path}`),
    entryNames: '[name]',
    outdir: '/',
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
  })
  return new Map(outputFiles.map(({ path, contents }) => [path.replace(/^.*[\\/]/, '/'), contents]))
}

/** Serves the page to this machine alone, isolated, so that threads may share memory. */
async function serve(scripts: ReadonlyMap<string, Uint8Array>) {
  const server = createServer((request, response) => {
    const script = scripts.get(request.url ?? '')
    response.writeHead(script || request.url === '/' ? 200 : 404, {
      'content-type': script ? 'text/javascript' : 'text/html',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    })
    response.end(script ?? '<!doctype html>')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server }
}

/** What bench/browser/page.ts adds to the page. */
declare const bench: {
  start(name: string, threads: number): Promise<string>
  measure(key: string, call: Call, effort: Effort & { cap: number }): Promise<Measured>
  waiting(key: string, effort: Effort): Promise<number>
  transfers(key: string, effort: Effort): Promise<Transfer[]>
  gl(): string
}

const { url, server } = await serve(await bundle())
const browser = await chromium.launch({
  executablePath: argv.chromium,
  headless: !argv.window,
  args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--enable-unsafe-webgpu'],
})
try {
  const page = await browser.newPage()
  page.on('pageerror', error => console.error(error.message))
  await page.goto(url)
  if (argv.backend.includes('tfjs')) await page.addScriptTag({ content: await readFile(tfjs, 'utf8') })
  await page.addScriptTag({ url: `${url}page.js`, type: 'module' })
  await page.waitForFunction('globalThis.bench')

  const contestants: Contestant[] = []
  const waiting: Record<string, number> = {}
  const transfers: BrowserResults['transfers'][number][] = []
  const absent: Record<string, string> = {}
  for (const name of argv.backend)
    for (const threads of name === 'wasm' ? [...new Set([1, availableParallelism()])] : [1]) {
      const key = `${name} ${threads}`
      let ran: string
      try {
        ran = await page.evaluate(([name, threads]) => bench.start(name, threads), [name, threads] as const)
      } catch (error) {
        absent[name] = (error as Error).message.split('\n')[0].replace(/^page\.evaluate: (\w*Error: )?/, '')
        continue
      }
      contestants.push({
        name: ran,
        threads,
        measure: call =>
          page.evaluate(([key, call, effort]) => bench.measure(key, call, effort), [key, call, effort] as const),
        can: call => !others.includes(name) || products.includes(call.kernel),
      })
      if (others.includes(name)) continue
      const [wait, rows] = await page.evaluate(
        async ([key, effort]) => [await bench.waiting(key, effort), await bench.transfers(key, effort)] as const,
        [key, effort] as const,
      )
      waiting[`${ran}, ${threadsOf(threads)}`] = wait
      transfers.push(...rows.map(row => ({ ...row, threads })))
    }
  const gl = await page.evaluate(() => bench.gl())
  const rows = await takeTurns(calls, contestants, argv.cap)
  progress('')

  const results = { browser: `Chromium ${browser.version()}`, gl, waiting, transfers, absent, rows }
  print(browserTable(results))
  print(transferTable(transfers))
  console.log(`${results.browser}; GL: ${gl}`)
  for (const [name, seconds] of Object.entries(waiting))
    console.log(`Waiting for a result on ${name}: ${duration(seconds)}, which every time includes`)
  for (const [name, reason] of Object.entries(absent)) console.log(`${name} did not start: ${reason}`)
  await save<BrowserResults>(selected.length > 0 ? 'browser-selected' : 'browser', results)
} finally {
  await browser.close()
  server.close()
}
