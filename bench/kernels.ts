// npm run bench: every kernel of the contract, on every backend, in the sizes of the models and as square products.
import yargs from 'yargs'
import type { Backend } from '../engine/index.js'
import { models } from '../models/index.js'
import { backends, configurations, usualKernels } from './backends.js'
import { checker } from './check.js'
import { explain } from './explain.js'
import { explainWebgpu } from './explainWebgpu.js'
import { allCalls, kernelNames, type Kernel } from './kernelCalls.js'
import { backendOption, callsOptions, threadsOption } from './options.js'
import { peak, type Peak } from './peak.js'
import { save, type Results } from './results.js'
import { backendRunner, measureCall, measureTransfers, measureWaiting, type Transfer } from './runner.js'
import { duration, kernelTable, print, threadsOf, transferTable } from './tables.js'
import { takeTurns, type Contestant, type KernelRow } from './turns.js'

export interface KernelResults extends Results<KernelRow> {
  /** By number of threads. */
  readonly peaks: Readonly<Record<number, Peak>>
  /** By backend: the seconds that waiting for a result takes, which every timing includes. */
  readonly waiting: Readonly<Record<string, number>>
  readonly transfers: readonly (Transfer & { readonly threads: number })[]
}

const argv = yargs(process.argv.slice(2))
  .usage('npm run bench -- [kernels…] [options]\n\nMeasures the kernels of the backends.')
  .option('backend', { ...backendOption, default: await usualKernels() })
  .option('threads', threadsOption)
  .option('batch', { number: true, default: 128, describe: 'examples in a batch' })
  .options(callsOptions)
  .option('explain', {
    choices: Object.keys(models),
    describe:
      'print the program that a backend, wasm or webgpu, makes of a training step of a model, and measure nothing else',
  })
  .strictOptions()
  .parseSync()

/** What does not work is said in one line. */
function fail(reason: unknown): never {
  console.error(reason instanceof Error ? reason.message : reason)
  process.exit(1)
}

if (argv.explain !== undefined) {
  const found = argv.backend.filter(name => name === 'wasm' || name === 'webgpu')
  if (found.length === 0) fail(`Only wasm and webgpu make a program of a step, not ${argv.backend.join(', ')}`)
  for (const { backend, threads } of configurations(found, argv.threads)) {
    const program =
      backend === 'webgpu'
        ? explainWebgpu(argv.explain, argv.batch)
        : explain(argv.explain, argv.batch, threads, await peak(threads))
    console.log([...(await program.catch(fail)), ''].join('\n'))
  }
  process.exit()
}

const selected = argv._.map(String)
const unknown = selected.find(name => !kernelNames.includes(name as Kernel))
if (unknown !== undefined) fail(`There is no kernel ${unknown}. Kernels: ${kernelNames.join(', ')}`)

const check = checker()
const calls = allCalls(argv.batch).filter(({ kernel }) => selected.length === 0 || selected.includes(kernel))
const peaks: Record<number, Peak> = {}
const waiting: Record<string, number> = {}
const transfers: KernelResults['transfers'][number][] = []
const contestants: Contestant[] = []
const open: Backend[] = []
for (const { backend: name, threads } of configurations(argv.backend, argv.threads)) {
  peaks[threads] ??= await peak(threads)
  const backend = await Promise.resolve(backends[name].make(threads)).catch(fail)
  const runner = backendRunner(backend)
  waiting[`${backend.name}, ${threadsOf(threads)}`] = await measureWaiting(runner, argv)
  if (selected.length === 0) transfers.push(...(await measureTransfers(runner, argv)).map(row => ({ ...row, threads })))
  contestants.push({
    name: backend.name,
    threads,
    measure: call => measureCall(call, runner, check.error, argv),
  })
  open.push(backend)
}
const rows = await takeTurns(calls, contestants, argv.cap)
for (const backend of open) await backend.dispose()
await check.end()
const results = { peaks, waiting, transfers, rows }
print(kernelTable(results))
if (transfers.length > 0) print(transferTable(transfers))
for (const [threads, { gflops, gbytes }] of Object.entries(peaks))
  console.log(`Peak with ${threadsOf(Number(threads))}: ${gflops.toFixed(1)} GFLOP/s, ${gbytes.toFixed(1)} GB/s`)
for (const [name, seconds] of Object.entries(waiting))
  console.log(`Waiting for a result on ${name}: ${duration(seconds)}, which every time includes`)
// A selection does not take the place of a whole run, which docs/benchmarks.md shows.
await save<KernelResults>(selected.length > 0 ? 'kernels-selected' : 'kernels', results)
