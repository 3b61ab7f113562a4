// What bench:compare says about its samples: how NEW does beside OLD, and how OLD does beside itself.
import { median } from './measure.js'
import { duration, type Table } from './tables.js'

/** What bench/contestant.js writes. */
export interface Turn {
  /** Seconds a step of 128 examples, and an image in inference. */
  readonly step: number
  readonly image: number
  /** The most memory that the process had, in bytes. */
  readonly memory: number
  /** After the last step: equal work ends in equal losses, but for rounding. */
  readonly loss: number
}

/** One round: OLD, NEW, and OLD once more. */
export type Round = Readonly<Record<'old' | 'new' | 'again', Turn>>

export interface Comparison {
  readonly model: string
  readonly threads: number
  readonly rounds: readonly Round[]
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`

const quantities = [
  { what: 'a step', of: (turn: Turn) => turn.step, show: duration },
  { what: 'an image', of: (turn: Turn) => turn.image, show: duration },
  { what: 'peak memory', of: (turn: Turn) => turn.memory, show: megabytes },
]

/**
 * A ratio is taken within a round, whose turns are seconds apart, and the median of the rounds' ratios is shown. The range
 * of OLD by OLD is what chance alone makes of a ratio: a difference is worth a word if NEW's median lies outside.
 */
export const comparisonTable = (comparisons: readonly Comparison[]): Table => ({
  head: ['model', 'threads', '', 'OLD', 'NEW', 'NEW / OLD', 'OLD / OLD', 'from', 'to', ''],
  rows: comparisons.flatMap(({ model, threads, rounds }) =>
    quantities.map(({ what, of, show }) => {
      const olds = rounds.flatMap(round => [of(round.old), of(round.again)])
      const ratio = median(rounds.map(round => of(round.new) / of(round.old)))
      const chance = rounds.map(round => of(round.again) / of(round.old))
      const [from, to] = [Math.min(...chance), Math.max(...chance)]
      return [
        model,
        `${threads}`,
        what,
        show(median(olds)),
        show(median(rounds.map(round => of(round.new)))),
        ...[ratio, median(chance), from, to].map(number => number.toFixed(3)),
        ratio < from ? 'less' : ratio > to ? 'more' : '',
      ]
    }),
  ),
})

/** Whether the sides did not do the same work: their losses differ by more than rounding explains. */
export const differs = ({ rounds }: Comparison) =>
  rounds.some(round => Math.abs(round.new.loss / round.old.loss - 1) > 0.01)
