// Threads over one memory. A job is a kernel, its arguments, and a number of items; every thread, the main one included,
// has its share of the items, and when that is done it takes from the others'. Shares are the same from job to job, so what
// a thread has computed of an image is still in its cache when the next kernel treats that image. Which thread does which
// item changes nothing: an item writes only its own part of the result, and sums over items are added in their order.
//
// The job lies at the beginning of the shared memory (the build keeps the first 8192 bytes free for it):
//   JOB      its number, raised when all else is written
//   DONE     items finished · SLEEPING  threads to be woken · FAILED  a kernel trapped
//   NEXT     of each thread's share, number of the job (high 16 bits) and next item (low 16 bits) in one word: an item is
//            taken by raising it with compareExchange, which fails if the job has changed meanwhile
// A thread that finds nothing to do looks again for a while (waking it takes about 70 µs), then sleeps, so that what else the
// engine does, such as compiling in the background, has a processor.
import type { Exports, WasmMemory, WasmModule } from './host.js'
import type { Kernels } from './kernels.js'

const [JOB, DONE, SLEEPING, FAILED, KERNEL, ITEMS, COUNT] = [0, 1, 2, 3, 4, 5, 6]
const ARGUMENTS = 64
const MOST_ARGUMENTS = 24
/** The words NEXT: one a thread, each on a cache line of its own. */
const NEXT = 256
const LINE = 16
const next = (thread: number) => NEXT + LINE * thread
/** As many threads as there is room for. */
export const MOST_THREADS = 100
/** Above any item number of a shared job. */
const MOST_ITEMS = 0xffff
/** Looks before a thread goes to sleep: for longer than what passes between two kernels, but not for much longer. */
const LOOKS = 10000

/** What a worker needs to take part. */
export interface Invitation {
  readonly module: WasmModule
  readonly memory: WasmMemory
  readonly thread: number
  readonly threads: number
}

/** Where the current job is written. */
const boardOf = (memory: WasmMemory) => ({
  words: new Int32Array(memory.buffer, 0, next(MOST_THREADS)),
  args: new Float64Array(memory.buffer, ARGUMENTS, MOST_ARGUMENTS),
})

type Board = ReturnType<typeof boardOf>

/** Leaves no job in a memory that others have used before. */
export function clearBoard(memory: WasmMemory) {
  boardOf(memory).words.fill(0)
}

/** Where a thread's share of so many items begins; where the next one's begins, it ends. */
const shareOf = (items: number, thread: number, threads: number) => Math.floor((items * thread) / threads)

/** Takes items of the current job until there are none. Argument 0 is the address of the threads' scratch, 1 its size. */
function takeItems(
  { words, args }: Board,
  kernels: ((...args: number[]) => number)[],
  thread: number,
  threads: number,
) {
  let started = -1
  let kernel = kernels[0]
  let job: number[] = []
  for (let i = 0; i < threads; i++) {
    const owner = (thread + i) % threads
    for (;;) {
      const found = Atomics.load(words, next(owner))
      if ((found & MOST_ITEMS) >= shareOf(Atomics.load(words, ITEMS), owner + 1, threads)) break
      if (found >>> 16 !== started) {
        started = found >>> 16
        kernel = kernels[words[KERNEL]]!
        job = [0, args[0] + thread * args[1]]
        for (let i = 0; i < words[COUNT]; i++) job.push(args[2 + i])
      }
      if (Atomics.compareExchange(words, next(owner), found, found + 1) !== found) continue
      job[0] = found & MOST_ITEMS
      kernel(...job)
      Atomics.add(words, DONE, 1)
    }
  }
}

/** The life of a worker thread: it returns only if a kernel traps. */
export function help(kernels: Exports, { memory, thread, threads }: Invitation) {
  const board = boardOf(memory)
  const { words } = board
  const list = Object.values(kernels)
  try {
    for (;;) {
      const job = Atomics.load(words, JOB)
      takeItems(board, list, thread, threads)
      let looks = 0
      while (Atomics.load(words, JOB) === job && looks < LOOKS) looks++
      if (looks < LOOKS) continue
      Atomics.add(words, SLEEPING, 1)
      Atomics.wait(words, JOB, job)
      Atomics.sub(words, SLEEPING, 1)
    }
  } catch {
    Atomics.store(words, FAILED, 1)
  }
}

/** Runs jobs from the main thread, which takes part as thread 0. */
export class ThreadPool {
  readonly #board: Board
  readonly #list: ((...args: number[]) => number)[]
  readonly #jobs: Map<string, { readonly index: number; readonly kernel: (...args: number[]) => number; runs: number }>
  #number = 0
  #ended = false
  #running: { kernel: string; items: number } | undefined

  constructor(
    kernels: Exports,
    memory: WasmMemory,
    readonly threads: number,
  ) {
    this.#board = boardOf(memory)
    this.#list = Object.values(kernels)
    const jobs = Object.entries(kernels).map(([name, kernel], index) => [name, { index, kernel, runs: 0 }] as const)
    this.#jobs = new Map(jobs)
  }

  /** How often each kernel was run. */
  get runs(): Map<string, number> {
    const used = [...this.#jobs].filter(([, { runs }]) => runs > 0)
    return new Map(used.map(([name, { runs }]) => [name, runs]))
  }

  /**
   * Calls kernel(item, scratch, ...args) for every item. What other threads still have in hand when this one has nothing left
   * may go on behind: wait() before anything but the next run looks at what a kernel wrote, or writes where one reads.
   */
  run(kernel: keyof Kernels, items: number, scratch: number, scratchSize: number, args: readonly number[]) {
    this.wait()
    const job = this.#jobs.get(kernel)
    if (!job) throw new Error(`wasm: there is no kernel ${kernel}`)
    job.runs++
    if (items === 1 || items >= MOST_ITEMS || this.threads === 1) {
      for (let i = 0; i < items; i++) job.kernel(i, scratch, ...args)
      return
    }
    const { words } = this.#board
    this.#number = (this.#number + 1) & 0xffff
    const open = (item: (thread: number) => number) => {
      for (let t = 0; t < this.threads; t++) Atomics.store(words, next(t), (this.#number << 16) | item(t))
    }
    open(() => MOST_ITEMS) // nothing can be taken until all is written
    this.#board.args.set([scratch, scratchSize, ...args])
    words[KERNEL] = job.index
    words[COUNT] = args.length
    Atomics.store(words, DONE, 0)
    Atomics.store(words, ITEMS, items)
    open(t => shareOf(items, t, this.threads))
    Atomics.store(words, JOB, this.#number)
    if (Atomics.load(words, SLEEPING) > 0) Atomics.notify(words, JOB)
    this.#running = { kernel, items }
    takeItems(this.#board, this.#list, 0, this.threads)
  }

  /** Waits for what is running; then every call is an error. @returns whether this is the first time */
  end(): boolean {
    if (this.#ended) return false
    try {
      this.wait()
    } catch {
      // A thread that failed is ended with the others.
    }
    this.#ended = true
    return true
  }

  /** Waits until all that was run is done. */
  wait() {
    if (this.#ended) throw new Error('wasm: the backend was used after dispose()')
    if (!this.#running) return
    const { words } = this.#board
    const { kernel, items } = this.#running
    while (Atomics.load(words, DONE) < items)
      if (Atomics.load(words, FAILED)) throw new Error(`wasm: a thread failed in ${kernel}`)
    this.#running = undefined
  }
}
