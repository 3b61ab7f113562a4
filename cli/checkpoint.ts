// A checkpoint: STORAGE/NAME.safetensors, which holds a network's weights, what its optimizer remembers, and how it
// was trained. It says nothing that differs from run to run (no date, no duration), so the same training gives the
// same bytes. Written beside, then renamed: at every instant the name holds a whole checkpoint, or none.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  deserialize,
  schedules,
  serialize,
  type NamedTensors,
  type Progress,
  type Sequential,
} from '../engine/index.js'
import { about, failure } from './errors.js'
import { replaceFile } from './files.js'

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
  correct: isCount,
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

export const checkpointPath = (storage: string, name: string) => join(storage, `${name}.safetensors`)

/** The checkpoint at a path; undefined if there is none. @throws ChiffreError that says what is wrong with it */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  return about(path, async () => {
    if (!existsSync(path)) return undefined
    const bytes = await readFile(path)
    const { tensors, metadata } = deserialize(bytes)
    return { tensors, training: parseTraining(metadata) }
  })
}

/** The checkpoint at a path, for a network. @throws ChiffreError if it holds another one */
export async function openCheckpoint(path: string, model: string, network: Sequential) {
  const checkpoint = await readCheckpoint(path)
  if (checkpoint) await about(path, () => checkFit(checkpoint, model, network))
  return checkpoint
}

/** Writes a checkpoint in place of the one before. @returns the file's SHA-256 */
export async function writeCheckpoint(path: string, { training, tensors }: Checkpoint): Promise<string> {
  const values = Object.keys(fields).map(key => [key, training[key as keyof Training]] as const)
  const metadata = Object.fromEntries(values.map(([key, v]) => [key, typeof v === 'string' ? v : JSON.stringify(v)]))
  const bytes = serialize({ tensors, metadata: { version, ...metadata } })
  await replaceFile(path, bytes)
  return createHash('sha256').update(bytes).digest('hex')
}

/** The names of the checkpoints in a folder. */
export async function checkpointNames(storage: string): Promise<string[]> {
  const entries = await about(storage, async () => (existsSync(storage) ? readdir(storage) : []))
  return entries.filter(entry => entry.endsWith(suffix)).map(entry => entry.slice(0, -suffix.length))
}

/**
 * Checks that a checkpoint fits a network: its model's name, and the shape and values of every tensor.
 * @throws ChiffreError naming the tensor that is out of place
 */
export function checkFit({ training, tensors }: Checkpoint, model: string, network: Sequential) {
  if (training.model !== model) throw failure('checkpoint.model', { actual: training.model, expected: model })
  const declared = [...network.declared()]
  for (const [name, { shape, values }] of tensors) {
    const [, parameter] = declared.find(([own]) => name === own || name.endsWith(`.${own}`)) ?? []
    if (!parameter) throw failure('engine.weights.extra', { name })
    if (`${shape}` !== `${parameter.shape}`)
      throw failure('engine.weights.shape', { name, actual: `${shape}`, expected: `${parameter.shape}` })
    const position = values.findIndex(v => !Number.isFinite(v))
    if (position >= 0) throw failure('engine.weights.nan', { name, position })
  }
}

/** What the weights of a checkpoint came to: the last epoch's score, or that of the best epoch if they were restored. */
export const scoreOf = ({ history, best }: Training): Epoch | undefined =>
  best?.waited === 0 ? history[best.epoch - 1] : history.at(-1)

function parseTraining(metadata: Readonly<Record<string, string>>): Training {
  if (metadata.version === undefined) throw failure('checkpoint.kind')
  if (metadata.version !== version) throw failure('checkpoint.version', { actual: metadata.version, expected: version })
  const entries = Object.entries(fields).map(([field, isValid]) => {
    const written = metadata[field]
    for (const value of [written, parseJson(written)]) if (isValid(value)) return [field, value]
    throw failure('checkpoint.field', { field })
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

const suffix = '.safetensors'
