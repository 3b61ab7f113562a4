// `export`: a network's weights alone, as a page of one's own loads them: without what the optimizer remembers, and in half
// precision if asked for.
import { statSync } from 'node:fs'
import { decodeCheckpoint, encodeCheckpoint, weightsAlone } from '../../training/index.js'
import { checkpointPath, readCheckpoint } from '../checkpoint.js'
import { about, failure, misuse } from '../errors.js'
import { replaceFile } from '../files.js'
import { integer, t } from '../language.js'
import { filePath, flag, storageOption, valued, type Values } from '../options.js'
import { findByName } from '../trained.js'

/** The word after the command, which is the name of a checkpoint. */
export const words = 'NAME'

export const options = () => ({
  ...storageOption(),
  half: flag(t('option.half')),
  out: valued(t('option.export'), filePath('out'), t('option.export.default')),
})

type Export = Values<ReturnType<typeof options>>

export async function run(argv: Export, program: string, names: readonly string[]): Promise<number> {
  const [name, another] = names
  if (name === undefined || another !== undefined) throw misuse('usage.name', { command: `${program} export ${words}` })
  const found = await findByName(argv.storage, name)
  const bytes = encodeCheckpoint(weightsAlone((await readCheckpoint(found))!), argv.half ? 'F16' : 'F32')
  for (const [tensor, { values }] of decodeCheckpoint(bytes).tensors)
    if (!values.every(Number.isFinite)) throw failure('export.large', { tensor })
  const path = argv.out ?? checkpointPath(argv.storage, `${name}-${argv.half ? 'half' : 'weights'}`)
  await replaceFile(path, bytes)
  const before = await about(found, () => statSync(found).size)
  process.stdout.write(
    t('export.saved', { path, bytes: integer(bytes.length), from: found, before: integer(before) }) + '\n',
  )
  return 0
}
