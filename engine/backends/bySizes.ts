// program() of a backend that records and replays: a recorded program for each set of sizes that slots come in.
import type { Program, Slots } from '../backend.js'

/** So often a function is noted without a program coming of it, before it is run as always for good. */
const MOST_TRIES = 6

interface Player<B, P> {
  /** Whether something is being recorded now: one program is not part of another. */
  readonly busy: () => boolean
  /** Runs fn, noting what it does; with the program that came of it, if one did. */
  readonly record: (fn: () => readonly B[], slots: Slots) => { readonly results: readonly B[]; readonly program?: P }
  /** Whether all that a program uses is as it was left. */
  readonly fits: (program: P) => boolean
  /** Runs a program. @returns its results, or nothing if it stopped: then all is as before */
  readonly replay: (program: P, slots: Slots) => readonly B[] | undefined
  readonly drop: (program: P) => void
}

export const bySizes =
  <B, P>({ busy, record, fits, replay, drop }: Player<B, P>) =>
  (fn: (slots: Slots) => readonly B[]): Program<B> => {
    const all: { readonly lengths: readonly number[]; tries: number; program: P | undefined }[] = []
    const run = (slots: Slots) => {
      let found = all.find(({ lengths }) => slots.every(({ length }, i) => length === lengths[i]))
      if (!found) all.push((found = { lengths: slots.map(({ length }) => length), tries: 0, program: undefined }))
      if (found.program && fits(found.program)) {
        const results = replay(found.program, slots)
        if (results) return results
      }
      if (found.program) {
        drop(found.program)
        found.program = undefined
      }
      if (found.tries === MOST_TRIES || busy()) return fn(slots)
      const { results, program } = record(() => fn(slots), slots)
      found.tries = program ? 0 : found.tries + 1
      found.program = program
      return results
    }
    return Object.assign(run, {
      free() {
        for (const { program } of all) if (program) drop(program)
        all.length = 0
      },
    })
  }
