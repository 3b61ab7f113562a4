// How long something takes: tinybench repeats it and does the statistics. All times are in seconds.
import { Bench } from 'tinybench'

export interface Timing {
  readonly median: number
  /** The median distance from the median: the spread, which a few disturbed samples do not change. */
  readonly spread: number
  /** Left out of published results. */
  readonly samples?: readonly number[]
}

export interface Effort {
  /** How long to go on measuring, in seconds. */
  readonly time: number
  /** How many samples to take at least. */
  readonly samples: number
}

/**
 * Measures `run` after a warm-up, in which V8 compiles what is hot. What takes less than a millisecond is repeated until
 * it does, and the sample is the mean: the clock and the await cost about as much as a small kernel.
 */
export async function measure(run: () => unknown, { time, samples }: Effort): Promise<Timing> {
  const bench = new Bench({
    time: time * 1000,
    iterations: samples,
    warmupTime: time * 250,
    warmupIterations: 1,
    retainSamples: true,
    throws: true,
  })
  const elapsed = async (repeat: number) => {
    const start = bench.now()
    for (let i = 0; i < repeat; i++) await run()
    return bench.now() - start
  }
  await elapsed(1)
  const repeat = Math.ceil(1 / (await elapsed(1)))
  const sample = async () => {
    const cost = await elapsed(repeat)
    return { overriddenDuration: cost / repeat, overriddenIterationCost: cost }
  }
  const result = (await bench.add('run', sample, { async: true }).run())[0].result
  if (!('latency' in result)) throw new Error(`the measurement ended early: ${result.state}`)
  const { p50, mad, samples: all = [] } = result.latency
  return { median: p50 / 1000, spread: mad / 1000, samples: all.map(ms => ms / 1000) }
}

/** The middle number; the mean of the middle two if there is an even number of them. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
