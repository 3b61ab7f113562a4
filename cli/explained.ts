// A trace of a step as text: a table of the way forward, one of the way back, a weight's chain of products, and the pages
// that one turns with ← and →. Nothing is wider than 80 columns.
import type { Link, Trace, TraceNode } from '../training/index.js'
import { operations } from '../training/index.js'
import { t } from './language.js'
import { largest, norm, placeOf, range, significant } from './numbers.js'
import { table } from './tables.js'

/** `1.dense: matmul`, or the name of what no operation made. */
export const titleOf = ({ name, op, layer, inputs }: TraceNode) =>
  inputs.length === 0 ? name : layer === undefined ? op : `${layer}: ${op}`

const shapeOf = ({ shape }: TraceNode) => (shape.length === 0 ? t('explain.number') : shape.join(' × '))

/** What each operation makes, from the input to the loss. */
export function forwardTable({ nodes }: Trace): string {
  const rows = nodes
    .filter(({ inputs, name }) => inputs.length > 0 || name === 'x')
    .map(node => {
      const [low, high] = range(node.values)
      const active = Array.from(node.values).filter(v => v !== 0).length
      return [shortened(titleOf(node), 30), shapeOf(node), significant(low), significant(high), `${active}`]
    })
  const heads = [t('explain.operation'), t('explain.shape'), t('explain.low'), t('explain.high'), '≠ 0']
  return table(heads, rows, ['left', 'left', 'right', 'right', 'right'])
}

/** What each tensor receives, from the loss to the input. */
export function backwardTable({ nodes }: Trace): string {
  const rows = [...nodes]
    .reverse()
    .map(node => [shortened(titleOf(node), 22), significant(norm(node.gradient)), entries(node, node.gradient)])
  return table([t('explain.tensor'), t('explain.norm'), t('explain.largest')], rows, ['left', 'right', 'left'])
}

const shortened = (text: string, most: number) => (text.length > most ? `…${text.slice(1 - most)}` : text)

/** `[3] 0.12; [7] −0.1`: the largest of some numbers, and where they are, two of them if there is room. */
function entries({ shape }: TraceNode, values: ArrayLike<number>): string {
  const [first = '0', second] = largest(values, 2).map(i => {
    const place = placeOf(i, shape)
    return `${place.length > 0 ? `[${place}] ` : ''}${significant(values[i])}`
  })
  return second && first.length + second.length < 35 ? `${first}; ${second}` : first
}

/** A weight's way to the loss: at each tensor, what moves and how fast, how fast the loss moves with it, and the products. */
export function chainTable({ nodes }: Trace, chain: readonly Link[]): string {
  const rows = chain.map(({ node: at, moved, largest: [first], sum }) => {
    const node = nodes[at]
    const place = placeOf(first.index, node.shape)
    return [
      shortened(titleOf(node), 17),
      `${moved}`,
      `[${place}]`,
      significant(first.rate),
      significant(first.gradient),
      significant(sum),
    ]
  })
  const heads = [t('explain.tensor'), t('explain.moved'), t('explain.most'), '∂y/∂w', '∂L/∂y', 'Σ ∂y·∂L']
  return table(heads, rows, ['left', 'right', 'left', 'right', 'right', 'right'])
}

/** How many numbers of a tensor a page shows. */
const shown = 24

/** The pages of a step: each operation forward, then each backward. */
export function pages({ nodes }: Trace): string[] {
  const made = nodes.filter(({ inputs }) => inputs.length > 0)
  const forward = made.map((node, i) => {
    const { forward, shapes } = operations[node.op]
    return [
      headOf(t('explain.forward', { step: i + 1, steps: made.length }), node),
      ...wrapped(forward),
      ...wrapped(shapes),
      '',
      ...[...node.inputs.map(input => nodes[input.node]), node].map(each => describe(each, each.values)),
      '',
      ...numbers(node.values),
    ].join('\n')
  })
  const backward = [...made].reverse().map((node, i) => {
    const received = node.inputs.map(({ node: at, passed }) => `→ ${describe(nodes[at], passed)}`)
    return [
      headOf(t('explain.backward', { step: i + 1, steps: made.length }), node),
      ...wrapped(operations[node.op].backward),
      '',
      t('explain.receives'),
      `  ${describe(node, node.gradient)}`,
      t('explain.passes'),
      ...received,
      '',
      ...numbers(node.inputs[0].passed),
    ].join('\n')
  })
  return [...forward, ...backward]
}

function headOf(step: string, node: TraceNode): string {
  const { file, line } = operations[node.op]
  return `${step}   ${titleOf(node)}\n${file}:${line}\n`
}

function describe(node: TraceNode, values: ArrayLike<number>): string {
  const [low, high] = range(values)
  const size = t('explain.size', { low: significant(low), high: significant(high), norm: significant(norm(values)) })
  return `${shortened(titleOf(node), 22).padEnd(22)} ${shapeOf(node).padEnd(16)} ${size}`
}

/** Some numbers of a tensor, from the first that is not 0, six a line. */
function numbers(values: ArrayLike<number>): string[] {
  const all = Array.from(values)
  const from =
    all.length <= shown
      ? 0
      : Math.max(
          0,
          all.findIndex(v => v !== 0),
        )
  const some = all.slice(from, from + shown).map(v => significant(v).padStart(12))
  const lines = from > 0 ? [t('explain.from', { from })] : []
  for (let at = 0; at < some.length; at += 6) lines.push(some.slice(at, at + 6).join(' '))
  const left = all.length - from - some.length
  return left > 0 ? [...lines, t('explain.more', { count: left })] : lines
}

/** A text in lines of at most 78 columns. */
export function wrapped(text: string, indent = '  '): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < 77) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(indent + word)
  }
  return text === '' ? [] : lines
}
