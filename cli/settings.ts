// What a training is done with: what the options say, else what the checkpoint was trained with, else the defaults.
import { areNamed, type Dataset } from '../data/index.js'
import { sizeOf } from '../engine/index.js'
import { defaults, settle, type Given as Said, type Settings, type Training } from '../training/index.js'
import { builtIn, openDataset, takeExamples } from './datasets.js'
import { about, failure, misuse } from './errors.js'

export const optimizerNames: Record<Settings['optimizer'], string> = { adam: 'Adam', sgd: 'SGD' }

/** The options that were given; the others are undefined. */
export type Given = Said & { readonly examples: number | 'all' | undefined; readonly transpose: boolean }

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
  const { examples: all, kind } = await openDataset(set, 'train', given.transpose)
  const data = kind === 'built-in' ? set : `${kind}-${all.fingerprint()}`
  const before = saved?.data === data ? saved.examples : 0
  const some = takeExamples(all, given.examples ?? (before || 'all'), set)
  const examples = saved ? await about(path, () => inItsTerms(some, saved, set)) : some
  return { settings: { ...wanted, data, examples: examples.length }, examples }
}

/** A set, with the classes that a network tells apart. @throws ChiffreError if it has others, or images of another shape */
export function inItsTerms(set: Dataset, { input, classes }: Training, data: string): Dataset {
  const others = set.classes.length
  // Sets whose classes are numbers alone may be a part of others of this kind, but not of named ones.
  const fits = others === classes.length || (others < classes.length && areNamed(set.classes) === areNamed(classes))
  if (!fits || sizeOf(set.shape) !== sizeOf(input) || set.shape[0] !== input[0])
    throw failure('train.other', { before: `${input}`, classes: classes.length, data, now: `${set.shape}`, others })
  return set.relabelled(classes)
}

/**
 * The data set that a network learned from.
 * @throws ChiffreError if it was a folder: a checkpoint does not say where that is
 */
export function knownData({ data }: Training, path: string): string {
  if (builtIn.includes(data)) return data
  throw failure('file', { path, reason: failure('checkpoint.elsewhere') })
}
