// Tables for the terminal, drawn by cli-table3.
import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import type { Network } from '../engine/index.js'
import { integer, t } from './language.js'
import { parameterCount } from './network.js'

/** Rows under a head, with lines around the table and below the head only; as wide as the terminal at most. */
export function table(head: string[], rows: string[][], align: ('left' | 'right')[] = []): string {
  const drawn = new Table({ head, colAligns: align, style: { head: [], border: [], compact: true } })
  const widths = widthsOf([head, ...rows])
  drawn.push(...rows.map(row => row.map((cell, i) => fold(cell, widths[i]))))
  return drawn.toString()
}

/** What a column's cells take, of which the widest give way until there is room: for 80 columns where there is no terminal. */
function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const columns = rows[0].map((_, i) => Math.max(...rows.flatMap(row => row[i].split('\n').map(lengthOf))))
  const room = Math.max(80, process.stdout.columns ?? 80) - 3 * columns.length - 1
  for (;;) {
    const excess = columns.reduce((a, b) => a + b) - room
    const widest = Math.max(...columns)
    if (excess <= 0 || widest <= narrowest) return columns
    columns[columns.indexOf(widest)] = Math.max(narrowest, widest - excess)
  }
}
/** No column gives way below this. */
const narrowest = 10
const lengthOf = (line: string) => Array.from(stripVTControlCharacters(line)).length

/** A cell in lines of so many characters: broken between words, behind a folder of a path, or else anywhere. */
function fold(cell: string, width: number): string {
  const lines: string[] = []
  for (const line of cell.split('\n')) {
    let rest = line
    while (lengthOf(rest) > width) {
      const space = rest.lastIndexOf(' ', width)
      const slash = rest.lastIndexOf('/', width - 1)
      const at = space > 0 ? space : slash > 0 ? slash + 1 : width
      lines.push(rest.slice(0, at))
      rest = rest.slice(at).trimStart()
    }
    lines.push(rest)
  }
  return lines.join('\n')
}

/** A network's layers, what each makes of an example, and its parameters. */
export function summaryTable(network: Network): string {
  const shape = (sizes: readonly number[]) => sizes.join(' × ')
  const rows = network.summary().map(({ name, output, parameters }) => [name, shape(output), integer(parameters)])
  return table(
    [t('table.layer'), t('table.output'), t('table.parameters')],
    [[t('table.input'), shape(network.input), ''], ...rows, [t('table.total'), '', integer(parameterCount(network))]],
    ['left', 'left', 'right'],
  )
}
