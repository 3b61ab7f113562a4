// `test`: how well a network reads images that it did not learn from, and where it goes wrong.
import cliProgress from 'cli-progress'
import { confusion, mistakes } from '../../data/index.js'
import { evaluate, type ChiffreError, type Evaluation } from '../../engine/index.js'
import { learnedWeights, scoreOf } from '../../training/index.js'
import { ofMnist, openDataset, takeExamples } from '../datasets.js'
import { movesCursor } from '../display.js'
import { about, explain } from '../errors.js'
import { replaceFile } from '../files.js'
import { decimal, integer, percent, t } from '../language.js'
import {
  backendOf,
  count,
  filePath,
  grouped,
  jsonOption,
  networkOptions,
  pathOf,
  transposeOption,
  valued,
  type Values,
} from '../options.js'
import { canWrite } from '../font.js'
import { contactSheet } from '../picture.js'
import { caption, pictured, report, scoresTable } from '../report.js'
import { inItsTerms, knownData } from '../settings.js'
import { keepTest } from '../tested.js'
import { openTrained } from '../trained.js'

export async function options() {
  return {
    ...(await networkOptions()),
    ...grouped('help.test', {
      data: valued(t('option.data'), filePath('data'), t('option.data.learned')),
      ...transposeOption(),
      examples: valued(t('option.examples.test'), count('examples'), t('option.examples.default')),
      errors: valued(t('option.errors'), filePath('errors'), t('option.errors.default')),
    }),
    ...grouped('help.general', jsonOption()),
  }
}

type Test = Values<Awaited<ReturnType<typeof options>>>

/** How many mistakes are drawn. */
const drawn = 16

export async function run(argv: Test, program: string): Promise<number> {
  const { network, checkpoint, path, missing } = await openTrained(argv, program)
  const data = argv.data ?? knownData(checkpoint.training, path)
  const { examples: all, kind } = await openDataset(data, 'test', argv.transpose)
  const set = takeExamples(all, argv.examples ?? 'all', data)
  const images = await about(path, () => inItsTerms(set, checkpoint.training, data))
  if (missing) note(t('test.pretrained', { path, missing }))
  if (ofMnist.has(checkpoint.training.data) && data === 'mnist-10k') note(t('test.seen'))

  const backend = await backendOf(argv)
  let evaluation: Evaluation
  try {
    await about(path, () => network.load(backend, learnedWeights(checkpoint)))
    evaluation = await withProgress(images.length, onBatch => evaluate(network, backend, images, { onBatch }))
  } finally {
    await backend.dispose()
  }

  const counts = confusion(evaluation)
  const wrong = mistakes(evaluation)
  const shown = wrong.slice(0, drawn).map(mistake => pictured(mistake, images))
  const { metrics, loss } = evaluation
  const { accuracy } = metrics
  const print = (text: string) => process.stdout.write(text + '\n')
  const learning = scoreOf(checkpoint.training)
  if (argv.json) print(JSON.stringify({ accuracy, loss, errors: wrong.length, confusion: counts, learning }))
  else {
    print(t('test.settings', { path, images: integer(images.length), data, backend: backend.name }))
    print(report(counts, shown, images.classes))
    print(scoresTable(learning, { accuracy, loss }))
    const figures = { accuracy: percent(accuracy), loss: decimal(loss, 4) }
    print(t('test.result', { ...figures, errors: integer(wrong.length), images: integer(images.length) }))
  }
  const known = kind === 'built-in' ? data : `${kind}-${images.fingerprint()}`
  if (!missing) await unlessRefused(() => keepTest(path, known, { accuracy, loss, images: images.length }))
  if (shown.length === 0) return 0

  const file = argv.errors ?? pathOf(argv).replace(/\.safetensors$/, '-errors.png')
  const sheet = contactSheet(
    shown.map(({ image }) => image),
    shown.map(mistake => caption(mistake, images.classes.every(canWrite) ? images.classes : undefined)),
  )
  const refused = await unlessRefused(() => replaceFile(file, sheet))
  if (refused && argv.errors !== undefined) throw refused
  if (refused) note(t('test.picture.none', { reason: refused }))
  else if (!argv.json) print(t('test.picture', { path: file }))
  return 0
}

/** Does what nobody asked for: the result is what counts. @returns why it could not be done, if the system refused */
async function unlessRefused(fn: () => Promise<void>): Promise<ChiffreError | undefined> {
  try {
    await fn()
    return undefined
  } catch (error) {
    const reason = explain(error)
    if (!reason) throw error
    return reason
  }
}

function note(sentence: string) {
  process.stderr.write(sentence + '\n')
}

/** Shows how far fn has come, if stderr is a terminal. Ctrl-C needs no care: there is nothing to save. */
async function withProgress<T>(total: number, fn: (onBatch: (done: number) => void) => Promise<T>): Promise<T> {
  if (!movesCursor(process.stderr)) return fn(() => {})
  const format = `${t('test.progress')} {bar} {value}/{total}`
  const options = { format, barsize: 30, clearOnComplete: true, linewrap: true, stream: process.stderr }
  const bar = new cliProgress.SingleBar(options, cliProgress.Presets.shades_classic)
  bar.start(total, 0)
  try {
    return await fn(done => bar.update(done))
  } finally {
    bar.stop()
  }
}
