// A run of a session: every batch up to the end that the run is to have, and at the end of each epoch the judgement.
import { evaluator, fit, schedules, type Backend, type Judgement, type Examples, type Step } from '../engine/index.js'
import { augmenter } from '../data/augment.js'
import type { Epoch, Score } from './checkpoint.js'
import type { Session } from './session.js'
import { waysOf } from './settings.js'

/** What a batch came to, or several that were handed over at once. */
export interface Advance {
  readonly step: Step
  /** Whether the run goes on, has come to its end, or cannot go on because the loss is no longer a number. */
  readonly state: 'on' | 'over' | 'diverged'
  /** What the epoch came to, after its last batch. */
  readonly score?: Epoch
  /** The epoch whose weights were restored, if patience has ended the run. */
  readonly restored?: number
}

/**
 * Trains, and yields after each batch, or `atOnce`. In between, the session may be saved, and whoever does not ask for the next one
 * ends the training: a run that is resumed from there ends with the same bytes.
 * @param learned the examples to learn from
 * @param apart those to judge by, if some are kept apart
 * @param atOnce how many batches to run before the next yield, asked each time (FitOptions)
 */
export async function* train(
  session: Session,
  backend: Backend,
  learned: Examples,
  apart?: Examples,
  atOnce?: () => number,
): AsyncGenerator<Advance, void> {
  const { run, lr, batchSize, seed, schedule, augment, ...from } = session.training
  const options = {
    ...{ lr, batchSize, seed, schedule: schedules[schedule], from, first: run.first, epochs: run.last },
    ...(atOnce && { atOnce }),
    ...(augment && { augment: augmenter(waysOf(augment)!, seed) }),
  }
  const judge = apart && evaluator(session.network, backend, apart)
  try {
    for await (const step of fit(session.network, session.optimizer, backend, learned, options)) {
      if (!Number.isFinite(step.loss)) {
        yield { step, state: 'diverged' }
        return
      }
      session.advance(step.progress)
      if (step.batch < step.batches) {
        yield { step, state: 'on' }
        continue
      }
      const validation = judge && (await session.usingAverages(() => judge.run()))
      const score: Epoch = { ...scoreIn(step), ...(validation && { validation: scoreIn(validation) }) }
      const early = await session.endEpoch(score)
      if (early) session.restoreBest()
      const over = early || step.epoch === run.last
      yield { step, score, state: over ? 'over' : 'on', ...(early && { restored: session.training.best!.epoch }) }
      if (over) return
    }
  } finally {
    judge?.free()
  }
}

const scoreIn = ({ loss, metrics }: Step | Judgement): Score => ({ loss, accuracy: metrics.accuracy })
