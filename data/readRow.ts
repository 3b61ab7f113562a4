// Reads a row of digits: takes it apart, lets a network read every piece, and keeps the likeliest way of cutting.
import { prepare, type Box, type Image, type Pixels } from './preprocess.js'
import { segment, type Segment } from './segment.js'

/** One digit that was read, and where. */
export interface ReadDigit {
  readonly box: Box
  readonly label: number
  /** What the network gave each class. */
  readonly probabilities: ArrayLike<number>
}

export interface ReadRow {
  /** The digits in a row, such as `75011`. */
  readonly text: string
  /** The product of the digits' probabilities: how likely it is that all are right. */
  readonly confidence: number
  readonly digits: readonly ReadDigit[]
}

/** What cutting a piece costs: its parts must be read so many times more surely than the whole. */
const cutCost = 1.2

/**
 * Reads the digits of a picture of ink [h,w]; undefined if it is blank.
 * @param predict the probabilities of each prepared image [28,28], one row of classes an image
 */
export async function readRow(
  image: Pixels,
  predict: (inputs: Image[]) => Promise<ArrayLike<number>[]>,
): Promise<ReadRow | undefined> {
  const pieces = segment(image)
  const segments = pieces.flat(2)
  if (segments.length === 0) return undefined
  const rows = await predict(segments.map(({ ink }) => prepare(ink)!.input))
  const read = new Map<Segment, ReadDigit>(segments.map(({ box }, i) => [segments[i], readDigit(box, rows[i])]))

  const digits = pieces.flatMap(ways => {
    const readings = ways.map(way => way.map(part => read.get(part)!))
    const scores = readings.map(way => sureness(way) / cutCost ** (way.length - 1))
    return readings[scores.indexOf(Math.max(...scores))]
  })
  return { text: digits.map(d => d.label).join(''), confidence: digits.reduce((p, d) => p * winning(d), 1), digits }
}

function readDigit(box: Box, probabilities: ArrayLike<number>): ReadDigit {
  let label = 0
  for (let i = 1; i < probabilities.length; i++) if (probabilities[i] > probabilities[label]) label = i
  return { box, label, probabilities }
}

const winning = ({ probabilities, label }: ReadDigit) => probabilities[label]

/** How surely all digits were read: the least of their probabilities. */
const sureness = (digits: readonly ReadDigit[]) => Math.min(...digits.map(winning))
