// A training in the page's Worker: batch after batch, and in between there is time for whoever asks something.
import type { Dataset } from '../data/index.js'
import type { Backend } from '../engine/index.js'
import { train, type Session } from '../training/index.js'
import type { TrainingEnd, TrainingReport } from './api.js'

/** A training under way, for those who want to stop it, or to take its network as it is between two batches. */
export class Job {
  paused = false
  stopped = false
  readonly #errands: (() => Promise<void>)[] = []
  readonly #end: () => void
  /** Resolves when it is over. */
  readonly ended: Promise<void>

  constructor(readonly model: string) {
    let end = () => {}
    this.ended = new Promise(resolve => (end = resolve))
    this.#end = end
  }

  /** Does something between two batches, when weights, the optimizer's memory and progress belong together. */
  between<T>(errand: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => this.#errands.push(() => errand().then(resolve, reject)))
  }

  /** Lets messages in, and waits while it is paused. */
  async rest() {
    do {
      await (this.paused ? new Promise(resolve => setTimeout(resolve, 30)) : breathe())
      await this.#run()
    } while (this.paused && !this.stopped)
  }

  async end() {
    await this.#run()
    this.#end()
  }

  async #run() {
    for (const errand of this.#errands.splice(0)) await errand()
  }
}

/** A timer would wait 4 ms each time; a message does not. */
const breathe = () =>
  new Promise<void>(resolve => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })

/** So many reports at most for a run, and one at least every so many milliseconds. */
const mostReports = 100
const tests = 10
const reportTime = 300
const none = { lossSum: 0, correct: 0, images: 0 }

/**
 * Trains until the run is over, or the job is stopped.
 * @param learned the examples to learn from, and `apart` those to judge by, if some are kept apart
 * @param test how well it reads the test images now
 */
export async function learn(
  session: Session,
  backend: Backend,
  learned: Dataset,
  apart: Dataset | undefined,
  job: Job,
  test: () => Promise<{ loss: number; accuracy: number }>,
  onReport: (report: TrainingReport) => void | Promise<void>,
): Promise<TrainingEnd> {
  const { first, last } = session.training.run
  const { lossSum, sums, batch, batchSize } = session.training
  const total = (last - first) * Math.ceil(learned.length / batchSize)
  let before = { lossSum, correct: sums.accuracy ?? 0, images: batch * batchSize }
  let since = { ...none, time: performance.now() }
  for await (const { step, state } of train(session, backend, learned, apart)) {
    if (state === 'diverged') return state
    const now = { lossSum: step.loss * step.seen, correct: step.metrics.accuracy * step.seen, images: step.seen }
    since.lossSum += now.lossSum - before.lossSum
    since.correct += now.correct - before.correct
    since.images += now.images - before.images
    before = step.batch === step.batches ? none : now
    const epochs = step.epoch - 1 - first
    const batch = epochs * step.batches + step.batch
    const time = performance.now()
    const isTested = state === 'over' || batch % Math.ceil(total / tests) === 0
    if (isTested || job.stopped || batch % Math.ceil(total / mostReports) === 0 || time - since.time > reportTime) {
      // Awaited: otherwise the end of the training could be heard before its last reports.
      await onReport({
        images: epochs * learned.length + step.seen,
        batch,
        batches: total,
        epoch: step.epoch,
        loss: since.lossSum / since.images,
        accuracy: since.correct / since.images,
        imagesPerSecond: (1000 * since.images) / (time - since.time),
        ...(isTested && { test: await test() }),
      })
      since = { ...none, time: performance.now() }
    }
    if (state === 'over') return state
    await job.rest()
    if (job.stopped) return 'stopped'
  }
  return 'over'
}
