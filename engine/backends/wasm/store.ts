// The blocks, the memory that they hold, and how a kernel is run in it.
import type { Allocator } from './allocator.js'
import type { Functions, Kernels } from './kernels.js'
import { Block, eachInput, type Layout, type LazyOp } from './layout.js'
import type { ThreadPool } from './threadPool.js'

export type Store = ReturnType<typeof createStore>

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

  /** The whole memory as numbers, once the kernels are done with it: made anew when it has grown. */
  function view() {
    threadPool.wait()
    if (views.floats.buffer !== allocator.memory.buffer) views = viewsOf(allocator)
    return views
  }

  const take = (bytes: number) => allocator.take(bytes)

  function give(piece: number | undefined) {
    if (piece) allocator.give(piece)
  }

  /** Runs kernel(item, scratch, ...args) for every item, with so many bytes of scratch a thread. */
  function runKernel(kernel: keyof Kernels, items: number, args: readonly number[], needed = 512) {
    if (needed > scratchSize) {
      give(scratch)
      scratch = 0
      scratchSize = Math.ceil(needed / 64) * 64
      scratch = take(scratchSize * threadPool.threads)
    }
    threadPool.run(kernel, items, scratch, scratchSize, args)
  }

  /** The same with arguments whose number and meaning the compiler checks. */
  const run: <K extends keyof Kernels>(kernel: K, items: number, args: Kernels[K], needed?: number) => void = runKernel

  /** Counts a block as being in the caller's hands. */
  function adopt(block: Block): Block {
    live++
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
    release(block)
  }

  function release(block: Block) {
    if (--block.holders > 0) return
    for (const layout of block.layouts) giveLayout(layout)
    block.layouts = []
    give(block.active?.at)
    give(block.lumped)
    give(block.softmax?.at)
    give(block.pooled?.argmax)
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
    const copy = take(size)
    if (copied) view().bytes.copyWithin(copy, piece, piece + size)
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
    view,
    done: () => {
      threadPool.wait()
    },
    take,
    give,
    run,
    runKernel,
    adopt,
    make,
    wait,
    free,
    drop,
    another,
  }
}
