// Which graphics cards WebGPU finds. A browser has it as navigator.gpu; Node gets one from the npm package webgpu (Dawn, which is
// Chromium's), where somebody has installed it. While its object exists Node does not end, so the last to close takes it away again.
import type { Backend } from '../../backend.js'
import type { Gpu, GPUAdapter } from './api.js'
import { problem } from './messages.js'

type Global = { navigator?: { gpu?: Gpu | undefined }; process?: object }

/** Vendor, device and driver, as far as they are told; and whether it is software, which the processor runs: `wasm` does so better. */
export type Adapter = NonNullable<Backend['adapter']>

export const drawnBySoftware = /swiftshader|llvmpipe|softpipe|lavapipe|basic render|software/i

/** vendor, device (driver): `nvidia nvidia-geforce-rtx-3060 (NVIDIA: 550.54)`; a browser tells less. */
export function describe({ info }: Pick<GPUAdapter, 'info'>): Adapter {
  const { vendor, architecture, device, description } = info
  const what = (device || architecture).replace(/-+$/, '')
  const card = [what.startsWith(vendor) ? '' : vendor, what].filter(Boolean).join(' ')
  const name = [card, description && `(${description})`].filter(Boolean).join(' ') || 'WebGPU'
  return { name, software: info.isFallbackAdapter === true || drawnBySoftware.test(name) }
}

/** Of two cards, a laptop hands out the slow one unless asked. */
const fastest = { powerPreference: 'high-performance' }

let users = 0
let provided = false

/**
 * The fastest adapter; whoever asked for it calls releaseAdapter when it is no longer used.
 * @throws ChiffreError if there is no WebGPU, or no card or driver under it
 */
export async function acquireAdapter(): Promise<GPUAdapter> {
  users++
  try {
    return await adapterOf(await provide(), fastest)
  } catch (error) {
    releaseAdapter()
    throw error
  }
}

export function releaseAdapter() {
  if (--users > 0 || !provided) return
  delete (globalThis as Global).navigator!.gpu
  provided = false
}

/**
 * What WebGPU can compute on here, the fastest first.
 * @throws ChiffreError if there is none, saying what is missing
 */
export async function webgpuAdapters(): Promise<Adapter[]> {
  users++
  try {
    const gpu = await provide()
    const found = [describe(await adapterOf(gpu, fastest))]
    for (const options of [{ powerPreference: 'low-power' }, { forceFallbackAdapter: true }]) {
      const other = await gpu.requestAdapter(options)
      const adapter = other && describe(other)
      if (adapter && found.every(({ name }) => name !== adapter.name)) found.push(adapter)
    }
    return found
  } finally {
    releaseAdapter()
  }
}

async function adapterOf(gpu: Gpu, options: object): Promise<GPUAdapter> {
  const adapter = await gpu.requestAdapter(options)
  if (!adapter) throw problem('webgpu.adapter', {})
  return adapter
}

async function provide(): Promise<Gpu> {
  const scope = globalThis as Global
  if (scope.navigator?.gpu) return scope.navigator.gpu
  if (!scope.process) throw problem('webgpu.unsupported', {})
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
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') throw problem('webgpu.package', {})
    throw problem('webgpu.broken', { reason: message.split('\n')[0] })
  }
}
