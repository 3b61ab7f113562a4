// MNIST-C's corruptions do what the paper says, with its constants: on a square of ink, whose corruption one can work out by hand.
import assert from 'node:assert/strict'
import { corruptions } from '../bench/mnistC.js'
import { blank, inkBox, type Image } from '../data/image.js'
import { random } from '../engine/index.js'

/** Ink of a level in the rows and columns from 9 to 18. */
function square(level = 1): Image {
  const x = blank(28, 28)
  for (let i = 9; i < 19; i++) for (let j = 9; j < 19; j++) x.set(i, j, level)
  return x
}
const corrupt = (name: string, x = square(), seed = 0) => corruptions[name].apply(x, random(seed, name))
const sum = (x: Image) => x.data.reduce((a, b) => a + b)
const share = (x: Image, is: (v: number) => boolean) => x.data.filter(is).length / 784
const close = (a: number, b: number, by: number) => assert.ok(Math.abs(a - b) <= by, `${a}, not ${b}`)

describe("MNIST-C's corruptions", () => {
  it('are fifteen, keep to 0 to 1, change the image, and are drawn from their generator alone', () => {
    assert.equal(Object.keys(corruptions).length, 15)
    for (const name of Object.keys(corruptions)) {
      const [a, b] = [corrupt(name), corrupt(name)]
      assert.deepEqual(a.data, b.data)
      assert.deepEqual(a.shape, [28, 28])
      assert.ok(
        a.data.every(v => v >= 0 && v <= 1),
        name,
      )
      assert.notDeepEqual(a.data, square().data, name)
    }
  })
  it('noise: Poisson with three photons for white, and 17 % of salt and pepper', () => {
    const [levels, counts] = [new Set<number>(), { changed: 0, mean: 0 }]
    for (let seed = 0; seed < 20; seed++) {
      const shot = corrupt('shot noise', square(0.5), seed)
      for (const v of shot.data) levels.add(Math.round(3 * v))
      counts.mean += sum(shot) / 2000
      counts.changed += share(corrupt('impulse noise', square(0.5), seed), v => v === 1) / 20
    }
    assert.deepEqual([...levels].sort(), [0, 1, 2, 3]) // more than three are cut off at white
    // E[min(Poisson(1.5), 3)] / 3 = (e^−1.5 (1.5 + 2·1.125) + 3 (1 − e^−1.5 (1 + 1.5 + 1.125))) / 3
    close(counts.mean, 0.4702, 0.02)
    close(counts.changed, 0.085, 0.01)
  })
  it('light: half of it added, stripes inverted', () => {
    const brighter = corrupt('brightness', square(0.3))
    close(brighter.get(0, 0), 0.5, 1e-6)
    close(brighter.get(12, 12), 0.8, 1e-6)
    const stripe = corrupt('stripe', square(0.3))
    assert.deepEqual([0, 6, 7, 20, 21, 27].map(j => stripe.get(2, j)), [1, 1, 0, 0, 1, 1]) // prettier-ignore
  })
  it('motions: 3 pixels to two sides, to 0.7 of the size, by 0.4 radians about the middle', () => {
    const moved = inkBox(corrupt('translate'))!
    assert.deepEqual([Math.abs(moved.top - 9), Math.abs(moved.left - 9), moved.height, moved.width], [3, 3, 10, 10])
    close(sum(corrupt('scale')), 100 * 0.7 ** 2, 1)
    for (const name of ['rotate', 'shear']) {
      const y = corrupt(name)
      close(sum(y), name === 'rotate' ? 100 : 100 / Math.cos(0.4), 1.5)
      const mean = [0, 1].map(axis => y.data.reduce((m, v, k) => m + v * [Math.floor(k / 28), k % 28][axis], 0) / sum(y)) // prettier-ignore
      for (const m of mean) close(m, 13.5, 0.1)
    }
    // The corner of the turned square: √2 · 5 from the middle, in one direction at 45° + 0.4 radians.
    close(inkBox(corrupt('rotate'), 0.1)!.height, 2 * 5 * Math.SQRT2 * Math.cos(Math.PI / 4 - 0.4), 1)
  })
  it('blurs: of the same sum, softer', () => {
    for (const name of ['glass blur', 'motion blur']) {
      const y = corrupt(name)
      close(sum(y), 100, 3)
      assert.ok(share(y, v => v > 0.02 && v < 0.98) > 0.1, name)
    }
  })
  it('lines: dots in every other pair of columns, zigzag from column 2 to 25', () => {
    const dots = corrupt('dotted line', blank(28, 28))
    for (let j = 0; j < 28; j++) {
      const inked = Array.from({ length: 28 }, (_, i) => dots.get(i, j)).some(v => v > 0)
      if (j % 4 < 2 || j === 27) assert.ok(!inked, `${j}`)
      else if (dots.get(1, j) === 0) assert.ok(inked || dots.get(0, j) > 0, `${j}`)
    }
    const zigzag = inkBox(corrupt('zigzag', blank(28, 28)), 0.3)!
    close(zigzag.left, 2, 2)
    close(zigzag.left + zigzag.width, 25, 2)
  })
  it('weather: fog that is light everywhere and mud that covers', () => {
    const fog = corrupt('fog')
    assert.ok(fog.get(12, 12) > fog.get(2, 2) && sum(fog) > 150)
    // What was white is at least (1 + 0) / (1 + 3).
    assert.ok(fog.get(12, 12) >= 0.25)
    const mud = corrupt('spatter', blank(28, 28))
    assert.ok(
      mud.data.every(v => v === 0 || (v > 0.19 && v < 0.2472)),
      'mud is 63/255 times 0.8 to 1',
    )
  })
  it("edges: Canny's of a square is one closed line along it", () => {
    const y = corrupt('canny edges')
    assert.ok(y.data.every(v => v === 0 || v === 1))
    const box = inkBox(y)!
    close(box.height, 11, 1)
    close(sum(y), 38, 8)
    assert.equal(y.get(13, 13), 0)
  })
})
