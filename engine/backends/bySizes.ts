// program() of a backend that records and replays: a recorded program for each set of sizes that slots come in.
import type { Program, Slots, Values } from '../backend.js'

/** As many runs are handed over at once. */
export const MOST_RUNS = 32
/** So often a function is noted without a program coming of it, before it is run as always for good. */
const MOST_TRIES = 6

interface Player<B, P> {
  /** Whether something is being recorded now: one program is not part of another. */
  readonly busy: () => boolean
  /** Runs fn, noting what it does; with the program that came of it, if one did. */
  readonly record: (fn: () => readonly B[], slots: Slots) => { readonly results: readonly B[]; readonly program?: P }
  /** Whether all that a program uses is as it was left. */
  readonly fits: (program: P) => boolean
  /** Runs a program so many times, or fewer. */
  readonly replay: (program: P, times: number, slots: (i: number) => Slots) => Replayed
  readonly drop: (program: P) => void
  /** The numbers of results, which are given back. */
  readonly read: (results: readonly B[]) => Promise<Values[]>
}

/** How many runs were completed (if none, all is as before), and their results, to be taken at once; `over`: the last was, for its loss is no number. */
export interface Replayed {
  readonly count: number
  readonly results: (i: number) => Values[] | Promise<Values[]>
  readonly over?: boolean
}

export const bySizes =
  <B, P>({ busy, record, fits, replay, drop, read }: Player<B, P>) =>
  (fn: (slots: Slots) => readonly B[], mayReplay = () => true): Program => {
    interface Found {
      readonly lengths: readonly number[]
      tries: number
      program: P | undefined
    }
    const all: Found[] = []

    function find(slots: Slots): Found {
      let found = all.find(({ lengths }) => slots.every(({ length }, i) => length === lengths[i]))
      if (!found) all.push((found = { lengths: slots.map(({ length }) => length), tries: 0, program: undefined }))
      return found
    }

    /** Runs fn once, as always. */
    function runOnce(found: Found, slots: Slots): readonly B[] {
      if (found.program) drop(found.program)
      found.program = undefined
      if (found.tries === MOST_TRIES || busy() || !mayReplay()) return fn(slots)
      const { results, program } = record(() => fn(slots), slots)
      found.tries = program ? 0 : found.tries + 1
      found.program = program
      return results
    }

    return {
      async run(times, slotsOf, take) {
        let taken = 0
        const waiting: Promise<Values[]>[] = []
        const takeWaiting = async () => {
          for (const results of waiting.splice(0)) take(await results, taken++)
        }
        while (taken + waiting.length < times) {
          const first = taken + waiting.length
          let slots = slotsOf(first)
          const found = find(slots)
          if (found.program && mayReplay() && fits(found.program)) {
            const { count, results, over } = replay(found.program, Math.min(times - first, MOST_RUNS), i =>
              i > 0 ? slotsOf(first + i) : slots,
            )
            for (let i = 0; i < count; i++) {
              const one = results(i)
              if (one instanceof Promise) waiting.push(one)
              else take(one, taken++)
            }
            if (over) break
            if (count > 0) continue
            slots = slotsOf(first)
          }
          waiting.push(read(runOnce(found, slots)))
          await takeWaiting()
        }
        await takeWaiting()
      },
      free() {
        for (const { program } of all) if (program) drop(program)
        all.length = 0
      },
    }
  }
