// What this engine is meant to reach beside the best native engine of each row, and whether it did.
import { median } from './measure.js'
import { engines } from './native.js'
import type { PeerResults } from './peers.js'
import type { Outcome } from './rounds.js'
import type { Table } from './tables.js'

interface Goal {
  readonly what: string
  /** What was measured with so many threads. */
  readonly measured: (threads: number) => number | undefined
  readonly must: number
  readonly aim: number
  /** Whether more is better. */
  readonly atLeast?: boolean
}

type Measure = (outcome: Outcome) => number | undefined

const epoch: Measure = ({ secondsPerEpoch }) => secondsPerEpoch
const inference: Measure = ({ inferenceSeconds }) => inferenceSeconds
const first: Measure = ({ firstOverLater }) => firstOverLater

/** A table of the goals, with what was measured where something was. */
export function goals(peers: PeerResults | undefined): Table {
  const rows = peers?.rows ?? []
  const ours = peers?.backend ?? ''
  const counts = [...new Set(rows.filter(({ name }) => name === ours).map(({ threads }) => threads))].sort()

  function typical(name: string, model: string, threads: number, measure: Measure): number | undefined {
    const row = rows.find(row => row.name === name && row.model === model && row.threads === threads)
    const numbers = row?.outcomes.flatMap(outcome => measure(outcome) ?? []) ?? []
    return numbers.length > 0 ? median(numbers) : undefined
  }
  const besideTheBest = (model: string, measure: Measure) => (threads: number) => {
    const own = typical(ours, model, threads, measure)
    const theirs = Object.keys(engines).flatMap(name => typical(name, model, threads, measure) ?? [])
    return own === undefined || theirs.length === 0 ? undefined : own / Math.min(...theirs)
  }
  /** How much faster an epoch is on so many threads than on one. */
  const gain = (model: string) => (threads: number) => {
    const [one, more] = [1, threads].map(count => typical(ours, model, count, epoch))
    return threads === 1 || one === undefined || more === undefined ? undefined : one / more
  }

  const list: Goal[] = [
    { what: 'deepnet1, an epoch', measured: besideTheBest('deepnet1', epoch), must: 0.45, aim: 0.3 },
    { what: 'deepnet2, an epoch', measured: besideTheBest('deepnet2', epoch), must: 0.7, aim: 0.55 },
    { what: 'convnet, an epoch', measured: besideTheBest('convnet', epoch), must: 0.55, aim: 0.45 },
    ...['deepnet1', 'deepnet2', 'convnet'].map(model => ({
      what: `${model}, 10,000 images`,
      measured: besideTheBest(model, inference),
      must: 0.8,
      aim: 0.6,
    })),
    ...['deepnet1', 'deepnet2'].map(model => ({
      what: `${model}, the first epoch over a later one`,
      measured: (threads: number) => typical(ours, model, threads, first),
      must: 1.3,
      aim: 1.1,
    })),
    {
      what: 'deepnet1, an epoch on one thread over it',
      measured: gain('deepnet1'),
      must: 1.4,
      aim: 1.8,
      atLeast: true,
    },
    {
      what: 'deepnet2, an epoch on one thread over it',
      measured: gain('deepnet2'),
      must: 1.7,
      aim: 1.9,
      atLeast: true,
    },
    { what: 'convnet, an epoch on one thread over it', measured: gain('convnet'), must: 1.9, aim: 2, atLeast: true },
  ]
  return {
    head: ['', 'must', 'aim', 'threads', 'measured', 'reached'],
    rows: list.flatMap(({ what, measured, must, aim, atLeast }) => {
      const found = counts.flatMap(threads => {
        const value = measured(threads)
        return value === undefined ? [] : [{ threads, value }]
      })
      const limits = [must, aim].map(limit => `${atLeast ? '≥' : '≤'} ${limit}`)
      if (found.length === 0) return [[what, ...limits, '', 'not yet', '']]
      const reaches = (value: number, limit: number) => (atLeast ? value >= limit : value <= limit)
      return found.map(({ threads, value }) => [
        what,
        ...limits,
        `${threads}`,
        value.toPrecision(3),
        reaches(value, aim) ? 'yes, the aim too' : reaches(value, must) ? 'yes' : 'no',
      ])
    }),
  }
}
