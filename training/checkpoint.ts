// A checkpoint: a network's weights, what its optimizer remembers, and how it was trained, as the bytes of a safetensors
// file. It says nothing that differs from run to run (no date, no duration), so the same training gives the same bytes.
// The command line and the page write the same.
import {
  deserialize,
  schedules,
  serialize,
  type NamedTensors,
  type Progress,
  type Network,
  type Saved,
  type Shape,
} from '../engine/index.js'
import { checksum } from './checksum.js'
import { problem } from './errors.js'
import { defaults } from './defaults.js'
import { average, optimizers } from './optimizer.js'
import { waysOf, type Settings } from './settings.js'

/** What an epoch came to. */
export interface Score {
  readonly loss: number
  readonly accuracy: number
}
export interface Epoch extends Score {
  readonly validation?: Score
  /** The settings that were others from this epoch on. */
  readonly changed?: readonly string[]
}

export interface Training extends Settings, Progress {
  readonly model: string
  /** The shape of an image: [rows, columns], or [rows, columns, channels]. */
  readonly input: Shape
  /** What it tells apart, in the order of its results. */
  readonly classes: readonly string[]
  /** Steps that the optimizer took. */
  readonly steps: number
  /** What each completed epoch came to. */
  readonly history: readonly Epoch[]
  /** The settings that are others from the epoch on that is under way, or that is next. */
  readonly changed: readonly string[]
  /** The run under way, which began after epoch `first` and was to last until epoch `last`; null once it is done. */
  readonly run: { readonly first: number; readonly last: number } | null
  /** With patience: the epoch (from 1) of the lowest validation loss, and how many epochs came since. */
  readonly best: { readonly epoch: number; readonly loss: number; readonly waited: number } | null
}

/** What a checkpoint's file holds: how the training stands, and its tensors. */
export interface Checkpoint {
  readonly training: Training
  /**
   * Weights by name; the optimizer's state as `adam.m.NAME`; averages of the weights as `ema.NAME`; the best weights as
   * `best.NAME` unless they are these.
   */
  readonly tensors: NamedTensors
}

/** Of the format. A later one is for what an older program could not understand; a new field is no such thing. */
const version = '1'

interface Field<T> {
  readonly isValid: (value: unknown) => boolean
  /** What a file that was written before there was this field meant. */
  readonly missing?: T
}

/** The entries of the metadata, none of which is believed unchecked. Text is written as it is, all else as JSON. */
const fields: { readonly [K in keyof Training]: Field<Training[K]> } = {
  model: { isValid: isName },
  input: { isValid: isImageShape, missing: [28, 28] },
  classes: {
    isValid: v => Array.isArray(v) && v.length > 0 && v.every(isName),
    missing: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  },
  epoch: { isValid: isCount, missing: 0 },
  batch: { isValid: isCount, missing: 0 },
  lossSum: { isValid: isNumber, missing: 0 },
  sums: { isValid: v => isRecord(v) && Object.values(v).every(isNumber), missing: {} },
  optimizer: { isValid: v => isText(v) && Object.hasOwn(optimizers, v), missing: defaults.optimizer },
  steps: { isValid: isCount, missing: 0 },
  lr: { isValid: v => isNumber(v) && v > 0, missing: defaults.lr },
  momentum: { isValid: isFraction, missing: defaults.momentum },
  weightDecay: { isValid: v => isNumber(v) && v >= 0, missing: defaults.weightDecay },
  clip: { isValid: v => isNumber(v) && v >= 0, missing: defaults.clip },
  ema: { isValid: isFraction, missing: defaults.ema },
  batchSize: { isValid: v => isCount(v) && v > 0, missing: 128 },
  seed: { isValid: v => isCount(v, Number.MAX_SAFE_INTEGER), missing: defaults.seed },
  data: { isValid: isName, missing: defaults.data },
  examples: { isValid: isCount, missing: 0 },
  validation: { isValid: isFraction, missing: defaults.validation },
  patience: { isValid: isCount, missing: defaults.patience },
  schedule: { isValid: v => isText(v) && Object.hasOwn(schedules, v), missing: defaults.schedule },
  augment: { isValid: v => isText(v) && waysOf(v) !== undefined, missing: defaults.augment },
  history: { isValid: v => Array.isArray(v) && v.every(isEpoch), missing: [] },
  changed: { isValid: isNames, missing: [] },
  run: { isValid: v => v === null || (isRecord(v) && isCount(v.first) && isCount(v.last)), missing: null },
  best: {
    isValid: v => v === null || (isRecord(v) && isCount(v.epoch) && isNumber(v.loss) && isCount(v.waited)),
    missing: null,
  },
}

/** What must hold between fields, by the field that is then out of place. */
const rules: Partial<Record<keyof Training, (training: Training) => boolean>> = {
  batch: ({ batch, examples, validation, batchSize }) =>
    batch === 0 || batch < Math.ceil((examples - Math.round(validation * examples)) / batchSize),
  sums: ({ sums, batch, batchSize }) => between(sums.accuracy ?? 0, 0, batch * batchSize),
  run: ({ run, epoch }) => !run || (run.first <= epoch && epoch <= run.last),
  best: ({ best, history }) => !best || (best.epoch > 0 && best.epoch <= history.length),
}

/** The bytes of a checkpoint. @param dtype F16: in half precision, and of half the size */
export function encodeCheckpoint({ training, tensors }: Checkpoint, dtype: 'F32' | 'F16' = 'F32'): Uint8Array {
  const values = Object.keys(fields).map(key => [key, training[key as keyof Training]] as const)
  const metadata = Object.fromEntries(values.map(([key, v]) => [key, typeof v === 'string' ? v : JSON.stringify(v)]))
  const whole: Saved = { tensors, metadata: { version, ...metadata } }
  // The checksum is of the numbers that a reader will find.
  const saved = dtype === 'F32' ? whole : deserialize(serialize(whole, dtype))
  return serialize({ tensors, metadata: { ...whole.metadata, checksum: checksum(saved) } }, dtype)
}

/** The checkpoint in a file's bytes. @throws ChiffreError that says what is wrong with it */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = deserialize(bytes)
  const training = parseTraining(metadata)
  const { checksum: expected, ...rest } = metadata
  const actual = checksum({ tensors, metadata: rest })
  if (expected !== undefined && expected !== actual)
    throw problem('checkpoint.checksum', { expected: expected.slice(0, 8), actual })
  return { tensors, training }
}

/**
 * Checks that a checkpoint fits a network: its model's name, and the shape and values of every tensor.
 * @throws ChiffreError naming the tensor that is out of place
 */
export function checkFit({ training, tensors }: Checkpoint, model: string, network: Network) {
  if (training.model !== model) throw problem('checkpoint.model', { actual: training.model, expected: model })
  const declared = [...network.declared()]
  for (const [name, { shape, values }] of tensors) {
    const [, parameter] = declared.find(([own]) => name === own || name.endsWith(`.${own}`)) ?? []
    if (!parameter) throw problem('engine.weights.extra', { name })
    if (`${shape}` !== `${parameter.shape}`)
      throw problem('engine.weights.shape', { name, actual: `${shape}`, expected: `${parameter.shape}` })
    const position = values.findIndex(v => !Number.isFinite(v))
    if (position >= 0) throw problem('engine.weights.nan', { name, position })
  }
}

/** What a network is to read with: the averages of its weights, where its training kept some. */
export const learnedWeights = ({ tensors }: Checkpoint): NamedTensors =>
  new Map([...tensors].map(([name, weight]) => [name, tensors.get(average + name) ?? weight]))

/** A checkpoint that reads as well, and from which no training goes on where it stopped: without the optimizer's state. */
export function weightsAlone(checkpoint: Checkpoint): Checkpoint {
  const besides = [...Object.keys(optimizers).map(name => `${name}.`), average, kept]
  const weights = [...learnedWeights(checkpoint)].filter(([name]) => !besides.some(prefix => name.startsWith(prefix)))
  return { training: { ...checkpoint.training, batch: 0, run: null, best: null, ema: 0 }, tensors: new Map(weights) }
}
const kept = 'best.'

/** What the weights of a checkpoint came to: the last epoch's score, or that of the best epoch if they were restored. */
export const scoreOf = ({ history, best }: Training): Epoch | undefined =>
  best?.waited === 0 ? history[best.epoch - 1] : history.at(-1)

function parseTraining(metadata: Readonly<Record<string, string>>): Training {
  if (metadata.version === undefined) throw problem('checkpoint.kind')
  if (metadata.version !== version) throw problem('checkpoint.version', { actual: metadata.version, expected: version })
  // Files written before there were other metrics say how many answers were right.
  const { correct, ...others } = metadata
  const written = { ...(correct !== undefined && { sums: `{"accuracy":${correct}}` }), ...others }
  const entries = Object.entries(fields).map(([field, { isValid, missing }]) => {
    if (!Object.hasOwn(written, field) && missing !== undefined) return [field, missing]
    const text = (written as Record<string, string>)[field]
    for (const value of [text, parseJson(text)]) if (isValid(value)) return [field, value]
    throw problem('checkpoint.field', { field })
  })
  const training = Object.fromEntries(entries) as Training
  for (const [field, holds] of Object.entries(rules)) if (!holds(training)) throw problem('checkpoint.field', { field })
  return training
}

/** Nothing in a checkpoint's metadata is nested deeper; writing it again would take a stack as deep. */
const deepest = 8

function parseJson(text = ''): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return isShallow(value, deepest) ? value : undefined
  } catch {
    return undefined
  }
}

const isShallow = (value: unknown, levels: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (levels > 0 && Object.values(value).every(inside => isShallow(inside, levels - 1)))

// Function declarations, because the table above comes before them.
function isText(v: unknown): v is string {
  return typeof v === 'string'
}
/** Short, and nothing that a terminal would obey. */
function isName(v: unknown) {
  return isText(v) && /^[^\p{C}\p{Z}][^\p{C}]{0,199}$/u.test(v)
}
function isNames(v: unknown) {
  return Array.isArray(v) && v.every(isName)
}
function isImageShape(v: unknown) {
  return Array.isArray(v) && v.length >= 1 && v.length <= 3 && v.every(size => isCount(size, 1e6) && size > 0)
}
function isNumber(v: unknown): v is number {
  return typeof v === 'number' && Number.isFinite(v)
}
function isCount(v: unknown, most = 1e9): v is number {
  return Number.isSafeInteger(v) && (v as number) >= 0 && (v as number) <= most
}
/** Of all: from none to not quite all. */
function isFraction(v: unknown) {
  return isNumber(v) && v >= 0 && v < 1
}
function between(v: number, least: number, most: number) {
  return v >= least && v <= most
}
function isRecord(v: unknown): v is Record<string, unknown> {
  return typeof v === 'object' && v !== null
}
function isScore(v: unknown) {
  return isRecord(v) && isNumber(v.loss) && isNumber(v.accuracy) && v.accuracy >= 0 && v.accuracy <= 1
}
function isEpoch(v: unknown) {
  if (!isScore(v) || !isRecord(v)) return false
  return (v.validation === undefined || isScore(v.validation)) && (v.changed === undefined || isNames(v.changed))
}
