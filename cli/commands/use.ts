// `use`: the page in which one draws digits, or the same network on image files.
import { basename, join } from 'node:path'
import { prepare, type Ink, type Preparation } from '../../data/index.js'
import { argmax } from '../../engine/index.js'
import { about, failure, misuse } from '../errors.js'
import { prepareFile, replaceFile } from '../files.js'
import { encode, greyPng, readInk } from '../images.js'
import { currentLanguage, percent, t } from '../language.js'
import { isModelFile } from '../modelFile.js'
import { modelNames } from '../network.js'
import { filePath, flag, grouped, jsonOption, listed, networkOptions, port, valued, type Values } from '../options.js'
import { withReader } from '../reader.js'
import { serve } from '../serve.js'
import { listenForStop } from '../signals.js'
import { pageSite } from '../site.js'
import { table } from '../tables.js'
import { placesOf } from '../trained.js'
import { jsonLine, visible } from '../visible.js'

/** 28x28. */
const usualPort = 2828

export const options = async () => ({
  ...(await networkOptions()),
  ...grouped('help.images', {
    image: listed(t('option.image')),
    steps: valued(t('option.steps'), filePath('steps')),
    ...jsonOption(),
  }),
  ...grouped('help.page', {
    port: valued(t('option.port'), port('port'), usualPort),
    'no-open': flag(t('option.no-open')),
  }),
})

type Use = Values<Awaited<ReturnType<typeof options>>>

export const run = (argv: Use, program: string) => (argv.image ? readImages(argv, argv.image, program) : openPage(argv))

/** A digit that was read from a file. */
interface Answer {
  readonly image: string
  readonly ground: Ink['ground']
  readonly label: number
  readonly probabilities: readonly number[]
}

async function readImages(argv: Use, paths: readonly string[], program: string): Promise<number> {
  const prepared: { path: string; ground: Ink['ground']; steps: Preparation }[] = []
  for (const path of paths) {
    // One after the other: of a large picture, no more is kept than what the network sees.
    const { image, ground } = await readInk(path)
    const steps = prepare(image)
    if (!steps) throw failure('file', { path, reason: failure('image.blank') })
    prepared.push({ path, ground, steps })
  }
  const rows = await withReader(argv, program, predict => predict(prepared.map(({ steps }) => steps.input)))
  if (argv.steps !== undefined) for (const { path, steps } of prepared) await writeSteps(argv.steps, path, steps)
  const answers: Answer[] = prepared.map(({ path: image, ground }, i) => {
    const probabilities = [...rows[i]]
    return { image, ground, label: argmax(rows[i], 0, probabilities.length), probabilities }
  })
  if (argv.json) for (const answer of answers) process.stdout.write(jsonLine(answer))
  else process.stdout.write(asTable(answers) + '\n')
  return 0
}

function asTable(answers: readonly Answer[]): string {
  const digits = answers[0].probabilities.map((_, digit) => `${digit}`)
  const head = [t('use.image'), t('use.ground'), t('use.digit'), ...digits]
  const rows = answers.map(({ image, ground, label, probabilities }) => [
    visible(image),
    ground === 'light' ? t('use.light') : t('use.dark'),
    `${label}`,
    ...probabilities.map(percent),
  ])
  return table(head, rows, ['left', 'left', ...head.slice(2).map(() => 'right' as const)])
}

/** Writes FILE-1-scaled.png and so on: the numbers that the network sees are those of the last, divided by 255. */
async function writeSteps(folder: string, path: string, steps: Preparation) {
  const name = basename(path).replace(/\.png$/i, '')
  for (const [i, step] of (['scaled', 'padded', 'centred'] as const).entries()) {
    const file = join(folder, `${name}-${i + 1}-${step}.png`)
    await prepareFile(file)
    await replaceFile(file, encode(greyPng(steps[step])))
  }
}

async function openPage(argv: Use): Promise<number> {
  if (isModelFile(argv.model)) throw misuse('model.path.page', { model: argv.model })
  const models = await modelNames()
  const places = models.map(model => {
    const values = model === argv.model ? argv : { ...argv, model, name: undefined, out: undefined }
    return [model, placesOf(values)] as const
  })
  const settings = { model: argv.model, backend: argv.backend, lang: currentLanguage() }
  const wanted = argv.port ?? usualPort
  const serving = await about(`127.0.0.1:${wanted}`, () =>
    serve(pageSite(settings, Object.fromEntries(places)), wanted),
  )
  if (serving.port !== wanted) process.stderr.write(t('use.port', { port: wanted, actual: serving.port }) + '\n')
  process.stdout.write(t('use.page', { url: serving.url }) + '\n')
  if (!argv['no-open']) await openBrowser(serving.url)
  await untilStopped()
  await serving.close()
  process.stdout.write(t('use.end') + '\n')
  return 0
}

/** Waits for Ctrl-C. */
async function untilStopped() {
  let heard: ReturnType<typeof listenForStop> | undefined
  await new Promise<void>(resolve => (heard = listenForStop(resolve)))
  heard?.off()
}

/** Opens the user's browser; where there is none, the address was printed. */
async function openBrowser(url: string) {
  const { default: open } = await import('open')
  const browser = await open(url).catch(() => undefined)
  browser?.on('error', () => {})
}
