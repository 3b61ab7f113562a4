import type { Backend } from './backend.js'
import type { Examples } from './examples.js'
import { defaultMetrics, lossFor, type Judging } from './metrics.js'
import { first, mapValues, probabilities, type Network } from './network.js'
import { batchProgram } from './program.js'
import { noGrad } from './scope.js'
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
  options: Judging & { batchSize?: number; onBatch?: (done: number) => void } = {},
): Promise<Evaluation> {
  // Small networks gain by large batches; of images that a layer makes, many take much memory.
  const many = network.layers.every(({ output }) => sizeOf(output) <= 1024) ? 1000 : 250
  const { metrics = defaultMetrics, batchSize = many, onBatch } = options
  const width = sizeOf(network.output)
  const all = new Uint32Array(examples.length).map((_, i) => i)
  const outputs = new Float32Array(examples.length * width)
  const classes = !(examples.targets instanceof Float32Array)
  let lossSum = 0
  let sums = mapValues(metrics, () => 0)
  const forward = batchProgram(network, backend, examples, lossFor(network, options), (x, lossOf) =>
    noGrad(() => {
      const results = network.results(x)
      const y = first(results)
      return [lossOf(results), classes ? probabilities(y) : y]
    }),
  )
  try {
    for (let done = 0; done < examples.length;) {
      const [{ loss, y, targets, count }] = await forward.run(
        all.subarray(done),
        batchSize,
        1,
        indices => () => indices,
      )
      outputs.set(y, done * width)
      lossSum += loss * count
      sums = mapValues(metrics, (metric, name) => sums[name] + metric(y, targets, count))
      done += count
      onBatch?.(done)
    }
  } finally {
    forward.free()
  }
  return {
    loss: lossSum / examples.length,
    metrics: mapValues(sums, sum => sum / examples.length),
    targets: examples.targets.slice(),
    outputs,
  }
}
