// Command-line options that several benches share. Lists are written as `a,b`.
import { availableParallelism } from 'node:os'
import { models } from '../models/index.js'
import { backends, usual } from './backends.js'

const commas = (given: readonly string[]) => given.flatMap(text => text.split(','))

/** A choice of some of the names: all of them if none is given and there is no other default. */
export const some = (names: readonly string[], describe: string, usual: readonly string[] = names) =>
  ({ array: true, nargs: 1, choices: names, default: usual, coerce: commas, describe }) as const

export const backendOption = some(Object.keys(backends), 'backends to measure', usual)
export const modelsOption = some(Object.keys(models), 'models to train')
/** The models that bench/peers has in other libraries, too. */
export const theirs = ['deepnet1', 'deepnet2', 'convnet']

export const threadsOption = {
  string: true,
  array: true,
  nargs: 1,
  default: [...new Set([1, availableParallelism()])].map(String),
  coerce: (given: readonly string[]) => commas(given).map(wholeNumber),
  describe: 'numbers of threads',
} as const

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${text} is no number of threads: expected such as 1,2`)
  return Number(text)
}

/** What bench/rounds.ts and its contestants take. */
export const roundsOptions = {
  repeat: { number: true, default: 3, describe: 'rounds, each in new processes' },
  epochs: { number: true, default: 1, describe: 'epochs to measure in each' },
  limit: { number: true, default: 120, describe: 'seconds after which the rest of an epoch or a test is extrapolated' },
} as const

/** How the calls of kernels are measured. */
export const callsOptions = {
  time: { number: true, default: 0.3, describe: 'seconds to measure each call' },
  samples: { number: true, default: 5, describe: 'samples of each call, at least' },
  cap: {
    number: true,
    default: 2,
    describe: 'what takes more seconds is measured only once, or not if ten times more',
  },
} as const
