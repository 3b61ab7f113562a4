// Runs a case on backends and compares every result with the bounds of the reference (bounds.ts); backends that only differ in
// their number of threads must give the same bits.
import { ExampleSet, type Backend, type Values } from '../../engine/index.js'
import type { Case } from './arbitrary.js'
import { bounds, type Bounded } from './bounds.js'
import { play, type Read } from './play.js'

export interface Target {
  readonly name: string
  readonly backend: Backend
  /** The name of another target that must give the same bits. */
  readonly twin?: string
}

/** How much of what was compared was decided, to be sure that the bounds say something. */
export interface Tally {
  cases: number
  numbers: number
  /** Demanded bit for bit. */
  exact: number
  /** Allowed to be off by more than 1 % of the largest number of the result, for decisions that are too close. */
  loose: number
  /** Nothing demanded: a sum may have overflowed. */
  unknown: number
}

export const tally = (): Tally => ({ cases: 0, numbers: 0, exact: 0, loose: 0, unknown: 0 })

/** For how long a failure is shrunk. */
const SHRINKING = 10_000

/**
 * A test of one case after the other, for fast-check. Some time after the first failure all cases pass, so that shrinking comes to
 * an end: what failed until then is as small as it gets.
 */
export function checker(targets: readonly Target[], count: Tally) {
  let until = Infinity
  return async (one: Case) => {
    if (Date.now() > until) return
    try {
      await check(one, targets, count)
    } catch (error) {
      until = Math.min(until, Date.now() + SHRINKING)
      throw error
    }
  }
}

/** @throws Error naming the backend, the result and the place */
export async function check({ networks }: Case, targets: readonly Target[], count: Tally) {
  const expected = new Map<string, Bounded>()
  takeTurns(bounds(), networks, (name, buffer) => expected.set(name, buffer as Bounded))
  count.cases++
  for (const { value, error } of expected.values()) {
    const scale = value.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
    count.numbers += value.length
    for (const e of error) {
      if (e === 0) count.exact++
      else if (e === Infinity) count.unknown++
      else if (e > 0.01 * scale) count.loose++
    }
  }

  const all = new Map<string, Map<string, Values>>()
  for (const { name, backend, twin } of targets) {
    forgetSets(backend)
    const [live, bytes] = [backend.live, bytesOf(backend)]
    const reading: Promise<[string, Values]>[] = []
    takeTurns(backend, networks, (name, buffer) =>
      reading.push(backend.download(buffer).then(values => [name, values])),
    )
    const results = new Map(await Promise.all(reading))
    all.set(name, results)
    for (const [result, values] of results) {
      const { value, error } = expected.get(result)!
      compare(`${name}: ${result}`, values, value, error)
      const other = twin && all.get(twin)?.get(result)
      if (other) equalBits(`${name} and ${twin}: ${result}`, values, other)
    }
    if (results.size !== expected.size) throw new Error(`${name}: ${results.size} results, expected ${expected.size}`)
    if (backend.live !== live) throw new Error(`${name}: ${backend.live - live} buffers are still in use`)
    forgetSets(backend)
    if (bytesOf(backend) !== bytes) throw new Error(`${name}: ${bytesOf(backend)} bytes are in use, ${bytes} before`)
  }
}

/** Runs the networks of a case in turns. */
function takeTurns(backend: Backend, networks: Case['networks'], read: Read) {
  const running = networks.map((network, i) => play(backend, network, `network ${i + 1}`, read))
  while (running.length > 0)
    for (const one of [...running]) if (one.next().done) running.splice(running.indexOf(one), 1)
}

function compare(what: string, actual: Values, value: Float64Array, error: Float64Array) {
  if (actual.length !== value.length) throw new Error(`${what}: ${actual.length} numbers, expected ${value.length}`)
  let wrong = 0
  let first = ''
  for (let i = 0; i < value.length; i++) {
    const [v, e, a] = [value[i], error[i], actual[i]]
    const right = e < Infinity ? Math.abs(a - v) <= e : v === 0 || !Number.isFinite(a)
    if (right) continue
    first ||= `${what}[${i}] of ${value.length} is ${a}, expected ${v}${e === 0 ? ' exactly' : ` within ${e}`}`
    wrong++
  }
  if (wrong > 0) throw new Error(`${first}; ${wrong} wrong in all`)
}

function equalBits(what: string, a: Values, b: Values) {
  for (let i = 0; i < a.length; i++)
    if (!Object.is(a[i], b[i])) throw new Error(`${what}[${i}]: ${a[i]} and ${b[i]} are not the same`)
}

/** A backend may keep copies of the sets that it was last asked for: from here on, it is those of these two. */
function forgetSets(backend: Backend) {
  for (const set of dots) backend.free(backend.gather(set, Uint32Array.of(0)))
}
const dots = [new ExampleSet(Uint8Array.of(1), [1]), new ExampleSet(Uint8Array.of(1), [1])]

const bytesOf = (backend: Backend) => ('bytes' in backend ? (backend.bytes as number) : 0)
