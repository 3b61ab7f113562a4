// What a training is done with if nobody says otherwise: on the command line, in the page, and in a program. The page reads
// this without the engine, which is in its Worker.
import type { Settings } from './settings.js'

/** Times through the examples, unless said otherwise. */
export const defaultEpochs = 1
/** The settings of a training of which nothing is said. */
export const defaults = {
  lr: 0.0001,
  optimizer: 'adam',
  momentum: 0,
  weightDecay: 0,
  clip: 0,
  ema: 0,
  batchSize: 32,
  seed: 0,
  data: 'mnist',
  validation: 0,
  patience: 0,
  schedule: 'constant',
  augment: '',
} as const satisfies Omit<Settings, 'examples'>
