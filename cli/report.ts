// What a test has shown, as tables and drawings.
import ndarray from 'ndarray'
import { eachPixel, type Dataset, type Mistake, type Pixels } from '../data/index.js'
import { arrange, bold, cropToInk, draw, type ColourDepth } from './drawing.js'
import type { Epoch, Score } from '../training/index.js'
import { decimal, integer, percent, t } from './language.js'
import type { Message } from './messages/en.js'
import { table } from './tables.js'

/** A mistake with its image, [rows, columns]: the mean of its channels, if it has several. */
export interface Pictured extends Mistake {
  readonly image: Pixels
}

export const pictured = (mistake: Mistake, { images }: Dataset): Pictured => ({
  ...mistake,
  image: greyOf(images.pick(mistake.index)),
})

function greyOf(image: Pixels): Pixels {
  const [h, w, channels] = image.shape
  if (channels === undefined) return image
  const grey = ndarray(new Uint8Array(h * w), [h, w])
  eachPixel(grey, (i, j) => {
    let sum = 0
    for (let c = 0; c < channels; c++) sum += image.get(i, j, c)
    grey.set(i, j, Math.round(sum / channels))
  })
  return grey
}

/** 7 → 2  99.98% @param classes their names; without, their numbers are shown */
export const caption = ({ label, answer, probability }: Mistake, classes: readonly string[] = []) =>
  `${classes[label] ?? label} → ${classes[answer] ?? answer}  ${percent(probability)}`

/** Drawings of the mistakes, the confusion matrix, and each digit's accuracy, for the terminal that stdout is. */
export function report(
  confusion: readonly (readonly number[])[],
  mistakes: readonly Pictured[],
  classes: readonly string[],
): string {
  const { stdout } = process
  const [columns, depth] = stdout.isTTY ? [stdout.columns, stdout.getColorDepth()] : [80, 1]
  const pictures = mistakes.length
    ? [t('test.surest'), '', drawings(mistakes, classes, columns, depth)]
    : [t('test.perfect')]
  const matrix = [t('test.confusion'), confusionTable(confusion, classes, depth)]
  return ['', ...pictures, '', ...matrix, '', digitsTable(confusion, classes), ''].join('\n')
}

/** How well the network did on what it learned from, on what was kept apart, and on what it never saw, side by side. */
export function scoresTable(learning: Epoch | undefined, test: Score): string {
  const row = (key: Message, score: Score | undefined) =>
    score ? [[t(key), percent(score.accuracy), decimal(score.loss, 4)]] : []
  return table(
    [t('table.examples'), t('table.accuracy'), t('table.loss')],
    [...row('test.learning', learning), ...row('test.validation', learning?.validation), ...row('test.unseen', test)],
    ['left', 'right', 'right'],
  )
}

/** The mistakes side by side. @param columns the terminal's width */
export function drawings(
  mistakes: readonly Pictured[],
  classes: readonly string[],
  columns: number,
  depth: ColourDepth,
): string {
  const images = cropToInk(mistakes.map(({ image }) => image))
  const drawn = images.map(image => draw(image, depth))
  return arrange(
    drawn,
    mistakes.map(mistake => caption(mistake, classes)),
    columns,
  )
}

/** The confusion matrix, a row a label; the diagonal, where answers are right, stands out if there are colours. */
export function confusionTable(
  confusion: readonly (readonly number[])[],
  classes: readonly string[],
  depth: ColourDepth,
): string {
  const rows = confusion.map((counts, label) => [
    classes[label],
    ...counts.map((count, answer) => (answer === label ? bold(`${count}`, depth) : count ? `${count}` : '·')),
  ])
  const head = ['', ...classes]
  const align = head.map(() => 'right' as const)
  return table(head, rows, align)
}

/** For each digit, how many of its images were read right, and what it was most often taken for. */
export function digitsTable(confusion: readonly (readonly number[])[], classes: readonly string[]): string {
  const rows = confusion.map((counts, label) => {
    const images = counts.reduce((a, b) => a + b)
    const wrong = counts.map((count, answer) => (answer === label ? 0 : count))
    const count = Math.max(...wrong)
    const right = counts[label]
    return [
      classes[label],
      integer(images),
      integer(right),
      images ? percent(right / images) : '–',
      count ? `${classes[wrong.indexOf(count)]} (${integer(count)}×)` : '–',
    ]
  })
  const head = ['table.digit', 'table.images', 'table.right', 'table.accuracy', 'table.taken'] as const
  return table(
    head.map(key => t(key)),
    rows,
    ['left', 'right', 'right', 'right', 'left'],
  )
}
