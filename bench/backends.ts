// The backends that can be measured: one line each.
import { cpu, gpujs, gpujsModes, wasm, webgpu, type Backend } from '../engine/index.js'

export interface Choice {
  /** Whether it splits its work over threads, so that thread counts are worth comparing. */
  readonly threaded: boolean
  readonly make: (threads: number) => Backend | Promise<Backend>
}

export const backends: Readonly<Record<string, Choice>> = {
  cpu: { threaded: false, make: () => cpu() },
  wasm: { threaded: true, make: threads => wasm({ threads }) },
  webgpu: { threaded: false, make: () => webgpu() },
  ...Object.fromEntries(gpujsModes.map(mode => [`gpujs:${mode}`, { threaded: false, make: () => gpujs(mode) }])),
}

/** What is measured unless others are chosen: all that every machine has. */
export const usual = ['cpu', 'wasm']
/** For kernels, those of gpu.js too: on a GPU if there is a way to one, else in plain JavaScript. */
export async function usualKernels(): Promise<string[]> {
  try {
    const backend = await gpujs()
    await backend.dispose()
    return [...usual, backend.name]
  } catch {
    return [...usual, 'gpujs:cpu']
  }
}
export const fastest = 'wasm'

/** Every pair of a backend and a number of threads that is worth measuring. */
export const configurations = (names: readonly string[], threads: readonly number[]) =>
  names.flatMap(name => (backends[name].threaded ? threads : [1]).map(count => ({ backend: name, threads: count })))
