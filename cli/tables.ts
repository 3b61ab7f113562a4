// Tables for the terminal, drawn by cli-table3.
import Table from 'cli-table3'
import type { Network } from '../engine/index.js'
import { integer, t } from './language.js'
import { parameterCount } from './network.js'

/** Rows under a head, with lines around the table and below the head only. */
export function table(head: string[], rows: string[][], align: ('left' | 'right')[] = []): string {
  const drawn = new Table({ head, colAligns: align, style: { head: [], border: [], compact: true } })
  drawn.push(...rows)
  return drawn.toString()
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
