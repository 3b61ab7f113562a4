// A step as a program: the list of kernels that a function's calls became (queue.ts), with its memory, is kept and sent again, as one
// submission.
//
// It is kept when running the function once more would make the same calls: when all that it made and did not give back are its
// results, and what it used from outside (weights, an optimizer's memory) is still there. The first step of a training makes the
// optimizer's memory; the second is the one that is kept. Before each replay what is from outside is looked at again.
//
// Memory: intermediate results of all programs share theirs, since only one runs at a time. Slots, constants, sizes and results are each
// program's own.
import type { ExampleSet, Program, SlotValues, Slots, Values } from '../../backend.js'
import { bySizes, type Replayed } from '../bySizes.js'
import { read } from '../gathered.js'
import type { GPUBuffer } from './api.js'
import { rounded, SIZES, type Device } from './device.js'
import { Block, writeNumbers, type Queue, type Ran, type Recorder } from './queue.js'

interface Recorded {
  readonly ran: Ran
  /** Of each slot that is copied to the card, its number and where. */
  readonly slots: readonly { readonly slot: number; readonly memory: GPUBuffer }[]
  readonly used: ReadonlyMap<Block, GPUBuffer>
  readonly sets: Recording['sets']
  readonly results: readonly { readonly length: number; readonly memory: GPUBuffer }[]
  readonly owned: ReadonlySet<GPUBuffer>
}

class Recording implements Recorder {
  refused = false
  loss: Block | undefined
  readonly mine = new Set<Block>()
  /** What is from outside, and where. */
  readonly from = new Map<Block, GPUBuffer>()
  readonly uploads: { readonly x: Block; readonly values: SlotValues | Values }[] = []
  readonly sets = new Map<Block, { readonly examples: ExampleSet; readonly version: number }>()

  constructor(
    readonly take: Recorder['take'],
    readonly give: Recorder['give'],
  ) {}

  made(x: Block) {
    this.mine.add(x)
  }
  used(x: Block) {
    if (this.mine.has(x) || this.sets.has(x)) return
    if (x.borrowed || !x.memory) this.refused = true
    else this.from.set(x, x.memory)
  }
  uploaded(x: Block, values: SlotValues | Values) {
    this.uploads.push({ x, values })
  }
  gathered(examples: ExampleSet, version: number, copy: Block) {
    this.sets.set(copy, { examples, version })
  }
  refuse() {
    this.refused = true
    this.loss = undefined
  }

  /** Whether all is as it was, but for the results. */
  repeats(results: readonly Block[]) {
    const kept = new Set(results)
    return (
      !this.refused &&
      kept.size === results.length &&
      [...this.mine].every(x => x.freed !== kept.has(x)) &&
      results.every(x => this.mine.has(x)) &&
      [...this.from].every(([x, memory]) => !x.freed && x.memory === memory)
    )
  }
}

/** A program as it was recorded (npm run bench -- --explain): the device that it runs on, and what runs. */
export interface Explained {
  readonly device: Device
  readonly ran: Ran
}

/** @param explain hears of each program that is recorded */
export function createPrograms(queue: Queue, explain?: (program: Explained) => void) {
  const { device } = queue
  const all = new Set<Recorded>()
  /** The memory of intermediate results, by size. */
  const shared = new Map<number, GPUBuffer[]>()

  function take(op: string, bytes: number): GPUBuffer {
    return shared.get(rounded(bytes))?.pop() ?? device.take(op, bytes)
  }
  function give(memory: GPUBuffer) {
    const others = shared.get(memory.size)
    if (others) others.push(memory)
    else shared.set(memory.size, [memory])
  }
  function unshare() {
    if (all.size > 0) return
    for (const pieces of shared.values()) for (const memory of pieces) device.give(memory)
    shared.clear()
  }

  /** Runs fn, noting what it does; with the program that came of it, if one did. */
  function record(fn: () => readonly Block[], slots: Slots): { results: readonly Block[]; program?: Recorded } {
    queue.flush()
    const recording = (queue.recorder = new Recording(take, give))
    let results: readonly Block[] = []
    let ran: Ran | undefined
    try {
      results = fn()
      ran = queue.flushRecorded()
    } finally {
      queue.recorder = undefined
      if (!ran || !recording.repeats(results)) recording.refused = true
      for (const { x } of recording.uploads)
        if (recording.refused) {
          x.borrowed = false
          queue.release(x)
        }
    }
    if (recording.refused) {
      if (ran) device.give(ran.sizes)
      unshare()
      return { results }
    }
    const program = keep(recording, ran!, results, slots)
    all.add(program)
    explain?.({ device, ran: program.ran })
    return { results, program }
  }

  function keep({ uploads, from, sets }: Recording, ran: Ran, results: readonly Block[], slots: Slots): Recorded {
    for (const x of results) x.borrowed = true
    return {
      ran,
      slots: uploads
        .map(({ x, values }) => ({ slot: slots.indexOf(values as SlotValues), memory: x.memory! }))
        .filter(({ slot }) => slot >= 0),
      used: from,
      sets,
      results: results.map(({ length, memory }) => ({ length, memory: memory! })),
      owned: new Set([ran.sizes, ...[...uploads.map(({ x }) => x), ...results].map(({ memory }) => memory!)]),
    }
  }

  function drop(program: Recorded) {
    all.delete(program)
    for (const memory of program.owned) device.give(memory)
    unshare()
  }

  const fits = ({ used, sets }: Recorded) =>
    [...used].every(([x, memory]) => !x.freed && x.memory === memory) &&
    [...sets].every(([copy, { examples, version }]) => queue.holds(examples, version, copy))

  /** Sends a program so many times, without waiting in between: what is read afterwards is copied before the next begins. */
  function replay(program: Recorded, times: number, slotsOf: (i: number) => Slots): Replayed {
    const results: Promise<Values[]>[] = []
    for (let i = 0; i < times; i++) {
      const numbers = read(queue, send(program, slotsOf(i)))
      numbers.catch(() => {}) // Whoever asked for them hears of the first that fails.
      results.push(numbers)
    }
    return { count: times, results: i => results[i] }
  }

  function send({ ran, slots: places, results }: Recorded, slots: Slots): Block[] {
    queue.flush()
    for (const { slot, memory } of places) device.write(memory, slots[slot])
    const bytes = new Uint8Array(SIZES * ran.live.length)
    for (const [i, { kernel, numbers }] of ran.live.entries()) writeNumbers(bytes, SIZES * i, kernel, numbers())
    if (bytes.length > 0) device.write(ran.sizes, bytes)
    device.run(ran.dispatches)
    device.traffic.replays++
    return results.map(({ length, memory }) => {
      const x = new Block(length)
      x.memory = memory
      x.borrowed = true
      queue.live.add(x)
      return x
    })
  }

  const program = bySizes({
    busy: () => !!queue.recorder,
    record,
    fits,
    replay,
    drop,
    read: results => read(queue, results),
  })
  return (fn: (slots: Slots) => readonly Block[], mayReplay?: () => boolean): Program => {
    const made = program(fn, mayReplay)
    return {
      run: (times, slots, take) => made.run(times, slots, take),
      free() {
        made.free()
        if (all.size === 0) device.trim()
      },
    }
  }
}
