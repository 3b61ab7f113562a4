// Whether kernels keep to what is said of the memory that they read and write.
import assert from 'node:assert/strict'
import type { Range } from '../../engine/backends/wasm/allocator.js'
import type { Explained } from '../../engine/backends/wasm/recording.js'

/**
 * Runs each kernel of a program, which one thread has just recorded, twice: as it is; and with noise in all that the program writes
 * anywhere, but for what this kernel is said to read or write. It must make the same of it, and leave the noise as it is.
 * @returns how many kernels had noise around them
 */
export function keepToTheirMemory({ records, run, memory }: Explained): number {
  const all = records.flatMap(({ access }) => access.writes)
  const first = Math.min(...all.map(({ at }) => at))
  const end = Math.max(...all.map(({ at, size }) => at + size))
  const bytes = () => new Uint8Array(memory.buffer, first, end - first)
  /** Writes to these ranges of an array what another one has there. */
  const copy = (ranges: readonly Range[], from: Uint8Array, to: Uint8Array) => {
    for (const { at, size } of ranges) {
      const [start, stop] = [at, at + size].map(place => Math.min(Math.max(place - first, 0), to.length))
      to.set(from.subarray(start, stop), start)
    }
  }
  const start = bytes().slice()
  let noisy = 0
  for (const [r, { kernel, access }] of records.entries()) {
    if (kernel === 'guard' || kernel === 'finite') continue
    const before = bytes().slice()
    run(r)
    const after = bytes().slice()
    const noise = before.slice()
    copy(all, new Uint8Array(noise.length).fill(0xa5), noise)
    copy([...access.reads, ...access.writes], before, noise)
    if (Buffer.compare(noise, before) !== 0) noisy++
    copy(all, noise, bytes())
    run(r)
    const expected = noise.slice()
    copy(access.writes, after, expected)
    for (const { at, size } of all) {
      const [found, right] = [bytes(), expected].map(from => from.subarray(at - first, at - first + size))
      if (Buffer.compare(found, right) !== 0) assert.fail(`record ${r}, ${kernel}, reads or writes more than it says`)
    }
    copy(all, after, bytes())
  }
  copy(all, start, bytes())
  return noisy
}
