// `read`: several digits on one image, such as a postal code.
import type { PNG } from 'pngjs'
import { readRow, side, type Box } from '../../data/index.js'
import { sizeOf } from '../../engine/index.js'
import { failure, misuse } from '../errors.js'
import { prepareFile, replaceFile } from '../files.js'
import { encode, greyPng, readInk } from '../images.js'
import { percent, t } from '../language.js'
import { filePath, grouped, jsonOption, networkOptions, valued, type Values } from '../options.js'
import { withReader } from '../reader.js'
import { jsonLine } from '../visible.js'

export const options = async () => ({
  ...(await networkOptions()),
  ...grouped('help.images', {
    image: valued(t('option.row'), filePath('image')),
    boxes: valued(t('option.boxes'), filePath('boxes')),
    ...jsonOption(),
  }),
})

type Read = Values<Awaited<ReturnType<typeof options>>>

export async function run(argv: Read, program: string): Promise<number> {
  const { image: path, boxes, json } = argv
  if (path === undefined) throw misuse('usage.missing', { option: 'image' })
  const { image, ground } = await readInk(path)
  if (boxes !== undefined) await prepareFile(boxes)
  const [row, classes] = await withReader(argv, program, async (predict, { input, classes }) => {
    if (sizeOf(input) !== side * side) throw failure('read.digits', { input: `${input}` })
    return [await readRow(image, images => predict(images.map(({ data }) => data))), classes] as const
  })
  if (!row) throw failure('file', { path, reason: failure('image.blank') })
  const text = row.digits.map(({ label }) => classes[label]).join('')
  const print = (text: string) => process.stdout.write(text + '\n')
  if (json) {
    const digits = row.digits.map(({ box, label, probabilities }) => ({
      label,
      probability: probabilities[label],
      box,
    }))
    process.stdout.write(jsonLine({ image: path, ground, text, confidence: row.confidence, digits }))
  } else print(t('read.result', { text, confidence: percent(row.confidence), count: row.digits.length }))
  if (boxes === undefined) return 0
  const png = greyPng(image)
  for (const { box } of row.digits) frame(png, box)
  await replaceFile(boxes, encode(png))
  if (!json) print(t('read.saved', { path: boxes }))
  return 0
}

const orange = Buffer.of(255, 122, 60, 255)

/** Draws a box around a digit, a little outside of it. */
function frame(png: PNG, { top, left, height, width }: Box) {
  const away = 2
  const [first, last] = [Math.max(0, top - away), Math.min(png.height, top + height + away) - 1]
  const [from, to] = [Math.max(0, left - away), Math.min(png.width, left + width + away) - 1]
  for (let i = first; i <= last; i++)
    for (let j = from; j <= to; j++)
      if (i === first || i === last || j === from || j === to) png.data.set(orange, 4 * (i * png.width + j))
}
