// Training, as a generator: it yields what happened, and whoever called it prints, draws or saves.
import type { Backend } from './backend.js'
import { backward } from './backward.js'
import { targetsAt, type Examples, type ExampleSet } from './examples.js'
import { defaultMetrics, lossFor, type Judging } from './metrics.js'
import { first, mapValues, type Network } from './network.js'
import type { Optimizer } from './optim/optimizer.js'
import type { Schedule } from './optim/schedule.js'
import { batchProgram, type OfBatch } from './program.js'
import { random, shuffle, type Random } from './random.js'
import { scope } from './scope.js'

/** How far training is: what continuing needs, besides the weights and the optimizer's state. */
export interface Progress {
  /** Epochs completed, over all runs. */
  readonly epoch: number
  /** Batches completed in the epoch under way; 0 between epochs. */
  readonly batch: number
  /** The sums of the losses, and of each metric, of the examples seen in the epoch under way. */
  readonly lossSum: number
  readonly sums: Readonly<Record<string, number>>
}
/** Where training starts: before the first batch of epoch 0. */
export const beginning: Progress = { epoch: 0, batch: 0, lossSum: 0, sums: {} }

export interface FitOptions extends Judging {
  readonly lr: number
  /** Train until so many epochs are completed, earlier runs included. */
  readonly epochs: number
  readonly batchSize?: number
  readonly seed?: number
  readonly schedule?: Schedule
  /** Where to begin. */
  readonly from?: Progress
  /** The epochs completed when the schedule began: fewer than `from` has, if a run that was stopped goes on. */
  readonly first?: number
  /** The inputs of a batch, in the place of those of the set: other pictures of the same things, drawn from (seed, epoch, index). */
  readonly augment?: (examples: ExampleSet, indices: Uint32Array, epoch: number) => Uint8Array | Float32Array
}

/** After each batch: means over the epoch so far. */
export interface Step {
  /** The epoch under way, counted from 1. */
  readonly epoch: number
  /** Batches done of this epoch, and how many it has. */
  readonly batch: number
  readonly batches: number
  /** Examples seen in this epoch. */
  readonly seen: number
  readonly loss: number
  readonly metrics: Readonly<Record<string, number>>
  /** The learning rate of this batch. */
  readonly lr: number
  /** Where training would continue from here. */
  readonly progress: Progress
}

/**
 * Trains, yielding after every batch. Stopping in between loses nothing: `progress` says where to go on, and going on
 * gives the same weights as never having stopped.
 *
 * Each epoch's order is drawn from (seed, epoch), so it needs no memory; the last batch may be smaller. A step whose
 * loss is not finite is yielded (the weights are then of no use) and ends the training.
 * @throws ChiffreError if the targets do not fit the network's result
 */
export async function* fit(
  network: Network,
  optimizer: Optimizer,
  backend: Backend,
  examples: Examples,
  options: FitOptions,
): AsyncGenerator<Step> {
  const { lr, epochs, batchSize = 32, seed = 0, schedule = () => 1, from = beginning, augment } = options
  const { first: begun = from.epoch, metrics = defaultMetrics } = options
  const batches = Math.ceil(examples.length / batchSize)
  const total = (epochs - begun) * batches
  // What a layer draws from the generator is in no slot, so that such a step cannot be replayed.
  let drawn = false
  const loss = lossFor(network, options)
  const learn: OfBatch = (x, lossOf) => {
    let rng: Random | undefined
    const draw = () => ((drawn = true), (rng ??= random(seed, 'batch', optimizer.steps))())
    let streams = 0
    const key = () => {
      const stream = streams++
      return () => random(seed, 'key', stream, optimizer.steps)() * 2 ** 32
    }
    // All else is given back before the step, so that nothing waits to read the weights: they are changed where they are.
    const { loss, y, gradients } = scope(() => {
      const results = network.results(x, { training: true, rng: draw, key })
      const loss = lossOf(results)
      return { loss, y: first(results), gradients: backward(loss) }
    })
    optimizer.apply(gradients)
    return [loss, y]
  }
  const step = batchProgram(network, backend, examples, loss, learn, () => !drawn)
  try {
    for (let epoch = from.epoch; epoch < epochs; epoch++) {
      const order = shuffle(examples.length, random(seed, 'shuffle', epoch))
      let { batch, lossSum, sums } = epoch === from.epoch ? from : beginning
      while (batch < batches) {
        const indices = order.subarray(batch * batchSize, (batch + 1) * batchSize)
        const count = indices.length
        const targets = targetsAt(examples, indices)
        const rate = lr * schedule(((epoch - begun) * batches + batch) / total)
        const inputs = (set: ExampleSet) => (augment ? augment(set, indices, epoch) : indices)
        optimizer.advance(rate)
        const [[loss], scores] = await step.run(inputs, targets)

        batch++
        lossSum += loss * count
        sums = mapValues(metrics, (metric, name) => (sums[name] ?? 0) + metric(scores, targets, count))
        const seen = Math.min(batch * batchSize, examples.length)
        yield {
          epoch: epoch + 1,
          batch,
          batches,
          seen,
          loss: lossSum / seen,
          metrics: mapValues(sums, sum => sum / seen),
          lr: rate,
          progress: batch === batches ? { ...beginning, epoch: epoch + 1 } : { epoch, batch, lossSum, sums },
        }
        if (!Number.isFinite(loss)) return
      }
    }
  } finally {
    step.free()
  }
}
