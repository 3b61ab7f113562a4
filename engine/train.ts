// Training, as a generator: it yields what happened, and whoever called it prints, draws or saves.
import type { Backend } from './backend.js'
import { backward } from './backward.js'
import type { Examples, ExampleSet } from './examples.js'
import { defaultMetrics, lossFor, type Judging } from './metrics.js'
import { first, mapValues, type Network } from './network.js'
import type { Optimizer } from './optim/optimizer.js'
import type { Schedule } from './optim/schedule.js'
import { batchProgram, type Begin, type OfBatch } from './program.js'
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
  /** How many batches to run before the next yield, asked each time: together they take less time. 1 by default. */
  readonly atOnce?: () => number
  /** The inputs of a batch, in the place of those of the set: other pictures of the same things, drawn from (seed, epoch, index). */
  readonly augment?: (examples: ExampleSet, indices: Uint32Array, epoch: number) => Uint8Array | Float32Array
}

/** After each batch, or `atOnce`: means over the epoch so far. */
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
  /** The learning rate of the last batch. */
  readonly lr: number
  /** Where training would continue from here. */
  readonly progress: Progress
}

/**
 * Trains, yielding after every batch, or `atOnce`. Stopping in between loses nothing: `progress` says where to go on, and going on gives
 * the same weights as never having stopped. Each epoch's order is drawn from (seed, epoch), so it needs no memory; the last batch may be
 * smaller. A step whose loss is not finite is yielded (the weights are then of no use) and ends the training.
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
  const { first: begun = from.epoch, metrics = defaultMetrics, atOnce = () => 1 } = options
  const batches = Math.ceil(examples.length / batchSize)
  // What a layer draws from the generator is in no slot, so that such a step cannot be replayed.
  let drawn = false
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
  const step = batchProgram(network, backend, examples, lossFor(network, options), learn, () => !drawn)
  try {
    for (let epoch = from.epoch; epoch < epochs; epoch++) {
      const order = shuffle(examples.length, random(seed, 'shuffle', epoch))
      let { batch, lossSum, sums } = epoch === from.epoch ? from : beginning
      const start = optimizer.steps - batch
      const rate = (batch: number) => lr * schedule(((epoch - begun) * batches + batch) / ((epochs - begun) * batches))
      while (batch < batches) {
        const at = batch
        const begin: Begin = (indices, i) => {
          optimizer.advance(rate(at + i), start + at + i + 1)
          return set => (augment ? augment(set, indices, epoch) : indices)
        }
        await step.run(order.subarray(at * batchSize), batchSize, atOnce(), begin, ({ loss, y, targets, count }) => {
          if (!Number.isFinite(lossSum)) return
          batch++
          lossSum += loss * count
          sums = mapValues(metrics, (metric, name) => (sums[name] ?? 0) + metric(y, targets, count))
        })
        if (optimizer.steps > start + batch) optimizer.advance(rate(batch - 1), start + batch)
        const seen = Math.min(batch * batchSize, examples.length)
        yield {
          epoch: epoch + 1,
          batch,
          batches,
          seen,
          loss: lossSum / seen,
          metrics: mapValues(sums, sum => sum / seen),
          lr: rate(batch - 1),
          progress: batch === batches ? { ...beginning, epoch: epoch + 1 } : { epoch, batch, lossSum, sums },
        }
        if (!Number.isFinite(lossSum)) return
      }
    }
  } finally {
    step.free()
  }
}
