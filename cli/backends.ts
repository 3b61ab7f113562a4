// What --backend can be.
import { cpu, gpujs, gpujsModes, wasm, wasmSupported, webgpu, type Backend } from '../engine/index.js'
import { installed } from './installed.js'
import { t, translate } from './language.js'

/** What the command line says about a backend, besides its name. */
export interface BackendOptions {
  /** What follows the name, as in gpujs:webgl2. */
  readonly mode?: string | undefined
  readonly threads?: number | undefined
  readonly strictFloat?: boolean
}

interface Entry {
  readonly create: (options: BackendOptions) => Promise<Backend>
  /** What can follow the name after a colon. */
  readonly modes?: readonly string[]
}

/** To add a backend, add its entry. */
const backends: Readonly<Record<string, Entry>> = {
  cpu: { create: async () => cpu() },
  wasm: {
    async create({ threads, strictFloat: strict = false }) {
      const backend = await wasm({ ...(threads && { threads }), strict })
      if (backend.whyOneThread) process.stderr.write(translate(backend.whyOneThread) + '\n')
      return backend
    },
  },
  webgpu: { create: () => webgpu() },
  gpujs: { create: ({ mode }) => gpujs(mode), modes: gpujsModes },
}

/** Every name that --backend can take, modes included. */
export const backendNames = Object.entries(backends).flatMap(([name, { modes = [] }]) => [
  name,
  ...modes.map(mode => `${name}:${mode}`),
])

/** Those of them that this machine may have: where a way to a graphics card is not installed, its modes are not offered. */
export const offeredBackends = () => {
  const ways = { webgpu: installed('webgpu'), headlessgl: installed('gl') }
  const absent = ['gpujs:webgl2', ...Object.entries(ways).flatMap(([mode, there]) => (there ? [] : `gpujs:${mode}`))]
  if (!ways.webgpu) absent.push('webgpu')
  if (!ways.webgpu && !ways.headlessgl) absent.push('gpujs')
  return backendNames.filter(name => !absent.includes(name))
}

/** The fastest that runs everywhere. */
export const defaultBackend = () => (wasmSupported() ? 'wasm' : 'cpu')

/** Builds the backend of one of `backendNames`; whoever asks for it disposes of it. */
export function createBackend(named: string, options: Omit<BackendOptions, 'mode'> = {}): Promise<Backend> {
  const [name, mode] = named.split(':')
  return backends[name].create({ ...options, mode })
}

/** Says on stderr which card computes; or that none does, if software stands for one. */
export function nameAdapter({ name, adapter }: Backend) {
  if (!adapter) return
  const said = adapter.software ? 'backend.software' : 'backend.adapter'
  process.stderr.write(t(said, { backend: name, adapter: adapter.name }) + '\n')
}
