// The memory of the kernels and the blocks in it; and how a kernel is run. What the other files of this folder build on.
import { Block, eachInput, type Delayed } from './block.js'
import type { Kernels } from './host.js'
import type { Pieces } from './memory.js'
import type { Team } from './threads.js'

export type Store = ReturnType<typeof createStore>

/** How many pieces of at most `size` something falls into. */
export const pieceOf = (count: number, size: number) => Math.ceil(count / size)

const viewsOf = ({ memory: { buffer } }: Pieces) => ({
  floats: new Float32Array(buffer),
  words: new Uint32Array(buffer),
  bytes: new Uint8Array(buffer),
})

/** @param compute writes the numbers of a block that was delayed to an address */
export function createStore(
  team: Team,
  kernels: Kernels,
  pieces: Pieces,
  compute: (block: Block, delayed: Delayed, to: number) => void,
) {
  const constant = (name: string) => (kernels[name] as unknown as { value: number }).value
  /** How much an item of the kernels does: constants of assembly/. */
  const sizes = {
    CHUNK: constant('CHUNK'),
    ROWS: constant('ROWS'),
    LINES: constant('LINES'),
    PICKED: constant('PICKED'),
    PANEL_ROWS: constant('PANEL_ROWS'),
    SEEN_FILTERS: constant('SEEN_FILTERS'),
    SPARE: constant('SPARE'),
    /** Columns of a packed panel, filters of a transformed one. */
    PANEL: 8,
    /** Images whose filter gradients one thread sums: fixed, so that the sum never depends on the number of threads. */
    IMAGES: 8,
    SCORES: constant('SCORES'),
  }
  let live = 0
  let scratch = 0
  let scratchSize = 0
  let views = viewsOf(pieces)

  /** The whole memory as numbers, once the kernels are done with it: made anew when it has grown. */
  function view() {
    team.wait()
    if (views.floats.buffer !== pieces.memory.buffer) views = viewsOf(pieces)
    return views
  }
  const takeFloats = (count: number) => pieces.take(4 * count)
  const takeBytes = (count: number) => pieces.take(count)

  /** Runs kernel(item, scratch, ...args) for every item, with so many bytes of scratch a thread. */
  function run(kernel: string, items: number, args: readonly number[], needed = 512) {
    if (needed > scratchSize) {
      if (scratch) pieces.give(scratch)
      scratchSize = Math.ceil(needed / 64) * 64
      scratch = pieces.take(scratchSize * team.threads)
    }
    team.run(kernel, items, scratch, scratchSize, args)
  }

  /** Runs with a temporary piece of so many numbers. */
  function withFloats(count: number, use: (at: number) => void) {
    const at = takeFloats(count)
    use(at)
    pieces.give(at)
  }

  /** A new block in the caller's hands: with memory, or without if something is to compute it later. */
  function make(length: number, delayed?: Delayed): Block {
    const block = adopt(new Block(length))
    block.delayed = delayed
    if (!delayed) block.at = takeFloats(length)
    eachInput(delayed, input => input.holders++)
    return block
  }

  /** Counts a block that was made elsewhere as being in the caller's hands. */
  function adopt(block: Block): Block {
    live++
    return block
  }

  /** Takes a block out of the caller's hands. */
  function free(block: Block) {
    if (block.freed) throw new Error('wasm: a buffer was freed twice')
    block.freed = true
    live--
    release(block)
  }

  function give(piece: number | undefined) {
    if (piece) pieces.give(piece)
  }

  function release(block: Block) {
    if (--block.holders > 0) return
    forget(block)
    give(block.at)
    give(block.bytes)
    give(block.seen?.at)
    give(block.lumped)
    give(block.softmax?.at)
    give(block.panels?.at)
    give(block.pooled?.winners)
    give(block.picked?.indices)
    block.picked?.set.leave()
    giveLists(block)
  }

  /** Gives back what is listed of a block. */
  function giveLists(block: Block) {
    for (const { owned } of block.rows) for (const piece of owned) pieces.give(piece)
    block.rows = []
  }

  function forget(block: Block) {
    const { delayed } = block
    block.delayed = undefined
    eachInput(delayed, release)
  }

  /** The address of a block's numbers, computed now if they are not there yet. */
  function at(block: Block): number {
    if (block.holders <= 0) throw new Error('wasm: a buffer was used after it had been freed')
    if (block.at) return block.at
    const { delayed, panels } = block
    const bytes = bytesOf(block)
    const to = takeFloats(block.length)
    if (delayed) compute(block, delayed, to)
    else if (panels) run('unpackPanels', pieceOf(panels.rows, sizes.PANEL_ROWS), [panels.at, to, panels.rows, panels.n])
    else eachNumber('toFloat', block.length, bytes, to)
    block.at = to
    block.rectified = delayed?.rectify ?? false
    forget(block)
    return to
  }

  /** The address of an image's grey levels, 0 if it has none. */
  function bytesOf(block: Block): number {
    const { bytes, picked, length } = block
    if (bytes || !picked) return bytes
    block.bytes = takeBytes(length)
    const { set, indices, count } = picked
    run('pickBytes', pieceOf(count, sizes.PICKED), [set.places, indices, block.bytes, count, set.size])
    return block.bytes
  }

  /** The address of the numbers of a [rows,n] matrix in panels, where they stay. */
  function panelsOf(block: Block, rows: number, n: number): number {
    const { panels } = block
    if (panels?.rows === rows && panels.n === n) return panels.at
    const from = at(block)
    if (panels) pieces.give(panels.at)
    const width = kernels.panelWidth(n)
    block.panels = { at: takeFloats(rows * pieceOf(n, width) * width), rows, n }
    run('packPanels', pieceOf(rows, sizes.PANEL_ROWS), [from, block.panels.at, rows, n])
    return block.panels.at
  }

  /**
   * The block that a step makes of one that it uses up, with its numbers, for the step to change; in panels [rows,n] if so
   * asked. It has the same memory, unless a delayed kernel still wants to read that; but nothing of what was noted of the numbers.
   */
  function successor(block: Block, rows?: number, n = 0): Block {
    const from = rows ? panelsOf(block, rows, n) : at(block)
    const next = adopt(new Block(block.length))
    let to = from
    if (block.holders > 1) {
      const size = pieces.sizeOf(from)
      to = pieces.take(size)
      view().bytes.copyWithin(to, from, from + size)
    } else if (rows) block.panels = undefined
    else block.at = 0
    if (rows) next.panels = { at: to, rows, n }
    else next.at = to
    free(block)
    return next
  }

  const eachNumber = (kernel: string, length: number, ...args: number[]) =>
    run(kernel, pieceOf(length, sizes.CHUNK), [...args, length])

  return {
    kernels,
    sizes,
    threads: team.threads,
    get live() {
      return live
    },
    /** Bytes that blocks and sets of images hold: all but the threads' scratch. */
    get bytes() {
      return pieces.used - (scratch ? pieces.sizeOf(scratch) : 0)
    },
    get runs() {
      return team.runs
    },
    view,
    wait: () => team.wait(),
    takeFloats,
    takeBytes,
    give,
    run,
    eachNumber,
    withFloats,
    make,
    free,
    at,
    bytesOf,
    panelsOf,
    successor,
    giveLists,
    adopt,
  }
}
