// `read`: several digits on one image, such as a postal code.
import { join } from 'node:path'
import type { PNG } from 'pngjs'
import { readRow, side, type Box, type Image } from '../../data/index.js'
import { sizeOf } from '../../engine/index.js'
import { eachFile } from '../eachFile.js'
import { about, failure, misuse } from '../errors.js'
import { prepareFile, replaceFile } from '../files.js'
import { encode, greyPng, readInk, withoutExtension } from '../images.js'
import { percent, t } from '../language.js'
import {
  deslantOption,
  filePath,
  grouped,
  jsonOption,
  listed,
  networkOptions,
  valued,
  type Values,
} from '../options.js'
import { withReader } from '../reader.js'
import { jsonLine } from '../visible.js'

export const options = async () => ({
  ...(await networkOptions()),
  ...grouped('help.images', {
    image: listed(t('option.row')),
    ...deslantOption(),
    boxes: valued(t('option.boxes'), filePath('boxes')),
    ...jsonOption(),
  }),
})

type Read = Values<Awaited<ReturnType<typeof options>>>

export async function run(argv: Read, program: string): Promise<number> {
  const { image: paths, boxes, json } = argv
  if (paths === undefined) throw misuse('usage.missing', { option: 'image' })
  const several = paths.length > 1
  const boxesOf = (path: string) => (several ? join(boxes!, `${withoutExtension(path)}-boxes.png`) : boxes!)
  if (boxes !== undefined) for (const path of paths) await prepareFile(boxesOf(path))
  return withReader(argv, program, async (predict, { input, classes }, reject) => {
    if (sizeOf(input) !== side * side) throw failure('read.digits', { input: `${input}` })
    const print = (text: string) => process.stdout.write(text + '\n')
    const { failed } = await eachFile(paths, async path => {
      const { image, ground } = await readInk(path)
      const data = (images: Image[]) => images.map(({ data }) => data)
      const row = await about(path, () =>
        readRow(image, images => predict(data(images)), reject && (images => reject(data(images))), argv.deslant),
      )
      if (!row) throw failure('file', { path, reason: failure('image.blank') })
      const name = (digits: string) => Array.from(digits, digit => classes[Number(digit)]).join('')
      const lines = row.lines.map(({ words, digits, ...line }) => ({
        ...line,
        text: name(line.text),
        words: words.map(name),
        digits: digits.map(({ box, label, probabilities, rejected }) => ({
          ...{ label, probability: probabilities[label], box },
          ...(rejected !== undefined && { rejected }),
        })),
      }))
      const digits = lines.flatMap(line => line.digits)
      const text = lines.map(line => line.text).join('\n')
      if (json) process.stdout.write(jsonLine({ image: path, ground, text, confidence: row.confidence, digits, lines }))
      else {
        if (several) print(t('read.file', { path }))
        for (const { words, confidence, digits } of lines) {
          print(t('read.result', { text: words.join(' '), confidence: percent(confidence), count: digits.length }))
          const each = ({ label, probability, rejected }: (typeof digits)[0]) =>
            `${classes[label]}${rejected ? '?' : ''} ${percent(probability)}`
          print(`  ${digits.map(each).join('  ')}`)
        }
        if (digits.some(({ rejected }) => rejected)) print(`  ${t('read.rejected')}`)
      }
      if (boxes === undefined) return
      const png = greyPng(image)
      for (const { box } of digits) frame(png, box)
      await replaceFile(boxesOf(path), encode(png))
      if (!json) print(t('read.saved', { path: boxesOf(path) }))
    })
    return failed > 0 ? 1 : 0
  })
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
