// Threads over one memory, which walk through programs together (assembly/program.ts, where the words below are explained).
// A thread that finds nothing to do looks again for a while (waking it takes about 70 µs), then sleeps, so that what else the
// engine does, such as compiling in the background, has a processor.
import type { Exports, WasmMemory, WasmModule } from './host.js'
import { constants as sizes, signatures, type Functions, type Kernels } from './kernels.js'
import type { Live } from './recording.js'

const [JOB, INSIDE, SLEEPING, FAILED] = [0, 1, 2, 3]
/** As many threads as there is room for. */
export const MOST_THREADS = 100
/** Looks before a thread goes to sleep: about a millisecond, longer than what passes between two steps of a training. */
const LOOKS = 100_000

/** What a worker needs to take part. */
export interface Invitation {
  readonly module: WasmModule
  readonly memory: WasmMemory
  readonly thread: number
}

/** A kernel to be run for so many items. */
export interface KernelCall {
  readonly kernel: keyof Kernels | 'guard' | 'finite'
  readonly items: number
  readonly args: readonly (number | Live)[]
  /** How many items of its program must be done before, and how many there are up to its last one. */
  readonly before: number
  readonly upTo: number
}

/** Where an argument is, in numbers of 4 bytes, and whether it is a float. */
export interface Place {
  readonly word: number
  readonly isFloat: boolean
}

const wordsOf = (memory: WasmMemory) => new Int32Array(memory.buffer)

/** Leaves no program in a memory that others have used before. */
export function clearBoard(memory: WasmMemory) {
  new Uint8Array(memory.buffer).fill(0, 0, 8192)
}

/** The life of a worker thread: it returns only if a kernel traps. */
export function help(kernels: Exports, { memory, thread }: Invitation) {
  const functions = kernels as unknown as Functions
  const words = wordsOf(memory)
  try {
    for (;;) {
      const job = Atomics.load(words, JOB)
      if (job & 1) functions.takePart(thread)
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

/** Each kernel's number, and the kinds of its arguments (kernels.ts). */
const known: ReadonlyMap<string, { readonly number: number; readonly kinds: string }> = new Map([
  ...signatures.map(([kernel, kinds], number) => [kernel, { number, kinds }] as const),
  ['guard', { number: sizes.GUARD, kinds: 'rii' }],
  ['finite', { number: sizes.FINITE, kinds: 'r' }],
])

function knownAs(kernel: string) {
  const found = known.get(kernel)
  if (!found) throw new Error(`wasm: there is no kernel ${kernel}`)
  return found
}

/** The kinds of a kernel's arguments: one character each. */
export const kindsOf = (kernel: string) => knownAs(kernel).kinds

/** Runs programs from the main thread, which takes part as thread 0. */
export class ThreadPool {
  readonly #runs = new Map<string, number>()
  readonly #functions: Functions
  #words: Int32Array
  #floats: Float32Array
  #ended = false
  #last = 0
  #count = 0
  /** How often JavaScript called for kernels. */
  calls = 0

  constructor(
    kernels: Exports,
    readonly memory: WasmMemory,
    readonly threads: number,
  ) {
    this.#functions = kernels as unknown as Functions
    this.#words = wordsOf(memory)
    this.#floats = new Float32Array(memory.buffer)
  }

  /** How often each kernel was run. */
  get runs(): ReadonlyMap<string, number> {
    return new Map(this.#runs)
  }

  /** Notes that a kernel was run so often. */
  count(kernel: string, times = 1) {
    this.#runs.set(kernel, (this.#runs.get(kernel) ?? 0) + times)
  }

  /** Writes a record of a program. */
  write(at: number, { kernel, items, args, before, upTo }: KernelCall) {
    const { number, kinds } = knownAs(kernel)
    this.#refresh()
    const word = at >> 2
    this.#words.set([number, items, before, upTo], word)
    const first = (at + sizes.ARGUMENTS) >> 2
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]
      const value = typeof arg === 'number' ? arg : arg()
      if (kinds[i] === 'f') this.#floats[first + i] = value
      else this.#words[first + i] = value
    }
  }

  /** Where argument i of a record of a kernel is. */
  placeOf(kernel: string, record: number, i: number): Place {
    return { word: ((record + sizes.ARGUMENTS) >> 2) + i, isFloat: kindsOf(kernel)[i] === 'f' }
  }

  /** Writes an argument of some records anew: of those so many words further on. */
  writeLive(places: readonly Place[], value: number, further: number) {
    this.#refresh()
    for (const { word, isFloat } of places) (isFloat ? this.#floats : this.#words)[word + further] = value
  }

  /** Views of a memory that has grown. */
  #refresh() {
    if (this.#words.buffer === this.memory.buffer) return
    this.#words = wordsOf(this.memory)
    this.#floats = new Float32Array(this.memory.buffer)
  }

  /** Calls kernel(item, scratch, ...args) for every item. */
  run(kernel: keyof Kernels, items: number, scratch: number, scratchSize: number, args: readonly (number | Live)[]) {
    this.settle()
    this.write(sizes.SINGLE, { kernel, items, args, before: 0, upTo: items })
    this.count(kernel)
    this.#walk(sizes.SINGLE, 1, scratch, scratchSize, items === 1 ? 1 : this.threads)
  }

  /** Runs a program of so many records. @returns how many were run: all, or those before the guard that stopped it */
  runProgram(at: number, count: number, scratch: number, scratchSize: number): number {
    // A thread that is late must find the records of the same program, and as many of them.
    if (at !== this.#last || count !== this.#count) this.settle()
    this.#count = count
    return this.#walk(at, count, scratch, scratchSize, this.threads)
  }

  /** Runs one thread's share of a record's items, here and alone. */
  runShare(record: number, thread: number, scratch: number) {
    this.settle()
    const items = this.#words[(record >> 2) + 1]
    const [from, to] = [thread, thread + 1].map(t => Math.floor((items * t) / this.threads))
    this.#functions.runItems(record, from, to, scratch)
  }

  #walk(at: number, count: number, scratch: number, scratchSize: number, threads: number): number {
    this.calls++
    this.#last = at
    try {
      return this.#functions.runProgram(at, count, scratch, scratchSize, threads)
    } catch (error) {
      Atomics.store(this.#words, FAILED, 1)
      throw error
    }
  }

  /** Waits until no thread is on its way through the last program any more, so that its records may be changed. */
  settle() {
    do this.check()
    while (this.threads > 1 && Atomics.load(this.#words, INSIDE) > 0)
  }

  /** From now on every call is an error. @returns whether this is the first time */
  end(): boolean {
    const first = !this.#ended
    this.#ended = true
    return first
  }

  /** @throws an Error if nothing can be run any more */
  check() {
    this.#refresh()
    if (this.#ended) throw new Error('wasm: the backend was used after dispose()')
    if (this.#words[FAILED]) throw new Error('wasm: a thread failed')
  }
}
