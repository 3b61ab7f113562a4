// The blocks, the memory that they hold, and how a kernel is run in it.
import { SLACK, type Allocator } from './allocator.js'
import type { SlotValues } from '../../backend.js'
import type { Functions, Kernels } from './kernels.js'
import { Block, eachInput, type Layout, type LazyOp } from './layout.js'
import type { Live, Noted, Recording } from './recording.js'
import type { ThreadPool } from './threadPool.js'

export type Store = ReturnType<typeof createStore>

/** Arguments that may be computed anew each time a program runs. */
type OrLive<T extends readonly number[]> = { readonly [I in keyof T]: T[I] | Live }

const viewsOf = ({ memory: { buffer } }: Allocator) => ({
  floats: new Float32Array(buffer),
  words: new Uint32Array(buffer),
  bytes: new Uint8Array(buffer),
})

export function createStore(threadPool: ThreadPool, functions: Functions, allocator: Allocator) {
  let live = 0
  let scratch = 0
  let scratchSize = 0
  let views = viewsOf(allocator)
  let recording: Recording | undefined

  /** The whole memory as numbers: made anew when it has grown. */
  function view() {
    threadPool.check()
    if (views.floats.buffer !== allocator.memory.buffer) views = viewsOf(allocator)
    return views
  }

  const take = (bytes: number) => allocator.take(bytes)

  function give(piece: number | undefined) {
    if (piece && !recording?.keeps(piece)) allocator.give(piece)
  }

  function write(values: SlotValues | Float64Array, at: number) {
    const { floats, words, bytes } = view()
    if (values instanceof Uint8Array) bytes.set(values, at)
    else if (values instanceof Uint32Array) words.set(values, at >> 2)
    else floats.set(values, at >> 2)
  }

  /** Memory that is to be a program's own, if one comes of what is noted: nothing noted until now and no other program uses it. */
  function takeOwn(bytes: number): number {
    const used = allocator.reserve(recording ? [...(allocator.log ?? []), ...recording.avoided] : [])
    const piece = take(bytes)
    allocator.release(used)
    return piece
  }

  /** Values in memory, where a program has them before it begins. */
  function put(values: SlotValues | Float64Array): number {
    const piece = takeOwn(values instanceof Float64Array ? 4 * values.length : values.byteLength)
    write(values, piece)
    recording?.keep(values as SlotValues, piece)
    return piece
  }

  /** Says that what happens now is no kernel call, and depends on more than the slots: replaying would not do it. */
  function cannotReplay() {
    if (recording) recording.replayable = false
  }

  /** Whether the whole number at an address is at most `limit`: a program stops where that is not as it was. */
  function isAtMost(at: number, limit: number): boolean {
    const above = view().words[at >> 2] > limit
    recording?.guard(at, limit, above)
    return !above
  }

  /** A program runs with the most scratch that it needs from its first record on: so that is where nothing of it was before. */
  function reach(needed: number) {
    if (needed <= scratchSize) return
    give(scratch)
    scratch = 0
    scratchSize = Math.ceil(needed / 64) * 64
    scratch = takeOwn(scratchSize * threadPool.threads)
  }

  /** Runs kernel(item, scratch, ...args) for every item, with so many bytes of scratch a thread. */
  function runKernel(
    kernel: keyof Kernels,
    items: number,
    args: readonly (number | Live)[],
    needed = 512,
    planned?: Noted['planned'],
  ) {
    reach(needed)
    recording?.note({ kernel, items, args, planned }, needed)
    threadPool.run(kernel, items, scratch, scratchSize, args)
  }

  /** The same with arguments whose number and meaning the compiler checks. */
  const run: <K extends keyof Kernels>(kernel: K, items: number, args: OrLive<Kernels[K]>, needed?: number) => void =
    runKernel

  /** Runs a program. @returns how many of its records were run */
  function runProgram(at: number, count: number, needed: number): number {
    reach(needed)
    return threadPool.runProgram(at, count, scratch, scratchSize)
  }

  /** Runs one thread's share of a record's items. */
  function runShare(record: number, thread: number) {
    threadPool.runShare(record, thread, scratch)
  }

  /** Counts a block as being in the caller's hands. */
  function adopt(block: Block): Block {
    live++
    recording?.made.add(block)
    return block
  }

  /** A new block in the caller's hands, with memory for its numbers. */
  function make(length: number): Block {
    const block = new Block(length)
    block.layouts.push({ kind: 'dense', at: take(4 * length) })
    return adopt(block)
  }

  /** A new block that is yet to be computed. */
  function wait(length: number, op: LazyOp): Block {
    const block = new Block(length)
    block.layouts.push({ kind: 'lazy', op })
    block.rectified = (op.op === 'matmul' || op.op === 'conv2d') && !!op.rectify
    eachInput(op, input => input.holders++)
    return adopt(block)
  }

  /** Takes a block out of the caller's hands. */
  function free(block: Block) {
    if (block.freed) throw new Error('wasm: a buffer was freed twice')
    block.freed = true
    live--
    if (recording && !recording.made.has(block)) recording.replayable = false
    release(block)
  }

  function release(block: Block) {
    if (--block.holders > 0) return
    recording?.made.delete(block)
    for (const layout of block.layouts) giveLayout(layout)
    block.layouts = []
    forget(block)
  }

  /** Gives back what was noted of a block's numbers. */
  function forget(block: Block) {
    give(block.active?.at)
    give(block.lumped)
    give(block.softmax?.at)
    give(block.pooled?.argmax)
    block.rectified = false
    block.active = block.pooled = block.softmax = undefined
    block.lumped = 0
  }

  /** Gives back what a block has in the chosen layouts. */
  function drop(block: Block, which: (layout: Layout) => boolean) {
    const { layouts } = block
    block.layouts = layouts.filter(layout => !which(layout))
    if (block.layouts.length < layouts.length)
      for (const layout of layouts) if (!block.layouts.includes(layout)) giveLayout(layout)
  }

  function giveLayout(layout: Layout) {
    if (layout.kind === 'csr') for (const piece of layout.owned) give(piece)
    else if (layout.kind !== 'lazy') give(layout.at)
    else if (layout.op.op === 'gather') {
      give(layout.op.indices)
      layout.op.set.leave()
    } else eachInput(layout.op, release)
  }

  /** A piece of memory as large as another, with its content if asked for. */
  function another(piece: number, copied: boolean): number {
    const size = allocator.sizeOf(piece)
    const copy = take(size - SLACK)
    if (copied) view().bytes.copyWithin(copy, piece, piece + size)
    cannotReplay()
    return copy
  }

  return {
    functions,
    get live() {
      return live
    },
    /** Bytes that blocks and sets of images hold: all but the threads' scratch. */
    get bytes() {
      return allocator.used - (scratch ? allocator.sizeOf(scratch) : 0)
    },
    /** Where what is being run is noted, if it is. */
    get recording() {
      return recording
    },
    set recording(to: Recording | undefined) {
      recording = to
    },
    allocator,
    threadPool,
    view,
    take,
    takeOwn,
    give,
    write,
    put,
    cannotReplay,
    isAtMost,
    run,
    runKernel,
    runProgram,
    runShare,
    adopt,
    make,
    wait,
    free,
    drop,
    forget,
    another,
  }
}
