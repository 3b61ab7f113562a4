// The memory of the kernels: one growing block of bytes, handed out in pieces and taken back.
import { problem } from '../../errors.js'
import type { WasmMemory } from './host.js'

const PAGE = 65536
/** Vectors may be read a little past a piece's end; and pieces begin on a cache line. */
export const SLACK = 64
const align = (bytes: number) => Math.ceil((bytes + SLACK) / 64) * 64

/** A stretch of memory. */
export interface Range {
  readonly at: number
  readonly size: number
}

/** First fit, neighbours joined: a training step finds the pieces that the step before gave back. */
export class Allocator {
  /** The free pieces, by address; the last one grows when none is large enough. */
  #free: { at: number; size: number }[]
  readonly #sizes = new Map<number, number>()
  /** How many bytes are handed out. */
  used = 0
  /** All pieces that were handed out since somebody asked for this list. */
  log: Range[] | undefined

  constructor(
    readonly memory: WasmMemory,
    start: number,
  ) {
    const at = align(start)
    this.#free = [{ at, size: memory.buffer.byteLength - at }]
  }

  /** The address of so many bytes, their content being whatever was there. @throws ChiffreError if there are none left */
  take(bytes: number): number {
    const size = align(bytes)
    const piece = this.#free.find(p => p.size >= size) ?? this.#grow(size, bytes)
    const at = piece.at
    piece.at += size
    piece.size -= size
    if (piece.size === 0) this.#free.splice(this.#free.indexOf(piece), 1)
    this.#sizes.set(at, size)
    this.used += size
    this.log?.push({ at, size })
    return at
  }

  sizeOf(at: number): number {
    const size = this.#sizes.get(at)
    if (!size) throw new Error(`wasm: no piece of memory begins at ${at}`)
    return size
  }

  /** From an address to the end of the piece that it lies in; all there is if it lies in none. */
  rangeAt(at: number): Range {
    const size = this.#sizes.get(at)
    if (size) return { at, size }
    for (const [piece, size] of this.#sizes) if (piece < at && at < piece + size) return { at, size: piece + size - at }
    return { at: 0, size: Infinity }
  }

  give(at: number) {
    const size = this.sizeOf(at)
    this.#sizes.delete(at)
    this.#add({ at, size })
  }

  /** Keeps what is free of these ranges from being handed out. @returns what it was, to be released one day */
  reserve(ranges: readonly Range[]): Range[] {
    const reserved: Range[] = []
    for (const range of ranges)
      this.#free = this.#free.flatMap(piece => {
        const at = Math.max(piece.at, range.at)
        const end = Math.min(piece.at + piece.size, range.at + range.size)
        if (end <= at) return [piece]
        reserved.push({ at, size: end - at })
        this.used += end - at
        const before = { at: piece.at, size: at - piece.at }
        const after = { at: end, size: piece.at + piece.size - end }
        return [before, after].filter(({ size }) => size > 0)
      })
    return reserved
  }

  release(ranges: readonly Range[]) {
    for (const range of ranges) this.#add({ ...range })
  }

  #add({ at, size }: Range) {
    this.used -= size
    const free = this.#free
    const i = free.findIndex(p => p.at > at)
    const place = i < 0 ? free.length : i
    free.splice(place, 0, { at, size })
    this.#join(place)
    this.#join(place - 1)
  }

  /** Joins a free piece with the next, if they touch. */
  #join(i: number) {
    const [piece, next] = [this.#free[i], this.#free[i + 1]]
    if (!piece || !next || piece.at + piece.size !== next.at) return
    piece.size += next.size
    this.#free.splice(i + 1, 1)
  }

  #grow(size: number, asked: number) {
    const end = this.memory.buffer.byteLength
    const last = this.#free.at(-1)
    const tail = last && last.at + last.size === end ? last : undefined
    const pages = Math.ceil((size - (tail?.size ?? 0)) / PAGE)
    try {
      this.memory.grow(pages)
    } catch {
      throw problem('engine.memory', { asked, used: end })
    }
    if (tail) tail.size += pages * PAGE
    else this.#free.push({ at: end, size: pages * PAGE })
    return this.#free.at(-1)!
  }
}
