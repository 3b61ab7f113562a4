// Results as tables: for the terminal, and for docs/benchmarks.md.
import CliTable from 'cli-table3'
import type { KernelResults } from './kernels.js'
import type { LadderRow } from './ladder.js'
import { median } from './measure.js'
import type { Entry, Outcome } from './rounds.js'

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export function print({ head, rows }: Table) {
  const table = new CliTable({ head: [...head], style: { head: [], border: [], compact: true } })
  for (const row of rows) table.push([...row])
  console.log(table.toString())
}

export const markdown = ({ head, rows }: Table) =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')

/** Seconds in the unit that suits them, with three digits. */
export function duration(seconds: number): string {
  const [size, unit] = seconds < 1e-3 ? [1e6, 'µs'] : seconds < 1 ? [1e3, 'ms'] : [1, 's']
  const value = seconds * size
  return `${value < 100 ? value.toPrecision(3) : value.toFixed(0)} ${unit}`
}

export function kernelTable({ rows, peaks }: Pick<KernelResults, 'rows' | 'peaks'>): Table {
  return {
    head: ['kernel', 'sizes', 'models', 'backend', 'threads', 'median', '±', 'GFLOP/s', 'of peak', 'error'],
    rows: rows.map(({ kernel, sizes, models, backend, threads, flops, error, timing, skipped }) => {
      const cells = [kernel, sizes, models.join(' '), backend, `${threads}`]
      if (!timing) return [...cells, `skipped: ${duration(skipped!)} a call`, '', '', '', '']
      const gflops = flops / timing.median / 1e9
      const share = `${((100 * gflops) / peaks[threads].gflops).toFixed(1)} %`
      return [
        ...cells,
        duration(timing.median),
        duration(timing.spread),
        gflops.toPrecision(3),
        share,
        error!.toExponential(0),
      ]
    }),
  }
}

export function modelTable(entries: readonly Entry<Outcome>[]): Table {
  return {
    head: ['model', 'backend', 'threads', 'an epoch', 'training', 'the test set', 'inference', 'memory', ''],
    rows: entries.map(({ model, name, threads, outcomes, failure }) => {
      if (failure !== undefined) return [model, name, `${threads}`, '–', '–', '–', '–', '–', failure]
      const epoch = outcomes.map(({ secondsPerEpoch }) => secondsPerEpoch)
      const test = outcomes.map(({ inferenceSeconds }) => inferenceSeconds)
      const memory = Math.max(...outcomes.map(({ peakMemory }) => peakMemory))
      return [
        model,
        outcomes[0].ran,
        `${threads}`,
        range(epoch),
        `${(60_000 / median(epoch)).toFixed(0)} images/s`,
        range(test),
        `${(10_000 / median(test)).toFixed(0)} images/s`,
        `${(memory / 1e6).toFixed(0)} MB`,
        extrapolated(outcomes),
      ]
    }),
  }
}

/** The median, and from where to where. */
const range = (seconds: readonly number[]) =>
  `${duration(median(seconds))} (${duration(Math.min(...seconds))} – ${duration(Math.max(...seconds))})`

function extrapolated(outcomes: readonly Outcome[]): string {
  const share = Math.min(...outcomes.map(({ share }) => share))
  return share < 1 ? `extrapolated from ${(100 * share).toPrecision(2)} % of an epoch` : ''
}

export function ladderTable(rows: readonly LadderRow[]): Table {
  const first = (ladder: string) => rows.find(row => row.ladder === ladder)!.timing.median
  return {
    head: ['', 'step', 'median', '±', 'GFLOP/s', 'faster than step 1', 'error'],
    rows: rows.map(({ ladder, step, flops, error, timing: { median, spread } }) => [
      ladder,
      step,
      duration(median),
      duration(spread),
      (flops / median / 1e9).toPrecision(3),
      `${(first(ladder) / median).toPrecision(3)}x`,
      error.toExponential(0),
    ]),
  }
}
