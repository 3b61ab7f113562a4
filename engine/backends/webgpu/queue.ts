// Kernel calls on their way to the card. A call is noted, and nothing runs until somebody downloads: by then it is known what is read
// again and what was freed, so that a call can take its only reader with it (a product its bias and relu), numbers that nobody
// wants are not computed, and memory is shared out once. program.ts keeps such a list and runs it again.
import type { Buffer, ExampleSet, SlotValues, Values } from '../../backend.js'
import type { GPUBuffer } from './api.js'
import { SIZES, type Device, type Dispatch } from './device.js'
import { fused } from './fuse.js'
import { words, type Kernel } from './kernel.js'

/** A tensor's numbers: where they are, once they are computed. */
export class Block implements Buffer {
  memory: GPUBuffer | undefined
  /** Given back by whoever called for it. */
  freed = false
  /** How many calls that are yet to run read or write it. */
  awaited = 0
  /** Whether its memory is somebody else's: a program's. */
  borrowed = false
  constructor(readonly length: number) {}
}

/** A kernel's sizes and other numbers, in its order; as a function they are asked for anew at each run of a program. */
export type Numbers = readonly number[] | (() => readonly number[])

export interface Call {
  readonly kernel: Kernel
  readonly reads: readonly Block[]
  /** What it makes, and what it changes where it is: bound in this order. */
  readonly makes: readonly Block[]
  readonly changes?: readonly Block[]
  readonly numbers: Numbers
  /** How many workgroups it takes. */
  readonly groups: number
  /** The call that does both this and `next`, which reads this one's only result, as nobody else does. */
  readonly join?: (next: Call) => Call | undefined
}

/** So many calls are sent even if nobody reads: they hold the memory of what was freed. */
const LONGEST = 512

/** A dispatch, where its sizes stand, and how many numbers its arrays hold, in the order in which they are bound. */
export interface Noted extends Dispatch {
  readonly kernel: Kernel
  readonly at: number
  readonly lengths: readonly number[]
}

/** Of a list that was run: how to run it again. */
export interface Ran {
  readonly dispatches: readonly Noted[]
  readonly sizes: GPUBuffer
  /** The first of the sizes, which change from run to run. */
  readonly live: readonly { readonly kernel: Kernel; readonly numbers: () => readonly number[] }[]
}

/** What program.ts wants to know while a function runs. */
export interface Recorder {
  made(x: Block): void
  used(x: Block, changed: boolean): void
  /** Values were copied to the card: the program's own memory from then on. */
  uploaded(x: Block, values: SlotValues | Values): void
  /** A set's copy, of this version, is read. */
  gathered(examples: ExampleSet, version: number, copy: Block): void
  /** Something happened that cannot be run again. */
  refuse(): void
  /** The latest: nothing is changed for it if it is no number. */
  loss: Block | undefined
  /** Where intermediate results are. */
  take(op: string, bytes: number): GPUBuffer
  give(memory: GPUBuffer): void
}

export class Queue {
  readonly live = new Set<Block>()
  recorder: Recorder | undefined
  #calls: Call[] = []
  readonly #sets = new Map<ExampleSet, { readonly version: number; readonly copy: Block }>()

  constructor(readonly device: Device) {}

  /** A new block, whose numbers are yet to be computed. */
  make(length: number): Block {
    const x = new Block(length)
    this.live.add(x)
    this.recorder?.made(x)
    return x
  }

  upload(op: string, values: SlotValues | Values, length: number = values.length): Block {
    const x = new Block(length)
    x.memory = this.device.take(op, values.byteLength)
    this.live.add(x)
    this.device.write(x.memory, values)
    if (this.recorder) {
      x.borrowed = true
      this.recorder.made(x)
      this.recorder.uploaded(x, values)
    }
    return x
  }

  free(x: Block) {
    if (!this.live.delete(x)) throw new Error('webgpu: freed a buffer that is not in use')
    x.freed = true
    this.release(x)
  }

  call({ numbers, ...rest }: Call) {
    const call = { ...rest, numbers: typeof numbers === 'function' && !this.recorder ? numbers() : numbers }
    this.#calls.push(call)
    for (const x of call.reads) this.#await(x, false)
    for (const x of call.makes) x.awaited++
    for (const x of call.changes ?? []) this.#await(x, true)
    if (this.#calls.length >= LONGEST && !this.recorder) this.flush()
  }

  #await(x: Block, changed: boolean) {
    x.awaited++
    this.recorder?.used(x, changed)
  }

  /** A copy of a set on the card, made anew when the set has changed, if it fits there; those that were used last are kept. */
  copyOf(examples: ExampleSet): Block | undefined {
    const { values, version } = examples
    if (values.byteLength > this.device.limit) return undefined
    let known = this.#sets.get(examples)
    if (known && known.version !== version) this.#forget(examples, known.copy)
    if (known?.version !== version) {
      const copy = new Block(values.length)
      copy.borrowed = true
      copy.memory = this.device.take('gather', values.byteLength)
      this.device.write(copy.memory, values)
      known = { version, copy }
    }
    this.#sets.delete(examples)
    this.#sets.set(examples, known)
    for (const [oldest, { copy }] of this.#sets) if (this.#sets.size > MOST_SETS) this.#forget(oldest, copy)
    this.recorder?.gathered(examples, version, known.copy)
    return known.copy
  }

  #forget(examples: ExampleSet, copy: Block) {
    this.#sets.delete(examples)
    this.recorder?.refuse()
    this.flush()
    this.device.give(copy.memory!)
  }

  /** Whether a set's copy is still of this version. */
  holds(examples: ExampleSet, version: number, copy: Block) {
    return examples.version === version && this.#sets.get(examples)?.copy === copy
  }

  download(x: Block): Promise<Float32Array> {
    this.recorder?.refuse()
    this.flush()
    return this.device.read('download', x.memory!, x.length)
  }

  /** Sends all calls to the card. */
  flush() {
    const ran = this.flushRecorded()
    if (ran) this.device.give(ran.sizes)
  }

  /** The same. @returns how to do so again, if anything was to be done: its memory is then the caller's */
  flushRecorded(): Ran | undefined {
    const calls = fused(this.#joined(this.#wanted(this.#calls)))
    this.#calls = []
    if (calls.length === 0) return undefined
    const { device } = this
    const sizes = device.take('sizes', SIZES * calls.length)
    const isLive = ({ numbers }: Call) => typeof numbers === 'function'
    const live = calls.filter(isLive)
    let [nextLive, nextFixed] = [0, live.length]
    const dispatches: Noted[] = []
    const bytes = new Uint8Array(SIZES * calls.length)
    for (const call of calls) {
      const { kernel, reads, makes, changes = [], groups, numbers } = call
      for (const x of makes) x.memory = this.#memoryFor(x, kernel.op)
      const at = SIZES * (isLive(call) ? nextLive++ : nextFixed++)
      writeNumbers(bytes, at, kernel, typeof numbers === 'function' ? numbers() : numbers)
      const arrays = [...reads, ...changes, ...makes]
      const memory = arrays.map(x => x.memory!)
      dispatches.push({
        ...device.bind(kernel, memory, sizes, at, groups),
        kernel,
        at,
        lengths: arrays.map(x => x.length),
      })
      for (const x of [...reads, ...makes, ...changes]) {
        x.awaited--
        this.release(x)
      }
    }
    device.write(sizes, bytes)
    device.run(dispatches)
    return {
      dispatches,
      sizes,
      live: live.map(({ kernel, numbers }) => ({ kernel, numbers: numbers as () => readonly number[] })),
    }
  }

  #memoryFor(x: Block, op: string): GPUBuffer {
    return x.freed && this.recorder ? this.recorder.take(op, 4 * x.length) : this.device.take(op, 4 * x.length)
  }

  /** Gives the memory of a block back, if nobody holds it and no call waits for it. */
  release(x: Block) {
    if (!x.freed || x.awaited > 0 || !x.memory || x.borrowed) return
    const { memory } = x
    x.memory = undefined
    if (this.recorder) this.recorder.give(memory)
    else this.device.give(memory)
  }

  /** Without the calls whose results nobody reads. */
  #wanted(calls: readonly Call[]): Call[] {
    const wanted: Call[] = []
    for (const call of [...calls].reverse()) {
      const { reads, makes, changes } = call
      if (changes || makes.some(x => !x.freed || x.awaited > 1)) wanted.push(call)
      else
        for (const x of [...reads, ...makes]) {
          x.awaited--
          this.release(x)
        }
    }
    return wanted.reverse()
  }

  /** With each call that can do so taking along the only reader of its result. */
  #joined(calls: Call[]): Call[] {
    const makers = new Map<Block, number>()
    const all: (Call | undefined)[] = calls.slice()
    /** After how many calls a block was changed last. */
    const changed = new Map<Block, number>()
    for (const [at, call] of calls.entries()) {
      for (const x of call.reads) {
        const from = makers.get(x)
        const before = from === undefined ? undefined : all[from]
        // Its maker, itself and nobody else are waited for.
        if (!before?.join || !x.freed || x.awaited !== 2) continue
        if (before.reads.some(read => (changed.get(read) ?? -1) > from!)) continue
        const joined = before.join(call)
        if (!joined) continue
        x.awaited = 0
        this.release(x)
        all[from!] = undefined
        all[at] = joined
        break
      }
      for (const x of call.changes ?? []) changed.set(x, at)
      for (const x of call.makes) makers.set(x, at)
    }
    return all.filter(call => call !== undefined)
  }

  dispose() {
    this.live.clear()
    this.#calls = []
    this.#sets.clear()
    this.device.close()
  }
}

/** Sets of examples whose copies are kept: a network may have several, and those it learns and is tested with take turns. */
const MOST_SETS = 4

export function writeNumbers(bytes: Uint8Array<ArrayBuffer>, at: number, kernel: Kernel, numbers: readonly number[]) {
  const view = new DataView(bytes.buffer)
  const whole = words(kernel.sizes).length
  for (const [i, number] of numbers.entries())
    if (i < whole) view.setUint32(at + 4 * i, number, true)
    else view.setFloat32(at + 4 * i, number, true)
}
