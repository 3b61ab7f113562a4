// A step as a program: the kernel calls of a function are noted while it runs as always, and are replayed from then on by one
// call, which all threads walk through (assembly/program.ts). Several runs that follow each other are one call, too: there is a copy of
// the records for each, with its own slots, results and numbers that are computed anew.
//
// A program is kept when running the function once more would make the same calls: when every buffer from outside (weights, an
// optimizer's memory) is left in the layouts and at the places where it was found. The first steps of a training change layouts
// and fill caches; the second or third is the one that is kept. Before each replay everything from outside is looked at again,
// and if it is not as it was, or a guard stops the program because the data now call for another kernel, the function runs as
// always and is noted anew.
//
// Records that need nothing of each other (levels.ts) are put together, so that threads wait seldom.
//
// Memory: what the function took and gave back is reserved for programs from then on; as only one runs at a time, all of a
// backend share it. Copied constants, slots and results are each program's own.
import type { ExampleSet, Slots, Values } from '../../backend.js'
import { bySizes, MOST_RUNS, type Replayed } from '../bySizes.js'
import { gathered, read } from '../gathered.js'
import type { Range } from './allocator.js'
import type { Converter } from './convert.js'
import { constants as sizes } from './kernels.js'
import { Block, type Layout } from './layout.js'
import { levelsOf } from './levels.js'
import { mayEnd, Recording, type Explained, type Live, type Noted } from './recording.js'
import type { Store } from './store.js'
import type { Place } from './threadPool.js'

/** Runs are one call if their slots, results and records take no more memory than this. */
const MOST_MEMORY = 1 << 20

interface Recorded {
  /** In an order in which those of a level, which need nothing of each other, are neighbours. */
  readonly notes: readonly Noted[]
  readonly levels: readonly number[]
  readonly scratch: number
  /** How often each replay runs each kernel, and how many replays have not been counted. */
  readonly runs: ReadonlyMap<string, number>
  replays: number
  /** Of each slot that is copied into memory, its number, where and how large; and if it says which examples, of which set. */
  readonly slots: readonly Slot[]
  /** Buffers from outside with the layouts that they must have; changed ones have no other. */
  readonly used: readonly Used[]
  readonly sets: Recording['sets']
  /** Memory that is changed before a guard may stop the program, and where it is copied to before. */
  readonly saved: readonly { readonly from: number; readonly to: number; readonly size: number }[]
  /** Of each result its length, where it comes from, and the record that copies it from there. */
  readonly results: readonly Result[]
  /** The record that stops it if the loss is no number; −1 if there is none. */
  readonly finite: number
  /** The memory that it shares with the others, and the pieces that are its own. */
  readonly ranges: readonly Range[]
  readonly owned: readonly number[]
  copies: Copies | undefined
  valid: boolean
}

interface Slot {
  readonly slot: number
  readonly at: number
  readonly bytes: number
  readonly examples: ExampleSet | undefined
}

interface Result {
  readonly length: number
  readonly from: number
  readonly record: number
}

/**
 * The records of so many runs in one piece of memory: those that bring a run's slots to where it has them, then its own. It begins at
 * the latter of the first run, whose slots are written to where it has them.
 */
interface Copies {
  readonly at: number
  readonly runs: number
  /** Where the slots and results of the first run are, or would be; those of the next are `stride` bytes further on. */
  readonly slots: readonly number[]
  readonly results: readonly number[]
  readonly stride: number
  readonly live: readonly (readonly [value: Live, places: readonly Place[]])[]
}

/** A buffer from outside; and the layouts it had, and how many, when they were last found to be right: they are not looked at again. */
interface Used {
  readonly block: Block
  readonly layouts: readonly Layout[]
  readonly changed: boolean
  found?: readonly Layout[]
  count: number
}

export type Programs = ReturnType<typeof createPrograms>

/** @param explain hears of each program that is recorded */
export function createPrograms(
  store: Store,
  as: Converter['as'],
  download: (x: Block) => Promise<Values>,
  explain?: (program: Explained) => void,
) {
  const { allocator } = store
  /** Every program there is, and the memory that they share. */
  const all = new Set<Recorded>()
  let shared: Range[] = []
  /** Where what was copied to results came from, and the record that copied it. */
  const sources = new WeakMap<Block, { readonly from: number; readonly record: number }>()

  /** Keeps the memory that programs share from being handed out; a program of which a part is in other hands has had its time. */
  function reserve(more: readonly Range[] = []) {
    shared = allocator.reserve(merged([...all].flatMap(({ ranges }) => ranges).concat(more)))
    for (const program of all)
      if (sizeOf(common(program.ranges, shared)) < sizeOf(program.ranges)) program.valid = false
  }

  /** Runs fn, noting what it does; with the program that came of it, if one did. */
  function record(fn: () => readonly Block[], slots: Slots): { results: Block[]; program?: Recorded } {
    const recording = new Recording(shared, allocator)
    allocator.release(shared)
    const log: Range[] = (allocator.log = [])
    store.recording = recording
    let results: Block[] = []
    let finished = false
    try {
      results = fn().map(x => copied(x, recording))
      // What else was made of changed numbers is made anew when it is asked for.
      for (const x of recording.changed.keys()) store.drop(x, layout => layout !== x.layouts[0])
      finished = true
    } finally {
      store.recording = undefined
      allocator.log = undefined
      if (!finished || !repeats(recording, results)) recording.replayable = false
      reserve(recording.replayable ? log : [])
      if (!recording.replayable) for (const piece of recording.given) store.give(piece)
    }
    if (!recording.replayable) return { results }
    const program = keep(recording, results, slots, common(merged(log), shared))
    all.add(program)
    const { notes, levels } = program
    const run = (r: number, thread?: number) => runRecord(notes[r], program, r, thread)
    explain?.({ records: notes, levels, run, memory: allocator.memory })
    return { results, program }
  }

  /** Runs a record once more, in whole or one thread's share, to be timed. */
  function runRecord({ kernel, items }: Noted, program: Recorded, r: number, thread: number | undefined) {
    if (kernel === 'guard' || kernel === 'finite') return
    const copies = copiesOf(program, 1)
    if (thread === undefined) store.runKernel(kernel, items, argsOf(program, r, copies.results), program.scratch)
    else store.runShare(copies.at + (program.slots.length + r) * sizes.RECORD, thread)
  }

  /** A result in memory of its own; the caller's buffer is given back. */
  function copied(x: Block, recording: Recording): Block {
    const from = as(x, 'dense').at
    const y = store.adopt(new Block(x.length))
    sources.set(y, { from, record: recording.notes.length })
    const at = store.takeOwn(4 * x.length)
    y.layouts.push({ kind: 'dense', at })
    const { kernel, items, args } = copying(from, at, x.length)
    store.run(kernel, items, args)
    if (recording.made.has(x)) store.free(x)
    return y
  }

  /** Whether everything is as it was before, but for the results. */
  const repeats = ({ replayable, made, used, changed }: Recording, results: readonly Block[]) =>
    replayable &&
    made.size === results.length &&
    [...used].every(([x, before]) => !changed.has(x) || (x.holders === 1 && sameLayouts(x.layouts, before)))

  /**
   * The order of the records by levels, and these. One that may end the program waits like one that reads what must be right then:
   * the results, and what is changed, which whoever runs the function as always finds as it was, or as it should be.
   */
  function inLevels({ notes, changed }: Recording, results: readonly Block[]) {
    const final = [
      ...results.map(y => ({ at: sources.get(y)!.from, size: 4 * y.length })),
      ...[...changed.keys()].flatMap(({ layouts }) =>
        layouts.flatMap(l => ('at' in l ? [allocator.rangeAt(l.at)] : [])),
      ),
    ]
    const levels = levelsOf(
      notes.map(note => (mayEnd(note) ? { ...note.access, reads: [...note.access.reads, ...final] } : note.access)),
    )
    const order = levels.map((_, r) => r).sort((a, b) => levels[a] - levels[b] || +mayEnd(notes[a]) - +mayEnd(notes[b]))
    return { order, levels: order.map(r => levels[r]) }
  }

  function keep(recording: Recording, results: readonly Block[], slots: Slots, ranges: Range[]): Recorded {
    const { given, kept, origins, changed, used, sets, scratch } = recording
    const { order, levels } = inLevels(recording, results)
    const notes = order.map(r => recording.notes[r])
    const owned = [...given]
    const runs = new Map<string, number>()
    for (const { kernel } of notes) runs.set(kernel, (runs.get(kernel) ?? 0) + 1)
    runs.delete('guard')
    runs.delete('finite')
    const lastGuard = recording.notes.map(({ kernel }) => kernel).lastIndexOf('guard')
    const saved: { from: number; to: number; size: number }[] = []
    for (const [x, layouts] of used)
      if ((changed.get(x) ?? Infinity) <= lastGuard)
        for (const layout of layouts)
          if ('at' in layout) {
            const size = allocator.sizeOf(layout.at)
            const to = store.take(size)
            owned.push(to)
            saved.push({ from: layout.at, to, size })
          }
    for (const { set } of sets) set?.join()
    return {
      notes,
      levels,
      scratch,
      runs,
      replays: 0,
      slots: kept
        .map(({ values, at }) => {
          const origin = origins.get(values)
          const slot = slots.indexOf(origin?.indices ?? values)
          return { slot, at, bytes: values.byteLength, examples: origin?.examples }
        })
        .filter(({ slot }) => slot >= 0),
      used: [...used].map(([x, layouts]) => ({ block: x, layouts, changed: changed.has(x), count: 0 })),
      sets,
      saved,
      results: results.map(y => {
        const { from, record } = sources.get(y)!
        return { length: y.length, from, record: order.indexOf(record) }
      }),
      finite: notes.map(({ kernel }) => kernel).indexOf('finite'),
      ranges,
      owned,
      copies: undefined,
      valid: true,
    }
  }

  /** Copies of a program's records: one, or if it is to run several times, as many as may be one call. */
  function copiesOf(program: Recorded, times: number): Copies {
    const { notes, levels, slots, results, saved } = program
    const records = slots.length + notes.length
    const size = records * sizes.RECORD
    // The results and slots of a run lie one after the other, each where a line of the cache begins.
    const places: number[] = []
    let stride = 0
    for (const bytes of [...results.map(({ length }) => 4 * length), ...slots.map(({ bytes }) => bytes)]) {
      places.push(stride)
      stride += Math.ceil(bytes / 64) * 64
    }
    // What is saved for a guard is what it was before one run.
    const several = times > 1 && saved.length === 0
    const runs = several ? Math.max(1, Math.min(MOST_RUNS, Math.floor(MOST_MEMORY / (size + stride)))) : 1
    if (program.copies && program.copies.runs >= runs) return program.copies
    forget(program)
    if (runs === 1 && slots.length > 0) stride = places[results.length] // whose slots are written to where it has them
    const at = store.take(runs * (size + stride))
    const numbers = places.map(place => at + runs * size + place)
    const [ofResults, ofSlots] = [numbers.slice(0, results.length), numbers.slice(results.length)]
    const calls = [
      ...slots.map(({ at, bytes }, i) => copying(ofSlots[i], at, Math.ceil(bytes / 4))),
      ...notes.map((note, r) => ({ ...note, args: argsOf(program, r, ofResults) })),
    ]
    const live = new Map<Live, Place[]>()
    const skipped = calls.slice(0, slots.length).reduce((sum, { items }) => sum + items, 0)
    let [before, upTo] = [-skipped, -skipped]
    for (const [r, { kernel, items, args }] of calls.entries()) {
      const record = at + r * sizes.RECORD
      if (levels[r - slots.length] !== levels[r - slots.length - 1] || (r > 0 && mayEnd(calls[r - 1]))) before = upTo
      upTo += items
      store.threadPool.write(record, { kernel, items, args, before, upTo })
      for (const [i, value] of args.entries())
        if (typeof value === 'function')
          live.set(value, [...(live.get(value) ?? []), store.threadPool.placeOf(kernel, record, i)])
    }
    // The other runs' records differ in what is done before them, and in where their slots and results are.
    const { words } = store.view()
    const moved = [
      ...slots.map((_, i) => store.threadPool.placeOf('repeat', at + i * sizes.RECORD, 0)),
      ...results.map(({ record }) =>
        store.threadPool.placeOf('repeat', at + (slots.length + record) * sizes.RECORD, 2),
      ),
    ]
    for (let run = 1; run < runs; run++) {
      const further = (run * size) >> 2
      words.copyWithin((at >> 2) + further, at >> 2, (at + size) >> 2)
      for (let r = 0; r < records; r++)
        for (const word of [2, 3]) words[((at + r * sizes.RECORD) >> 2) + further + word] += run * (skipped + upTo)
      for (const { word } of moved) words[word + further] += run * stride
    }
    return (program.copies = { at, runs, slots: ofSlots, results: ofResults, stride, live: [...live] })
  }

  function forget(program: Recorded) {
    store.threadPool.settle()
    if (program.copies) store.give(program.copies.at)
    program.copies = undefined
  }

  /** Counts the kernels of all replays. */
  function tally() {
    for (const program of all) {
      for (const [kernel, times] of program.runs) store.threadPool.count(kernel, times * program.replays)
      program.replays = 0
    }
  }

  function drop(program: Recorded) {
    tally()
    all.delete(program)
    forget(program)
    for (const piece of program.owned) store.give(piece)
    for (const { set } of program.sets) set?.leave()
    allocator.release(shared)
    reserve()
  }

  /** Whether all that a program uses is as it was left. */
  const fits = ({ valid, used, sets }: Recorded): boolean =>
    valid && sets.every(({ examples, version }) => examples.version === version) && used.every(isAsLeft)

  function isAsLeft(use: Used): boolean {
    const { block, layouts, changed } = use
    if (block.holders < 1 || (changed && block.holders > 1)) return false
    const found = block.layouts
    if (found === use.found && found.length === use.count) return true
    use.found = found
    use.count = layouts.every(wanted => found.some(layout => sameLayout(layout, wanted))) ? found.length : -1
    return use.count >= 0
  }

  /** Runs a program: so many times, or as many as may be one call, or fewer if a guard or a loss stops it. */
  function replay(program: Recorded, times: number, slotsOf: (i: number) => Slots): Replayed {
    for (const { block, layouts, changed } of program.used)
      if (changed && block.layouts.length > layouts.length)
        store.drop(block, layout => !layouts.some(wanted => sameLayout(layout, wanted)))
    const copies = copiesOf(program, times)
    const { stride, live } = copies
    const runs = Math.min(times, copies.runs)
    const skipped = program.slots.length
    const records = skipped + program.notes.length
    for (let run = 0; run < runs; run++) {
      const slots = slotsOf(run)
      for (const [i, { slot, at, examples }] of program.slots.entries()) {
        const values = examples ? gathered(examples, slots[slot] as Uint32Array) : slots[slot]
        store.write(values, run === 0 ? at : copies.slots[i] + run * stride)
      }
      for (const [value, places] of live)
        store.threadPool.writeLive(places, value(), (run * records * sizes.RECORD) >> 2)
    }
    const { bytes, floats } = store.view()
    for (const { from, to, size } of program.saved) bytes.copyWithin(to, from, from + size)
    const at = copies.at + skipped * sizes.RECORD
    const ran = skipped + store.runProgram(at, runs * records - skipped, program.scratch)
    let done = Math.floor(ran / records)
    const over = done < runs && (ran % records) - skipped === program.finite
    if (over) {
      for (const [i, { length, from }] of program.results.entries())
        floats.copyWithin((copies.results[i] + done * stride) >> 2, from >> 2, (from >> 2) + length)
      done++
    } else if (done === 0) for (const { from, to, size } of program.saved) bytes.copyWithin(from, to, to + size)
    program.replays += done
    const results = (run: number) =>
      program.results.map(({ length }, i) => {
        const from = (copies.results[i] + run * stride) >> 2
        return store.view().floats.subarray(from, from + length)
      })
    return { count: done, results, over }
  }

  return {
    program: bySizes({
      busy: () => !!store.recording,
      record,
      fits,
      replay,
      drop,
      read: results => read({ download, free: store.free }, results),
    }),
    tally,
  }
}

/** The arguments of a record in a copy that has its results there. */
function argsOf({ notes, results }: Recorded, r: number, to: readonly number[]): Noted['args'] {
  const result = results.findIndex(({ record }) => record === r)
  if (result < 0) return notes[r].args
  const { from, length } = results[result]
  return copying(from, to[result], length).args
}

/** The call that copies so many numbers. */
const copying = (from: number, to: number, length: number) =>
  ({ kernel: 'repeat', items: Math.ceil(length / sizes.CHUNK), args: [from, length, to, length] }) as const

const sizeOf = (ranges: readonly Range[]) => ranges.reduce((sum, { size }) => sum + size, 0)

/** The same memory as ranges that do not overlap, in order. */
function merged(ranges: readonly Range[]): Range[] {
  const all: { at: number; size: number }[] = []
  for (const { at, size } of [...ranges].sort((a, b) => a.at - b.at)) {
    const last = all.at(-1)
    if (last && at <= last.at + last.size) last.size = Math.max(last.size, at + size - last.at)
    else all.push({ at, size })
  }
  return all
}

/** What two lists of ranges, none of which overlap in itself, have in common. */
const common = (a: readonly Range[], b: readonly Range[]): Range[] =>
  a.flatMap(one =>
    b.flatMap(other => {
      const at = Math.max(one.at, other.at)
      const size = Math.min(one.at + one.size, other.at + other.size) - at
      return size > 0 ? [{ at, size }] : []
    }),
  )

function sameLayout(a: Layout, b: Layout): boolean {
  if (a.kind === 'lazy' || b.kind === 'lazy') return a === b
  if (a.kind === 'csr' || b.kind === 'csr') return a === b
  if (a.kind === 'packed' && b.kind === 'packed') return a.at === b.at && a.m === b.m && a.n === b.n
  return a.kind === b.kind && a.at === b.at
}

const sameLayouts = (a: readonly Layout[], b: readonly Layout[]) =>
  a.length === b.length && a.every(one => b.some(other => sameLayout(one, other)))
