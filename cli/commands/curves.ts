// `curves`: how loss and accuracy went from epoch to epoch, of one checkpoint or of several over one another.
import { join } from 'node:path'
import { readCheckpoint } from '../checkpoint.js'
import { curvesOf, markOf, plot, type Curve } from '../curves.js'
import { explain, failure, misuse } from '../errors.js'
import { replaceFile } from '../files.js'
import { decimal, percent, t } from '../language.js'
import { filePath, optionName, storageOption, valued, type Values } from '../options.js'
import { findByName } from '../trained.js'

/** The words after the command, which are names of checkpoints. */
export const words = 'NAME [NAME…]'

export const options = () => ({
  ...storageOption(),
  svg: valued(t('option.svg'), filePath('svg'), t('option.svg.default')),
})

type Curves = Values<ReturnType<typeof options>>

export async function run(argv: Curves, program: string, names: readonly string[]): Promise<number> {
  if (names.length === 0) throw misuse('usage.names', { command: `${program} curves ${words}` })
  const curves: Curve[] = []
  for (const name of new Set(names)) curves.push(...(await read(argv.storage, name)))

  const width = Math.min(process.stdout.columns ?? 80, 120)
  const legend = curves.map(curve => `  ${markOf(curve, curves)}  ${curve.name}, ${t(`curves.${curve.kind}`)}`)
  const loss = [t('curves.loss'), plot(curves, 'loss', width, value => decimal(value, 4))]
  const accuracy = [t('curves.accuracy'), plot(curves, 'accuracy', width, percent)]
  const changes = curves.flatMap(curve =>
    curve.changes.map(({ epoch, changed }) => {
      const values = { name: curve.name, epoch, options: changed.map(name => `--${optionName(name)}`).join(', ') }
      return `  ┴  ${t('curves.changed', values)}`
    }),
  )
  process.stdout.write([...loss, '', ...accuracy, '', ...legend, ...changes, ''].join('\n'))

  const file = argv.svg ?? join(argv.storage, `${names[0]}-curves.svg`)
  try {
    const { curvesPicture } = await import('../curvesPicture.js')
    await replaceFile(file, Buffer.from(curvesPicture(curves)))
    process.stdout.write(t('curves.picture', { path: file }) + '\n')
  } catch (error) {
    const reason = explain(error)
    if (!reason || argv.svg !== undefined) throw error
    process.stderr.write(t('curves.picture.none', { reason }) + '\n')
  }
  return 0
}

/** The curves of a checkpoint of the user's, else of the one that comes with the program. */
async function read(storage: string, name: string): Promise<Curve[]> {
  const path = await findByName(storage, name)
  const { history } = (await readCheckpoint(path))!.training
  if (history.length === 0) throw failure('file', { path, reason: failure('curves.untrained') })
  return curvesOf(name, history)
}
