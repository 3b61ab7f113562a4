// Training and testing, as generators: they yield what happened, and whoever called them prints, draws or saves.
import type { Backend, Values } from './backend.js'
import { backward } from './backward.js'
import type { Sequential } from './layers/sequential.js'
import { crossEntropy } from './ops/crossEntropy.js'
import type { Optimizer } from './optim/optimizer.js'
import type { Schedule } from './optim/schedule.js'
import { random, shuffle } from './random.js'
import { pixels, scope, sizeOf } from './tensor.js'

/** Labelled images in memory, which do not change: backends may keep a copy. */
export interface Examples {
  readonly length: number
  /** One image after the other, 0–255 a pixel. */
  readonly pixels: Uint8Array
  /** What each shows. */
  readonly targets: Uint8Array
}

/** How far training is: what continuing needs, besides the weights and the optimizer's state. */
export interface Progress {
  /** Epochs completed, over all runs. */
  readonly epoch: number
  /** Batches completed in the epoch under way; 0 between epochs. */
  readonly batch: number
  /** The sum of the losses, and the count of right answers, of the examples seen in the epoch under way. */
  readonly lossSum: number
  readonly correct: number
}

export const beginning: Progress = { epoch: 0, batch: 0, lossSum: 0, correct: 0 }

export interface FitOptions {
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
  readonly accuracy: number
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
 */
export async function* fit(
  network: Sequential,
  optimizer: Optimizer,
  backend: Backend,
  examples: Examples,
  options: FitOptions,
): AsyncGenerator<Step> {
  const { lr, epochs, batchSize = 128, seed = 0, schedule = () => 1, from = beginning, first = from.epoch } = options
  const batches = Math.ceil(examples.length / batchSize)
  const total = (epochs - first) * batches

  for (let epoch = from.epoch; epoch < epochs; epoch++) {
    const order = shuffle(examples.length, random(seed, 'shuffle', epoch))
    let { batch, lossSum, correct } = epoch === from.epoch ? from : beginning
    while (batch < batches) {
      const indices = order.subarray(batch * batchSize, (batch + 1) * batchSize)
      const labels = new Uint8Array(indices.length)
      for (let i = 0; i < labels.length; i++) labels[i] = examples.targets[indices[i]]
      const rate = lr * schedule(((epoch - first) * batches + batch) / total)
      const [loss, logits] = scope(() => {
        const x = pixels(backend, examples.pixels, [labels.length, ...network.input], indices)
        const y = network.forward(x, { training: true, rng: random(seed, 'batch', optimizer.steps) })
        const l = crossEntropy(y, labels)
        optimizer.step(backward(l), rate)
        return [l, y] as const
      })
      const scores = await logits.download()
      const [value] = await loss.download()
      loss.free()
      logits.free()

      batch++
      lossSum += value * labels.length
      correct += countCorrect(scores, labels)
      const seen = Math.min(batch * batchSize, examples.length)
      const last = batch === batches
      yield {
        epoch: epoch + 1,
        batch,
        batches,
        seen,
        loss: lossSum / seen,
        accuracy: correct / seen,
        lr: rate,
        progress: last ? { ...beginning, epoch: epoch + 1 } : { epoch, batch, lossSum, correct },
      }
      if (!Number.isFinite(value)) return
    }
  }
}

/** What a network made of a set: mean loss, share of right answers, and each example's probabilities. */
export interface Evaluation {
  readonly loss: number
  readonly accuracy: number
  readonly labels: Uint8Array
  /** [examples, classes], row by row. */
  readonly probabilities: Float32Array
}

/** Runs a set through the network; onBatch hears how many examples are done. */
export async function evaluate(
  network: Sequential,
  backend: Backend,
  examples: Examples,
  { batchSize = 100, onBatch = (_done: number) => {} } = {},
): Promise<Evaluation> {
  const classes = network.output[0]
  const size = sizeOf(network.input)
  const probabilities = new Float32Array(examples.length * classes)
  let loss = 0
  let correct = 0
  for (let start = 0; start < examples.length; start += batchSize) {
    const count = Math.min(batchSize, examples.length - start)
    const labels = examples.targets.subarray(start, start + count)
    const images = examples.pixels.subarray(start * size, (start + count) * size)
    const result = scope(() => network.predict(pixels(backend, images, [count, ...network.input])))
    const rows = await result.download()
    result.free()
    probabilities.set(rows, start * classes)
    correct += countCorrect(rows, labels)
    for (let i = 0; i < count; i++) loss -= Math.log(Math.max(rows[i * classes + labels[i]], 1e-38))
    onBatch(start + count)
  }
  return {
    loss: loss / examples.length,
    accuracy: correct / examples.length,
    labels: examples.targets.slice(0, examples.length),
    probabilities,
  }
}

/** The place of the largest of row i's n numbers; the first if several are equal. */
export function argmax(rows: Values, i: number, n: number): number {
  let best = 0
  for (let j = 1; j < n; j++) if (rows[i * n + j] > rows[i * n + best]) best = j
  return best
}

function countCorrect(rows: Values, labels: Uint8Array): number {
  const n = rows.length / labels.length
  let count = 0
  for (let i = 0; i < labels.length; i++) if (argmax(rows, i, n) === labels[i]) count++
  return count
}
