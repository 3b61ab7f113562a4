// The webgpu backend as a program meets it: its kernels are loaded when it is asked for, so that a page without it stays small.
import type { WebgpuBackend } from './index.js'

export { webgpuAdapters, type Adapter } from './adapter.js'
export { messages as webgpuMessages } from './messages.js'
export type { WebgpuBackend } from './index.js'

/**
 * WebGPU, in a browser or in Node, where the package `webgpu` is: on the fastest card that it finds.
 * @throws ChiffreError if there is no WebGPU, no card or no driver for it, or if it computes wrong results
 */
export const webgpu = async (): Promise<WebgpuBackend> => (await import('./index.js')).webgpu()
