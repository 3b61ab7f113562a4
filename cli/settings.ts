// What a training is done with: what the options say, else what the checkpoint was trained with, else the defaults.
import { type Dataset } from '../data/index.js'
import { defaults, settle, type Given as Said, type Settings, type Training } from '../training/index.js'
import { builtIn, loadDataset, takeExamples } from './datasets.js'
import { failure, misuse } from './errors.js'

export const optimizerNames: Record<Settings['optimizer'], string> = { adam: 'Adam', sgd: 'SGD' }

/** The options that were given; the others are undefined. */
export type Given = Said & { readonly examples: number | 'all' | undefined }

/**
 * The settings of a training, and its examples.
 * @throws ChiffreError if two of them contradict each other, or the data is not to be had
 */
export async function chooseSettings(
  given: Given,
  saved: Training | undefined,
  path: string,
): Promise<{ settings: Settings; examples: Dataset }> {
  const wanted = settle(given, saved)
  const { optimizer, validation } = wanted
  if (given.momentum && optimizer !== 'sgd') throw misuse('usage.needs', { option: 'momentum', other: 'optimizer sgd' })
  if (given.patience && !validation) throw misuse('usage.needs', { option: 'patience', other: 'validation' })
  const set = given.data ?? (saved ? knownData(saved, path) : defaults.data)
  const all = await loadDataset(set, 'train')
  const data = builtIn.includes(set) ? set : `idx-${all.fingerprint()}`
  const before = saved?.data === data ? saved.examples : 0
  const examples = takeExamples(all, given.examples ?? (before || 'all'), set)
  return { settings: { ...wanted, data, examples: examples.length }, examples }
}

/**
 * The data set that a network learned from.
 * @throws ChiffreError if it was a folder: a checkpoint does not say where that is
 */
export function knownData({ data }: Training, path: string): string {
  if (builtIn.includes(data)) return data
  throw failure('file', { path, reason: failure('checkpoint.elsewhere') })
}
