// What `train --fresh` replaces stays beside the new checkpoint, as NAME.previous.safetensors, until the new network is
// at least as good on the same examples.
import { constants, existsSync } from 'node:fs'
import { access, rm } from 'node:fs/promises'
import { sameExamples, scoreOf, type Score, type Training } from '../training/index.js'
import { ChiffreError } from '../engine/index.js'
import { readCheckpoint } from './checkpoint.js'
import { about, failure } from './errors.js'
import { replaceFile } from './files.js'
import { readWhole } from './readWhole.js'

export const previousPath = (path: string) => path.replace(/(\.safetensors)?$/, '.previous.safetensors')

/** The score that tells networks apart: on the examples that were kept apart, if there are any. */
export const judged = (training: Training): Score | undefined => {
  const score = scoreOf(training)
  return score?.validation ?? score
}

/** The training of a checkpoint; undefined if there is none, or it cannot be read. */
async function trainingAt(path: string): Promise<Training | undefined> {
  try {
    return (await readCheckpoint(path))?.training
  } catch (error) {
    if (error instanceof ChiffreError) return undefined
    throw error
  }
}

/** Whether a network is at least as good as another one, on the same examples. */
const rivals = (training: Training, other: Training | undefined) =>
  other !== undefined &&
  sameExamples(training, other) &&
  (judged(training)?.accuracy ?? -1) >= (judged(other)?.accuracy ?? 0)

export class Previous {
  private constructor(
    readonly path: string,
    /** The checkpoint that is about to be replaced, if it is to be kept. */
    public replaced: string | undefined,
    /** How the network was trained that is, or will be, at `path`; undefined if that cannot be read. */
    readonly training: Training | undefined,
  ) {}

  /** What there is, or will be, from before a training; undefined if nothing. @param fresh whether it starts again */
  static async of(checkpoint: string, fresh: boolean): Promise<Previous | undefined> {
    const path = previousPath(checkpoint)
    const old = await trainingAt(path)
    if (fresh && existsSync(checkpoint)) {
      const training = await trainingAt(checkpoint)
      const learned = !training || training.steps > 0 || training.epoch > 0
      // Where a better one is kept already, that is what must not be lost.
      if (learned && !(old && training && rivals(old, training))) {
        if (existsSync(path) && !(old && training && rivals(training, old)))
          throw failure('train.previous.other.kept', { previous: path })
        await about(checkpoint, () => access(checkpoint, constants.R_OK)) // better now than at the first save
        return new Previous(path, checkpoint, training)
      }
    }
    return existsSync(path) ? new Previous(path, undefined, old) : undefined
  }

  /** Whether a network that has completed an epoch is at least as good. */
  isMatchedBy(training: Training) {
    return rivals(training, this.training)
  }

  /** Makes sure that it is at `path`, before its own place is taken. */
  async keep() {
    const { replaced } = this
    if (replaced === undefined) return
    await replaceFile(this.path, await about(replaced, () => readWhole(replaced)))
    this.replaced = undefined
  }

  async remove() {
    await about(this.path, () => rm(this.path, { force: true }))
    this.replaced = undefined
  }
}
