// What a training is done with: what the options say, else what the checkpoint was trained with, else the defaults.
import type { Dataset } from '../data/index.js'
import type { Settings, Training } from '../data/index.js'
import { builtIn, loadDataset, takeExamples } from './datasets.js'
import { failure, misuse } from './errors.js'

export const defaultEpochs = 1
export const defaults = {
  lr: 0.0001,
  optimizer: 'adam',
  momentum: 0,
  batchSize: 128,
  seed: 0,
  data: 'mnist',
  validation: 0,
  patience: 0,
  schedule: 'constant',
} as const satisfies Omit<Settings, 'examples'>

/** The options that were given; the others are undefined. */
export type Given = { readonly [K in keyof Omit<Settings, 'examples'>]: Settings[K] | undefined } & {
  readonly examples: number | 'all' | undefined
}

/**
 * The settings of a training, and its examples.
 * @throws ChiffreError if two of them contradict each other, or the data is not to be had
 */
export async function chooseSettings(
  given: Given,
  saved: Training | undefined,
  path: string,
): Promise<{ settings: Settings; examples: Dataset }> {
  const choice = (key: keyof typeof defaults) => given[key] ?? saved?.[key] ?? defaults[key]
  const wanted = Object.fromEntries(Object.keys(defaults).map(key => [key, choice(key as keyof typeof defaults)]))
  const { optimizer, validation, ...rest } = wanted as Omit<Settings, 'examples'>
  if (given.momentum && optimizer !== 'sgd') throw misuse('usage.needs', { option: 'momentum', other: 'optimizer sgd' })
  if (given.patience && !validation) throw misuse('usage.needs', { option: 'patience', other: 'validation' })
  const set = given.data ?? (saved ? knownData(saved, path) : defaults.data)
  const all = await loadDataset(set, 'train')
  const data = builtIn.includes(set) ? set : `idx-${all.fingerprint()}`
  const before = saved?.data === data ? saved.examples : 0
  const examples = takeExamples(all, given.examples ?? (before || 'all'), set)
  const settings = {
    ...rest,
    data,
    examples: examples.length,
    optimizer,
    validation,
    momentum: optimizer === 'sgd' ? rest.momentum : 0,
    patience: validation ? rest.patience : 0,
  }
  return { settings, examples }
}

/**
 * The data set that a network learned from.
 * @throws ChiffreError if it was a folder: a checkpoint does not say where that is
 */
export function knownData({ data }: Training, path: string): string {
  if (builtIn.includes(data)) return data
  throw failure('file', { path, reason: failure('checkpoint.elsewhere') })
}

/** Which settings differ from those of the checkpoint. */
export const changes = (saved: Settings, settings: Settings) =>
  ([...Object.keys(defaults), 'examples'] as (keyof Settings)[]).filter(key => settings[key] !== saved[key])

/** Whether the batches of an epoch under way would be others than they were before. */
export const reshuffles = (changed: readonly (keyof Settings)[]) =>
  changed.some(key => ['seed', 'batchSize', 'data', 'examples', 'validation'].includes(key))
