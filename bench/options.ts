// Command-line options that several benches share.
import { availableParallelism } from 'node:os'
import { backends } from './backends.js'

export const backendOption = {
  array: true,
  choices: Object.keys(backends),
  default: Object.keys(backends),
  describe: 'backends to measure',
} as const

export const threadsOption = {
  string: true,
  default: [...new Set([1, availableParallelism()])].join(),
  coerce: list,
  describe: 'numbers of threads, such as 1,2',
} as const

/** The numbers of a list such as `1,2`. */
export function list(text: string): number[] {
  const numbers = text.split(',').map(Number)
  if (numbers.some(n => !Number.isInteger(n) || n < 1)) throw new Error(`${text}: expected whole numbers such as 1,2`)
  return numbers
}
