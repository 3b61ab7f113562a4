// The functions of models/, called with care: a student's first version of one may throw, or not fit.
import { numbered, side } from '../data/index.js'
import { ChiffreError, Network, sizeOf, type Shape } from '../engine/index.js'
import type { models } from '../models/index.js'
import { failure } from './errors.js'
import { firstLine, functionIn, isModelFile, reasonOf } from './modelFile.js'
import { modelsHere } from './modelFolder.js'

async function registry(): Promise<typeof models> {
  try {
    return (await import('../models/index.js')).models
  } catch (error) {
    if (error instanceof ChiffreError || !(error instanceof Error)) throw error
    if ('twice' in error) throw failure('model.twice', error as unknown as { file: string; twice: string })
    const [, file = 'index'] = /models\/(\w+)\.[jt]s:\d/.exec(error.stack ?? '') ?? []
    throw failure('model.file', { file, message: firstLine(error) })
  }
}

/** The models that come with the program, which are all that the page knows. */
export const builtInNames = async () => Object.keys(await registry())

/** The names that --model can take. */
export const modelNames = async () => [...new Set([...(await builtInNames()), ...Object.keys(await modelsHere())])]

async function registered(model: string) {
  const [known, here] = [await registry(), await modelsHere()]
  if (Object.hasOwn(here, model)) {
    if (Object.hasOwn(known, model)) throw failure('model.twice', { file: here[model].file, twice: model })
    return here[model].make()
  }
  if (!Object.hasOwn(known, model))
    throw failure('model.none', { choices: [...Object.keys(known), ...Object.keys(here)].join(', ') })
  return known[model]
}

/** What a network is to tell apart. */
export interface Purpose {
  /** The shape of an image: [rows, columns], or [rows, columns, channels]. */
  readonly input: Shape
  readonly classes: readonly string[]
}
const digits: Purpose = { input: [side, side], classes: numbered(10) }

/**
 * The network that a function of models/, or of a file (`./mine.ts`), makes, without weights yet.
 * @throws ChiffreError if it makes none, or one that does not take such images and tell them apart
 */
export async function createNetwork(model: string, { input, classes }: Purpose = digits): Promise<Network> {
  try {
    const make = isModelFile(model) ? await functionIn(model) : await registered(model)
    const [rows, columns, channels = 1] = input
    const usual = sizeOf(input) === side * side && rows === side && classes.length === digits.classes.length
    const network: unknown = usual ? make() : make([rows, columns, channels], classes.length)
    if (!(network instanceof Network)) throw failure('model.kind')
    if (sizeOf(network.input) !== sizeOf(input))
      throw failure('model.input', { actual: `${network.input}`, expected: `${input}` })
    if (`${network.output}` !== `${classes.length}`)
      throw failure('model.output', { actual: `${network.output}`, expected: classes.length })
    return network
  } catch (error) {
    throw failure('model.broken', { model, reason: reasonOf(error) })
  }
}

/** How many numbers a network learns. */
export const parameterCount = (network: Network) =>
  network.summary().reduce((sum, { parameters }) => sum + parameters, 0)
