// `train`: learn from examples, or go on learning where a checkpoint left off.
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { augmentations } from '../../data/index.js'
import { schedules, type Backend, type Examples, type Step } from '../../engine/index.js'
import {
  changes,
  defaultEpochs,
  defaults,
  optimizers,
  reshuffles,
  sameExamples,
  Session,
  train,
  type Checkpoint,
  type Settings,
  type Training,
} from '../../training/index.js'
import { openCheckpoint, writeCheckpoint } from '../checkpoint.js'
import { jsonDisplay, textDisplay, type Display } from '../display.js'
import { about, explain, failure } from '../errors.js'
import { integer, percent, t } from '../language.js'
import { lock, type Lock } from '../lock.js'
import { modelName } from '../modelFile.js'
import { createNetwork } from '../network.js'
import {
  augmentation,
  backendOf,
  chosen,
  count,
  dataOption,
  epochCount,
  flag,
  fraction,
  grouped,
  index,
  indexOrAll,
  networkOptions,
  notNegative,
  optionName,
  pathOf,
  jsonOption,
  positive,
  repeated,
  valued,
  type Values,
} from '../options.js'
import { judged, Previous } from '../previous.js'
import { chooseSettings, optimizerNames } from '../settings.js'
import { listenForStop } from '../signals.js'

export async function options() {
  return {
    ...(await networkOptions()),
    fresh: { ...flag(t('option.fresh')), group: t('help.network') },
    ...grouped('help.learning', {
      lr: valued(t('option.lr'), positive('lr'), defaults.lr),
      epochs: valued(t('option.epochs'), epochCount('epochs'), defaultEpochs),
      optimizer: {
        ...chosen('optimizer', Object.keys(optimizers) as Settings['optimizer'][], defaults.optimizer),
        alias: 'minimizer',
      },
      momentum: valued(t('option.momentum'), fraction('momentum'), defaults.momentum),
      'weight-decay': valued(t('option.weight-decay'), notNegative('weight-decay'), defaults.weightDecay),
      clip: valued(t('option.clip'), notNegative('clip'), t('option.never')),
      ema: valued(t('option.ema'), fraction('ema'), t('option.never')),
      'batch-size': valued(t('option.batch-size'), count('batch-size'), defaults.batchSize),
      schedule: chosen('schedule', Object.keys(schedules) as Settings['schedule'][], defaults.schedule),
      seed: valued(t('option.seed'), index('seed'), defaults.seed),
    }),
    ...grouped('help.examples', {
      ...dataOption(),
      examples: valued(t('option.examples'), indexOrAll('examples'), t('option.examples.default')),
      augment: valued(t('option.augment', { choices: augmentations.join(', ') }), augmentation, 'none'),
      validation: valued(t('option.validation'), fraction('validation'), defaults.validation),
      patience: valued(t('option.patience'), count('patience'), t('option.never')),
    }),
    ...grouped('help.general', jsonOption()),
  }
}

type Train = Values<Awaited<ReturnType<typeof options>>>

/** What a run needs besides the network in training. */
interface Task {
  readonly path: string
  /** Whether it started again, which the same command would do once more. */
  readonly fresh: boolean
  readonly held: Lock
  /** What was learned before a fresh start. */
  previous: Previous | undefined
  /** What the checkpoint was when the run began. */
  readonly saved: Training | undefined
  readonly backend: Backend
  /** The examples to learn from, and those kept apart to judge by. */
  readonly learned: Examples
  readonly apart: Examples | undefined
  readonly display: Display
  /** The command that tests the network. */
  readonly next: string
  /** Whether the path holds what was learned before. */
  kept: boolean
}

/** Trains as the options say, and leaves a checkpoint. @returns 0, or 128 and the number of the signal that ended it early */
export async function run(argv: Train, program: string): Promise<number> {
  compileLater()
  const path = pathOf(argv)
  const held = await lock(path)
  try {
    return await begin(argv, program, path, held)
  } finally {
    held.release()
  }
}

async function begin(argv: Train, program: string, path: string, held: Lock): Promise<number> {
  const found = argv.fresh ? undefined : await usable(() => openCheckpoint(path, argv.model))
  const saved = found?.checkpoint
  const given = { ...argv, batchSize: argv['batch-size'], weightDecay: argv['weight-decay'] }
  // The backend's threads start while the images are read.
  const [backend, { settings, examples, network }] = await both(
    backendOf(argv),
    chooseSettings(given, saved?.training, path).then(async chosen => {
      const { shape: input, classes } = chosen.examples
      return { ...chosen, network: found?.network ?? (await createNetwork(argv.model, { input, classes })) }
    }),
  )
  try {
    const [learned, apart] = settings.validation ? examples.split(settings.validation, 0) : [examples]
    const session = saved
      ? await usable(() => about(path, () => Session.resume(saved, network, backend, settings, argv.epochs)))
      : Session.begin(modelName(argv.model), network, backend, settings, argv.epochs ?? defaultEpochs, examples.classes)
    const display = argv.json ? jsonDisplay() : textDisplay(session.training.run.last, learned.length)
    const data = argv.data === undefined ? [] : ['--data', argv.data, ...(argv.transpose ? ['--transpose'] : [])]
    const next = [program, 'test', ...repeated(argv), ...data].join(' ')
    const previous = await Previous.of(path, argv.fresh)
    const before = saved?.training
    const task = {
      fresh: argv.fresh,
      path,
      held,
      previous,
      saved: before,
      backend,
      learned,
      apart,
      display,
      next,
      kept: !!saved,
    }
    announce(session, task)
    if (examples.isDarkOnLight()) display.say(t('train.light'))
    try {
      if (learned.length > 0) return await learn(session, task)
      await saveUntrained(session, saved, task)
      return 0
    } finally {
      display.close()
    }
  } finally {
    await backend.dispose()
  }
}

/** Waits for both. If there is no use for the backend, or none, the error comes when nothing runs any more. */
async function both<T>(starting: Promise<Backend>, reading: Promise<T>): Promise<[Backend, T]> {
  const [backend, read] = await Promise.allSettled([starting, reading])
  if (read.status === 'rejected') {
    if (backend.status === 'fulfilled') await backend.value.dispose()
    throw read.reason
  }
  if (backend.status === 'rejected') throw backend.reason
  return [backend.value, read.value]
}

/**
 * Node 20's V8 optimizes JavaScript in the background, on as many threads as it likes; on two processors they hold up both
 * threads of a training for its first second, which then lasts 0.1 s longer. What surrounds the kernels can wait: four
 * times as long. Later versions have a quicker compiler for the beginning, and no such flag.
 */
function compileLater() {
  if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=600000')
}

/** Runs fn; if it finds the checkpoint of no use, says what can be done. */
async function usable<T>(fn: () => Promise<T>): Promise<T> {
  try {
    return await fn()
  } catch (error) {
    const reason = explain(error)
    throw reason ? failure('train.unusable', { reason }) : error
  }
}

/** Milliseconds for which nobody who asks to stop is heard. */
const PAUSE = 20

/** Most batches that are handed over at once. */
const MOST = 32

/** How many batches to hand over at once: as many as take so many milliseconds, going by the last ones. */
function within(milliseconds: number): () => number {
  let batches = 1
  let asked = -Infinity
  return () => {
    const now = performance.now()
    batches = Math.max(1, Math.min(2 * batches, MOST, Math.floor((batches * milliseconds) / (now - asked))))
    asked = now
    return batches
  }
}

/** Trains until the run is over, or somebody asks to stop. @returns the exit code */
async function learn(session: Session, task: Task): Promise<number> {
  const { backend, learned, apart, display } = task
  const { epoch, batch, batchSize, patience } = session.training
  const stop = listenForStop(() => display.say(t('train.stopping')))
  try {
    display.begin(epoch + 1, Math.min(batch * batchSize, learned.length))
    let due = 0
    for await (const { step, state, score, restored } of train(session, backend, learned, apart, within(PAUSE))) {
      if (state === 'diverged') throw diverged(step, task)
      display.step(step)
      if (score) display.end(step.epoch, score)
      if (restored !== undefined) display.say(t('train.early', { patience, epoch: restored }))
      if (score || performance.now() > due) {
        await setImmediate() // lets the bar be drawn and Ctrl-C be heard
        due = performance.now() + PAUSE
      }
      if (!score && !stop.exitCode) continue

      const over = state === 'over'
      const sha256 = await save(session, task, over)
      if (!sha256) throw diverged(step, task)
      task.kept = true
      if (stop.unread) break
      if (over || stop.exitCode) {
        if (over) compare(session.training, task)
        else {
          const [batch, batches] = [step.batch, step.batches].map(integer)
          const { epoch } = step
          display.say(t(task.fresh ? 'train.interrupted.fresh' : 'train.interrupted', { epoch, batch, batches }))
        }
        display.saved(task.path, sha256, over ? task.next : undefined)
        break
      }
      display.begin(step.epoch + 1, 0)
    }
    return stop.exitCode
  } finally {
    stop.off()
  }
}

/** @returns the file's SHA-256; undefined if a value is no longer a finite number, and then nothing is written */
async function save(session: Session, task: Task, done: boolean): Promise<string | undefined> {
  const checkpoint = await session.checkpoint(done)
  if (!checkpoint) return undefined
  const { path, held, previous, display } = task
  const { training } = checkpoint
  const matched = training.batch === 0 && previous?.isMatchedBy(training)
  await held.check()
  if (!matched) await previous?.keep()
  const sha256 = await writeCheckpoint(path, checkpoint)
  if (!matched) return sha256
  await previous!.remove()
  task.previous = undefined
  display.say(t('train.matched', { previous: previous!.path, ...accuracies(previous!.training!, training) }))
  return sha256
}

/** Says if what there was before is better than what has come of this run, or may be. */
function compare(training: Training, { previous, saved, display }: Task) {
  if (saved && sameExamples(saved, training) && (judged(saved)?.accuracy ?? 0) > judged(training)!.accuracy)
    display.say(t('train.worse', accuracies(saved, training)))
  if (!previous) return
  const comparable = previous.training && sameExamples(previous.training, training)
  if (comparable)
    display.say(t('train.previous', { previous: previous.path, ...accuracies(previous.training, training) }))
  else display.say(t('train.previous.other', { previous: previous.path }))
}

const accuracies = (before: Training, now: Training) => ({
  before: percent(judged(before)?.accuracy ?? 0),
  now: percent(judged(now)?.accuracy ?? 0),
})

/** The loss, or a weight, is no longer a number. */
function diverged({ epoch, batch, lr }: Step, { path, kept }: Task) {
  const where = kept ? failure('train.nan.kept', { path }) : failure('train.nan.none')
  const smaller = Number(Math.min(lr / 10, 0.001).toPrecision(1))
  return failure('train.nan', { epoch, batch: integer(batch), lr: smaller, kept: where })
}

/** Nothing to learn from: a new network is saved as it is, and a checkpoint stays as it was. */
async function saveUntrained(session: Session, saved: Checkpoint | undefined, task: Task) {
  const { path, display } = task
  display.say(saved ? t('train.unchanged', { path }) : t('train.untrained'))
  display.saved(path, saved ? await writeCheckpoint(path, saved) : (await save(session, task, true))!)
}

/** SGD, whose steps are as long as the gradient and no longer, learns little at a smaller learning rate. */
const slowest = 0.01

/** Says what begins, or goes on, and what is different from before. */
function announce({ network, training }: Session, task: Task) {
  const { fresh, path, previous, saved, backend, apart, display } = task
  const { epoch, batch, steps, run } = training
  const optimizer = optimizerNames[training.optimizer]
  const { augment, data, lr, seed, batchSize, weightDecay, clip, ema } = training
  const regularizing = [
    ...(weightDecay ? [t('train.weight-decay', { weightDecay })] : []),
    ...(clip ? [t('train.clip', { clip })] : []),
    ...(ema ? [t('train.ema', { ema })] : []),
  ]
  const kept = apart ? failure('train.apart', { apart: integer(apart.length) }) : ''
  display.introduce(network, [
    t('train.examples', { examples: integer(training.examples), data, batch: batchSize, apart: kept }),
    t('train.method', { optimizer, lr, seed, backend: backend.name }),
    ...(regularizing.length ? [regularizing.join(', ')] : []),
    ...(augment ? [t('train.augment', { ways: augment.replaceAll(',', ', ') })] : []),
  ])
  if (training.optimizer === 'sgd' && lr < slowest) display.say(t('train.slow', { lr: slowest }))
  if (fresh && previous?.replaced) display.say(t('train.fresh', { path, previous: previous.path }))
  if (!saved) return
  const key = !steps ? 'train.continuing.anew' : batch ? 'train.continuing.within' : 'train.continuing'
  display.say(t(key, { path, epoch: epoch + 1, batch: integer(batch), optimizer, steps: integer(steps) }))
  if (run === saved.run) display.say(t('train.resuming', { last: run.last }))
  const changed = changes(saved, training)
  for (const name of changed)
    display.say(
      t('train.changed', { option: optionName(name), before: shown(saved[name]), now: shown(training[name]) }),
    )
  if (saved.batch && reshuffles(changed)) display.say(t('train.restarted', { epoch: epoch + 1 }))
}

/** A setting's value, as one would type it. */
const shown = (value: string | number) => (value === '' ? 'none' : value)
