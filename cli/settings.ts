// What a training is done with: what the options say, else what the checkpoint was trained with, else the defaults.
import type { Dataset } from '../data/index.js'
import type { Settings, Training } from './checkpoint.js'
import { builtIn, loadDataset } from './datasets.js'
import { failure, misuse } from './errors.js'
import { integer } from './language.js'

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
  if (!given.data && saved && !builtIn.includes(saved.data))
    throw failure('file', { path, reason: failure('train.elsewhere') })

  const all = await loadDataset(rest.data, 'train')
  const data = builtIn.includes(rest.data) ? rest.data : `idx-${all.fingerprint()}`
  const before = saved?.data === data ? saved.examples : 0
  const examples = given.examples === 'all' ? all.length : (given.examples ?? (before || all.length))
  if (examples > all.length)
    throw misuse('usage.examples', { actual: integer(examples), data: rest.data, available: integer(all.length) })
  const settings = {
    ...rest,
    data,
    examples,
    optimizer,
    validation,
    momentum: optimizer === 'sgd' ? rest.momentum : 0,
    patience: validation ? rest.patience : 0,
  }
  return { settings, examples: all.take(examples) }
}

/** Which settings differ from those of the checkpoint. */
export const changes = (saved: Settings, settings: Settings) =>
  ([...Object.keys(defaults), 'examples'] as (keyof Settings)[]).filter(key => settings[key] !== saved[key])

/** Whether the batches of an epoch under way would be others than they were before. */
export const reshuffles = (changed: readonly (keyof Settings)[]) =>
  changed.some(key => ['seed', 'batchSize', 'data', 'examples', 'validation'].includes(key))
