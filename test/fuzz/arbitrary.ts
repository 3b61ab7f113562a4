// Random networks for fast-check: it draws numbers, which are choices (program.ts), and shrinks them.
import fc from 'fast-check'
import { beginnings, Draft, extend, kinds, motifs, show, type Kind, type Network } from './program.js'

/** One network, or two that take turns on one backend. */
export interface Case {
  readonly networks: readonly Network[]
  [fc.toStringMethod](): string
}

/** The least common multiple of 1 to 10 and 12, so that every option is as likely. */
const CHOICES = 5040
const choices = fc.array(fc.noBias(fc.nat(CHOICES - 1)), { minLength: 12, maxLength: 12 })
const seed = fc.nat(999)

const batches = [1, 2, 3, 5, 7, 8, 9, 16, 17, 31, 33, 64, 65, 128, 129]

/** @param budgets how many multiplications a network may take forwards: one of these */
export function cases(budgets: readonly number[]): fc.Arbitrary<Case> {
  const parts = fc.array(choices, { minLength: 5, maxLength: 5 })
  const gene = (from: readonly (readonly string[])[]) => fc.record({ motif: fc.constantFrom(...from), parts })
  const network = fc
    .record({
      kind: fc.constantFrom<Kind>('exact', 'exact', ...kinds),
      seed,
      budget: fc.constantFrom(...budgets),
      typical: fc.boolean(),
      optimizer: fc.constantFrom('sgd', 'momentum', 'adam'),
      steps: fc.integer({ min: 1, max: 3 }),
      scoped: fc.boolean(),
      evaluates: fc.boolean(),
      first: choices,
      beginning: fc.option(gene(beginnings), { freq: 2 }),
      genes: fc.array(fc.option(gene(motifs), { freq: 12 }), { minLength: 1, maxLength: 5 }),
    })
    .map(({ kind, seed, budget, typical, optimizer, steps, scoped, evaluates, first, beginning, genes }): Network => {
      const d = begin(kind, budget, typical, first)
      for (const gene of [beginning, ...genes]) if (gene) extend(d, gene.motif, gene.parts)
      const lr = kind === 'exact' ? 1 / 8 : 0.01
      return { kind, seed, values: d.values, optimizer, lr, steps, scoped, evaluates }
    })
  return fc.tuple(network, fc.option(network, { freq: 1 })).map(([one, other]) => {
    const networks = other ? [one, other] : [one]
    return { networks, [fc.toStringMethod]: () => `\n${networks.map(show).join('\nand\n')}\n` }
  })
}

/** A draft with what a network begins with: pixels, or data. */
function begin(kind: Kind, budget: number, typical: boolean, first: readonly number[]): Draft {
  const d = new Draft(kind, budget, typical)
  d.with(first)
  const batch = d.choose(batches)
  if (budget >= WIDE) {
    const x = d.add({ op: 'data', shape: [Math.max(batch, 128), 3], style: d.style('data') })
    const w = d.add({ op: 'parameter', shape: [3, 2048], style: d.style('weights') })
    d.add({ op: 'matmul', inputs: [x, w], shape: [Math.max(batch, 128), 2048] })
    return d
  }
  const side = d.choose([4, 6, 8, 10, 12, 5, 7, 14, 28])
  const other = d.choose([side, side, side + 1, side - 1])
  const channels = d.usual(1, [1, 4, 3, 8, 2])
  const flat = d.once(3)
  // As large a batch as leaves the budget for a few layers.
  const work = side * other * channels * d.choose([2000, 400, 40])
  const fitting = Math.max(1, Math.min(batch, Math.floor(budget / work)))
  const shape = flat ? [fitting, side * other * channels] : [fitting, side, other, channels]
  if (d.usual(true, [false, true])) {
    const set = d.once(2) ? d.choose([3, 1, 40]) : undefined
    d.add({ op: 'pixels', shape, style: d.style('pixels'), ...(set && { set }) })
  } else d.add({ op: 'data', shape, style: d.style('data'), wanted: d.once(3) })
  return d
}

/** With so large a budget, a network begins with a wide layer: relu's zeros are only listed where there are many. */
export const WIDE = 1.2e7
