// Chapter 3: a product of matrices, and what each of them receives.
import { backward } from '../../engine/index.js'
import { matmul } from '../../engine/ops/index.js'
import { leaf, numbersOf } from './numbers.js'
import { back, cells, forward, shade, svg, text } from './svg.js'

const rowsOf = (values: readonly number[], columns: number) =>
  Array.from({ length: values.length / columns }, (_, i) => values.slice(i * columns, (i + 1) * columns))

const transposed = (rows: readonly (readonly number[])[]) => rows[0].map((_, j) => rows.map(row => row[j]))

/** y = x·w for two examples, then dx = dy·wᵀ and dw = xᵀ·dy, in numbers; one sum of each product is tinted. */
export async function dense(): Promise<string> {
  const x = leaf([1, 2, 3, -1, 0, 2], [2, 3])
  const w = leaf([1, 0, -1, 2, 2, 1], [3, 2])
  const y = matmul(x, w)
  const dy = leaf([1, -1, 2, 0], [2, 2])
  const gradients = backward(y, dy)
  const [X, W, Y, DY, DX, DW] = await Promise.all(
    [x, w, y, dy, gradients.get(x)!, gradients.get(w)!].map(async tensor =>
      rowsOf(await numbersOf(tensor), tensor.shape[1]),
    ),
  )
  const size = 34
  type Rows = readonly (readonly number[])[]
  /** a·b = c in one line, centred at the height y; row i of a and column j of b are tinted, and the result. */
  const product = (
    top: number,
    names: readonly [string, string, string],
    [a, b, c]: readonly [Rows, Rows, Rows],
    [i, j]: readonly [number, number],
    colours: readonly [string, string, string],
  ) => {
    const middle = top + 1.5 * size
    let left = 20
    const matrix = (rows: Rows, name: string, colour: string, tinted: (row: number, column: number) => boolean) => {
      const [width, height] = [rows[0].length * size, rows.length * size]
      const drawn =
        cells(left, middle - height / 2, rows, {
          size,
          colour,
          fill: (_, row, column) => (tinted(row, column) ? shade(colour, 0.18) : 'white'),
        }) + text(left + width / 2, middle + height / 2 + 14, name, { fill: colour })
      left += width + 34
      return drawn
    }
    const sign = (mark: string) => text(left - 17, middle, mark)
    return [
      matrix(a, names[0], colours[0], row => row === i),
      sign('·'),
      matrix(b, names[1], colours[1], (_, column) => column === j),
      sign('='),
      matrix(c, names[2], colours[2], (row, column) => row === i && column === j),
    ].join('\n')
  }
  return svg(
    420,
    440,
    product(15, ['x', 'w', 'y'], [X, W, Y], [0, 1], [forward, forward, forward]),
    product(155, ['dy', 'wᵀ', 'dx'], [DY, transposed(W), DX], [0, 1], [back, forward, back]),
    product(300, ['xᵀ', 'dy', 'dw'], [transposed(X), DY, DW], [1, 0], [forward, back, back]),
  )
}
