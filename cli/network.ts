// The functions of models/, called with care: a student's first version of one may throw, or not fit.
import { side } from '../data/index.js'
import { ChiffreError, Network, sizeOf } from '../engine/index.js'
import { failure } from './errors.js'
import { functionIn, isModelFile, reasonOf } from './modelFile.js'

async function registry(): Promise<Record<string, () => Network>> {
  try {
    return (await import('../models/index.js')).models
  } catch (error) {
    if (error instanceof ChiffreError || !(error instanceof Error)) throw error
    if ('twice' in error) throw failure('model.twice', error as unknown as { file: string; twice: string })
    const [, file = 'index'] = /models\/(\w+)\.[jt]s:\d/.exec(error.stack ?? '') ?? []
    throw failure('model.file', { file, message: firstLine(error) })
  }
}

/** The names that --model can take. */
export const modelNames = async () => Object.keys(await registry())

const image = [side, side]
const classes = 10

/**
 * The network that a function of models/, or of a file (`./mine.ts`), makes, without weights yet.
 * @throws ChiffreError if it makes none, or one that does not take images of digits and tell the digits apart
 */
export async function createNetwork(model: string): Promise<Network> {
  try {
    const create = isModelFile(model) ? await functionIn(model) : (await registry())[model]
    const network: unknown = create()
    if (!(network instanceof Network)) throw failure('model.kind')
    if (sizeOf(network.input) !== sizeOf(image))
      throw failure('model.input', { actual: `${network.input}`, expected: `${image}` })
    if (`${network.output}` !== `${classes}`)
      throw failure('model.output', { actual: `${network.output}`, expected: classes })
    return network
  } catch (error) {
    throw failure('model.broken', { model, reason: reasonOf(error) })
  }
}

/** How many numbers a network learns. */
export const parameterCount = (network: Network) =>
  network.summary().reduce((sum, { parameters }) => sum + parameters, 0)

const firstLine = (thrown: unknown) => String(thrown instanceof Error ? thrown.message : thrown).split('\n')[0]
