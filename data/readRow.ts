// Reads a row of digits: takes it apart, lets a network read all that may be digits, and keeps the likeliest row of them.
import { type Box, type Image, type Pixels } from './image.js'
import { lean, prepareDigit, sheared } from './preprocess.js'
import { clean } from './clean.js'
import { segmentLines, type Candidate, type Stretch } from './segment.js'

/** One digit that was read, and where. */
export interface ReadDigit {
  readonly box: Box
  readonly label: number
  /** What the network gave each class. */
  readonly probabilities: ArrayLike<number>
  /** Whether it is rather no digit at all; undefined if nobody was asked. */
  readonly rejected?: boolean
}

/** A line of digits, as it was read. */
export interface ReadLine {
  /** The digits in a row, such as `75011`. */
  readonly text: string
  /** The same, as they stand apart, by a space or a sign: `['75', '011']`, `['12', '05']` of 12/05. */
  readonly words: readonly string[]
  /** The product of the digits' probabilities: how likely it is that all are right. */
  readonly confidence: number
  readonly digits: readonly ReadDigit[]
}

/** All that was read, its text a line for each line. */
export interface ReadRow extends Omit<ReadLine, 'words'> {
  readonly lines: readonly ReadLine[]
}

/**
 * Networks are as sure of two digits side by side as of one. How much less likely the other classes are says more: probabilities are compared as
 * softmax(logits / temperature), of which pieces that are no digit get less.
 */
const temperature = 5
/** What every digit has back of that: one that is read well loses as much on average. */
const digitGain = 0.4

/** How far MNIST's digits lean to the right in the mean, measured as the slant of a row is. */
const usualSlant = 0.1

/**
 * Reads the digits of a picture of ink [h,w], in one line or several; undefined if it is blank.
 * @param predict the probabilities of each prepared image [28,28], one row of classes an image
 * @param reject whether such an image is rather no digit at all: asked about those that were read in the end
 * @param upright shear each line's digits upright first
 */
export async function readRow(
  image: Pixels,
  predict: (inputs: Image[]) => Promise<ArrayLike<number>[]>,
  reject?: (inputs: Image[]) => Promise<boolean[] | undefined>,
  upright = false,
): Promise<ReadRow | undefined> {
  const rows = segmentLines(clean(image))
  if (rows.length === 0) return undefined
  const stretches = rows.flat()
  const candidates = stretches.flatMap(stretch => stretch.candidates)
  const slants = stretches.flatMap(({ slant, candidates }) => candidates.map(() => slant))
  // Each is read as it was written, and as it would lean if the row leant as MNIST does; what counts is the mean.
  const [boxes, written]: [Box[], Image[]] = [[], []]
  for (const [i, candidate] of candidates.entries()) {
    const { box, ink } = candidate.segment
    boxes.push(box)
    written.push(prepareDigit(upright ? sheared(ink, -slants[i]) : ink)!.input)
  }
  const leans = slants.map(slant => usualSlant - (upright ? 0 : slant))
  const seen = await predict([...written, ...written.map((input, i) => lean(input, leans[i]))])
  const read = new Map(
    candidates.map((candidate, i) => {
      const [first, second] = [seen[i], seen[i + candidates.length]]
      return [
        candidate,
        readDigit(
          boxes[i],
          Array.from(first, (p, c) => (p + second[c]) / 2),
        ),
      ]
    }),
  )
  const chosen = rows.map(line => line.map(stretch => likeliest(stretch, read)))
  const inputs = new Map([...read.values()].map((digit, i) => [digit, written[i]]))
  const rejected = await reject?.(chosen.flat(2).map(digit => inputs.get(digit)!))
  let place = 0
  const judged = (digit: ReadDigit) => (rejected ? { ...digit, rejected: rejected[place++] } : digit)
  const lines = chosen.map((line, i) =>
    lineOf(line.map((digits, k) => ({ digits: digits.map(judged), afterSign: rows[i][k].afterSign }))),
  )
  return {
    text: lines.map(({ text }) => text).join('\n'),
    confidence: lines.reduce((p, { confidence }) => p * confidence, 1),
    digits: lines.flatMap(({ digits }) => digits),
    lines,
  }
}

/** The digits of each stretch of a line, and whether a sign stands before them, as a line. */
function lineOf(read: readonly { readonly digits: readonly ReadDigit[]; readonly afterSign: boolean }[]): ReadLine {
  const digits = read.flatMap(stretch => stretch.digits)
  const afterSign = new Set(read.filter(stretch => stretch.afterSign).map(stretch => stretch.digits[0]))
  const heights = digits.map(({ box }) => box.height).sort((a, b) => a - b)
  const gaps = digits.slice(1).map(({ box }, i) => box.left - digits[i].box.left - digits[i].box.width)
  const usual = [...gaps].sort((a, b) => a - b)[(gaps.length - 1) >> 1]
  const far = Math.max(farApart * heights[heights.length >> 1], 2 * usual)
  const words = ['']
  digits.forEach((digit, i) => {
    if (i > 0 && (gaps[i - 1] > far || afterSign.has(digit))) words.push('')
    words[words.length - 1] += `${digit.label}`
  })
  return { text: words.join(''), words, confidence: digits.reduce((p, digit) => p * winning(digit), 1), digits }
}
/** A gap of so many heights of a digit, and of twice the usual gap, is a space. */
const farApart = 0.9

/**
 * The digits of a stretch under which it is likeliest. Place by place from the left, the best way to get there is the
 * best way to an earlier place and one digit from there to here (Viterbi's algorithm).
 */
function likeliest({ end, candidates }: Stretch, read: ReadonlyMap<Candidate, ReadDigit>): readonly ReadDigit[] {
  interface Way {
    readonly score: number
    readonly last?: { readonly digit: ReadDigit; readonly before: Way }
  }
  const arriving = Array.from({ length: end + 1 }, (): Candidate[] => [])
  for (const candidate of candidates) arriving[candidate.to].push(candidate)
  const best: (Way | undefined)[] = [{ score: 0 }]
  for (let place = 1; place <= end; place++)
    for (const candidate of arriving[place]) {
      const before = best[candidate.from]
      const digit = read.get(candidate)!
      const score = (before?.score ?? -Infinity) + likelihood(digit) - candidate.cost + digitGain
      if (before && score > (best[place]?.score ?? -Infinity)) best[place] = { score, last: { digit, before } }
    }
  const digits: ReadDigit[] = []
  for (let way = best[end]!; way.last; way = way.last.before) digits.push(way.last.digit)
  return digits.reverse()
}

function readDigit(box: Box, probabilities: ArrayLike<number>): ReadDigit {
  let label = 0
  for (let i = 1; i < probabilities.length; i++) if (probabilities[i] > probabilities[label]) label = i
  return { box, label, probabilities }
}

const winning = ({ probabilities, label }: ReadDigit) => probabilities[label]

/** The logarithm of the winning class's softmax(logits / temperature): logits are the probabilities' logarithms, but for what all have in common. */
function likelihood({ probabilities, label }: ReadDigit): number {
  let sum = 0
  for (let i = 0; i < probabilities.length; i++) sum += (probabilities[i] / probabilities[label]) ** (1 / temperature)
  return -Math.log(sum)
}
