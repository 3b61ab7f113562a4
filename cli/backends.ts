// What --backend can be. A backend is imported when it is chosen: nobody waits for one that is not used.
import { cpu, type Backend } from '../engine/index.js'

/** What the command line says about a backend, besides its name. */
export interface BackendOptions {
  /** What follows the name, as in gpujs:webgl2. */
  readonly mode?: string
}

type Factory = (options: BackendOptions) => Promise<Backend>

/** To add a backend, add a line. */
export const backends: Readonly<Record<string, Factory>> = {
  cpu: async () => cpu(),
}

export const defaultBackend = 'cpu'

/** Builds the backend that --backend names, such as `cpu` or `gpujs:webgl2`; whoever asks for it disposes of it. */
export function createBackend(named: string): Promise<Backend> {
  const [name, mode] = named.split(':')
  return backends[name](mode === undefined ? {} : { mode })
}
