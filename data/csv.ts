// Images as a table: CSV as Kaggle's digit competition has it, one image a line, its label first, then its pixels row by
// row from 0 to 255; with a line of headings or without.
import ndarray, { type NdArray } from 'ndarray'
import { checkDisguise } from './disguise.js'
import { problem } from './errors.js'

const [newline, comma, quote, space, cr, zero] = [10, 44, 34, 32, 13, 48]

export interface Table {
  /** [n, side, side] */
  readonly images: NdArray<Uint8Array>
  /** [n] */
  readonly labels: NdArray<Uint16Array>
}

/** Reads such a file. @throws ChiffreError naming the line and column that is wrong */
export function readCsv(bytes: Uint8Array): Table {
  checkDisguise(bytes)
  let at = bytes[0] === 0xef && bytes[1] === 0xbb ? 3 : 0 // a byte-order mark
  const firstEnd = bytes.indexOf(newline, at)
  const first = String.fromCharCode(
    ...bytes.subarray(at, Math.min(firstEnd < 0 ? bytes.length : firstEnd, at + 30_000)),
  )
  const headings = first.split(',').map(heading => heading.trim().replace(/^"|"$/g, '').toLowerCase())
  const columns = headings.length
  const titled = headings.some(heading => /[a-z]/.test(heading))
  const labelled = titled ? headings.findIndex(heading => ['label', 'class'].includes(heading)) : 0
  if (labelled < 0) throw problem('data.csv.label')
  const side = Math.sqrt(columns - 1)
  if (!Number.isInteger(side) || side < 1) throw problem('data.csv.columns', { columns })
  let line = 1
  if (titled) {
    at = firstEnd < 0 ? bytes.length : firstEnd + 1
    line++
  }

  // A line is at least two bytes a column long.
  const pixels = new Uint8Array(Math.ceil((bytes.length - at) / 2))
  const labels: number[] = []
  let size = 0
  for (; at < bytes.length; line++) {
    if (bytes[at] === newline || bytes[at] === cr) {
      at++ // an empty line, or the second half of an end
      continue
    }
    for (let column = 0; column < columns; column++) {
      let [value, digits] = [0, 0]
      for (; at < bytes.length && bytes[at] !== comma && bytes[at] !== newline; at++) {
        const digit = bytes[at] - zero
        if (digit >= 0 && digit <= 9) {
          value = 10 * value + digit
          digits++
        } else if (bytes[at] !== space && bytes[at] !== cr && bytes[at] !== quote) digits = NaN
      }
      const most = column === labelled ? 65_535 : 255
      if (!(digits > 0 && value <= most)) throw problem('data.csv.value', { line, column: column + 1, most })
      if ((at === bytes.length || bytes[at] === newline) !== (column === columns - 1))
        throw problem('data.csv.line', { line, columns })
      if (column === labelled) labels.push(value)
      else pixels[size++] = value
      at++
    }
  }
  if (labels.length === 0) throw problem('data.csv.empty')
  return {
    images: ndarray(pixels.slice(0, size), [labels.length, side, side]),
    labels: ndarray(Uint16Array.from(labels), [labels.length]),
  }
}
