// The generator against an independent version of it, and the laws that its numbers should follow. The seeds are fixed,
// so a bound that holds once holds always; the bounds are four standard deviations.
import assert from 'node:assert/strict'
import { conv2d, cpu, dense, normal, random, sequential, shuffle } from '../engine/index.js'
import { fixture } from './support/fixtures.js'

const draws = (n: number, next: () => number) => Array.from({ length: n }, next)
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length
const variance = (values: ArrayLike<number>) => mean(Array.from(values, v => v * v)) - mean(values) ** 2

describe('random', () => {
  it('is sfc32, filled by FNV-1a: the numbers of test/fixtures/make.py, which are checked against published ones', () => {
    for (const { purpose, values } of fixture('random.json') as { purpose: [number, string]; values: number[] }[]) {
      const rng = random(...purpose)
      assert.deepEqual(
        draws(values.length, () => rng() * 2 ** 32),
        values,
      )
    }
  })
  it('gives the same numbers for the same purpose, unrelated ones for others', () => {
    assert.deepEqual(draws(100, random(1, 'a', 2)), draws(100, random(1, 'a', 2)))
    const streams = [random(1, 'a', 2), random(2, 'a', 2), random(1, 'a', 3), random(1, 'b', 2), random(1, 'a')]
    const numbers = streams.map(rng => draws(10_000, rng))
    for (const [i, a] of numbers.entries())
      for (const b of numbers.slice(i + 1)) {
        const correlation = (mean(a.map((v, k) => v * b[k])) - mean(a) * mean(b)) / Math.sqrt(variance(a) * variance(b))
        assert.ok(Math.abs(correlation) < 4 / 100)
      }
  })
  it('is uniform in [0, 1): its hundredths pass a χ² test, and so do pairs of neighbours', () => {
    const n = 100_000
    const values = draws(n, random(5, 'uniform'))
    assert.ok(values.every(v => v >= 0 && v < 1))
    // 99 degrees of freedom: mean 99, deviation √198
    const chi2 = (cells: number[]) => {
      const counts = new Array<number>(100).fill(0)
      for (const cell of cells) counts[cell]++
      return counts.reduce((sum, c) => sum + (c - cells.length / 100) ** 2 / (cells.length / 100), 0)
    }
    const cells = values.map(v => Math.floor(v * 100))
    assert.ok(Math.abs(chi2(cells) - 99) < 4 * Math.sqrt(198))
    const pairs = values.slice(1).map((v, i) => 10 * Math.floor(v * 10) + Math.floor(values[i] * 10))
    assert.ok(Math.abs(chi2(pairs.filter((_, i) => i % 2 === 0)) - 99) < 4 * Math.sqrt(198))
  })
  it('masks of dropout drop as many as they should, neighbours and steps being unrelated', async () => {
    const backend = cpu()
    const n = 100_000
    const masks = []
    for (const key of [1, 2, 3e9]) masks.push(await backend.download(backend.dropoutMask(n, 0.25, 4 / 3, () => key)))
    for (const mask of masks) {
      assert.deepEqual([...new Set(mask)].sort(), [0, Math.fround(4 / 3)])
      assert.ok(Math.abs(mask.filter(v => v === 0).length / n - 0.25) < 4 * Math.sqrt(0.1875 / n))
    }
    const related = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      (mean(Array.from(a, (v, i) => v * b[i])) - mean(a) * mean(b)) / Math.sqrt(variance(a) * variance(b))
    for (const [a, b] of [
      [masks[0], masks[1]],
      [masks[1], masks[2]],
      [masks[0].slice(1), masks[0].slice(0, -1)],
      [masks[0].slice(28), masks[0].slice(0, -28)],
    ])
      // prettier-ignore
      assert.ok(Math.abs(related(a, b)) < 4 / Math.sqrt(n), `${related(a, b)}`)
  })
  it('normal has mean 0, variance 1 and fourth moment 3', () => {
    const rng = random(1, 'normal')
    const values = draws(100_000, () => normal(rng))
    assert.ok(values.every(Number.isFinite))
    assert.ok(Math.abs(mean(values)) < 4 / Math.sqrt(1e5))
    assert.ok(Math.abs(variance(values) - 1) < 4 * Math.sqrt(2 / 1e5))
    assert.ok(Math.abs(mean(values.map(v => v ** 4)) - 3) < 4 * Math.sqrt(96 / 1e5))
  })
})

describe('shuffle', () => {
  it('is a permutation', () => {
    for (const n of [0, 1, 2, 17, 60_000]) {
      const order = shuffle(n, random(3, n))
      assert.deepEqual(
        order.slice().sort(),
        Uint32Array.from({ length: n }, (_, i) => i),
      )
    }
  })
  it('is unbiased: all 24 orders of four come equally often', () => {
    const counts = new Map<string, number>()
    const rng = random(11, 'orders')
    for (let i = 0; i < 24_000; i++) {
      const order = shuffle(4, rng).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    assert.equal(counts.size, 24)
    const chi2 = [...counts.values()].reduce((sum, c) => sum + (c - 1000) ** 2 / 1000, 0)
    assert.ok(Math.abs(chi2 - 23) < 4 * Math.sqrt(46), `χ² = ${chi2} for 23 degrees of freedom`)
  })
})

describe('initial weights', () => {
  // Glorot & Bengio 2010, eq. 16: uniform in ±√(6 / (fan-in + fan-out)), whose variance is 2 / (fan-in + fan-out).
  for (const [name, make, fans] of [
    ['dense 784 → 128', () => sequential([784], dense(128)), 784 + 128],
    ['conv2d 3x3, 32 → 64', () => sequential([9, 9, 32], conv2d(64, 3)), 9 * 32 + 9 * 64],
  ] as const)
    it(`${name}: Glorot's bounds and variance; biases 0; the same for the same seed`, async () => {
      const [backend, network] = [cpu(), make()]
      const download = async (seed: number) => {
        network.init(backend, seed)
        return Promise.all([...network.parameters.values()].map(p => p.download()))
      }
      const [weights, biases] = await download(1)
      const limit = Math.sqrt(6 / fans)
      const largest = Array.from(weights).reduce((max, v) => Math.max(max, Math.abs(v)), 0)
      assert.ok(largest <= Math.fround(limit) && largest > 0.999 * limit)
      const n = weights.length
      assert.ok(Math.abs(mean(weights)) < (4 * limit) / Math.sqrt(3 * n))
      assert.ok(Math.abs(variance(weights) / (2 / fans) - 1) < 4 * Math.sqrt(0.8 / n))
      assert.ok(Array.from(biases).every(b => b === 0))
      assert.deepEqual((await download(1))[0], weights)
      assert.notDeepEqual((await download(2))[0], weights)
      network.free()
      assert.equal(backend.live, 0)
    })
})
