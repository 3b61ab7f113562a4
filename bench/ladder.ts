// npm run bench:ladder: matmul and the 3x3 convolution, from the definition to the backends' kernels, a step a file.
// ladder/matmul/ and ladder/conv2d/ hold the steps, numbered in the order to read them; ladder/webgpu/ those of a product on a graphics card.
import { readdir, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import yargs from 'yargs'
import type { Backend, Buffer } from '../engine/index.js'
import { createMemory, instantiate } from '../engine/backends/wasm/host.js'
import { Device } from '../engine/backends/webgpu/device.js'
import type { Kernel } from '../engine/backends/webgpu/kernel.js'
import { compile, hasFused } from './assembly.js'
import { backends, configurations, usual } from './backends.js'
import { relativeError } from './reference.js'
import { measure, type Timing } from './measure.js'
import { uniform } from './operands.js'
import { root, save, type Results } from './results.js'
import { ladderTable, print } from './tables.js'

export interface LadderRow {
  readonly ladder: string
  readonly step: string
  readonly flops: number
  /** In proportion to the largest number, against the first step. */
  readonly error: number
  readonly timing: Timing
}

export type LadderResults = Results<LadderRow>

interface Problem {
  /** The folder, and the function that each of its files exports. */
  readonly name: 'matmul' | 'conv2d' | 'webgpu'
  readonly x: Float32Array
  readonly w: Float32Array
  /** How many numbers y has. */
  readonly length: number
  readonly sizes: readonly number[]
  readonly flops: number
  /** The same through the contract. */
  readonly onBackend: (backend: Backend, x: Buffer, w: Buffer) => Buffer
}

interface Step {
  readonly title: string
  readonly run: () => void | Promise<void>
  /** What the last run computed. */
  readonly result: () => Float32Array
}

const argv = yargs(process.argv.slice(2))
  .usage('npm run bench:ladder -- [options]\n\nMeasures each step of bench/ladder.')
  .option('size', { number: true, default: 768, describe: 'size of the square matrices, a multiple of 8' })
  .option('card', { number: true, default: 512, describe: 'the same on a graphics card, a multiple of 64' })
  .option('images', { number: true, default: 8, describe: 'images to convolve' })
  .option('time', { number: true, default: 1, describe: 'seconds to measure each step' })
  .option('samples', { number: true, default: 5, describe: 'samples of each step, at least' })
  .strict()
  .check(
    ({ size, card }) =>
      (size % 8 === 0 && card % 64 === 0) ||
      'The size must be a multiple of 8, a card’s of 64: the steps leave out what other sizes need.',
  )
  .parseSync()

const fused = await hasFused()

function matmulProblem(size: number): Problem {
  return {
    name: 'matmul',
    x: uniform(size * size, 'x'),
    w: uniform(size * size, 'w'),
    length: size * size,
    sizes: [size, size, size],
    flops: 2 * size ** 3,
    onBackend: (backend, x, w) => backend.matmul(x, w, size, size, size),
  }
}

/** The second convolution of convnet. */
function conv2dProblem(n: number): Problem {
  const [h, ci, oh, co] = [26, 32, 24, 64]
  const s = { n, h, w: h, ci, kh: 3, kw: 3, co, stride: 1, top: 0, left: 0, oh, ow: oh }
  return {
    name: 'conv2d',
    x: uniform(n * h * h * ci, 'x'),
    w: uniform(9 * ci * co, 'w'),
    length: n * oh * oh * co,
    sizes: [n, h, h, ci, co],
    flops: 2 * n * oh * oh * co * 9 * ci,
    onBackend: (backend, x, w) => backend.conv2d(x, w, s),
  }
}

/** A step's title is the beginning of its file: the first comment, up to a full stop or a colon. */
async function title(file: string): Promise<string> {
  const comment = (await readFile(`${root}bench/ladder/${file}`, 'utf8')).split('\n\n')[0].replaceAll(/^\/\/ ?/gm, '')
  return `${/\/(\d+)/.exec(file)![1]}  ${comment.replaceAll('\n', ' ').split(/[.:] | \(/)[0]}`
}

/** A step in plain TypeScript. */
async function plainStep({ name, x, w, length, sizes }: Problem, file: string): Promise<Step> {
  const y = new Float32Array(length)
  type Code = Record<string, (...args: unknown[]) => void>
  const code = (await import(new URL(`ladder/${file.replace(/\.ts$/, '.js')}`, import.meta.url).href)) as Code
  return {
    title: await title(file),
    run: () => {
      code[name](x, w, y, ...sizes)
    },
    result: () => y,
  }
}

/** A step in AssemblyScript: x, w, y and room to work lie one after the other in its memory. */
async function assemblyStep({ name, x, w, length, sizes }: Problem, file: string): Promise<Step> {
  const memory = createMemory(true, 1024, 1024)
  const code = instantiate(await compile(`ladder/${file}`, file.includes('fused') && fused), memory)
  let top = 65536
  const allocate = (numbers: number) => {
    const view = new Float32Array(memory.buffer, top, numbers)
    top += (view.byteLength + 63) & ~63
    return view
  }
  const views = [allocate(x.length), allocate(w.length), allocate(length)]
  views[0].set(x)
  views[1].set(w)
  const addresses = views.map(view => view.byteOffset)
  const work = top
  return {
    title: await title(file),
    run: () => {
      code[name](...addresses, ...sizes, work)
    },
    result: () => views[2],
  }
}

/** A step in WGSL, on the fastest card. */
async function cardStep({ x, w, length, sizes }: Problem, file: string, device: Device): Promise<Step> {
  const code = new URL(`ladder/${file.replace(/\.ts$/, '.js')}`, import.meta.url).href
  const { kernel, covers } = (await import(code)) as { kernel: Kernel; covers: number }
  const arrays = [x, w, new Float32Array(length), Uint32Array.of(length / (covers / kernel.threads), sizes[0])].map(
    values => {
      const memory = device.take(file, values.byteLength)
      device.write(memory, values)
      return memory
    },
  )
  const dispatch = device.bind(kernel, arrays.slice(0, 3), arrays[3], 0, length / covers)
  let y: Float32Array = new Float32Array(length)
  return {
    title: await title(file),
    run: async () => {
      device.run([dispatch])
      y = await device.read(file, arrays[2], length)
    },
    result: () => y,
  }
}

/** The kernel of a backend, in the end. */
async function backendStep({ x, w, length, onBackend }: Problem, backend: Backend, threads: number): Promise<Step> {
  const [xs, ws] = [backend.upload(x), backend.upload(w)]
  let y = new Float32Array(length)
  return {
    title: `the ${backend.name} backend${threads > 1 ? `, ${threads} threads` : ''}`,
    run: async () => {
      const result = onBackend(backend, xs, ws)
      y = Float32Array.from(await backend.download(result))
      backend.free(result)
    },
    result: () => y,
  }
}

const open: Backend[] = []
const rows: LadderRow[] = []
/** Where there is WebGPU. */
const device = await Device.open().catch((error: unknown) => console.error((error as Error).message))
const onCard = { ...matmulProblem(argv.card), name: 'webgpu' as const }
for (const problem of [matmulProblem(argv.size), conv2dProblem(argv.images), ...(device ? [onCard] : [])]) {
  const steps: Step[] = []
  for (const name of (await readdir(`${root}bench/ladder/${problem.name}`)).sort()) {
    const file = `${problem.name}/${name}`
    if (problem.name === 'webgpu') steps.push(await cardStep(problem, file, device!))
    else if (!file.endsWith('.as.ts')) steps.push(await plainStep(problem, file))
    else steps.push(await assemblyStep(problem, file))
  }
  for (const { backend: name, threads } of configurations(problem.name === 'webgpu' ? ['webgpu'] : usual, [
    1,
    availableParallelism(),
  ])) {
    const backend = await backends[name].make(threads)
    open.push(backend)
    steps.push(await backendStep(problem, backend, threads))
  }
  let expected: Float32Array | undefined
  for (const step of steps) {
    await step.run()
    expected ??= step.result().slice()
    const error = relativeError(step.result(), expected)
    if (!(error < 1e-5)) throw new Error(`${problem.name}, ${step.title}: relative error ${error} against step 1`)
    const timing = await measure(() => step.run(), argv)
    rows.push({ ladder: problem.name, step: step.title, flops: problem.flops, error, timing })
  }
}
await Promise.all(open.map(backend => backend.dispose()))
device?.close()
print(ladderTable(rows))
if (!fused) console.log('This engine has no relaxed SIMD: the steps called fused multiply and add one after the other.')
await save<LadderResults>('ladder', { rows })
