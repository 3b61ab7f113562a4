// The gpu.js backend as a program meets it: its kernels are loaded when it is asked for, so that a page without it stays small.
import type { Backend } from '../../backend.js'

export { messages as gpujsMessages } from './messages.js'
export { modes as gpujsModes, type Mode as GpujsMode } from './library.js'

/**
 * The gpu.js backend in the given mode: by default webgl2 in a browser, and in Node WebGPU, else headless GL. Its name says
 * what really ran, such as `gpujs:webgpu`, and its adapter on what.
 * @throws ChiffreError if the mode does not run here, or computes wrong results
 */
export const gpujs = async (mode?: string): Promise<Backend> => (await import('./index.js')).gpujs(mode)
