// npm run bench:gpu: what a graphics card makes of products, convolutions, transfers and whole models on webgpu and on gpu.js, beside
// wasm on all cores, and models on tfjs's and jax-js's WebGPU, if these are installed (npm run bench:peers:install). Every result of ours
// is checked before its clock runs. It ends in a report that can be pasted into an issue.
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import yargs from 'yargs'
import { gpujs, webgpu, type Backend } from '../engine/index.js'
import { backends } from './backends.js'
import { checker } from './check.js'
import { allCalls, type Kernel } from './kernelCalls.js'
import { machine } from './machine.js'
import { callsOptions, modelsOption, roundsOptions, theirs } from './options.js'
import { root, save, type Results } from './results.js'
import { ours, rounds, script, type Entry, type Outcome } from './rounds.js'
import { backendRunner, measureCall, measureTransfers, measureWaiting, type Transfer } from './runner.js'
import { browserTable, duration, markdown, modelTable, transferTable } from './tables.js'
import { takeTurns, type Contestant } from './turns.js'

export interface GpuResults extends Results<Entry<Outcome>> {
  readonly adapter: NonNullable<Backend['adapter']>
}

const argv = yargs(process.argv.slice(2))
  .usage('npm run bench:gpu -- [options]\n\nMeasures a graphics card beside wasm, and writes a report to paste.')
  .option('batch', { number: true, default: 128, describe: 'examples in a batch of the kernels' })
  .options(callsOptions)
  .option('kernels', { boolean: true, default: true, describe: 'measure kernels and transfers, too' })
  .option('models', modelsOption)
  .options(roundsOptions)
  .strict()
  .parseSync()

const before = machine()
/** Ours where there is WebGPU; gpu.js on WebGPU, else on headless GL. */
const found: Backend[] = []
for (const make of [webgpu, gpujs])
  try {
    found.push(await make())
  } catch (error) {
    console.error((error as Error).message)
  }
if (found.length === 0) process.exit(1)
const threads = availableParallelism()
const open: readonly (readonly [Backend, number])[] = [
  [await backends.wasm.make(threads), threads],
  ...found.map(gpu => [gpu, 1] as const),
]

/** Where the time of the models goes. */
const products: readonly Kernel[] = ['matmul', 'conv2d', 'conv2dGradInput', 'conv2dGradFilter']
const check = checker()
const waiting: string[] = []
const transfers: (Transfer & { readonly threads: number })[] = []
const contestants: Contestant[] = []
for (const [backend, threads] of open) {
  const runner = backendRunner(backend)
  waiting.push(`${duration(await measureWaiting(runner, argv))} on ${backend.name}`)
  if (argv.kernels) transfers.push(...(await measureTransfers(runner, argv)).map(row => ({ ...row, threads })))
  contestants.push({ name: backend.name, threads, measure: call => measureCall(call, runner, check.error, argv) })
}
const calls = argv.kernels ? allCalls(argv.batch).filter(({ kernel }) => products.includes(kernel)) : []
const rows = await takeTurns(calls, contestants, argv.cap)
for (const [backend] of open) await backend.dispose()
await check.end()

/** Other libraries on WebGPU, if they are installed. */
const others = existsSync(`${root}bench/peers/node_modules`) ? ['tfjs-webgpu', 'jax-js-webgpu'] : []
const entries = await rounds(
  argv.models.flatMap(model => [
    ...open.map(([{ name }, threads]) => ours(model, name, threads, argv)),
    ...(theirs.includes(model) ? others.map(name => script(name, model, argv.limit)) : []),
  ]),
  argv.repeat,
)

const kernelsReport = argv.kernels
  ? `
### Products and convolutions, batches of ${argv.batch}

${markdown(browserTable({ rows }))}

### Transfers

${markdown(transferTable(transfers))}
`
  : ''
const [{ adapter }] = found
const report = `## ${adapter?.name ?? 'A card without a name'}, on ${found.map(({ name }) => name).join(' and ')}

${adapter?.software ? '**This is software, which the processor runs, not a graphics card: the figures say nothing about one.**\n' : ''}
${before.platform}, ${before.cpu}, ${before.cores} cores, Node ${before.node}, commit ${before.commit}, ${before.date}; load before: ${before.load.toFixed(1)}.
Waiting for a result takes ${waiting.join(', ')}, which every time includes. An error is relative to the largest number of the reference's result.

### Models: full MNIST in batches of 128${others.length > 0 ? '' : '; `npm run bench:peers:install` adds tfjs and jax-js'}

${markdown(modelTable(entries))}
${kernelsReport}`
const path = 'bench/results/gpu.md'
await writeFile(`${root}${path}`, report)
await save<GpuResults>('gpu', { adapter: adapter!, rows: entries })
console.log(
  `${report}\nThis report is in ${path}. It is welcome in an issue; docs/benchmarks.md says what is published.`,
)
