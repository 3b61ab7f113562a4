// Differential tests: random networks on every backend, compared with the reference in Float64 (test/fuzz). The same networks
// each time; `npm run fuzz` draws others for as long as it is told.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cpu, gpujs, ops, wasm } from '../engine/index.js'
import { cases, type Case } from './fuzz/arbitrary.js'
import { check, tally, type Target } from './fuzz/check.js'
import { rows } from './fuzz/program.js'

const SEED = 2026

/** Checks so many random networks; the number of the first is printed with a failure, and its program. */
async function differ(targets: readonly Target[], numRuns: number, budgets: readonly number[]) {
  const count = tally()
  await fc.assert(
    fc.asyncProperty(cases(budgets), one => check(one, targets, count)),
    { numRuns, seed: SEED },
  )
  return count
}

describe(`random networks, seed ${SEED}`, function () {
  this.timeout(120_000)
  const targets: Target[] = [{ name: 'cpu', backend: cpu() }]
  before(async () => {
    targets.push({ name: 'wasm', backend: await wasm({ threads: 1 }) })
    targets.push({ name: 'wasm, 2 threads', backend: await wasm({ threads: 2 }), twin: 'wasm' })
    targets.push({ name: 'wasm, strict', backend: await wasm({ threads: 1, strict: true }) })
  })
  after(async () => {
    for (const { backend } of targets) await backend.dispose()
  })

  it('cpu and wasm agree with Float64, and two threads with one bit for bit', async () => {
    const count = await differ(targets, 100, [5e3, 2e4])
    // The bounds must say something: how much is exact, too close to call, or behind an overflow is a property of the draft.
    assert.ok(count.exact > 0.2 * count.numbers, `${count.exact} of ${count.numbers} numbers are exact`)
    assert.ok(count.loose < 0.2 * count.numbers, `${count.loose} of ${count.numbers} numbers are too close to call`)
    assert.ok(count.unknown < 0.2 * count.numbers, `${count.unknown} of ${count.numbers} numbers may have overflowed`)
  })
  it('gpujs agrees', async () => {
    await differ([{ name: 'gpujs', backend: await gpujs('cpu') }], 5, [5e3])
  })
})

describe('the differential tests', () => {
  it('have a row for every operation', () => {
    assert.deepEqual(Object.keys(ops).filter(op => !(op in rows)), []) // prettier-ignore
  })
  it('print a case as a program', () => {
    const [one] = fc.sample(cases([2e4]), { numRuns: 1, seed: SEED }) as [Case]
    assert.match(fc.stringify(one), /v0 = (data|pixels) \[/)
  })
})
