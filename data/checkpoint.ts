// A checkpoint: a network's weights, what its optimizer remembers, and how it was trained, as the bytes of a safetensors
// file. It says nothing that differs from run to run (no date, no duration), so the same training gives the same bytes.
// The command line and the page write the same.
import { deserialize, schedules, serialize, type NamedTensors, type Progress, type Network } from '../engine/index.js'
import { problem } from './errors.js'

/** What the user chooses about a training. */
export interface Settings {
  readonly optimizer: 'adam' | 'sgd'
  readonly lr: number
  readonly momentum: number
  readonly batchSize: number
  readonly seed: number
  /** The set's name, or for a folder `idx-` and the fingerprint of its examples. */
  readonly data: string
  /** How many of its examples were used, those kept apart for validation included. */
  readonly examples: number
  /** The share of them that is kept apart; 0 for none. */
  readonly validation: number
  /** Epochs without a better validation loss before training stops; 0 for no end. */
  readonly patience: number
  readonly schedule: keyof typeof schedules
}

/** What an epoch came to. */
export interface Score {
  readonly loss: number
  readonly accuracy: number
}
export interface Epoch extends Score {
  readonly validation?: Score
}

export interface Training extends Settings, Progress {
  readonly model: string
  /** Steps that the optimizer took. */
  readonly steps: number
  /** What each completed epoch came to. */
  readonly history: readonly Epoch[]
  /** The run under way, which began after epoch `first` and was to last until epoch `last`; null once it is done. */
  readonly run: { readonly first: number; readonly last: number } | null
  /** With patience: the epoch (from 1) of the lowest validation loss, and how many epochs came since. */
  readonly best: { readonly epoch: number; readonly loss: number; readonly waited: number } | null
}

export interface Checkpoint {
  readonly training: Training
  /** Weights by name; the optimizer's state as `adam.m.NAME`; the best weights as `best.NAME` unless they are these. */
  readonly tensors: NamedTensors
}

const version = '1'

/** What each entry of the metadata must be. Text is written as it is, all else as JSON. */
const fields: Readonly<Record<keyof Training, (value: unknown) => boolean>> = {
  model: isText,
  epoch: isCount,
  batch: isCount,
  lossSum: isNumber,
  sums: v => isRecord(v) && Object.values(v).every(isNumber),
  optimizer: v => v === 'adam' || v === 'sgd',
  steps: isCount,
  lr: isNumber,
  momentum: isNumber,
  batchSize: isCount,
  seed: isCount,
  data: isText,
  examples: isCount,
  validation: isNumber,
  patience: isCount,
  schedule: v => isText(v) && Object.hasOwn(schedules, v),
  history: v => Array.isArray(v) && v.every(isEpoch),
  run: v => v === null || (isRecord(v) && isCount(v.first) && isCount(v.last)),
  best: v => v === null || (isRecord(v) && isCount(v.epoch) && isNumber(v.loss) && isCount(v.waited)),
}

/** The bytes of a checkpoint. */
export function encodeCheckpoint({ training, tensors }: Checkpoint): Uint8Array {
  const values = Object.keys(fields).map(key => [key, training[key as keyof Training]] as const)
  const metadata = Object.fromEntries(values.map(([key, v]) => [key, typeof v === 'string' ? v : JSON.stringify(v)]))
  return serialize({ tensors, metadata: { version, ...metadata } })
}

/** The checkpoint in a file's bytes. @throws ChiffreError that says what is wrong with it */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = deserialize(bytes)
  return { tensors, training: parseTraining(metadata) }
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

/** What the weights of a checkpoint came to: the last epoch's score, or that of the best epoch if they were restored. */
export const scoreOf = ({ history, best }: Training): Epoch | undefined =>
  best?.waited === 0 ? history[best.epoch - 1] : history.at(-1)

function parseTraining(metadata: Readonly<Record<string, string>>): Training {
  if (metadata.version === undefined) throw problem('checkpoint.kind')
  if (metadata.version !== version) throw problem('checkpoint.version', { actual: metadata.version, expected: version })
  // Files written before there were other metrics say how many answers were right.
  const sums = metadata.sums ?? `{"accuracy":${metadata.correct}}`
  const entries = Object.entries(fields).map(([field, isValid]) => {
    const written = field === 'sums' ? sums : metadata[field]
    for (const value of [written, parseJson(written)]) if (isValid(value)) return [field, value]
    throw problem('checkpoint.field', { field })
  })
  return Object.fromEntries(entries) as Training
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text!)
  } catch {
    return undefined
  }
}

// Function declarations, because the table above comes before them.
function isText(v: unknown): v is string {
  return typeof v === 'string'
}
function isNumber(v: unknown) {
  return typeof v === 'number' && Number.isFinite(v)
}
function isCount(v: unknown) {
  return Number.isSafeInteger(v) && (v as number) >= 0
}
function isRecord(v: unknown): v is Record<string, unknown> {
  return typeof v === 'object' && v !== null
}
function isScore(v: unknown) {
  return isRecord(v) && isNumber(v.loss) && isNumber(v.accuracy)
}
function isEpoch(v: unknown) {
  return isScore(v) && isRecord(v) && (v.validation === undefined || isScore(v.validation))
}
