// `use`: the page in which one draws digits, or the same network on image files.
import { join } from 'node:path'
import { areNamed, prepare, readRow, side, type Ink, type Preparation } from '../../data/index.js'
import { argmax, sizeOf, type Shape } from '../../engine/index.js'
import { eachFile } from '../eachFile.js'
import { about, failure, misuse } from '../errors.js'
import { prepareFile, replaceFile } from '../files.js'
import { encode, greyPng, paperPng, readInk, readLevels, withoutExtension } from '../images.js'
import { currentLanguage, percent, t } from '../language.js'
import { builtInNames } from '../network.js'
import {
  deslantOption,
  filePath,
  flag,
  grouped,
  jsonOption,
  listed,
  networkOptions,
  port,
  valued,
  type Values,
} from '../options.js'
import { withReader, type Predict } from '../reader.js'
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
    ...deslantOption(),
    steps: valued(t('option.steps'), filePath('steps')),
    ...jsonOption(),
  }),
  ...grouped('help.page', {
    port: valued(t('option.port'), port('port'), usualPort),
    'no-open': flag(t('option.no-open')),
  }),
})

type Use = Values<Awaited<ReturnType<typeof options>>>

export const run = (argv: Use, program: string) =>
  argv.image ? readImages(argv, argv.image, program) : openPage(argv, program)

/** What was read from a file. */
interface Answer {
  readonly image: string
  /** Of a drawing that was prepared. */
  readonly ground?: Ink['ground']
  /** What it would be as a row, if it looks like several digits. */
  readonly several?: string
  /** Of a drawing, whether it is rather no digit at all. */
  readonly rejected?: boolean
  readonly label: number
  /** The label's name, if it has one. */
  readonly name?: string
  readonly probabilities: readonly number[]
}

/** An image as the network takes it. */
interface Taken {
  readonly path: string
  readonly input: Float32Array
  readonly ground?: Ink['ground']
  /** What a row of digits would be read as, if it looks like one. */
  readonly several?: string
}

async function readImages(argv: Use, paths: readonly string[], program: string): Promise<number> {
  const [answers, classes, failed] = await withReader(argv, program, async (predict, { input, classes }, reject) => {
    // One after the other: of a large picture, no more is kept than what the network sees.
    const { done: taken, failed } = await eachFile(paths, path => takeImage(path, input, { ...argv, predict }))
    const inputs = taken.map(({ input }) => input)
    const rows = await predict(inputs)
    const rejected = await reject?.(inputs)
    const named = areNamed(classes)
    const answers = taken.map(({ path: image, ground, several }, i): Answer => {
      const probabilities = [...rows[i]]
      const label = argmax(rows[i], 0, probabilities.length)
      if (several !== undefined) process.stderr.write(t('use.several', { path: image, text: several }) + '\n')
      else if (rejected?.[i]) process.stderr.write(t('use.rejected', { path: image }) + '\n')
      return {
        image,
        ...(ground && { ground }),
        ...(several !== undefined && { several }),
        ...(rejected && { rejected: rejected[i] }),
        label,
        ...(named && { name: classes[label] }),
        probabilities,
      }
    })
    return [answers, classes, failed] as const
  })
  if (argv.json) for (const answer of answers) process.stdout.write(jsonLine(answer))
  else if (answers.length > 0) process.stdout.write(asTable(answers, classes) + '\n')
  return failed > 0 ? 1 : 0
}

/**
 * An image file as a network takes it that was made for images of this shape.
 */
export const takeImage = (path: string, input: Shape, how: Taking = {}): Promise<Taken> =>
  `${input}`.startsWith(`${[side, side]}`) && sizeOf(input) === side * side
    ? takeDrawing(path, how)
    : takeAsItIs(path, input)

interface Taking {
  /** Tells whether it looks like several digits. */
  readonly predict?: Predict
  /** Shear a digit upright first. */
  readonly deslant?: boolean | undefined
  /** Folder for pictures of the steps that lead there. */
  readonly steps?: string | undefined
}

/** What is read as several digits, each with at least this probability, is said to be several. */
const sure = 0.8

/** A drawing, prepared as MNIST's digits were. */
async function takeDrawing(path: string, { predict, deslant, steps }: Taking): Promise<Taken> {
  const ink = await readInk(path)
  const prepared = prepare(ink.image, { deslant: deslant ?? false })
  if (!prepared) throw failure('file', { path, reason: failure('image.blank') })
  if (steps !== undefined) await writeSteps(steps, path, ink, prepared)
  const { cleaned, input } = prepared
  const row = predict && (await readRow(cleaned, images => predict(images.map(({ data }) => data))))
  const isSure = row?.digits.every(({ label, probabilities }) => probabilities[label] >= sure)
  const several = isSure && row && row.digits.length > 1 ? row.text : undefined
  return { path, input: input.data, ground: ink.ground, ...(several !== undefined && { several }) }
}

/** An image of the network's own size, grey or in colours. */
async function takeAsItIs(path: string, shape: Shape): Promise<Taken> {
  const [rows, columns, channels = 1] = shape
  const pixels = await about(path, () => readLevels(path, channels))
  if (`${pixels.shape.slice(0, 2)}` !== `${[rows, columns]}`)
    throw failure('file', {
      path,
      reason: failure('use.size', { actual: `${pixels.shape[1]}x${pixels.shape[0]}`, expected: `${columns}x${rows}` }),
    })
  return { path, input: Float32Array.from(pixels.data, level => level / 255) }
}

/** How many of the classes that a network finds likeliest are shown. */
const shown = 3

function asTable(answers: readonly Answer[], classes: readonly string[]): string {
  const head = [t('use.image'), t('use.ground'), t('use.digit'), t('use.likeliest')]
  const rows = answers.map(({ image, ground, rejected, label, probabilities }) => {
    const ranked = [...classes.keys()].sort((a, b) => probabilities[b] - probabilities[a])
    return [
      visible(image),
      ground === undefined ? '–' : t(ground === 'light' ? 'use.light' : 'use.dark'),
      visible(classes[label]) + (rejected ? '?' : ''),
      ranked
        .slice(0, shown)
        .map(other => `${visible(classes[other])}\u00a0${percent(probabilities[other])}`)
        .join(', '),
    ]
  })
  return table(head, rows, ['left', 'left', 'right'])
}

/** Writes FILE-1-paper.png and so on: the numbers that the network sees are those of the last, divided by 255. */
async function writeSteps(folder: string, path: string, ink: Ink, preparation: Preparation) {
  const { cleaned, upright, scaled, padded, centred } = preparation
  const steps = { ink: ink.image, cleaned, ...(upright && { upright }), scaled, padded, centred }
  const pictures = Object.entries(steps).map(([step, image]) => [step, greyPng(image)] as const)
  for (const [i, [step, png]] of [['paper', paperPng(ink)] as const, ...pictures].entries()) {
    const file = join(folder, `${withoutExtension(path)}-${i + 1}-${step}.png`)
    await prepareFile(file)
    await replaceFile(file, encode(png))
  }
}

async function openPage(argv: Use, program: string): Promise<number> {
  const models = await builtInNames()
  if (!models.includes(argv.model)) throw misuse('model.path.page', { model: argv.model })
  const places = models.map(model => {
    const values = model === argv.model ? argv : { ...argv, model, name: undefined, out: undefined }
    return [model, placesOf(values)] as const
  })
  const settings = { model: argv.model, backend: argv.backend, lang: currentLanguage(), program }
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
