// What backends do that have no kernel for it, keep no sets of examples and no programs.
import type { Backend, Buffer, ExampleSet, Program, Slots, Values } from '../backend.js'

/** A copy of the examples of the given indices, one after the other: gather() on a backend that keeps no copy of the set. */
export function gathered({ values, size }: ExampleSet, indices: Uint32Array): Uint8Array | Float32Array {
  const picked =
    values instanceof Uint8Array ? new Uint8Array(indices.length * size) : new Float32Array(indices.length * size)
  indices.forEach((from, i) => picked.set(values.subarray(from * size, (from + 1) * size), i * size))
  return picked
}

/** Where a program's results are. */
type Memory<B extends Buffer> = Pick<Backend<B>, 'download' | 'free'>

/** The numbers of results, which are given back. */
export async function read<B extends Buffer>(backend: Memory<B>, results: readonly B[]): Promise<Values[]> {
  const all = await Promise.all(results.map(y => backend.download(y)))
  for (const y of results) backend.free(y)
  return all
}

/** program(): the function as it is. */
export const eager = <B extends Buffer>(backend: Memory<B>, fn: (slots: Slots) => readonly B[]): Program => ({
  async run(times, slots, take) {
    for (let i = 0; i < times; i++) take(await read(backend, fn(slots(i))), i)
  },
  free() {},
})

/** The numbers of Backend.dropoutMask. */
export function maskOf(length: number, probability: number, kept: number, key: number): Float32Array {
  const dropped = Math.floor(probability * 2 ** 32)
  return Float32Array.from({ length }, (_, i) => (lowbias(lowbias(i) ^ key) >>> 0 < dropped ? 0 : kept))
}

function lowbias(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return x ^ (x >>> 16)
}
