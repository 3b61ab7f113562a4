// What the user chooses about a training, and what holds if nothing is said.
import type { schedules } from '../engine/index.js'
import { augmentations, type Augmentation } from '../data/augment.js'
import { defaults } from './defaults.js'

/** What the user chooses about a training. */
export interface Settings {
  readonly optimizer: 'adam' | 'sgd'
  readonly lr: number
  readonly momentum: number
  /** The part of each weight, times the learning rate, that a step takes away; 0 for none. */
  readonly weightDecay: number
  /** The length beyond which the gradients of a step are made shorter; 0 for none. */
  readonly clip: number
  /** The decay of the averages of the weights, with which the network then reads; 0 for no averages. */
  readonly ema: number
  readonly batchSize: number
  readonly seed: number
  /** The set's name; of the user's own files their kind and the fingerprint of the examples, as in `idx-1a2b3c4d`. */
  readonly data: string
  /** How many of its examples were used, those kept apart for validation included. */
  readonly examples: number
  /** The share of them that is kept apart; 0 for none. */
  readonly validation: number
  /** Epochs without a better validation loss before training stops; 0 for no end. */
  readonly patience: number
  readonly schedule: keyof typeof schedules
  /** How images are changed from epoch to epoch, as in `shift,rotation`; empty for not at all. */
  readonly augment: string
}

/** Settings, any of which may be left open. */
export type Given = { readonly [K in keyof Omit<Settings, 'examples'>]?: Settings[K] | undefined }

/** What is said now, else what the checkpoint was trained with, else the defaults; the number of examples is to follow. */
export function settle(given: Given, saved: Settings | undefined): Omit<Settings, 'examples'> {
  const choice = (key: keyof typeof defaults) => given[key] ?? saved?.[key] ?? defaults[key]
  const chosen = Object.fromEntries(Object.keys(defaults).map(key => [key, choice(key as keyof typeof defaults)]))
  const { optimizer, momentum, validation, patience, ...rest } = chosen as Omit<Settings, 'examples'>
  const only = { momentum: optimizer === 'sgd' ? momentum : 0, patience: validation ? patience : 0 }
  return { ...rest, optimizer, validation, ...only }
}

/** Which settings differ from those of the checkpoint. */
export const changes = (saved: Settings, settings: Settings) =>
  ([...Object.keys(defaults), 'examples'] as (keyof Settings)[]).filter(key => settings[key] !== saved[key])

/** Whether two trainings learn from, and are judged by, the same examples. */
export const sameExamples = (a: Settings, b: Settings) =>
  a.data === b.data && a.examples === b.examples && a.validation === b.validation

/** Whether the batches of an epoch under way would be others than they were before. */
export const reshuffles = (changed: readonly (keyof Settings)[]) =>
  changed.some(key => ['seed', 'batchSize', 'data', 'examples', 'validation', 'augment'].includes(key))

/** The ways that a setting names; undefined if one of them is none. */
export function waysOf(augment: string): Augmentation[] | undefined {
  const names = augment === '' ? [] : augment.split(',')
  const ways = augmentations.filter(way => names.includes(way))
  return ways.length === names.length ? ways : undefined
}
