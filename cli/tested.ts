// What `test` has found of a checkpoint, kept beside it as NAME.tests.json: for as long as the checkpoint is the same.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readWhole } from './readWhole.js'
import { replaceFile } from './files.js'

export interface Tested {
  readonly accuracy: number
  readonly loss: number
  readonly images: number
}

/** By the data that was tested on. */
export type Tests = Readonly<Record<string, Tested>>

const testsPath = (checkpoint: string) => checkpoint.replace(/(\.safetensors)?$/, '.tests.json')

const sha256 = async (path: string) =>
  createHash('sha256')
    .update(await readWhole(path))
    .digest('hex')

/** What is known of the checkpoint as it is now. A file that says it of another one, or makes no sense, says nothing. */
export async function testsOf(checkpoint: string): Promise<Tests> {
  const path = testsPath(checkpoint)
  if (!existsSync(path)) return {}
  try {
    const kept = JSON.parse(Buffer.from(await readWhole(path)).toString()) as { sha256?: unknown; tests?: unknown }
    if (kept.sha256 !== (await sha256(checkpoint)) || typeof kept.tests !== 'object' || kept.tests === null) return {}
    const entries = Object.entries(kept.tests as Record<string, Tested | null>)
    return Object.fromEntries(entries.filter((entry): entry is [string, Tested] => isTested(entry[1])))
  } catch {
    return {}
  }
}

const isTested = (v: Tested | null) =>
  Number.isFinite(v?.loss) && Number.isSafeInteger(v?.images) && v!.accuracy >= 0 && v!.accuracy <= 1

/** Keeps a result, unless there is one of more images. */
export async function keepTest(checkpoint: string, data: string, tested: Tested) {
  const tests = await testsOf(checkpoint)
  if ((tests[data]?.images ?? 0) > tested.images) return
  const content = { sha256: await sha256(checkpoint), tests: { ...tests, [data]: tested } }
  await replaceFile(testsPath(checkpoint), Buffer.from(JSON.stringify(content, null, 2) + '\n'))
}
