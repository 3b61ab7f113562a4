// npm run bench: every kernel of the contract, on every backend, in the sizes of the models and as square products.
import yargs from 'yargs'
import type { Backend, Buffer } from '../engine/index.js'
import { backends, configurations } from './backends.js'
import { checker } from './check.js'
import { allCalls, cost, describe, kernelNames, type Call, type Kernel } from './kernelCalls.js'
import { measure, type Effort, type Timing } from './measure.js'
import { operands, run, upload } from './operands.js'
import { backendOption, threadsOption } from './options.js'
import { peak, type Peak } from './peak.js'
import { save, type Results } from './results.js'
import { duration, kernelTable, print, progress } from './tables.js'

export interface KernelRow {
  readonly kernel: Kernel
  readonly sizes: string
  readonly models: readonly string[]
  /** What really ran. */
  readonly backend: string
  readonly threads: number
  readonly flops: number
  readonly bytes: number
  /** Against the reference in double precision; undefined if the call was not made. */
  readonly error?: number
  readonly timing?: Timing
  /** The seconds that a call would have taken, if that was too long to measure. */
  readonly skipped?: number
}

export interface KernelResults extends Results<KernelRow> {
  /** By number of threads. */
  readonly peaks: Readonly<Record<number, Peak>>
  /** By backend: the seconds that waiting for a result takes, which every timing includes. */
  readonly waiting: Readonly<Record<string, number>>
}

/** Sums of 73,728 products in float32 (a filter's gradient) are this exact at least. */
const tolerance = 1e-4

/**
 * Waits until x is computed. Backends may queue a kernel, or delay it until its result is read, so the clock must not
 * stop before x was read; but to download all of it would measure the copy. A max-pool of 1x1 windows whose stride is
 * the length of x has a single cell, the first of x: to download that is all that x is read for.
 */
async function settle(backend: Backend, x: Buffer) {
  const one = { n: 1, w: 1, c: 1, size: 1, oh: 1, ow: 1 }
  const first = backend.maxPool(x, { ...one, h: x.length, stride: x.length })
  await backend.download(first)
  backend.free(first)
}

/** Checks a call on a backend, then measures it. Optimizers change their state in place; all other results are freed. */
async function measureCall(call: Call, backend: Backend, effort: Effort) {
  const values = operands(call)
  const buffers = upload(backend, values)
  const updates = call.kernel === 'adamStep' || call.kernel === 'sgdStep'
  const once = () => {
    const result = run(call, backend, buffers)
    if (updates) buffers.set(0, result)
    return result
  }
  const result = once()
  const wrong = await check.error(call, values, await backend.download(result))
  if (!(wrong <= tolerance))
    throw new Error(`${call.kernel} ${describe(call)} is wrong on ${backend.name}: relative error ${wrong}`)
  if (!updates) backend.free(result)
  const timing = await measure(async () => {
    const y = once()
    await settle(backend, y)
    if (!updates) backend.free(y)
  }, effort)
  for (const buffer of buffers.values()) backend.free(buffer)
  return { error: wrong, timing }
}

const argv = yargs(process.argv.slice(2))
  .usage('npm run bench -- [kernels…] [options]\n\nMeasures the kernels of the backends.')
  .option('backend', backendOption)
  .option('threads', threadsOption)
  .option('batch', { number: true, default: 128, describe: 'examples in a batch' })
  .option('time', { number: true, default: 0.3, describe: 'seconds to measure each call' })
  .option('samples', { number: true, default: 5, describe: 'samples of each call, at least' })
  .option('cap', { number: true, default: 2, describe: 'skip calls that would take more seconds' })
  .strictOptions()
  .parseSync()

const selected = argv._.map(String)
const unknown = selected.find(name => !kernelNames.includes(name as Kernel))
if (unknown !== undefined) {
  console.error(`There is no kernel ${unknown}. Kernels: ${kernelNames.join(', ')}`)
  process.exit(1)
}

const check = checker()
const calls = allCalls(argv.batch).filter(({ kernel }) => selected.length === 0 || selected.includes(kernel))
const rows: KernelRow[] = []
const peaks: Record<number, Peak> = {}
const waiting: Record<string, number> = {}
const contestants = []
for (const { backend: name, threads } of configurations(argv.backend, argv.threads)) {
  peaks[threads] ??= await peak(threads)
  const backend = await backends[name].make(threads)
  const one = backend.upload(new Float32Array(1))
  waiting[`${backend.name}, ${threads} threads`] = (await measure(() => settle(backend, one), argv)).median
  backend.free(one)
  // Seconds a FLOP of the last call, by kernel. The next is a little larger: this tells how long it will take.
  contestants.push({ backend, threads, paces: new Map<string, number>() })
}
// The backends take turns at each call: the machine is faster at some times than at others.
for (const call of calls)
  for (const { backend, threads, paces } of contestants) {
    const { kernel, models } = call
    const { flops, bytes } = cost(call)
    const row = { kernel, sizes: describe(call), models, backend: backend.name, threads, flops, bytes }
    const family = kernel.replace(/Grad.*/, '')
    const foreseen = (paces.get(family) ?? 0) * flops
    if (foreseen > argv.cap) {
      rows.push({ ...row, skipped: foreseen })
      continue
    }
    progress(`${kernel} ${row.sizes} on ${backend.name}`)
    const measured = await measureCall(call, backend, argv)
    paces.set(family, measured.timing.median / flops)
    rows.push({ ...row, ...measured })
  }
for (const { backend } of contestants) await backend.dispose()
await check.end()
progress('')
const results = { peaks, waiting, rows }
print(kernelTable(results))
for (const [threads, { gflops, gbytes }] of Object.entries(peaks))
  console.log(`Peak with ${threads} threads: ${gflops.toFixed(1)} GFLOP/s, ${gbytes.toFixed(1)} GB/s`)
for (const [name, seconds] of Object.entries(waiting))
  console.log(`Waiting for a result on ${name}: ${duration(seconds)}, which every time includes`)
await save<KernelResults>('kernels', results)
