// Every call on every contestant, one after the other: a machine is faster at some times than at others, so they take
// turns at each call.
import { cost, describe, type Call, type Kernel } from './kernelCalls.js'
import type { Timing } from './measure.js'
import type { Measured } from './runner.js'
import { progress } from './tables.js'

export interface KernelRow extends Partial<Measured> {
  readonly kernel: Kernel
  readonly sizes: string
  readonly models: readonly string[]
  /** What really ran. */
  readonly backend: string
  readonly threads: number
  readonly flops: number
  readonly bytes: number
  readonly timing?: Timing
  /** The seconds that a call would have taken, if that was too long to measure. */
  readonly skipped?: number
}

export interface Contestant {
  /** What really runs. */
  readonly name: string
  readonly threads: number
  readonly measure: (call: Call) => Promise<Measured>
  /** Whether it has such a kernel: it has all of them if this is left out. */
  readonly can?: (call: Call) => boolean
}

/** Measures all calls but those that would take more than ten times `cap` seconds. */
export async function takeTurns(
  calls: readonly Call[],
  contestants: readonly Contestant[],
  cap: number,
): Promise<KernelRow[]> {
  const rows: KernelRow[] = []
  /** Seconds a FLOP of the last call, by contestant and kernel. The next is a little larger: this foretells its time. */
  const paces = new Map<string, number>()
  for (const call of calls)
    for (const contestant of contestants.filter(({ can }) => can?.(call) ?? true)) {
      const { name, threads } = contestant
      const row = {
        kernel: call.kernel,
        sizes: describe(call),
        models: call.models,
        backend: name,
        threads,
        ...cost(call),
      }
      const pace = `${name}, ${threads}: ${call.kernel.replace(/Grad.*/, '')}`
      const foreseen = (paces.get(pace) ?? 0) * row.flops
      if (foreseen > 10 * cap) {
        rows.push({ ...row, skipped: foreseen })
        continue
      }
      progress(`${row.kernel} ${row.sizes} on ${name}`)
      const measured = await contestant.measure(call)
      paces.set(pace, measured.timing.median / row.flops)
      rows.push({ ...row, ...measured })
    }
  progress('')
  return rows
}
