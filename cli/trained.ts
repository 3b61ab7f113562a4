// A network that has learned, for the commands that make use of one.
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Network } from '../engine/index.js'
import type { Checkpoint } from '../training/index.js'
import { checkpointNames, checkpointPath, openCheckpoint } from './checkpoint.js'
import { failure } from './errors.js'
import { hint, pathOf, repeated } from './options.js'

/** The checkpoints that come with the program. */
export const pretrained = fileURLToPath(new URL('../../storage/pretrained', import.meta.url))

/** The weights of the network that knows what is no digit (data/rejection.ts). In a folder of its own: it is no checkpoint of a model. */
export const rejectorPath = join(pretrained, 'rejection/rejector.safetensors')

type CheckpointValues = Parameters<typeof pathOf>[0]

export interface Trained {
  /** The network, which has yet to load the checkpoint's weights. */
  readonly network: Network
  readonly checkpoint: Checkpoint
  readonly path: string
  /** Where the checkpoint was looked for in vain, if it is the one that comes with the program. */
  readonly missing?: string
}

/** Where the checkpoint of these options may be: the user's own, then the one that comes with the program. */
export function placesOf(values: CheckpointValues, folder = pretrained): [own: string, ready: string] {
  const own = pathOf(values)
  return [own, join(folder, basename(own))]
}

/** The checkpoint of that name: the user's own, else the one that comes with the program. @throws ChiffreError if there is none */
export async function findByName(storage: string, name: string): Promise<string> {
  const known = await checkpointNames(storage)
  const ready = await checkpointNames(pretrained)
  const folder = known.includes(name) ? storage : ready.includes(name) ? pretrained : undefined
  if (folder !== undefined) return checkpointPath(folder, name)
  throw failure('curves.none', { name, storage, hint: hint(name, [...known, ...ready]) })
}

/**
 * The network of --model with its checkpoint, else with the one of that name that comes with the program.
 * @param program how the user called it, to name the command that would train the network
 * @param folder where the checkpoints that come with the program are
 * @throws ChiffreError if there is neither, or it does not fit the model
 */
export async function openTrained(values: CheckpointValues, program: string, folder = pretrained): Promise<Trained> {
  const [own, ready] = placesOf(values, folder)
  for (const path of [own, ready]) {
    const found = await openCheckpoint(path, values.model)
    if (found) return { ...found, path, ...(path !== own && { missing: own }) }
  }
  const command = [program, 'train', ...repeated(values)].join(' ')
  throw failure('checkpoint.none', { path: own, command })
}
