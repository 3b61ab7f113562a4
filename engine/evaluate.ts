import type { Backend } from './backend.js'
import { batchOf, onBackend, targetsFrom, upload, type Examples } from './examples.js'
import { defaultMetrics, lossFor, type Judging } from './metrics.js'
import { first, mapValues, probabilities, type Network } from './network.js'
import { noGrad, scope } from './scope.js'
import { sizeOf } from './tensor.js'

/** What a network made of a set: mean loss and metrics, and each example's outputs. */
export interface Evaluation {
  readonly loss: number
  readonly metrics: Readonly<Record<string, number>>
  readonly targets: Examples['targets']
  /** [examples, outputs], row by row: of the first result; probabilities, where the targets are classes. */
  readonly outputs: Float32Array
}

/** Runs a set through the network; onBatch hears how many examples are done. */
export async function evaluate(
  network: Network,
  backend: Backend,
  examples: Examples,
  {
    batchSize = 250,
    onBatch = (_done: number) => {},
    ...judging
  }: Judging & { batchSize?: number; onBatch?: (done: number) => void } = {},
): Promise<Evaluation> {
  const { metrics = defaultMetrics } = judging
  const lossOf = lossFor(network, judging)
  const width = sizeOf(network.output)
  const all = new Float32Array(examples.length * width)
  const classes = !(examples.targets instanceof Float32Array)
  let lossSum = 0
  let sums = mapValues(metrics, () => 0)
  for (let start = 0; start < examples.length; start += batchSize) {
    const count = Math.min(batchSize, examples.length - start)
    const targets = targetsFrom(examples, start, count)
    const [loss, outputs] = noGrad(() =>
      scope(() => {
        const x = batchOf(examples.inputs, set =>
          upload(backend, set, set.values.subarray(start * set.size, (start + count) * set.size)),
        )
        const results = network.results(x)
        const y = first(results)
        return [lossOf(results, onBackend(backend, targets, count)), classes ? probabilities(y) : y] as const
      }),
    )
    const rows = await outputs.download()
    const [value] = await loss.download()
    loss.free()
    outputs.free()
    all.set(rows, start * width)
    lossSum += value * count
    sums = mapValues(metrics, (metric, name) => sums[name] + metric(rows, targets, count))
    onBatch(start + count)
  }
  const { length, targets } = examples
  return {
    loss: lossSum / length,
    metrics: mapValues(sums, sum => sum / length),
    targets: targets.slice(),
    outputs: all,
  }
}
