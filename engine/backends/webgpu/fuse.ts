// Kernels that become one. Of most kernels a thread computes number i of the result; what is computed from that number alone, and from
// numbers that stand at the same place of other arrays, needs no kernel of its own, and no memory for what is in between. So of
//
//     v = Σ x² (the last parts),   v / m,   v + ε,   √v,   1 / v          (batch norm: a channel's numbers)
//     x − mean,   its square                                              (two results, of which the first is read again later)
//
// each line is a kernel. A kernel that has a `value` may begin such a chain, those that are `pointwise` may go on with it. A result is
// written if somebody else reads it. And what is computed twice from the same arrays is computed once.
import { each, variants, type Kernel } from './kernel.js'
import type { Block, Call } from './queue.js'

/** Arrays that a kernel can have on every card. */
const MOST_ARRAYS = 8

interface Chain {
  readonly calls: Call[]
  /** Its place among the calls. */
  at: number
  /** Whether nobody else has read its results yet: then it can still run later than it was called for. */
  open: boolean
}

/** The same calls, fewer. */
export function fused(calls: readonly Call[]): Call[] {
  const all: (Chain | undefined)[] = []
  const makers = new Map<Block, Chain>()
  const changed = new Map<Block, number>()
  const isChanged = (x: Block, after: number) => (changed.get(x) ?? -1) >= after
  const isMade = (x: Block, after: number) => (makers.get(x)?.at ?? -1) >= after

  /** Whether all that the call reads is there when the chain runs, so that it can run then; or else the chain when the call does. */
  const early = (call: Call, chain: Chain) =>
    call.reads.every(x => (makers.get(x) === chain || !isMade(x, chain.at)) && !isChanged(x, chain.at))
  const late = ({ calls, at, open }: Chain) => open && arraysOf(calls).reads.every(x => !isChanged(x, at))

  for (const [at, call] of once(calls).entries()) {
    const [y] = call.makes
    const homes = call.reads
      .map(x => makers.get(x))
      .filter(chain => chain !== undefined)
      .filter(
        chain =>
          call.kernel.pointwise &&
          chain.calls[0].kernel.value !== undefined &&
          chain.calls[0].makes[0].length === y.length &&
          arraysOf([...chain.calls, call]).count <= MOST_ARRAYS &&
          (early(call, chain) || late(chain)),
      )
      .sort((a, b) => b.at - a.at)
    const home = homes[0] ?? { calls: [], at, open: true }
    if (!early(call, home)) {
      all[home.at] = undefined
      home.at = at
    }
    home.calls.push(call)
    all[home.at] = home
    for (const x of [...call.reads, ...(call.changes ?? [])]) {
      const maker = makers.get(x)
      if (maker && maker !== home) maker.open = false
    }
    for (const x of call.changes ?? []) changed.set(x, at)
    for (const x of call.makes) makers.set(x, home)
  }
  return all.filter(chain => chain !== undefined).map(({ calls }) => (calls[0].kernel.pointwise || calls[1] ? oneOf(calls) : calls[0])) // prettier-ignore
}

/** What calls together read from outside, each array once, and what of theirs somebody else wants. */
function arraysOf(calls: readonly Call[]) {
  const made = new Set(calls.flatMap(({ makes }) => makes))
  const all = calls.flatMap(({ reads }) => reads)
  // The first kernel, if it is no formula, knows each array by a name of its own, even if two are the same.
  const known = calls[0].kernel.pointwise ? [] : calls[0].reads
  const reads = [...known, ...new Set(all.filter(x => !made.has(x) && !known.includes(x)))]
  const times = new Map<Block, number>()
  for (const x of all) times.set(x, (times.get(x) ?? 0) + 1)
  const within = (x: Block) => times.get(x) ?? 0
  const makes = [...made].filter(x => !x.freed || x.awaited > 1 + within(x))
  return { reads, makes, made, within, count: reads.length + makes.length }
}

/** The call that does all that these do. */
function oneOf(calls: readonly Call[]): Call {
  const { reads, makes, made, within } = arraysOf(calls)
  const results = [...made]
  const count = results[0].length
  const head = calls[0].kernel.pointwise ? undefined : calls[0]
  const known = head ? Object.keys(head.kernel.reads) : []
  const names = reads.map((_, i) => known[i] ?? `read${i}`)
  const short = [...new Set(reads)].filter(
    x => x.length !== count && calls.some(call => call !== head && call.reads.includes(x)),
  )
  const numberOf = (x: Block) =>
    made.has(x) ? `got${results.indexOf(x)}` : `${names[reads.indexOf(x)]}[i${short.includes(x) ? ` % size.length${short.indexOf(x)}` : ''}]` // prettier-ignore
  const kernel = chainOf({
    op: calls.map(({ kernel }) => kernel.op).join(' '),
    head: head?.kernel,
    reads: names,
    writes: makes.map(x => `made${results.indexOf(x)}`),
    lengths: short.map((_, i) => `length${i}`).join(', '),
    lines: calls.map(({ kernel, reads }, i) => {
      const at = Object.fromEntries(Object.keys(kernel.reads).map((name, r) => [name, numberOf(reads[r])]))
      const value = kernel.pointwise ? kernel.value!.replace(/\b[a-z]+\b/g, word => at[word] ?? word) : kernel.value!
      return `let got${i} = ${value};${makes.includes(results[i]) ? ` made${i}[i] = got${i};` : ''}`
    }),
  })
  // Each array is read once now, and nobody within is waited for.
  for (const x of new Set(reads)) x.awaited -= within(x)
  for (const x of reads) x.awaited++
  for (const x of results) x.awaited = makes.includes(x) ? x.awaited - within(x) : 0
  const numbers = [...(head ? (head.numbers as readonly number[]) : [count]), ...short.map(x => x.length)]
  return { kernel, reads, makes, numbers, groups: calls[0].groups }
}

interface Code {
  readonly op: string
  readonly head: Kernel | undefined
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  readonly lengths: string
  readonly lines: readonly string[]
}

const floats = (names: readonly string[]) => Object.fromEntries(names.map(name => [name, 'f32' as const]))

const chainOf: (code: Code) => Kernel = variants(
  ({ op, head, reads, writes, lengths, lines }) =>
    each({
      op,
      reads: { ...floats(reads), ...head?.reads },
      writes: floats(writes),
      sizes: [head?.sizes.replace(/^count, /, ''), lengths].filter(Boolean).join(', '),
      ...(head?.outside ? { outside: head.outside } : {}),
      body: `${head?.start ?? ''}
  ${lines.join('\n  ')}`,
    }),
  ({ head, reads, writes, lengths, lines, op }) =>
    [op, head?.epilogue, head?.body, ...reads, ...writes, lengths, ...lines].join(),
)

/** Without the calls that compute what one before them has computed, from arrays that nobody changes. */
function once(calls: readonly Call[]): Call[] {
  const known = new Map<Kernel, Call[]>()
  const changed = new Set(calls.flatMap(({ changes = [] }) => changes))
  const instead = new Map<Block, Block>()
  const left: Call[] = []
  for (const { reads: before, ...rest } of calls) {
    const reads = before.map(x => instead.get(x) ?? x)
    const call = { ...rest, reads }
    const { kernel, makes, changes, numbers } = call
    const [y] = makes
    const comparable =
      typeof numbers !== 'function' && ![...reads, ...makes, ...(changes ?? [])].some(x => changed.has(x))
    const others = known.get(kernel) ?? []
    known.set(kernel, others)
    const same =
      comparable && y.freed
        ? others.find(
            other =>
              other.makes[0].length === y.length &&
              `${other.numbers as readonly number[]}` === `${numbers}` &&
              other.reads.every((x, i) => x === reads[i]),
          )
        : undefined
    if (same) {
      // Its readers wait for the other one now.
      same.makes[0].awaited += y.awaited - 1
      y.awaited = 0
      instead.set(y, same.makes[0])
      for (const x of reads) x.awaited--
      continue
    }
    if (comparable) others.push(call)
    left.push(call)
  }
  return left
}
