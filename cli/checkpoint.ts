// Checkpoints on disk: STORAGE/NAME.safetensors (training/checkpoint.ts says what is in them). Written beside, then renamed:
// at every instant the name holds a whole checkpoint, or none.
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { checkFit, decodeCheckpoint, encodeCheckpoint, type Checkpoint } from '../training/index.js'
import { about } from './errors.js'
import { replaceFile, unlessMissing } from './files.js'
import { modelName } from './modelFile.js'
import { createNetwork } from './network.js'
import { readWhole } from './readWhole.js'

/** A larger file is no checkpoint: some 10 million weights with the optimizer's memory. */
const mostBytes = 128e6

export const checkpointPath = (storage: string, name: string) => join(storage, `${name}.safetensors`)

/** The checkpoint at a path; undefined if there is none. @throws ChiffreError that says what is wrong with it */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  return about(path, async () => {
    const bytes = await unlessMissing(() => readWhole(path, mostBytes))
    return bytes && decodeCheckpoint(bytes)
  })
}

/**
 * The checkpoint at a path with the network that it is of.
 * @param model as --model has it
 * @throws ChiffreError if it holds another model's
 */
export async function openCheckpoint(path: string, model: string) {
  const checkpoint = await readCheckpoint(path)
  if (!checkpoint) return undefined
  const { training } = checkpoint
  const name = modelName(model)
  const network = await createNetwork(model, training.model === name ? training : undefined)
  await about(path, () => checkFit(checkpoint, name, network))
  return { checkpoint, network }
}

/** Writes a checkpoint in place of the one before. @returns the file's SHA-256 */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<string> {
  const bytes = encodeCheckpoint(checkpoint)
  await replaceFile(path, bytes)
  return createHash('sha256').update(bytes).digest('hex')
}

/** The names of the checkpoints in a folder. */
export async function checkpointNames(storage: string): Promise<string[]> {
  const entries = (await about(storage, () => unlessMissing(() => readdir(storage)))) ?? []
  return entries.filter(entry => entry.endsWith(suffix)).map(entry => entry.slice(0, -suffix.length))
}

const suffix = '.safetensors'
