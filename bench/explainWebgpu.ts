// npm run bench -- --explain MODEL --backend webgpu: the program that the webgpu backend makes of a training step, a row a dispatch.
import { TIMESTAMPS, type Dispatch } from '../engine/backends/webgpu/device.js'
import { webgpu, type WebgpuBackend } from '../engine/backends/webgpu/index.js'
import { words, type Kernel } from '../engine/backends/webgpu/kernel.js'
import type { Explained } from '../engine/backends/webgpu/program.js'
import type { Noted } from '../engine/backends/webgpu/queue.js'
import { stepsOf } from './explain.js'
import { median } from './measure.js'
import { columns, duration } from './tables.js'

/** The first step makes the optimizer's memory, the second is recorded, the last is what is told of. */
const STEPS = 4
const ROUNDS = 5
/** A dispatch is repeated until it takes so many nanoseconds: a clock that browsers made coarse ticks every 0.1 ms. */
const LONG = 5e6
const MOST = 200

/** What is known of a dispatch: its kernel, its sizes by name, and how many numbers its arrays hold. */
export type Row = Pick<Noted, 'kernel' | 'lengths' | 'groups'> & { readonly sizes: Readonly<Record<string, number>> }

/** The arithmetic of products and convolutions, as the definition has it; what else kernels do is little. */
function flopsOf({ kernel, sizes: s }: Row): number {
  if ('m' in s && 'k' in s) return 2 * s.m * s.k * s.n
  return kernel.op === 'conv2d' ? 2 * s.pixels * s.kh * s.kw * s.ci * s.co : 0
}

/** The least traffic with memory: what it reads and writes, every number once; of a set of examples, as much as is taken. */
function bytesOf({ kernel, sizes, lengths }: Row): number {
  const reads = Object.keys(kernel.reads)
  const each = lengths.map((length, i) => {
    const bytes = i === 0 && reads[0] === 'pixels' ? 1 : 4
    return bytes * (kernel.op === 'gather' && i === 0 ? sizes.count : length)
  })
  // Weights and what is remembered of them are read, and written where they are.
  const changed = /Step$/.test(kernel.op) ? each.slice(reads.length) : []
  return [...each, ...changed].reduce((sum, bytes) => sum + bytes, 0)
}

const arraysOf = ({ kernel: { reads, writes }, lengths }: Row) => {
  const named = (names: string[], from: number) => names.map((name, i) => `${name}[${lengths[from + i]}]`).join(' ')
  return `${named(Object.keys(reads), 0)} → ${named(Object.keys(writes), Object.keys(reads).length)}`
}

const count = (value: number) => Math.round(value).toLocaleString('en')

/** @param times of each row, in seconds, where the adapter tells any */
export function linesOf(
  rows: readonly Row[],
  times: readonly number[] | undefined,
  traffic: WebgpuBackend['traffic'],
): string[] {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const [bytes, flops] = [rows.map(bytesOf), rows.map(flopsOf)]
  const head = ['', 'kernel', 'sizes', 'arrays', 'workgroups', 'bytes', 'flops', ...(times ? ['time', 'GFLOP/s'] : [])]
  const table = rows.map((row, i) => {
    const { kernel, sizes, groups } = row
    const timed = times ? [duration(times[i]), flops[i] ? (flops[i] / times[i] / 1e9).toPrecision(3) : ''] : []
    return [
      `${i + 1}`,
      [kernel.op, kernel.epilogue].filter(Boolean).join(' '),
      Object.entries(sizes).map(([name, value]) => `${name} ${value}`).join(' '), // prettier-ignore
      arraysOf(row),
      `${groups.join('·').replace(/·1$/, '')} of ${kernel.threads}`,
      count(bytes[i]),
      flops[i] ? count(flops[i]) : '',
      ...timed,
    ]
  })
  return [
    ...columns([head, ...table]),
    '',
    `${rows.length} dispatches in ${traffic.submits} submit${traffic.submits === 1 ? '' : 's'}: ${count(sum(bytes))} bytes and ${count(sum(flops))} operations on the card${times ? `, ${duration(sum(times))} one by one` : ''}; ${count(traffic.written)} bytes to it, ${count(traffic.read)} back.`,
    ...(times ? [] : ['No times: this adapter has no timestamp queries.']),
  ]
}

/** The program of a training step, in lines. @throws if a step of the model is not replayed */
export async function explainWebgpu(model: string, batchSize: number): Promise<string[]> {
  let program: Explained | undefined
  const backend = await webgpu({ explain: found => (program = found) })
  let before = { ...backend.traffic }
  const { end } = await stepsOf(backend, model, batchSize, STEPS, () => (before = { ...backend.traffic }))
  if (!program) throw new Error(`a step of ${model} is not replayed: it draws random numbers in JavaScript`)
  const now: Readonly<Record<string, number>> = { ...backend.traffic }
  const traffic = Object.fromEntries(Object.entries(before).map(([key, value]) => [key, now[key] - value]))
  const { device, ran } = program
  const words32 = new DataView((await device.read('explain', ran.sizes, ran.sizes.size / 4)).buffer)
  const rows = ran.dispatches.map(({ at, ...dispatch }): Row => ({ ...dispatch, sizes: sizesOf(dispatch.kernel, words32, at) })) // prettier-ignore
  const times = await timesOf(program)
  await end()
  await backend.dispose()
  return [
    `A training step of ${model}, ${batchSize} examples, on ${backend.adapter.name}${backend.adapter.software ? ', which is software' : ''}:`,
    '',
    ...linesOf(rows, times, traffic as unknown as WebgpuBackend['traffic']),
  ]
}

const sizesOf = ({ sizes }: Kernel, view: DataView, at: number) =>
  Object.fromEntries(words(sizes).map((name, i) => [name, view.getUint32(at + 4 * i, true)]))

/** What timing takes of WebGPU besides what the backend uses. */
interface Timed {
  createQuerySet(settings: { readonly type: 'timestamp'; readonly count: number }): { destroy(): void }
  readonly features: { has(name: string): boolean }
}
interface Resolves {
  resolveQuerySet(set: object, first: number, count: number, to: object, at: number): void
}

/** Seconds that each dispatch takes, if the adapter has a clock: by itself, in a pass that repeats it until that takes long enough. */
async function timesOf({ device, ran: { dispatches } }: Explained): Promise<number[] | undefined> {
  const gpu = device.device as typeof device.device & Timed
  if (!gpu.features.has(TIMESTAMPS)) return undefined
  const set = gpu.createQuerySet({ type: 'timestamp', count: 2 })
  const resolved = gpu.createBuffer({ size: 256, usage: QUERY_RESOLVE | COPY_SOURCE })
  const nanoseconds = async ({ pipeline, bindGroup, groups }: Dispatch, times: number) => {
    const encoder = gpu.createCommandEncoder()
    const timestampWrites = { querySet: set, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 }
    const pass = encoder.beginComputePass({ timestampWrites })
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, bindGroup)
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(...groups)
    pass.end()
    ;(encoder as typeof encoder & Resolves).resolveQuerySet(set, 0, 2, resolved, 0)
    gpu.queue.submit([encoder.finish()])
    const [start, end] = new BigUint64Array((await device.read('explain', resolved, 4)).buffer)
    return Number(end - start)
  }
  const all: number[] = []
  for (const dispatch of dispatches) {
    await nanoseconds(dispatch, 1)
    const once = await nanoseconds(dispatch, 1)
    const repeats = Math.max(1, Math.min(MOST, Math.ceil(LONG / Math.max(once, 1))))
    const rounds: number[] = []
    for (let round = 0; round < ROUNDS; round++) rounds.push((await nanoseconds(dispatch, repeats)) / repeats)
    all.push(median(rounds) / 1e9)
  }
  set.destroy()
  resolved.destroy()
  return all
}

/** Constants of WebGPU. */
const [COPY_SOURCE, QUERY_RESOLVE] = [4, 512]
