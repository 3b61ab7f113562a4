// A step as a program: the kernel calls of a function are noted while it runs as always, and are replayed from then on by one
// call, which all threads walk through (assembly/program.ts).
//
// A program is kept when running the function once more would make the same calls: when every buffer from outside (weights, an
// optimizer's memory) is left in the layouts and at the places where it was found. The first steps of a training change layouts
// and fill caches; the second or third is the one that is kept. Before each replay everything from outside is looked at again,
// and if it is not as it was, or a guard stops the program because the data now call for another kernel, the function runs as
// always and is noted anew.
//
// Memory: what the function took and gave back is reserved for programs from then on; as only one runs at a time, all of a
// backend share it. Copied constants, slots and results are each program's own.
import type { ExampleSet, Slots } from '../../backend.js'
import { bySizes } from '../bySizes.js'
import { gathered } from '../gathered.js'
import type { Range } from './allocator.js'
import type { Converter } from './convert.js'
import { constants as sizes } from './kernels.js'
import { Block, denseOf, type Layout } from './layout.js'
import { Recording, type Explained, type Live, type Noted } from './recording.js'
import type { Store } from './store.js'
import type { Place } from './threadPool.js'

interface Recorded {
  /** Where its records are, how many there are, and which arguments are computed anew. */
  readonly at: number
  readonly count: number
  readonly scratch: number
  readonly live: readonly (readonly [value: Live, places: readonly Place[]])[]
  /** How often each replay runs each kernel, and how many replays have not been counted. */
  readonly runs: ReadonlyMap<string, number>
  replays: number
  /** Of each slot that is copied into memory, its number and where; and if it says which examples, of which set. */
  readonly slots: readonly { readonly slot: number; readonly at: number; readonly examples: ExampleSet | undefined }[]
  /** Buffers from outside with the layouts that they must have; changed ones have no other. */
  readonly used: readonly Used[]
  readonly sets: Recording['sets']
  /** Memory that is changed before a guard may stop the program, and where it is copied to before. */
  readonly saved: readonly { readonly from: number; readonly to: number; readonly size: number }[]
  readonly results: readonly { readonly length: number; readonly at: number; readonly from: number }[]
  /** The record that stops it if the loss is no number; −1 if there is none. */
  readonly finite: number
  /** The memory that it shares with the others, and the pieces that are its own. */
  readonly ranges: readonly Range[]
  readonly owned: readonly number[]
  valid: boolean
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
export function createPrograms(store: Store, as: Converter['as'], explain?: (program: Explained) => void) {
  const { allocator } = store
  /** Every program there is, and the memory that they share. */
  const all = new Set<Recorded>()
  let shared: Range[] = []
  /** Where what was copied to results came from. */
  const sources = new WeakMap<Block, number>()

  /** Keeps the memory that programs share from being handed out; a program of which a part is in other hands has had its time. */
  function reserve(more: readonly Range[] = []) {
    shared = allocator.reserve(merged([...all].flatMap(({ ranges }) => ranges).concat(more)))
    for (const program of all)
      if (sizeOf(common(program.ranges, shared)) < sizeOf(program.ranges)) program.valid = false
  }

  /** Runs fn, noting what it does; with the program that came of it, if one did. */
  function record(fn: () => readonly Block[], slots: Slots): { results: Block[]; program?: Recorded } {
    const recording = new Recording(shared)
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
    explain?.({ records: recording.notes, run: (r, thread) => runRecord(recording.notes[r], program, r, thread) })
    return { results, program }
  }

  /** Runs a record once more, in whole or one thread's share, to be timed. */
  function runRecord({ kernel, items, args }: Noted, { at, scratch }: Recorded, r: number, thread: number | undefined) {
    if (kernel === 'guard' || kernel === 'finite') return
    if (thread === undefined) store.runKernel(kernel, items, args, scratch)
    else store.runShare(at + r * sizes.RECORD, thread)
  }

  /** A result in memory of its own; the caller's buffer is given back. */
  function copied(x: Block, recording: Recording): Block {
    const from = as(x, 'dense').at
    const y = store.adopt(new Block(x.length))
    sources.set(y, from)
    y.layouts.push({ kind: 'dense', at: store.takeOwn(4 * x.length) })
    store.run('repeat', Math.ceil(x.length / sizes.CHUNK), [from, x.length, denseOf(y)!.at, x.length])
    if (recording.made.has(x)) store.free(x)
    return y
  }

  /** Whether everything is as it was before, but for the results. */
  const repeats = ({ replayable, made, used, changed }: Recording, results: readonly Block[]) =>
    replayable &&
    made.size === results.length &&
    [...used].every(([x, before]) => !changed.has(x) || (x.holders === 1 && sameLayouts(x.layouts, before)))

  function keep(recording: Recording, results: readonly Block[], slots: Slots, ranges: Range[]): Recorded {
    const { notes, given, kept, origins, changed, used, sets, scratch } = recording
    const at = store.take(sizes.RECORD * notes.length)
    const owned = [at, ...given]
    const runs = new Map<string, number>()
    const live = new Map<Live, Place[]>()
    let before = 0
    for (const [r, { kernel, items, args }] of notes.entries()) {
      const record = at + r * sizes.RECORD
      store.threadPool.write(record, { kernel, items, args, before })
      before += items
      runs.set(kernel, (runs.get(kernel) ?? 0) + 1)
      for (const [i, value] of args.entries())
        if (typeof value === 'function')
          live.set(value, [...(live.get(value) ?? []), store.threadPool.placeOf(kernel, record, i)])
    }
    runs.delete('guard')
    runs.delete('finite')
    const lastGuard = notes.map(({ kernel }) => kernel).lastIndexOf('guard')
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
      at,
      count: notes.length,
      scratch,
      live: [...live],
      runs,
      replays: 0,
      slots: kept
        .map(({ values, at }) => {
          const origin = origins.get(values)
          return { slot: slots.indexOf(origin?.indices ?? values), at, examples: origin?.examples }
        })
        .filter(({ slot }) => slot >= 0),
      used: [...used].map(([x, layouts]) => ({ block: x, layouts, changed: changed.has(x), count: 0 })),
      sets,
      saved,
      results: results.map(y => {
        const { at } = denseOf(y)!
        y.layouts = [{ kind: 'dense', at, borrowed: true }]
        owned.push(at)
        return { length: y.length, at, from: sources.get(y)! }
      }),
      finite: notes.map(({ kernel }) => kernel).indexOf('finite'),
      ranges,
      owned,
      valid: true,
    }
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
    store.threadPool.settle()
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

  /** Runs a program. @returns its results, or nothing if a guard stopped it: then all is as before */
  function replay(program: Recorded, slots: Slots): Block[] | undefined {
    for (const { block, layouts, changed } of program.used)
      if (changed && block.layouts.length > layouts.length)
        store.drop(block, layout => !layouts.some(wanted => sameLayout(layout, wanted)))
    for (const { slot, at, examples } of program.slots)
      store.write(examples ? gathered(examples, slots[slot] as Uint32Array) : slots[slot], at)
    for (const [value, places] of program.live) store.threadPool.writeLive(places, value())
    const { bytes } = store.view()
    for (const { from, to, size } of program.saved) bytes.copyWithin(to, from, from + size)
    const ran = store.runProgram(program.at, program.count, program.scratch)
    if (ran === program.finite) {
      const { floats } = store.view()
      for (const { length, at, from } of program.results) floats.copyWithin(at >> 2, from >> 2, (from >> 2) + length)
    } else if (ran < program.count) {
      for (const { from, to, size } of program.saved) bytes.copyWithin(from, to, to + size)
      return undefined
    }
    program.replays++
    return program.results.map(({ length, at }) => store.borrow(length, at))
  }

  return { program: bySizes({ busy: () => !!store.recording, record, fits, replay, drop }), tally }
}

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
