// `gradcheck`: whether the gradients of a network are right, tensor by tensor.
import { movesCursor } from '../display.js'
import { checkGradients, operationsOf, type CheckedTensor, type Comparison } from '../../training/index.js'
import { misuse } from '../errors.js'
import { integer, t } from '../language.js'
import { createNetwork, parameterCount } from '../network.js'
import { count, grouped, hint, index, jsonOption, modelOptions, valued, type Values } from '../options.js'
import { placeOf, significant } from '../numbers.js'
import { table } from '../tables.js'
import { jsonLine } from '../visible.js'

export const options = async () => ({
  ...grouped('help.network', await modelOptions()),
  ...grouped('help.gradcheck', {
    break: valued(t('option.break'), typed => typed),
    entries: { ...valued(t('option.entries'), count('entries')), default: '3' },
    seed: { ...valued(t('option.seed'), index('seed')), default: '0' },
  }),
  ...grouped('help.general', jsonOption()),
})

type Gradcheck = Values<Awaited<ReturnType<typeof options>>>

/** @returns the exit code: 1 if a gradient is wrong */
export async function run({ model, break: broken, entries, seed, json }: Gradcheck): Promise<number> {
  const network = await createNetwork(model)
  const names = await operationsOf(network)
  if (broken !== undefined && !names.includes(broken)) {
    const choices = names.join(', ')
    throw misuse('usage.choice', { option: 'break', actual: broken || "''", hint: hint(broken, names), choices })
  }
  const print = (text: string) => process.stdout.write(text + '\n')
  if (!json) {
    print(t('gradcheck.title', { model, count: integer(parameterCount(network)), seed }))
    if (broken !== undefined) print(t('gradcheck.broken', { op: broken }))
  }
  const all: CheckedTensor[] = []
  for await (const checked of checkGradients(network, { seed, entries, broken })) {
    all.push(checked)
    if (json) process.stdout.write(jsonLine(asJson(checked)))
    else if (movesCursor(process.stderr))
      process.stderr.write(`\r\x1b[K${t('gradcheck.progress', { name: checked.name })}`)
  }
  const right = all.every(checked => checked.right)
  const worst = Math.max(...all.map(checked => checked.worst))
  if (json) process.stdout.write(jsonLine({ model, right, worst, ...(broken !== undefined && { broken }) }))
  else {
    if (movesCursor(process.stderr)) process.stderr.write('\r\x1b[K')
    print(asTable(all))
    print(t(right ? 'gradcheck.right' : 'gradcheck.wrong', { error: worst.toExponential(0) }))
    for (const sentence of right ? [] : whereToLook(all)) print(sentence)
  }
  return right ? 0 : 1
}

const asJson = ({ shape, entries, ...checked }: CheckedTensor) => ({
  ...checked,
  shape,
  entries: entries.map(entry => ({ ...entry, index: placeOf(entry.index, shape) })),
})

function asTable(all: readonly CheckedTensor[]): string {
  const rows = all.map(({ name, shape, entries, projection, right }) => {
    const places: [string, Comparison][] = entries.map(entry => [`[${placeOf(entry.index, shape)}]`, entry])
    const [place, worst] = [...places, [t('gradcheck.all'), projection] as const].reduce((a, b) =>
      b[1].error > a[1].error ? b : a,
    )
    return [
      name.length > longest ? `…${name.slice(1 - longest)}` : name,
      place,
      significant(worst.backward),
      significant(worst.measured),
      worst.error.toExponential(0),
      t(right ? 'gradcheck.yes' : 'gradcheck.no'),
    ]
  })
  return table(
    [t('gradcheck.tensor'), t('gradcheck.place'), 'backward', t('gradcheck.measured'), t('gradcheck.error'), ''],
    rows,
    ['left', 'left', 'right', 'right', 'right', 'left'],
  )
}

/** What a name may take, so that the table fits 80 columns. */
const longest = 18

/** On the way back from the loss, the last tensor that is right, and the first that is not: the fault lies between. */
function whereToLook(all: readonly CheckedTensor[]): string[] {
  const first = all.findIndex(({ right }) => !right)
  const wrong = all[first].name
  return [
    first > 0 ? t('gradcheck.between', { right: all[first - 1].name, wrong }) : t('gradcheck.beginning', { wrong }),
  ]
}
