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

/** What judges a network by one set, as often as one asks. */
export type Evaluator = ReturnType<typeof evaluator>

/**
 * Judges a network by one set, again and again: what the first run records is replayed as long as it fits, and free() gives it back.
 * onBatch hears how many examples are done.
 */
export function evaluator(
  network: Network,
  backend: Backend,
  examples: Examples,
  options: Judging & { batchSize?: number } = {},
) {
  // Small networks gain by large batches; of images that a layer makes, many take much memory.
  const many = network.layers.every(({ output }) => sizeOf(output) <= 1024) ? 1000 : 250
  const { metrics = defaultMetrics, batchSize = many } = options
  const { length, targets } = examples
  const width = sizeOf(network.output)
  const all = new Uint32Array(length)
  for (let i = 0; i < length; i++) all[i] = i
  const forward = batchProgram(network, backend, examples, lossFor(network, options), (x, lossOf) =>
    noGrad(() => {
      const results = network.results(x)
      const y = first(results)
      return [lossOf(results), targets instanceof Float32Array ? y : probabilities(y)]
    }),
  )
  return {
    async run(onBatch?: (done: number) => void): Promise<Evaluation> {
      const outputs = new Float32Array(length * width)
      let lossSum = 0
      let sums = mapValues(metrics, () => 0)
      for (let done = 0; done < length;) {
        const [one] = await forward.run(all.subarray(done), batchSize, 1, indices => () => indices)
        outputs.set(one.y, done * width)
        lossSum += one.loss * one.count
        sums = mapValues(metrics, (metric, name) => sums[name] + metric(one.y, one.targets, one.count))
        done += one.count
        onBatch?.(done)
      }
      const means = mapValues(sums, sum => sum / length)
      return { loss: lossSum / length, metrics: means, targets: targets.slice(), outputs }
    },
    free: () => forward.free(),
  }
}

/** Judges a network by a set, once; onBatch hears how many examples are done. */
export async function evaluate(
  network: Network,
  backend: Backend,
  examples: Examples,
  { onBatch, ...options }: Judging & { batchSize?: number; onBatch?: (done: number) => void } = {},
): Promise<Evaluation> {
  const judge = evaluator(network, backend, examples, options)
  try {
    return await judge.run(onBatch)
  } finally {
    judge.free()
  }
}
