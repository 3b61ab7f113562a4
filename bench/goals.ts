// What this engine is meant to reach beside others, and whether it did.
import { median } from './measure.js'
import type { PeerResults } from './peers.js'
import type { ProcessResults } from './process.js'
import type { Entry, Outcome } from './rounds.js'
import type { Table } from './tables.js'

interface Goal {
  readonly what: string
  /** What was measured, by number of threads. */
  readonly measured: Readonly<Record<number, number | undefined>>
  /** At most this. */
  readonly must: number
  readonly aim?: number
  readonly unit?: string
}

type Rows = readonly Entry<Outcome>[]
type Measure = (outcome: Outcome) => number

const epoch: Measure = ({ secondsPerEpoch }) => secondsPerEpoch
const inference: Measure = ({ inferenceSeconds }) => inferenceSeconds

function typical(rows: Rows, name: string, model: string, threads: number, measure: Measure, of = median) {
  const row = rows.find(row => row.name === name && row.model === model && row.threads === threads)
  return row && row.outcomes.length > 0 ? of(row.outcomes.map(measure)) : undefined
}

const largest = (numbers: readonly number[]) => Math.max(...numbers)
const quotient = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? undefined : a / b

/** A table of the goals, with what was measured where something was. */
export function goals(peers: PeerResults | undefined, whole: ProcessResults | undefined): Table {
  const rows: Rows = peers?.rows ?? []
  const ours = peers?.backend ?? ''
  const threads = [...new Set(rows.filter(({ name }) => name === ours).map(row => row.threads))]
  const eachCount = (measure: (count: number) => number | undefined) =>
    Object.fromEntries(threads.map(count => [count, measure(count)]))
  const besideTorch = (model: string, measure: Measure) =>
    eachCount(count =>
      quotient(typical(rows, ours, model, count, measure), typical(rows, 'torch', model, count, measure)),
    )
  /** tfjs has no threads in Node. */
  const besideTfjs = (model: string) => {
    const found = ['tfjs-wasm', 'tfjs-cpu'].flatMap(name => typical(rows, name, model, 1, epoch) ?? [])
    return { 1: quotient(typical(rows, ours, model, 1, epoch), found.length > 0 ? Math.min(...found) : undefined) }
  }
  const wholeProcess = Object.fromEntries(
    (whole?.rows ?? [])
      .filter(({ name, model, outcomes }) => name !== 'torch' && model === 'deepnet2' && outcomes.length > 0)
      .map(({ threads, outcomes }) => {
        const theirs = whole!.rows.find(
          row => row.name === 'torch' && row.model === 'deepnet2' && row.threads === threads,
        )
        const seconds = (all: readonly { seconds: number }[]) => median(all.map(one => one.seconds))
        return [threads, theirs?.outcomes.length ? seconds(outcomes) / seconds(theirs.outcomes) : undefined]
      }),
  )
  const list: Goal[] = [
    { what: 'deepnet1, an epoch, PyTorch', measured: besideTorch('deepnet1', epoch), must: 0.6, aim: 0.25 },
    { what: 'deepnet2, an epoch, PyTorch', measured: besideTorch('deepnet2', epoch), must: 0.6, aim: 0.35 },
    { what: 'convnet, an epoch, PyTorch', measured: besideTorch('convnet', epoch), must: 0.8, aim: 0.5 },
    { what: 'convnet, the test set, PyTorch', measured: besideTorch('convnet', inference), must: 0.9, aim: 0.5 },
    { what: 'deepnet2, a whole process, PyTorch', measured: wholeProcess, must: 0.5, aim: 0.25 },
    ...['deepnet1', 'deepnet2', 'convnet'].map(model => ({
      what: `${model}, an epoch, the best tfjs`,
      measured: besideTfjs(model),
      must: 0.2,
    })),
    {
      what: 'convnet, the most memory of an epoch',
      measured: eachCount(count =>
        typical(rows, ours, 'convnet', count, ({ peakMemory }) => peakMemory / 1e6, largest),
      ),
      must: 600,
      unit: ' MB',
    },
  ]
  return {
    head: ['ours / theirs', 'must', 'aim', 'threads', 'measured', 'reached'],
    rows: list.flatMap(({ what, measured, must, aim, unit = '' }) => {
      const found = Object.entries(measured).flatMap(([count, value]) =>
        value === undefined ? [] : [{ count, value }],
      )
      const limits = [`${must}${unit}`, aim === undefined ? '' : `${aim}`]
      if (found.length === 0) return [[what, ...limits, '', 'not yet', '']]
      return found.map(({ count, value }) => [
        what,
        ...limits,
        count,
        unit ? `${value.toFixed(0)}${unit}` : value.toPrecision(2),
        value <= (aim ?? must) ? (aim === undefined ? 'yes' : 'yes, the aim too') : value <= must ? 'yes' : 'no',
      ])
    }),
  }
}
