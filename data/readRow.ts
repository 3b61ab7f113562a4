// Reads a row of digits: takes it apart, lets a network read all that may be digits, and keeps the likeliest row of them.
import { type Box, type Image, type Pixels } from './image.js'
import { lean, prepareDigit } from './preprocess.js'
import { clean } from './clean.js'
import { segment, type Candidate, type Stretch } from './segment.js'

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

/** What one more digit costs: that much more sure (e to the power of it) its parts must be read than the whole. */
const digitCost = 0.4

/** How far MNIST's digits lean to the right in the mean, measured as the slant of a row is. */
const usualSlant = 0.18

/**
 * Reads the digits of a picture of ink [h,w]; undefined if it is blank.
 * @param predict the probabilities of each prepared image [28,28], one row of classes an image
 */
export async function readRow(
  image: Pixels,
  predict: (inputs: Image[]) => Promise<ArrayLike<number>[]>,
): Promise<ReadRow | undefined> {
  const stretches = segment(clean(image))
  if (stretches.length === 0) return undefined
  const candidates = stretches.flatMap(stretch => stretch.candidates)
  // Each is read as it was written, and as it would lean if the row leant as MNIST does; what counts is the mean.
  const [boxes, written]: [Box[], Image[]] = [[], []]
  for (const candidate of candidates) {
    const { box, ink } = candidate.segment
    boxes.push(box)
    written.push(prepareDigit(ink)!.input)
  }
  const by = usualSlant - stretches[0].slant
  const rows = await predict([...written, ...written.map(input => lean(input, by))])
  const read = new Map(
    candidates.map((candidate, i) => {
      const [first, second] = [rows[i], rows[i + candidates.length]]
      return [
        candidate,
        readDigit(
          boxes[i],
          Array.from(first, (p, c) => (p + second[c]) / 2),
        ),
      ]
    }),
  )
  const digits = stretches.flatMap(stretch => likeliest(stretch, read))
  return { text: digits.map(d => d.label).join(''), confidence: digits.reduce((p, d) => p * winning(d), 1), digits }
}

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
      const score = (before?.score ?? -Infinity) + Math.log(winning(digit)) - candidate.cost - digitCost
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
