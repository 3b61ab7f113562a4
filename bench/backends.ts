// The backends that are measured: one line each.
import { cpu, type Backend } from '../engine/index.js'

export interface Choice {
  /** Whether it splits its work over threads, so that thread counts are worth comparing. */
  readonly threaded: boolean
  make(threads: number): Backend | Promise<Backend>
}

export const backends: Readonly<Record<string, Choice>> = {
  cpu: { threaded: false, make: () => cpu() },
}

/** Every pair of a backend and a number of threads that is worth measuring. */
export const configurations = (names: readonly string[], threads: readonly number[]) =>
  names.flatMap(name => (backends[name].threaded ? threads : [1]).map(count => ({ backend: name, threads: count })))
