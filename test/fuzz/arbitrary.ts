// Random networks for fast-check: it draws numbers, which are choices (program.ts), and shrinks them.
import fc from 'fast-check'
import { beginnings, Draft, extend, kinds, motifs, show, type Kind, type Network } from './program.js'
import { recipes, wide } from './recipes.js'

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

/** How often in a hundred networks each recipe is followed; the others are free drafts. */
const often = { convnet: 25, pooled: 12, dense: 10, scores: 6, functions: 5, wide: 1, widePooled: 1 }

/**
 * @param budgets how many multiplications a network may take forwards: one of these
 * @param largest whether some networks may take more, for what only large ones do
 */
export function cases(budgets: readonly number[], largest = true): fc.Arbitrary<Case> {
  const names = Object.entries(often).flatMap(([name, times]) =>
    !largest && wide.has(name) ? [] : Array<string>(times).fill(name),
  )
  const free = Array<undefined>(100 - names.length).fill(undefined)
  const parts = fc.array(choices, { minLength: 5, maxLength: 5 })
  const gene = (from: readonly (readonly string[])[]) => fc.record({ motif: fc.constantFrom(...from), parts })
  const network = fc
    .record({
      kind: fc.constantFrom<Kind>('exact', 'exact', ...kinds),
      seed,
      budget: fc.constantFrom(...budgets),
      typical: fc.boolean(),
      optimizer: fc.constantFrom('sgd', 'momentum', 'adam'),
      decay: fc.constantFrom(0, 0, 0, 0, 0, 0.25),
      clip: fc.constantFrom(...Array<number>(7).fill(Infinity), 0.5),
      steps: fc.integer({ min: 1, max: 3 }),
      scoped: fc.boolean(),
      evaluates: fc.boolean(),
      recipe: fc.constantFrom(...free, ...names),
      first: choices,
      beginning: fc.option(gene(beginnings), { freq: 2 }),
      genes: fc.array(fc.option(gene(motifs), { freq: 12 }), { minLength: 1, maxLength: 5 }),
    })
    .map(({ recipe, first, beginning, genes, kind, seed, budget, typical, ...rest }): Network => {
      const large = recipe !== undefined && wide.has(recipe)
      const d = new Draft(kind, large ? Infinity : budget, recipe ? true : typical)
      d.with(first)
      if (recipe) follow(d, recipe, genes[0]?.parts ?? [])
      else {
        begin(d)
        for (const gene of [beginning, ...genes]) if (gene) extend(d, gene.motif, gene.parts)
      }
      const lr = kind === 'exact' ? 1 / 8 : 0.01
      const steps = large ? Math.min(rest.steps, 2) : rest.steps
      const evaluates = rest.evaluates && !large
      return { kind, seed, values: d.values, lr, ...rest, steps, evaluates }
    })
  return fc.tuple(network, fc.option(network, { freq: 1 })).map(([one, other]) => {
    const networks = other ? [one, other] : [one]
    return { networks, [fc.toStringMethod]: () => `\n${networks.map(show).join('\nand\n')}\n` }
  })
}

/** Follows a recipe, with other choices for each of its parts. */
function follow(d: Draft, recipe: string, parts: readonly (readonly number[])[]) {
  let part = 0
  recipes[recipe](d, () => {
    d.with(parts[part++] ?? [])
  })
}

/** What a free draft begins with: pixels, or data. */
function begin(d: Draft) {
  const batch = d.choose(batches)
  const side = d.choose([4, 6, 8, 10, 12, 5, 7, 14, 28])
  const other = d.choose([side, side, side + 1, side - 1])
  const channels = d.usual(1, [1, 4, 3, 8, 2])
  const flat = d.once(3)
  // As large a batch as leaves the budget for a few layers.
  const work = side * other * channels * d.choose([2000, 400, 40])
  const fitting = Math.max(1, Math.min(batch, Math.floor(d.budget / work)))
  const shape = flat ? [fitting, side * other * channels] : [fitting, side, other, channels]
  if (d.usual(true, [false, true])) {
    const set = d.once(2) ? d.choose([3, 1, 40]) : undefined
    d.add({ op: 'pixels', shape, style: d.style('pixels'), ...(set && { set }) })
  } else d.add({ op: 'data', shape, style: d.style('data'), wanted: d.once(3) })
}
