// WebGPU: a browser has it as navigator.gpu; Node gets one from the npm package webgpu (Dawn, which is Chromium's), where
// somebody has installed it. While its object exists Node does not end, so the last to close takes it away again.
import { webgpuAdapter, type Adapter } from './adapter.js'
import type { GPUAdapter, Library } from './library.js'
import { problem } from './messages.js'

/** navigator.gpu, as far as gpu.js and this file call it. */
interface Gpu {
  requestAdapter(options?: object): Promise<GPUAdapter | null>
}
type Global = { navigator?: { gpu?: Gpu | undefined }; process?: object }

/** A backend's share of the device. */
export interface Share {
  readonly adapter: Adapter
  /** How many numbers a buffer can hold. */
  readonly limit: number
  /** What went wrong in a call that could not say so: too little memory, for one. */
  failure(): string | undefined
  close(): Promise<void>
}

let users = 0
let provided = false
let failure: string | undefined

/** @throws ChiffreError if there is no WebGPU, or no card or driver under it */
export async function share({ WebGPUContext }: Library): Promise<Share> {
  users++
  try {
    await adapterOf(await provide(), fastest)
    const { adapter, device } = await WebGPUContext.acquire()
    device.onuncapturederror = ({ error }) => (failure ??= firstLine(error.message))
    return {
      adapter: webgpuAdapter(adapter),
      limit: adapter.limits.maxStorageBufferBindingSize / 4,
      failure: () => failure,
      close: () => release(() => WebGPUContext.destroy()),
    }
  } catch (error) {
    await release(() => WebGPUContext.destroy())
    throw error
  }
}

/**
 * What WebGPU can compute on here, the fastest first.
 * @throws ChiffreError if there is none, saying what is missing
 */
export async function webgpuAdapters(): Promise<Adapter[]> {
  users++
  try {
    const gpu = await provide()
    const found = [webgpuAdapter(await adapterOf(gpu, fastest))]
    for (const options of [{ powerPreference: 'low-power' }, { forceFallbackAdapter: true }]) {
      const other = await gpu.requestAdapter(options)
      const adapter = other && webgpuAdapter(other)
      if (adapter && found.every(({ name }) => name !== adapter.name)) found.push(adapter)
    }
    return found
  } finally {
    await release(async () => {})
  }
}

async function release(destroy: () => Promise<void>) {
  if (--users > 0) return
  failure = undefined
  if (!provided) return
  await destroy()
  delete (globalThis as Global).navigator!.gpu
  provided = false
}

async function adapterOf(gpu: Gpu, options: object): Promise<GPUAdapter> {
  const adapter = await gpu.requestAdapter(options)
  if (!adapter) throw problem('gpujs.adapter', {})
  return adapter
}

/** Of two cards, a laptop hands out the slow one unless asked. */
const fastest = { powerPreference: 'high-performance' }

async function provide(): Promise<Gpu> {
  const scope = globalThis as Global
  if (scope.navigator?.gpu) return scope.navigator.gpu
  if (!scope.process) throw problem('gpujs.unsupported', { mode: 'webgpu' })
  const dawn = await loadDawn()
  if (scope.navigator?.gpu) return scope.navigator.gpu // another call was faster
  if (!scope.navigator) Object.defineProperty(scope, 'navigator', { value: {}, configurable: true })
  const gpu = dawn.create([])
  const value: Gpu = { requestAdapter: options => gpu.requestAdapter({ ...fastest, ...options }) }
  Object.defineProperty(scope.navigator, 'gpu', { value, configurable: true })
  provided = true
  return value
}

/** No bundler may look for a package that few have and no page needs: hence the comments. */
async function loadDawn(): Promise<{ create(flags: readonly string[]): Gpu }> {
  const name: string = 'webgpu'
  try {
    return (await import(/* webpackIgnore: true */ /* @vite-ignore */ name)) as {
      create(flags: readonly string[]): Gpu
    }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') throw problem('gpujs.webgpu', {})
    throw problem('gpujs.webgpu.broken', { reason: firstLine(message) })
  }
}

const firstLine = (text: string) => text.split('\n')[0]
