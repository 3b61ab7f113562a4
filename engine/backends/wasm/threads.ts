// Threads over one memory. A job is a kernel, its arguments, and a number of items; every thread, the main one included,
// takes the next item until none is left. Which thread does which item changes nothing: an item writes only its
// own part of the result, and sums over items are added up afterwards in their order.
//
// The job lies at the beginning of the shared memory:
//   (the build keeps the first 1024 bytes free for it)
//   NEXT     number of the job (high 16 bits) and of its next item (low 16 bits), in one word: an item is taken by
//            raising it with compareExchange, which fails if the job has changed meanwhile
//   DONE     items finished · SLEEPING  threads to be woken · FAILED  a kernel trapped
// A thread that finds nothing to do looks again for a while (waking it takes about 70 µs), then sleeps.
import type { Kernels, WasmMemory, WasmModule } from './host.js'

const [NEXT, DONE, SLEEPING, FAILED, KERNEL, ITEMS, COUNT] = [0, 1, 2, 3, 4, 5, 6]
const ARGUMENTS = 64
const MOST_ARGUMENTS = 24
/** Above any item number of a shared job. */
const MOST_ITEMS = 0xffff
/** Looks before a thread goes to sleep: some 100 µs. */
const LOOKS = 30000

/** What a worker needs to take part. */
export interface Invitation {
  readonly module: WasmModule
  readonly memory: WasmMemory
  readonly thread: number
}

/** Where the current job is written. */
const board = (memory: WasmMemory) => ({
  words: new Int32Array(memory.buffer, 0, 16),
  args: new Float64Array(memory.buffer, ARGUMENTS, MOST_ARGUMENTS),
})

type Board = ReturnType<typeof board>

/** Takes items of the current job until there are none. Argument 0 is the address of the threads' scratch, 1 its size. */
function takeItems({ words, args }: Board, kernels: ((...args: number[]) => number)[], thread: number) {
  let next = Atomics.load(words, NEXT)
  let started = -1
  let kernel = kernels[0]
  let job: number[] = []
  while ((next & MOST_ITEMS) < Atomics.load(words, ITEMS)) {
    if (next >>> 16 !== started) {
      started = next >>> 16
      kernel = kernels[words[KERNEL]]!
      job = [0, args[0] + thread * args[1]]
      for (let i = 0; i < words[COUNT]; i++) job.push(args[2 + i])
    }
    const seen = Atomics.compareExchange(words, NEXT, next, next + 1)
    if (seen !== next) {
      next = seen
      continue
    }
    job[0] = next & MOST_ITEMS
    kernel(...job)
    Atomics.add(words, DONE, 1)
    next = Atomics.load(words, NEXT)
  }
  return next
}

/** The life of a worker thread: it returns only if a kernel traps. */
export function help(kernels: Kernels, memory: WasmMemory, thread: number) {
  const job = board(memory)
  const list = Object.values(kernels)
  try {
    for (;;) {
      const next = takeItems(job, list, thread)
      let looks = 0
      while (Atomics.load(job.words, NEXT) === next && looks < LOOKS) looks++
      if (looks < LOOKS) continue
      Atomics.add(job.words, SLEEPING, 1)
      Atomics.wait(job.words, NEXT, next)
      Atomics.sub(job.words, SLEEPING, 1)
    }
  } catch {
    Atomics.store(job.words, FAILED, 1)
  }
}

/** Runs jobs from the main thread, which takes part as thread 0. */
export class Team {
  readonly #job: Board
  readonly #list: ((...args: number[]) => number)[]
  readonly #index: Map<string, number>
  #number = 0

  constructor(
    readonly kernels: Kernels,
    memory: WasmMemory,
    readonly threads: number,
  ) {
    this.#job = board(memory)
    this.#list = Object.values(kernels)
    this.#index = new Map(Object.keys(kernels).map((name, i) => [name, i]))
  }

  /** Calls kernel(item, scratch, ...args) for every item; returns when all are done. */
  run(kernel: string, items: number, scratch: number, scratchSize: number, args: readonly number[]) {
    if (items === 1 || items >= MOST_ITEMS || this.threads === 1) {
      for (let i = 0; i < items; i++) this.kernels[kernel](i, scratch, ...args)
      return
    }
    const { words } = this.#job
    this.#job.args.set([scratch, scratchSize, ...args])
    words[KERNEL] = this.#index.get(kernel)!
    words[COUNT] = args.length
    Atomics.store(words, DONE, 0)
    this.#number = (this.#number + 1) & 0xffff
    // Items last but one: until NEXT names this job, nothing can be taken, for its item number is past any count.
    Atomics.store(words, NEXT, (this.#number << 16) | MOST_ITEMS)
    Atomics.store(words, ITEMS, items)
    Atomics.store(words, NEXT, this.#number << 16)
    if (Atomics.load(words, SLEEPING) > 0) Atomics.notify(words, NEXT)
    takeItems(this.#job, this.#list, 0)
    while (Atomics.load(words, DONE) < items)
      if (Atomics.load(words, FAILED)) throw new Error(`wasm: a thread failed in ${kernel}`)
  }
}
