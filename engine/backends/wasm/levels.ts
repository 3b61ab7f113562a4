// Which records of a program need nothing of each other: threads then go from one to the next without waiting (assembly/program.ts).
// A record must wait for another before it if one of them writes what the other reads or writes. Memory that was given back and
// taken again counts as the same, so that two records may have to wait for each other though their numbers have nothing in common.
import type { Range } from './allocator.js'

/** What a kernel call reads and writes. */
export interface Access {
  readonly reads: readonly Range[]
  readonly writes: readonly Range[]
}

/** The level of each call: 0 for one that waits for none of those before it, else one more than the highest that it waits for. */
export function levelsOf(calls: readonly Access[]): number[] {
  const levels: number[] = []
  for (const [i, call] of calls.entries()) {
    levels[i] = 0
    for (let j = i - 1; j >= 0; j--) if (levels[j] >= levels[i] && waits(call, calls[j])) levels[i] = levels[j] + 1
  }
  return levels
}

const waits = (a: Access, b: Access) =>
  overlap(a.writes, b.writes) || overlap(a.writes, b.reads) || overlap(a.reads, b.writes)

const overlap = (a: readonly Range[], b: readonly Range[]) =>
  a.some(one => b.some(other => one.at < other.at + other.size && other.at < one.at + one.size))
