// What Node and browsers offer beyond ES2022: WebAssembly, workers, and a switch. The engine is type-checked with neither's
// types, so the few names it needs are declared here, and looked up when it runs.

export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer
  grow(pages: number): number
}

/** Compiled kernels, which can be handed to a worker. */
export type WasmModule = object

/** All that compiled kernels export. */
export type Exports = Readonly<Record<string, (...args: number[]) => number>>

/** The address of a script. */
export interface ScriptURL {
  readonly href: string
}

interface HostWorker {
  postMessage(message: unknown): void
  terminate(): unknown
  // Node's
  unref?(): void
  once?(event: 'message' | 'error' | 'exit', listener: (value: unknown) => void): void
  // Browsers'
  onmessage?: (event: unknown) => void
  onerror?: (event: { message?: string }) => void
}

interface NodePort {
  once(event: 'message', listener: (message: unknown) => void): void
  postMessage(message: unknown): void
}

interface NodeThreads {
  readonly Worker: new (
    script: ScriptURL | string,
    options: { execArgv: readonly string[]; eval: boolean },
  ) => HostWorker
  readonly parentPort: NodePort | null
}

interface Host {
  readonly WebAssembly?: {
    validate(bytes: Uint8Array): boolean
    compile(bytes: Uint8Array): Promise<WasmModule>
    readonly Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => WasmMemory
    readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: object }
  }
  readonly Worker?: new (url: ScriptURL | string, options: { type: 'module' | 'classic' }) => HostWorker
  readonly navigator?: { readonly hardwareConcurrency?: number }
  readonly crossOriginIsolated?: boolean
  readonly process?: { getBuiltinModule?(name: string): unknown }
  readonly URL: { createObjectURL(blob: object): string; revokeObjectURL(url: string): void }
  readonly Blob: new (parts: readonly string[], options: { type: string }) => object
  atob(text: string): string
  onmessage?: (event: { data: unknown }) => void
  postMessage(message: unknown): void
}

const host = globalThis as unknown as Host

/** A module of Node's, or nothing in a browser. */
const nodeModule = (name: string) => host.process?.getBuiltinModule?.(name)
const nodeThreads = () => nodeModule('node:worker_threads') as NodeThreads | undefined

/** How many threads run at the same time here. */
export function cores(): number {
  const os = nodeModule('node:os') as { availableParallelism(): number } | undefined
  return os?.availableParallelism() ?? host.navigator?.hardwareConcurrency ?? 1
}

/** Whether threads can share memory: browsers let them in pages that are cross-origin isolated. */
export const canShare = () => nodeThreads() !== undefined || (!!host.crossOriginIsolated && !!host.Worker)

/** Whether the engine here runs 128-bit SIMD, and whether it fuses multiply and add (relaxed SIMD). */
export function runs(bytes: Uint8Array): boolean {
  return host.WebAssembly?.validate(bytes) ?? false
}

/** Modules of one function: an i8x16.splat and an i8x16.popcnt; an i32.atomic.load from a shared memory. */
const simd = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]
const atomics = [
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 4, 1, 3, 1, 1],
  ...[10, 11, 1, 9, 0, 65, 0, 254, 16, 2, 0, 26, 11],
]

/** Whether the engine here runs 128-bit SIMD and atomic operations, which all kernels use. */
export const hasSimd = () => [simd, atomics].every(module => runs(Uint8Array.from(module)))

/** Turns relaxed SIMD on where it is finished but waits behind a flag: Node 20. Later versions need no flag. */
export function allowRelaxedSimd() {
  const v8 = nodeModule('node:v8') as { setFlagsFromString(flag: string): void } | undefined
  v8?.setFlagsFromString('--experimental-wasm-relaxed-simd')
}

export const compile = (bytes: Uint8Array) => host.WebAssembly!.compile(bytes)

export const instantiate = (module: WasmModule, memory: WasmMemory) =>
  new host.WebAssembly!.Instance(module, { env: { memory } }).exports as Exports

/** Memories that were given back and that the garbage collector has not come for. */
const spare = new Set<{ readonly shared: boolean; readonly memory: WeakRef<WasmMemory> }>()

/**
 * A memory for kernels: one that was given back, or a new one. Only the garbage collector frees a memory, and it does not know
 * how large they are; hundreds of backends in a row would otherwise be there at the same time.
 */
export function takeMemory(shared: boolean, initial: number, maximum: number): WasmMemory {
  for (const entry of spare) {
    const memory = entry.memory.deref()
    if (memory && entry.shared !== shared) continue
    spare.delete(entry)
    if (memory) return memory
  }
  return createMemory(shared, initial, maximum)
}

export const createMemory = (shared: boolean, initial: number, maximum: number) =>
  new host.WebAssembly!.Memory({ initial, maximum, shared })

/** Gives a memory back that nobody will use any more. */
export function giveMemory(memory: WasmMemory, shared: boolean) {
  spare.add({ shared, memory: new WeakRef(memory) })
}

export function decodeBase64(text: string): Uint8Array {
  const decoded = host.atob(text)
  const bytes = new Uint8Array(decoded.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = decoded.charCodeAt(i)
  return bytes
}

/**
 * Starts a worker, with one message for it, and waits until it is ready. Then it does not keep the program from ending.
 * @param script the address of its script; without one, its text is `source`, which needs no file: bundlers move files
 */
export async function startWorker(
  script: ScriptURL | string | undefined,
  source: string,
  message: unknown,
): Promise<HostWorker> {
  const text = script === undefined
  const NodeWorker = nodeThreads()?.Worker
  if (NodeWorker) {
    // Options of the program, such as --eval or --require, are none of the worker's.
    const worker = new NodeWorker(script ?? source, { execArgv: [], eval: text })
    return begin(worker, message)
  }
  const url = script ?? host.URL.createObjectURL(new host.Blob([source], { type: 'text/javascript' }))
  try {
    return await begin(new host.Worker!(url, { type: text ? 'classic' : 'module' }), message)
  } finally {
    if (text) host.URL.revokeObjectURL(url as string)
  }
}

/** Sends a worker its message, and waits until it is ready. */
async function begin(worker: HostWorker, message: unknown): Promise<HostWorker> {
  const ready = new Promise((resolve, reject) => {
    worker.onmessage = resolve
    worker.onerror = event => reject(new Error(event.message ?? 'its script cannot be had'))
    worker.once?.('message', resolve)
    worker.once?.('error', reject)
    worker.once?.('exit', () => reject(new Error('it ended before it had started')))
  })
  worker.postMessage(message)
  try {
    await ready
  } catch (error) {
    await worker.terminate()
    throw error
  }
  worker.unref?.()
  return worker
}

/** Inside a worker: hears the message that startWorker sent, and calls `ready` when it is. */
export function onStart(listener: (message: unknown, ready: () => void) => void) {
  const port = nodeThreads()?.parentPort
  if (port) port.once('message', message => listener(message, () => port.postMessage('ready')))
  else host.onmessage = event => listener(event.data, () => host.postMessage('ready'))
}
