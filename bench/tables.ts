// Results as tables: for the terminal, and for docs/benchmarks.md.
import CliTable from 'cli-table3'
import type { BrowserResults } from './browser.js'
import type { KernelResults } from './kernels.js'
import type { LadderRow } from './ladder.js'
import { median } from './measure.js'
import type { PeerResults } from './peers.js'
import type { WallClock } from './process.js'
import type { Entry, Outcome } from './rounds.js'
import type { SpeedrunEntry } from './speedrun.js'
import type { KernelRow } from './turns.js'

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export function print({ head, rows }: Table) {
  const table = new CliTable({ head: [...head], style: { head: [], border: [], compact: true } })
  for (const row of rows) table.push([...row])
  console.log(table.toString())
}

/** Says in a line that the next one replaces what is being measured; silent where nobody watches. */
export function progress(text: string) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

export const markdown = ({ head, rows }: Table) =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')

/** Rows of cells as lines, each column as wide as its widest cell: numbers end below each other, words begin so. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, c) => Math.max(...rows.map(row => row[c].length)))
  const isNumber = widths.map((_, c) => rows.slice(1).every(row => /^([\d.,]|$)/.test(row[c])))
  const cell = (text: string, c: number) => (isNumber[c] ? text.padStart(widths[c]) : text.padEnd(widths[c]))
  return rows.map(row => row.map(cell).join('  ').trimEnd())
}

/** Seconds in the unit that suits them, with three digits. */
export function duration(seconds: number): string {
  const [size, unit] = seconds < 1e-3 ? [1e6, 'µs'] : seconds < 1 ? [1e3, 'ms'] : [1, 's']
  const value = seconds * size
  return `${value < 100 ? value.toPrecision(3) : value.toFixed(0)} ${unit}`
}

/** On a card, or on software that stands for one. */
const isOnGpu = (backend: string) => /^(webgpu|gpujs:(webgl2|webgpu|headlessgl))$/.test(backend)

export const threadsOf = (threads: number) => `${threads} thread${threads === 1 ? '' : 's'}`

export function kernelTable({ rows, peaks }: Pick<KernelResults, 'rows' | 'peaks'>): Table {
  return {
    head: [
      'kernel',
      'sizes',
      'models',
      'backend',
      'threads',
      'median',
      '±',
      'GFLOP/s',
      'of peak',
      'first call',
      'error',
    ],
    rows: rows.map(({ kernel, sizes, models, backend, threads, flops, error, first, timing, once, skipped }) => {
      const cells = [kernel, sizes, models.join(' '), backend, `${threads}`]
      if (!timing) return [...cells, `skipped: ${duration(skipped!)} a call`, '', '', '', '', '']
      const gflops = flops / timing.median / 1e9
      // What draws uses all cores, or none.
      const share = isOnGpu(backend) ? '' : `${((100 * gflops) / peaks[threads].gflops).toFixed(1)} %`
      return [
        ...cells,
        duration(timing.median),
        once ? 'once' : duration(timing.spread),
        gflops.toPrecision(3),
        share,
        duration(first!),
        error!.toExponential(0),
      ]
    }),
  }
}

/** As kernelTable, with how the first of our GPU backends does beside the others: below 1 says that it is faster. */
export function browserTable({ rows }: Pick<BrowserResults, 'rows'>): Table {
  const onGpu = rows.find(({ backend }) => isOnGpu(backend))?.backend
  return {
    head: [
      'kernel',
      'sizes',
      'models',
      'on',
      'threads',
      'median',
      '±',
      'GFLOP/s',
      `${onGpu} / it`,
      'first call',
      'error',
    ],
    rows: rows.map(({ kernel, sizes, models, backend, threads, flops, error, first, timing, once, skipped }) => {
      const cells = [kernel, sizes, models.join(' '), backend, `${threads}`]
      if (!timing) return [...cells, `skipped: ${duration(skipped!)} a call`, '', '', '', '', '']
      const same = rows.find(row => row.backend === onGpu && row.kernel === kernel && row.sizes === sizes)
      return [
        ...cells,
        duration(timing.median),
        once ? 'once' : duration(timing.spread),
        (flops / timing.median / 1e9).toPrecision(3),
        same?.timing && backend !== onGpu ? (same.timing.median / timing.median).toPrecision(2) : '',
        duration(first!),
        error!.toExponential(0),
      ]
    }),
  }
}

/** One of our GPU backends beside the others: our seconds, and the shares that they are of theirs. */
export function besideTable({ rows }: Pick<BrowserResults, 'rows'>): Table {
  const names = [...new Set(rows.map(({ backend }) => backend))]
  const onGpu = names.find(isOnGpu)
  const others = names.filter(name => /^(tfjs|naive)/.test(name))
  const found = (name: string | undefined, { kernel, sizes }: KernelRow) =>
    rows.find(row => row.backend === name && row.kernel === kernel && row.sizes === sizes)?.timing
  return {
    head: ['kernel', 'sizes', 'models', onGpu ?? '', ...others.map(name => `ours / ${name}`)],
    rows: rows
      .filter(row => row.backend === onGpu && row.timing)
      .map(row => [
        row.kernel,
        row.sizes,
        row.models.join(' '),
        duration(row.timing!.median),
        ...others.map(name => {
          const theirs = found(name, row)
          return theirs ? (row.timing!.median / theirs.median).toPrecision(2) : ''
        }),
      ]),
  }
}

export function transferTable(rows: KernelResults['transfers']): Table {
  return {
    head: ['', 'numbers', 'backend', 'threads', 'median', '±', 'MB/s'],
    rows: rows.map(({ direction, numbers, backend, threads, timing: { median, spread } }) => [
      direction,
      `${numbers}`,
      backend,
      `${threads}`,
      duration(median),
      duration(spread),
      ((4 * numbers) / median / 1e6).toFixed(0),
    ]),
  }
}

export function modelTable(entries: readonly Entry<Outcome>[]): Table {
  return {
    head: ['model', 'backend', 'threads', 'an epoch', 'training', 'the test set', 'inference', 'memory', ''],
    rows: entries.map(({ model, name, threads, outcomes, failure }) => {
      if (failure !== undefined) return [model, name, `${threads}`, '–', '–', '–', '–', '–', failure]
      const [epoch, test] = [secondsPerEpoch(outcomes), inferenceSeconds(outcomes)]
      return [
        model,
        outcomes[0].ran,
        `${threads}`,
        range(epoch),
        `${(60_000 / median(epoch)).toFixed(0)} images/s`,
        range(test),
        `${(10_000 / median(test)).toFixed(0)} images/s`,
        memory(outcomes),
        extrapolated(outcomes),
      ]
    }),
  }
}

/** The median, and from where to where. */
const range = (seconds: readonly number[]) =>
  seconds.length === 0
    ? '–'
    : seconds.length === 1
      ? `${duration(seconds[0])} (one round)`
      : `${duration(median(seconds))} (${duration(Math.min(...seconds))} – ${duration(Math.max(...seconds))})`

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

/** Each peer beside our backend with as many threads; a ratio below 1 says that ours is faster. */
export function peerTable({ backend, rows }: Pick<PeerResults, 'backend' | 'rows'>): Table {
  const ourOwn = (model: string, threads: number) =>
    rows.find(row => row.name === backend && row.model === model && row.threads === threads)
  return {
    head: [
      'model', 'threads', 'with', 'an epoch', 'ours / theirs', 'the test set', 'ours / theirs', 'first epoch / later', 'memory', '',
    ], // prettier-ignore
    rows: rows.map(({ name, model, threads, outcomes, failure }) => {
      if (failure !== undefined) return [model, `${threads}`, name, '–', '', '–', '', '', '', failure]
      const rival = name === backend ? undefined : ourOwn(model, threads)?.outcomes
      const [epoch, test] = [secondsPerEpoch(outcomes), inferenceSeconds(outcomes)]
      return [
        model,
        `${threads}`,
        outcomes[0].ran,
        range(epoch),
        rival ? ratio(secondsPerEpoch(rival), epoch) : '',
        range(test),
        rival ? ratio(inferenceSeconds(rival), test) : '',
        firstOverLater(outcomes),
        memory(outcomes),
        extrapolated(outcomes),
      ]
    }),
  }
}

export function processTable(rows: readonly Entry<WallClock>[]): Table {
  const seconds = ({ outcomes }: Entry<WallClock>) => outcomes.map(outcome => outcome.seconds)
  return {
    head: ['model', 'threads', 'with', 'the whole process', 'ours / theirs'],
    rows: rows.map(row => {
      const { name, model, threads, failure } = row
      if (failure !== undefined) return [model, `${threads}`, name, failure, '']
      const ourOwn = rows.filter(other => other.model === model && !/torch/.test(other.name))
      const rival = /torch/.test(name) ? (ourOwn.find(other => other.threads === threads) ?? ourOwn[0]) : undefined
      return [model, `${threads}`, name, range(seconds(row)), rival ? ratio(seconds(rival), seconds(row)) : '']
    }),
  }
}

/** Each run to a threshold: the seconds, and what the mean over the seeds came to. */
export function speedrunTable(entries: readonly SpeedrunEntry[]): Table {
  return {
    head: ['to', 'model', 'threads', 'with', 'seconds', 'accuracy, mean of the seeds', 'reached', ''],
    rows: entries.map(({ threshold, model, threads, name, outcomes, failure }) => {
      const head = [`${100 * threshold} %`, model, `${threads}`, outcomes[0]?.ran ?? name]
      if (failure !== undefined || outcomes.length === 0) return [...head, '–', '', '', failure ?? '']
      const mean = outcomes.reduce((sum, { accuracy }) => sum + accuracy, 0) / outcomes.length
      const seconds = range(outcomes.map(outcome => outcome.seconds))
      const reached = mean >= threshold ? 'yes' : 'no'
      return [...head, seconds, `${(100 * mean).toFixed(2)} % of ${outcomes.length}`, reached, '']
    }),
  }
}

/** Of medians; nothing if one of the two was not measured. */
const ratio = (ours: readonly number[], theirs: readonly number[]) =>
  ours.length > 0 && theirs.length > 0 ? (median(ours) / median(theirs)).toPrecision(2) : ''
const secondsPerEpoch = (outcomes: readonly Outcome[]) => outcomes.flatMap(outcome => outcome.secondsPerEpoch ?? [])
const inferenceSeconds = (outcomes: readonly Outcome[]) => outcomes.flatMap(outcome => outcome.inferenceSeconds ?? [])
const firstOverLater = (outcomes: readonly Outcome[]) => {
  const found = outcomes.flatMap(outcome => outcome.firstOverLater ?? [])
  return found.length > 0 ? median(found).toPrecision(2) : ''
}
const memory = (outcomes: readonly Outcome[]) =>
  `${(Math.max(...outcomes.map(({ peakMemory }) => peakMemory)) / 1e6).toFixed(0)} MB`
