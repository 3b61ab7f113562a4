// npm run bench -- --explain MODEL: the program that the wasm backend makes of a training step, record by record.
import { readFile } from 'node:fs/promises'
import type { Arg } from '../engine/backends/wasm/planner.js'
import type { Explained, Noted } from '../engine/backends/wasm/recording.js'
import { kindsOf } from '../engine/backends/wasm/threadPool.js'
import { adam, fit, wasm, type Backend } from '../engine/index.js'
import { models } from '../models/index.js'
import { median } from './measure.js'
import { mnist } from './mnist.js'
import type { Peak } from './peak.js'
import { root } from './results.js'
import { duration, threadsOf } from './tables.js'

/** Steps before anything is timed: V8 compiles what is hot, and Adam's memory fills. */
const WARM_UP = 30
const ROUNDS = 21

/** A kernel's parameters by name, with the number that each is (an address for a buffer). */
type Numbers = Readonly<Record<string, number>>

/** The arithmetic of a record, as the definition has it, and the least traffic with memory: every number once. */
interface Cost {
  readonly flops: number
  readonly bytes: number
}

/** A matrix product, a convolution over so many images, and so much work with each of n numbers. */
const product = ({ m, k, n }: Numbers): Cost => ({ flops: 2 * m * k * n, bytes: 4 * (m * k + k * n + m * n) })
const convolution = ({ h, w, ci, kh = 3, kw = 3, co }: Numbers, images: number, outputs?: number): Cost => {
  const pixels = outputs ?? (h - kh + 1) * (w - kw + 1)
  const bytes = 4 * (images * (h * w * ci + pixels * co) + kh * kw * ci * co)
  return { flops: 2 * images * pixels * co * kh * kw * ci, bytes }
}
const each = (n: number, flops: number, operands: number): Cost => ({ flops: flops * n, bytes: 4 * operands * n })
const sum = (...all: readonly Cost[]): Cost => ({
  flops: all.reduce((total, { flops }) => total + flops, 0),
  bytes: all.reduce((total, { bytes }) => total + bytes, 0),
})

/** What is known of the kernels' arithmetic; the others move numbers about, or are as good as free. */
const costs: Readonly<Record<string, (a: Numbers, items: number) => Cost>> = {
  multiply: product,
  spmm: product,
  spmmBlock: a => product({ ...a, n: 10 }), // Digits: it treats all twelve columns of a panel, and is not told how many are used.
  spmmTransposed: product,
  sddmm: product,
  spmmAdam: a => sum(product(a), each(a.m * a.n, 14, 6)),
  adam: a => each(a.n, 14, 7),
  sgd: a => each(a.n, 2, 3),
  momentum: a => each(a.n, 4, 5),
  convolve: (a, items) => convolution(a, items, a.oh * a.ow),
  convolveActive: (a, items) => convolution(a, items, a.oh * a.ow),
  convolvePool: (a, items) => convolution(a, items),
  filterGrad: a => convolution(a, a.n, a.oh * a.ow),
  activeFilterGrad: a => convolution(a, a.n, a.oh * a.ow),
  sparseFilterGrad: a => convolution(a, a.n),
  sparseInputGrad: (a, items) => convolution(a, items),
  addBias: a => each(a.m * a.n, 1, 2),
  biasGrad: a => each(a.m * a.n, 1, 1),
  sumParts: a => each(a.count * a.n, 1, 1),
  crossEntropy: a => each(a.m * a.n, 4, 2),
  crossEntropyGrad: a => each(a.m * a.n, 3, 2),
}

interface Parameter {
  readonly name: string
  readonly isAddress: boolean
}

/** Each kernel's parameters, as the build has written them down: their names, and which of them are addresses. */
async function parametersOf(): Promise<ReadonlyMap<string, readonly Parameter[]>> {
  const types = await readFile(`${root}engine/backends/wasm/kernels.ts`, 'utf8')
  return new Map(
    [...types.matchAll(/^ {2}(\w+): \[(.*)\]$/gm)].map(([, kernel, list]) => {
      const names = [...list.matchAll(/(\w+): number/g)].map(([, name]) => name)
      return [kernel, names.map((name, i) => ({ name, isAddress: !'if'.includes(kindsOf(kernel)[i]) }))]
    }),
  )
}

/** Numbers the pieces of memory by their addresses, in the order in which they are met. */
function pieces() {
  const numbers = new Map<number, number>()
  return (address: number) => {
    if (!numbers.has(address)) numbers.set(address, numbers.size + 1)
    return `#${numbers.get(address)}`
  }
}

/** Seconds that a record takes: all threads together, and the share of each by itself. */
interface Times {
  readonly together: number
  readonly shares: readonly number[]
}

/** Times every record of a program, which runs from end to end again and again, so that caches hold what they do in a step. */
function timesOf({ records, run }: Explained, threads: number): Times[] {
  const seconds = (work: () => void) => {
    const start = performance.now()
    work()
    return (performance.now() - start) / 1000
  }
  const walk = (time: (record: number) => number[]) => records.map((_, r) => time(r))
  const rounds = Array.from({ length: ROUNDS }, () => ({
    together: walk(r => [seconds(() => run(r))]),
    shares: walk(r => Array.from({ length: threads }, (_, thread) => seconds(() => run(r, thread)))),
  }))
  const typical = (of: (round: (typeof rounds)[number]) => number) => median(rounds.map(of))
  return records.map((_, r) => ({
    together: typical(({ together }) => together[r][0]),
    shares: Array.from({ length: threads }, (_, thread) => typical(({ shares }) => shares[r][thread])),
  }))
}

/** What a record does, with which shapes and layouts, and how long that takes. */
function textOf(
  { kernel, items, args, planned }: Noted,
  { together, shares }: Times,
  parameters: readonly Parameter[],
  numberOf: (address: number) => string,
  { gflops, gbytes }: Peak,
): string[] {
  if (kernel === 'finite') return [`finite  ends the program if ${numberOf(args[0] as number)}, the loss, is no number`]
  if (kernel === 'guard') return [`guard   ends the program if ${numberOf(args[0] as number)} is no longer ${args[2] ? 'above' : 'at most'} ${args[1] as number}`] // prettier-ignore
  const values = args.map(arg => (typeof arg === 'function' ? arg() : arg))
  const cost = costs[kernel]?.(Object.fromEntries(parameters.map(({ name }, i) => [name, values[i]])), items)
  const speed = cost && `${(cost.flops / together / 1e9).toPrecision(3)} GFLOP/s`
  const limit = cost && Math.max(cost.flops / gflops, cost.bytes / gbytes) / 1e9
  const times = [
    ...(shares.length > 1 ? shares.map((share, thread) => `thread ${thread} ${duration(share)}`) : []),
    duration(together),
    ...(limit ? [speed, `${((100 * limit) / together).toFixed(0)} % of the roof`] : []),
  ]
  const path = planned && planned.plan.path !== kernel ? ` (${planned.plan.path})` : ''
  const list = parameters.flatMap(({ name, isAddress }, i) => {
    if (!isAddress || values[i] === 0)
      return [`${name} ${typeof args[i] === 'function' ? 'live' : Number(values[i].toPrecision(4))}`]
    return [`${name} ${layoutOf(planned?.args[i])}${numberOf(values[i])}`]
  })
  return [`${kernel}${path} x ${items}   ${times.join(' · ')}`, `    ${list.join(', ')}`]
}

function layoutOf(arg: Arg | undefined): string {
  if (typeof arg !== 'object' || 'size' in arg) return ''
  return arg.m ? `${arg.as}[${arg.m},${arg.n}]` : `${arg.as}[${arg.of.length}]`
}

/** Seconds of the first steps of a training, each of which begins with a call of `before`; `end` gives its program back. */
export async function stepsOf(backend: Backend, model: string, batchSize: number, count: number, before?: () => void) {
  const network = models[model]().init(backend, 0)
  const examples = (await mnist('train')).take(count * batchSize)
  const steps = fit(network, adam(network.parameters), backend, examples, { lr: 1e-3, epochs: 1, batchSize })
  const seconds: number[] = []
  for (let step = 0; step < count; step++) {
    before?.()
    const start = performance.now()
    await steps.next()
    seconds.push((performance.now() - start) / 1000)
  }
  return { seconds, end: () => steps.return(undefined) }
}

/** The program of a training step, in lines, timed on so many threads. @throws if a step of the model is not replayed */
export async function explain(model: string, batchSize: number, threads: number, peak: Peak): Promise<string[]> {
  let program: Explained | undefined
  const backend = await wasm({ threads, explain: found => (program = found) })
  const { seconds, end } = await stepsOf(backend, model, batchSize, WARM_UP)
  if (!program) throw new Error(`a step of ${model} is not replayed: it draws random numbers in JavaScript`)
  const { records, levels } = program
  const [times, parameters, numberOf] = [timesOf(program, backend.threads), await parametersOf(), pieces()]
  const lines = records.flatMap((record, r) => {
    const [first, ...more] = textOf(record, times[r], parameters.get(record.kernel) ?? [], numberOf, peak)
    return [`${`${r + 1}`.padStart(3)}${levels[r] === levels[r - 1] ? '&' : ' '} ${first}`, ...more]
  })
  await end()
  await backend.dispose()
  const sum = times.reduce((total, { together }) => total + together, 0)
  return [
    `A training step of ${model}, ${batchSize} examples, on ${threadsOf(backend.threads)}: ${records.length} records, one call. Those with & need nothing of the one before, and do not wait for it.`,
    '',
    ...lines,
    '',
    `Record by record ${duration(sum)}, the whole program ${duration(median(seconds.slice(WARM_UP / 2)))}. The roof: ${peak.gflops.toFixed(0)} GFLOP/s, ${peak.gbytes.toFixed(0)} GB/s.`,
  ]
}
