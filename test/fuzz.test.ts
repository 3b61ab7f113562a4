// Differential tests: random networks on every backend, compared with the reference in Float64 (test/fuzz). The same networks
// each time; `npm run fuzz` draws others for as long as it is told.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { binary } from '../engine/backends/wasm/strict.js'
import { compile, createMemory, decodeBase64, instantiate } from '../engine/backends/wasm/host.js'
import { cpu, gpujs, losses, ops, wasm, type WasmBackend } from '../engine/index.js'
import { cases, type Case } from './fuzz/arbitrary.js'
import { checker, tally, type Target } from './fuzz/check.js'
import { rows } from './fuzz/program.js'

const SEED = 2026

/** What the kernels' module exports that is no kernel, or none that runs on its own. */
const noKernels: readonly (readonly [why: string, names: string])[] = [
  [
    'says how much memory something takes, or how it is cut into pieces',
    `blocksOf dataEnd imageBytes packedColumns panelWidth transformedFilters
    transformedFilters4`,
  ],
  ['runs when a backend is made', 'fillPlaces fillTables'],
  ['runs kernels', 'runItems runProgram takePart'],
  ['draws at random, and is compared by itself (backends/suite.ts)', 'dropoutMask'],
  [
    'is an innermost loop that kernels call',
    `activeFilterGradTile addNarrow addWide addWindow convolveTile dots filterGradTile multiplyTile multiplyTiles narrowGreyScatter narrowGreySum
    newWideSum poolExactly poolWindows transformTile wideGreySum wideSum`,
  ],
]

/** Checks so many random networks; a failure is shrunk and printed as a program, with its seed and path. */
async function differ(targets: readonly Target[], numRuns: number, budgets: readonly number[], largest = true) {
  const count = tally()
  const property = fc.asyncProperty(cases(budgets, largest), checker(targets, count))
  await fc.assert(property, { numRuns, seed: SEED })
  return count
}

describe(`random networks, seed ${SEED}`, function () {
  this.timeout(300_000)
  const targets: Target[] = [{ name: 'cpu', backend: cpu() }]
  let one: WasmBackend
  before(async () => {
    one = await wasm({ threads: 1 })
    targets.push({ name: 'wasm', backend: one })
    for (const threads of [2, 3])
      targets.push({ name: `wasm, ${threads} threads`, backend: await wasm({ threads }), twin: 'wasm' })
    targets.push({ name: 'wasm, strict', backend: await wasm({ threads: 1, strict: true }) })
  })
  after(async () => {
    for (const { backend } of targets) await backend.dispose()
  })

  it('cpu and wasm agree with Float64, and several threads with one bit for bit', async () => {
    const count = await differ(targets, 300, [2e4, 1e5, 3e5])
    // The bounds must say something: how much is exact, too close to call, or behind an overflow is a property of the draft.
    assert.ok(count.exact > 0.3 * count.numbers, `${count.exact} of ${count.numbers} numbers are exact`)
    assert.ok(count.loose < 0.15 * count.numbers, `${count.loose} of ${count.numbers} numbers are too close to call`)
    assert.ok(count.unknown < 0.1 * count.numbers, `${count.unknown} of ${count.numbers} numbers may have overflowed`)
  })
  it('and every kernel of wasm ran', async () => {
    const exported = instantiate(await compile(decodeBase64(binary)), createMemory(true, 16, 1 << 15))
    const kernels = Object.keys(exported).filter(name => typeof exported[name] === 'function')
    const sizes = kernels.filter(name => name.endsWith('Scratch'))
    const others = [...sizes, ...noKernels.flatMap(([, names]) => names.split(/\s+/))]
    assert.deepEqual(others.filter(name => !kernels.includes(name)), []) // prettier-ignore
    assert.deepEqual(kernels.filter(name => !others.includes(name) && !one.paths.has(name)), []) // prettier-ignore
  })
  it('gpujs agrees', async () => {
    await differ([{ name: 'gpujs', backend: await gpujs('cpu') }], 5, [5e3], false)
  })
})

describe('the differential tests', () => {
  it('have a row for every operation and loss', () => {
    assert.deepEqual(Object.keys({ ...ops, ...losses }).filter(op => !(op in rows)), []) // prettier-ignore
  })
  it('print a case as a program', () => {
    const [one] = fc.sample(cases([2e4], false), { numRuns: 1, seed: SEED }) as [Case]
    assert.match(fc.stringify(one), /v0 = (data|pixels) \[/)
  })
})
