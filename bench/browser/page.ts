// What bench/browser.ts loads into a page: the contestants, and how each measures a call. Products and convolutions run on
// our backends, on tfjs (a script that the page has loaded, or not) and on naive kernels.
import type { DeviceBuffer } from '../../engine/backends/gpujs/device.js'
import type { Texture } from '../../engine/backends/gpujs/library.js'
import { cpu, gpujs, wasm, webgpu } from '../../engine/index.js'
import type { Call } from '../kernelCalls.js'
import type { Effort } from '../measure.js'
import type { Question } from '../reference.js'
import { backendRunner, measureCall, measureTransfers, measureWaiting, type Runner } from '../runner.js'
import { naive } from './naive.js'
import { tfjs } from './tfjs.js'
import { finish } from './webgl.js'

/** Checks results in a Worker of its own, for the reason that bench/check.ts gives. */
const worker = new Worker(new URL('checker.js', import.meta.url), { type: 'module' })
const check = (call: Call, values: Question['values'], result: Question['result']) =>
  new Promise<number>((answer, failed) => {
    worker.onmessage = ({ data }) => answer(data as number)
    worker.onerror = event => failed(new Error(event.message))
    worker.postMessage({ call, values, result } satisfies Question)
  })

/** On GL a result is computed once a pixel can be read, of whatever: no kernel has to look at it. */
async function gpujsRunner(mode: string): Promise<Runner> {
  const backend = await gpujs(mode)
  const runner = backendRunner(backend)
  if (mode !== 'webgl2') return runner
  return { ...runner, settle: async (x: DeviceBuffer) => finish(((await x.held).numbers as Texture).context) }
}

const makers: Readonly<Record<string, (threads: number) => Runner | Promise<Runner>>> = {
  cpu: () => backendRunner(cpu()),
  wasm: async threads => backendRunner(await wasm({ threads })),
  webgpu: async () => backendRunner(await webgpu()),
  'gpujs:webgl2': () => gpujsRunner('webgl2'),
  'gpujs:webgpu': () => gpujsRunner('webgpu'),
  naive,
  tfjs,
}

const runners = new Map<string, Runner>()

Object.assign(globalThis, {
  bench: {
    /** Starts a contestant. @returns what really runs */
    async start(name: string, threads: number) {
      const runner = await makers[name](threads)
      runners.set(`${name} ${threads}`, runner)
      return runner.name
    },
    measure: (key: string, call: Call, effort: Effort & { cap: number }) =>
      measureCall(call, runners.get(key)!, check, effort),
    waiting: (key: string, effort: Effort) => measureWaiting(runners.get(key)!, effort),
    transfers: (key: string, effort: Effort) => measureTransfers(runners.get(key)!, effort),
    /** Which GL draws here. */
    gl() {
      const gl = new OffscreenCanvas(1, 1).getContext('webgl2')
      const info = gl?.getExtension('WEBGL_debug_renderer_info')
      return gl ? String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER)) : 'none'
    },
  },
})
