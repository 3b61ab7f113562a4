// How a call of a kernel, and a transfer, is measured on anything that can make it: our backends, and in a browser other
// libraries. `npm run bench` and `npm run bench:browser` share it.
import type { Backend, Buffer, Values } from '../engine/index.js'
import { describe, lengthOf, type Call } from './kernelCalls.js'
import { measure, type Effort, type Timing } from './measure.js'
import { operands, run } from './operands.js'

export interface Runner<Held = unknown> {
  /** What really runs. */
  readonly name: string
  upload(values: Float32Array): Held
  /** An optimizer's step also puts its new state in the place of the old one. */
  run(call: Call, held: Map<number, Held>): Held
  /** Waits until x is computed. */
  settle(x: Held): Promise<void>
  download(x: Held): Promise<Values>
  free(x: Held): void
}

export interface Measured {
  /** Against the reference in double precision. */
  readonly error: number
  /** The first call, which compiles what it needs. */
  readonly first: number
  readonly timing: Timing
  /** Whether a call took so long that only one was measured after the first. */
  readonly once: boolean
}

export interface Transfer {
  readonly direction: 'upload' | 'download'
  readonly numbers: number
  readonly backend: string
  readonly timing: Timing
}

/** The error of a call's result, in proportion to the largest number expected. */
export type Check = (call: Call, values: ReadonlyMap<number, Float32Array>, result: Values) => Promise<number>

/** Sums of 73,728 products in float32 (a filter's gradient) are this exact at least. */
const tolerance = 1e-4

export const backendRunner = (backend: Backend): Runner<Buffer> => ({
  name: backend.name,
  upload: values => backend.upload(values),
  run: (call, held) => run(call, backend, held),
  download: x => backend.download(x),
  free: x => backend.free(x),
  /**
   * Backends may queue a kernel, or delay it until its result is read, so the clock must not stop before x was read; but
   * to download all of it would measure the copy. A max-pool of 1x1 windows whose stride is the length of x has a single
   * cell, the first of x: to download that is all that x is read for.
   */
  async settle(x) {
    const one = { n: 1, w: 1, c: 1, size: 1, oh: 1, ow: 1 }
    const first = backend.maxPool(x, { ...one, h: x.length, stride: x.length })
    await backend.download(first)
    backend.free(first)
  },
})

/** Checks a call, then measures it: just once, if it takes more than `cap` seconds. */
export async function measureCall<Held>(
  call: Call,
  runner: Runner<Held>,
  check: Check,
  effort: Effort & { readonly cap: number },
): Promise<Measured> {
  const values = operands(call)
  const held = new Map([...values].map(([place, numbers]) => [place, runner.upload(numbers)]))
  // A result of this length is waited for once before the clock runs: to wait may need a kernel too.
  const blank = runner.upload(new Float32Array(lengthOf(call)))
  await runner.settle(blank)
  runner.free(blank)
  for (const x of held.values()) await runner.settle(x)

  const updates = call.kernel === 'adamStep' || call.kernel === 'sgdStep'
  const timed = async () => {
    const start = performance.now()
    const y = runner.run(call, held)
    await runner.settle(y)
    return { y, seconds: (performance.now() - start) / 1000 }
  }
  const again = async () => {
    const { y, seconds } = await timed()
    if (!updates) runner.free(y)
    return seconds
  }
  const { y, seconds: first } = await timed()
  const error = await check(call, values, await runner.download(y))
  if (!(error <= tolerance))
    throw new Error(`${call.kernel} ${describe(call)} is wrong on ${runner.name}: relative error ${error}`)
  if (!updates) runner.free(y)
  const second = first > effort.cap ? await again() : 0
  const once = second > effort.cap
  const timing = once ? { median: second, spread: 0, samples: [second] } : await measure(again, effort)
  for (const x of held.values()) runner.free(x)
  return { error, first, timing, once }
}

/** The seconds that waiting takes, which every timing includes. */
export async function measureWaiting<Held>(runner: Runner<Held>, effort: Effort): Promise<number> {
  const one = runner.upload(new Float32Array(1))
  const { median } = await measure(() => runner.settle(one), effort)
  runner.free(one)
  return median
}

/** A batch of images, and the largest weights of convnet. */
const transferred = [128 * 784, 9216 * 128]

export async function measureTransfers<Held>(runner: Runner<Held>, effort: Effort): Promise<Transfer[]> {
  const found: Transfer[] = []
  for (const numbers of transferred) {
    const values = new Float32Array(numbers).fill(0.5)
    const upload = await measure(async () => {
      const x = runner.upload(values)
      await runner.settle(x)
      runner.free(x)
    }, effort)
    const x = runner.upload(values)
    const download = await measure(() => runner.download(x), effort)
    runner.free(x)
    const row = { numbers, backend: runner.name }
    found.push({ ...row, direction: 'upload', timing: upload }, { ...row, direction: 'download', timing: download })
  }
  return found
}
