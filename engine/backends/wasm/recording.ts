// What is noted while a step runs, so that it can be replayed: every kernel call, what of its memory is whose, and which buffers
// from outside it used. program.ts makes a program of it.
import type { ExampleSet, SlotValues } from '../../backend.js'
import type { Allocator, Range } from './allocator.js'
import type { WasmMemory } from './host.js'
import type { Kernels } from './kernels.js'
import type { Block, ImageSet, Layout } from './layout.js'
import type { Access } from './levels.js'
import type { Arg, Plan } from './planner.js'
import { kindsOf } from './threadPool.js'

/** A number that is computed anew each time a program runs. */
export type Live = () => number

export interface Noted {
  readonly kernel: keyof Kernels | 'guard' | 'finite'
  readonly items: number
  readonly args: readonly (number | Live)[]
  /** The plan that it is a step of, if it is one of any, and what its arguments are there. */
  readonly planned?: { readonly plan: Plan; readonly args: readonly Arg[] } | undefined
  readonly access: Access
}

/** Whether a record may end the program. */
export const mayEnd = ({ kernel }: Pick<Noted, 'kernel'>) => kernel === 'guard' || kernel === 'finite'

/** A program as it was recorded (npm run bench -- --explain). */
export interface Explained {
  readonly records: readonly Noted[]
  /** Of each record its level: those of one level need nothing of each other. */
  readonly levels: readonly number[]
  /** Runs a record once more: by all threads, or one thread's share of its items by itself. The buffers' numbers mean nothing then. */
  readonly run: (record: number, thread?: number) => void
  /** Of what its addresses are. */
  readonly memory: WasmMemory
}

export class Recording {
  readonly notes: Noted[] = []
  /** The most scratch that a kernel needs. */
  scratch = 0
  /** Whether replaying would do the same: not if JavaScript did something that is no kernel call. */
  replayable = true
  /** Buffers that were made here and are still there. */
  readonly made = new Set<Block>()
  /** Buffers from outside, with the layouts that they had when they were first used. */
  readonly used = new Map<Block, readonly Layout[]>()
  /** Those that were changed, and after how many notes. */
  readonly changed = new Map<Block, number>()
  /** What was copied into memory: it stays the program's own, since nothing copies it again unless it is a slot's. */
  readonly kept: { readonly values: SlotValues; readonly at: number }[] = []
  /** Of what was put together in JavaScript, which examples these are. */
  readonly origins = new Map<SlotValues, { readonly examples: ExampleSet; readonly indices: Uint32Array }>()
  readonly #kept = new Set<number>()
  /** Pieces of these that would have been given back. */
  readonly given = new Set<number>()
  /** Sets of which examples were used, and the copies, if they came of one. */
  readonly sets: { readonly examples: ExampleSet; readonly version: number; readonly set?: ImageSet }[] = []

  /** Of lists that were made here, in which pieces of memory their entries lie. */
  readonly #lists = new Map<number, readonly Range[]>()

  /** @param avoided memory that other programs use */
  constructor(
    readonly avoided: readonly Range[],
    readonly allocator: Allocator,
  ) {}

  note(noted: Omit<Noted, 'access'>, scratch: number) {
    this.notes.push({ ...noted, access: this.#accessOf(noted) })
    this.scratch = Math.max(this.scratch, scratch)
  }

  /** What of the memory a kernel reads and writes, by the kinds of its arguments. */
  #accessOf({ kernel, args }: Omit<Noted, 'access'>): Access {
    const found = (wanted: string, rangesAt: (at: number) => readonly Range[]) =>
      args.flatMap((at, i) => (at && wanted.includes(kindsOf(kernel)[i]) ? rangesAt(at as number) : []))
    const piece = (at: number) => [this.allocator.rangeAt(at)]
    const entries = (at: number) => this.#lists.get(at) ?? []
    return {
      reads: [...found('rlo', piece), ...found('l', entries)],
      writes: [...found('w', piece), ...found('o', entries)],
    }
  }

  /** Notes in which pieces of memory the entries of the lists at an address lie. */
  list(at: number, ...pieces: readonly number[]) {
    this.#lists.set(
      at,
      pieces.map(piece => this.allocator.rangeAt(piece)),
    )
  }

  /** Notes what a buffer from outside is like before it is used. */
  use(x: Block) {
    if (!this.made.has(x) && !this.used.has(x)) this.used.set(x, x.layouts.slice())
  }

  /** The address of the latest loss: a program stops before anything is changed for it if it is no number. */
  loss = 0

  /** Notes that a buffer is about to be changed. */
  change(x: Block) {
    if (this.made.has(x)) return
    if (this.loss) {
      this.note({ kernel: 'finite', items: 1, args: [this.loss] }, 0)
      this.#kept.add(this.loss)
      this.loss = 0
    }
    if (!this.changed.has(x)) this.changed.set(x, this.notes.length)
  }

  /** Notes which examples these values are. */
  gather(values: SlotValues, examples: ExampleSet, indices: Uint32Array) {
    this.origins.set(values, { examples, indices })
    this.sets.push({ examples, version: examples.version })
  }

  keep(values: SlotValues, at: number) {
    this.kept.push({ values, at })
    this.#kept.add(at)
  }

  /** A program stops where the number at an address is above `limit` and was not, or the reverse: nothing else may be written there. */
  guard(at: number, limit: number, above: boolean) {
    this.note({ kernel: 'guard', items: 1, args: [at, limit, above ? 1 : 0] }, 0)
    this.#kept.add(at)
  }

  /** Whether a piece of memory must not be given back yet. */
  keeps(piece: number): boolean {
    if (!this.#kept.has(piece)) return false
    this.given.add(piece)
    return true
  }
}
