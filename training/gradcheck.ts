// Whether a network's gradients are right: what backward() says beside what the loss does when a number is moved a little,
// (loss(w + h) − loss(w − h)) / 2h. In double precision, on random pictures: drawings are mostly black, and where numbers are
// equal a maximum has no derivative.
import {
  cpu,
  random,
  sizeOf,
  type Backend,
  type Mode,
  type Network,
  type Random,
  type Shape,
  type Values,
} from '../engine/index.js'
import { lossOf, traceStep, type Trace } from './trace.js'

/** A derivative twice: as backward() has it, and as measured. */
export interface Comparison {
  readonly backward: number
  readonly measured: number
  /** Their difference, relative to the larger of both. */
  readonly error: number
}

/** What was found of a parameter or the input. */
export interface CheckedTensor {
  /** `x`, or the parameter's name. */
  readonly name: string
  readonly shape: Shape
  /** Of single numbers, and which these are. */
  readonly entries: readonly (Comparison & { readonly index: number })[]
  /** Along a random direction, in which every number of the tensor moves. */
  readonly projection: Comparison
  /** The largest of all errors. */
  readonly worst: number
  readonly right: boolean
}

/** What checkGradients is to do. */
export interface GradcheckOptions {
  readonly seed?: number
  /** How many single numbers of each tensor. */
  readonly entries?: number
  /** An operation whose gradient is to be wrong, on purpose. */
  readonly broken?: string | undefined
}

const examples = 2
/** A right gradient comes to about 1e-8; near a corner of relu or of a maximum to 1e-6. A wrong one is far above. */
const tolerance = 1e-4
/** A derivative so small counts as 0: a difference of two losses is no more exact. */
const nothing = 1e-6
/** Steps to measure with: a corner that lies within the first lies hardly ever within the second, too. */
const steps = [1e-5, 1e-7]

/** The operations that a network is made of, loss included, in order, each once. */
export async function operationsOf(network: Network): Promise<string[]> {
  const { trace, end } = await analytic(network, 0)
  await end()
  return [...new Set(trace.nodes.filter(({ inputs }) => inputs.length > 0).map(({ op }) => op))]
}

/** Checks the input and every parameter, in the order in which backward() comes to them: from the loss to the input. */
export async function* checkGradients(
  network: Network,
  { seed = 0, entries = 3, broken }: GradcheckOptions = {},
): AsyncGenerator<CheckedTensor> {
  const { trace, measure, end } = await analytic(network, seed, broken)
  const rng = random(seed, 'gradcheck places')
  try {
    const leaves = trace.nodes.filter(({ inputs }) => inputs.length === 0)
    for (const { name, shape, values, gradient } of leaves.reverse()) {
      const largest = Math.abs(gradient[largestOf(gradient)])
      const compare = async (direction: Values, scale: number): Promise<Comparison> => {
        const exact = dot(gradient, direction)
        let best: Comparison = { backward: exact, measured: NaN, error: Infinity }
        for (const h of steps) {
          const moved = (by: number) =>
            measure(
              name,
              Float64Array.from(values, (v, i) => v + by * direction[i]),
            )
          const measured = ((await moved(h)) - (await moved(-h))) / (2 * h)
          const error = Math.abs(exact - measured) / Math.max(Math.abs(exact), Math.abs(measured), scale, nothing)
          if (error < best.error) best = { backward: exact, measured, error }
          if (error <= tolerance) break
        }
        return best
      }
      const direction = Float64Array.from(values, () => 2 * rng() - 1)
      const projection = await compare(direction, 1e-3 * largest * Math.sqrt(values.length))
      const checked = []
      for (const index of sample(gradient, entries, rng)) {
        const only = new Float64Array(values.length)
        only[index] = 1
        checked.push({ index, ...(await compare(only, 1e-3 * largest)) })
      }
      const worst = Math.max(projection.error, ...checked.map(({ error }) => error))
      yield { name, shape, entries: checked, projection, worst, right: worst <= tolerance }
    }
  } finally {
    await end()
  }
}

/** The trace of a step on random pictures, and the loss with one of its tensors changed. */
async function analytic(network: Network, seed: number, broken?: string) {
  const backend: Backend = cpu({ precision: 'float64' })
  network.init(backend, seed)
  const rng = random(seed, 'gradcheck')
  const x = Float64Array.from({ length: examples * sizeOf(network.input) }, () => rng())
  const labels = Array.from({ length: examples }, () => Math.floor(rng() * sizeOf(network.output)))
  /** As while learning, with the same dropout each time. */
  const mode = (): Mode => ({ training: true, rng: random(seed, 'gradcheck mode') })
  const trace: Trace = await traceStep(network, backend, x, labels, { mode: mode(), broken })

  async function measure(name: string, values: Values): Promise<number> {
    const weight = network.parameters.get(name)
    if (!weight) return lossOf(network, backend, values, labels, { mode: mode() })
    const before = weight.data
    weight.data = backend.upload(values)
    try {
      return await lossOf(network, backend, x, labels, { mode: mode() })
    } finally {
      backend.free(weight.data)
      weight.data = before
    }
  }
  async function end() {
    network.free()
    await backend.dispose()
  }
  return { trace, measure, end }
}

/** Where the gradient is largest, and other places at random. */
function sample(gradient: Values, count: number, rng: Random): Set<number> {
  const others = Array.from({ length: count - 1 }, () => Math.floor(rng() * gradient.length))
  return new Set([largestOf(gradient), ...others])
}

function largestOf(values: Values): number {
  let largest = 0
  values.forEach((v, i) => (largest = Math.abs(v) > Math.abs(values[largest]) ? i : largest))
  return largest
}

function dot(a: Values, b: Values): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
