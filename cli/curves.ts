// Learning curves as text: every epoch's loss or accuracy, a letter a curve, so that they are told apart without colours.
import type { Epoch, Score } from '../training/index.js'

/** What a checkpoint's epochs came to, on the examples it learned from or on those it was judged by. */
export interface Curve {
  readonly name: string
  readonly kind: 'training' | 'validation'
  /** One an epoch, from the first on; undefined where there was no validation. */
  readonly scores: readonly (Score | undefined)[]
  /** The epochs, from 1, at which something was set otherwise, and what. */
  readonly changes: readonly { readonly epoch: number; readonly changed: readonly string[] }[]
}

export function curvesOf(name: string, history: readonly Epoch[]): Curve[] {
  const validation = history.map(epoch => epoch.validation)
  const changes = history.flatMap(({ changed }, i) => (changed ? [{ epoch: i + 1, changed }] : []))
  const judged: Curve[] = validation.some(Boolean)
    ? [{ name, kind: 'validation', scores: validation, changes: [] }]
    : []
  return [{ name, kind: 'training', scores: history, changes }, ...judged]
}

/** a, b, c … for what was learned from; A, B, C … for what was kept apart, of the same checkpoint. */
export function markOf(curve: Curve, curves: readonly Curve[]): string {
  const names = [...new Set(curves.map(({ name }) => name))]
  const letter = String.fromCharCode('a'.charCodeAt(0) + (names.indexOf(curve.name) % 26))
  return curve.kind === 'training' ? letter : letter.toUpperCase()
}

const height = 12

/**
 * The curves over one another, with an axis for each direction.
 * @param width how many columns there are for all of it
 * @param written how a value is written on its axis
 */
export function plot(
  curves: readonly Curve[],
  what: keyof Score,
  width: number,
  written: (value: number) => string,
): string {
  const values = curves.flatMap(({ scores }) => scores.flatMap(score => score?.[what] ?? []))
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const last = Math.max(...curves.map(({ scores }) => scores.length))
  const labels = [high, (low + high) / 2, low].map(written)
  const margin = Math.max(...labels.map(label => label.length))
  const columns = Math.max(10, width - margin - 3)

  const cells = Array.from({ length: height }, () => Array<string>(columns).fill(' '))
  const rowOf = (value: number) => (high === low ? 0 : Math.round(((high - value) / (high - low)) * (height - 1)))
  for (const curve of curves)
    for (let column = 0; column < columns; column++) {
      const value = valueAt(curve, what, last > 1 ? (column / (columns - 1)) * (last - 1) : 0)
      if (value !== undefined) cells[rowOf(value)][column] = markOf(curve, curves)
    }

  const label = (row: number) => ({ 0: labels[0], [(height - 1) >> 1]: labels[1], [height - 1]: labels[2] })[row] ?? ''
  const rows = cells.map((row, i) => `${label(i).padStart(margin)} ┤${row.join('')}`.trimEnd())
  const line = Array<string>(columns).fill('─')
  for (const { epoch } of curves.flatMap(({ changes }) => changes))
    line[last > 1 ? Math.round(((epoch - 1) / (last - 1)) * (columns - 1)) : 0] = '┴'
  const axis = `${' '.repeat(margin)} └${line.join('')}`
  const epochs = `${' '.repeat(margin + 2)}1${`${last}`.padStart(columns - 1)}`
  return [...rows, axis, ...(last > 1 ? [epochs] : [])].join('\n')
}

/** A curve's height at a place between two epochs, counted from 0; undefined before its first and after its last. */
function valueAt({ scores }: Curve, what: keyof Score, place: number): number | undefined {
  const [before, after] = [scores[Math.floor(place)], scores[Math.ceil(place)]]
  if (!before || !after) return undefined
  return before[what] + (after[what] - before[what]) * (place % 1)
}
