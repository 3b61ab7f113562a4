import type { Backend, Values } from './backend.js'
import type { Examples } from './examples.js'
import { defaultMetrics, lossFor, type Judging } from './metrics.js'
import { first, mapValues, probabilities, type Network } from './network.js'
import { batchProgram, type Done } from './program.js'
import { noGrad } from './scope.js'
import { sizeOf } from './tensor.js'

/** How well a network does on a set: mean loss and metrics. */
export interface Judgement {
  readonly loss: number
  readonly metrics: Readonly<Record<string, number>>
}
/** The same, and what the network made of each example. */
export interface Evaluation extends Judgement {
  readonly targets: Examples['targets']
  /** [examples, outputs], row by row: of the first result; probabilities, where the targets are classes. */
  readonly outputs: Float32Array
}

/** By what an evaluator judges, and how many examples it takes at a time. */
export type EvaluatorOptions = Judging & { readonly batchSize?: number }
/** What judges a network by one set, as often as one asks. */
export type Evaluator = ReturnType<typeof evaluator>

/**
 * Judges a network by one set, again and again: what the first run records is replayed as long as it fits, and free() gives it back.
 * onBatch hears how many examples are done, and the outputs of the last of them, to be read at once.
 */
export function evaluator(network: Network, backend: Backend, examples: Examples, options: EvaluatorOptions = {}) {
  // Small networks gain by large batches; of images that a layer makes, many take much memory.
  const many = network.layers.every(({ output }) => sizeOf(output) <= 1024) ? 1000 : 250
  const { metrics = defaultMetrics, batchSize = many } = options
  const { length, targets } = examples
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
    async run(onBatch?: (done: number, outputs: Values) => void): Promise<Judgement> {
      let [done, lossSum] = [0, 0]
      let sums = mapValues(metrics, () => 0)
      const take = ({ loss, y, targets, count }: Done) => {
        done += count
        lossSum += loss * count
        sums = mapValues(metrics, (metric, name) => sums[name] + metric(y, targets, count))
        onBatch?.(done, y)
      }
      while (done < length) await forward.run(all.subarray(done), batchSize, 1, indices => () => indices, take)
      return { loss: lossSum / length, metrics: mapValues(sums, sum => sum / length) }
    },
    free: () => forward.free(),
  }
}

/** Runs a set through the network, once; onBatch hears how many examples are done. */
export async function evaluate(
  network: Network,
  backend: Backend,
  examples: Examples,
  { onBatch, ...options }: EvaluatorOptions & { onBatch?: (done: number) => void } = {},
): Promise<Evaluation> {
  const outputs = new Float32Array(examples.length * sizeOf(network.output))
  const judge = evaluator(network, backend, examples, options)
  try {
    const judgement = await judge.run((done, y) => {
      outputs.set(y, (done * outputs.length) / examples.length - y.length)
      onBatch?.(done)
    })
    return { ...judgement, targets: examples.targets.slice(), outputs }
  } finally {
    judge.free()
  }
}
