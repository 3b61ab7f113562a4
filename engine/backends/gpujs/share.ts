// gpu.js's device on WebGPU, which all of its backends share: the last to close destroys it.
import { acquireAdapter, describe, releaseAdapter, type Adapter } from '../webgpu/adapter.js'
import type { Library } from './library.js'

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
let failure: string | undefined

/** @throws ChiffreError if there is no WebGPU, or no card or driver under it */
export async function share({ WebGPUContext }: Library): Promise<Share> {
  await acquireAdapter()
  users++
  const close = async () => {
    if (--users === 0) {
      failure = undefined
      await WebGPUContext.destroy()
    }
    releaseAdapter()
  }
  try {
    const { adapter, device } = await WebGPUContext.acquire()
    device.onuncapturederror = ({ error }) => (failure ??= error.message.split('\n')[0])
    return {
      adapter: describe(adapter),
      limit: adapter.limits.maxStorageBufferBindingSize / 4,
      failure: () => failure,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
