// The preparation of drawings, step by step, against NumPy, SciPy and scikit-image (test/fixtures/preprocess.py).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import ndarray from 'ndarray'
import { findInk } from '../data/ink.js'
import { blank, type Image, type Pixels } from '../data/image.js'
import { disturb, lean, prepare, sheared } from '../data/preprocess.js'

interface Fixture {
  drawings: (Record<'pixels' | 'scaled' | 'padded' | 'centred' | 'input' | 'ink' | 'shape', number[]> & {
    name: string
  })[]
  disturbed: { right: number; down: number; turn: number; scale: number; image: number[] }[]
}
const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../../test/fixtures/preprocess.json', import.meta.url), 'utf8'),
)

const image = (values: number[], shape: number[]) => ndarray(Float32Array.from(values), shape)
const values = (x: Pixels) =>
  Array.from({ length: x.size }, (_, i) => x.get(Math.floor(i / x.shape[1]), i % x.shape[1]))

function close(actual: Pixels, expected: number[], tolerance: number) {
  assert.equal(actual.size, expected.length)
  const worst = Math.max(...values(actual).map((v, i) => Math.abs(v - expected[i])))
  assert.ok(worst <= tolerance, `differs by ${worst}`)
}

describe('prepare', () => {
  for (const { name, shape, pixels, ...steps } of fixture.drawings) {
    const steps_ = prepare(image(pixels, shape))!
    it(`makes of "${name}" what NumPy and SciPy make of it, at every step`, () => {
      const { top, left, height, width } = steps_.ink
      assert.deepEqual([top, left, height, width], steps.ink)
      // The fixtures are rounded to 6 decimals; float32 holds greys up to 255 to 1e-5.
      for (const step of ['scaled', 'padded', 'centred'] as const) close(steps_[step], steps[step], 255e-6)
      close(steps_.input, steps.input, 1e-6)
    })
  }

  it('leaves an MNIST digit as it is', () => {
    // The fixture "seven" is prepared as MNIST was: prepared once more, it must not change.
    const { centred } = fixture.drawings[0]
    close(prepare(image(centred, [28, 28]))!.centred, centred, 1e-3)
  })

  it('says where the 28x28 lie in the drawing', () => {
    // A 40x40 square at (60, 100) of 200x200: 20 pixels of 2x2 each, so the frame of 56 begins 8 further up and left.
    const drawing = blank(200, 200)
    for (let i = 60; i < 100; i++) for (let j = 100; j < 140; j++) drawing.set(i, j, 255)
    // Its centre of mass, (13.5, 13.5) when padded, moves to (14, 14) rounded up: by one whole pixel.
    assert.deepEqual(prepare(drawing)!.frame, { top: 50, left: 90, height: 56, width: 56 })
  })

  it('leaves out small pieces far from the digit, as on a screen; not the bar of a 5', () => {
    const square = (image: Image, top: number, left: number, height: number, width: number) => {
      for (let i = top; i < top + height; i++) for (let j = left; j < left + width; j++) image.set(i, j, 255)
    }
    const digit = () => {
      const image = blank(280, 280)
      square(image, 100, 100, 80, 12)
      square(image, 82, 108, 10, 24) // beside its top, 8 pixels away
      return image
    }
    const screen = digit()
    square(screen, 20, 20, 4, 20)
    square(screen, 30, 200, 12, 8)
    assert.deepEqual(prepare(screen), prepare(digit()))
    assert.equal(prepare(digit())!.ink.top, 82)
  })
  it('finds nothing on a blank drawing', () => assert.equal(prepare(blank(280, 280)), undefined))
})

describe('disturb', () => {
  const seven = image(fixture.drawings[0].input, [28, 28])
  for (const { image: expected, ...disturbance } of fixture.disturbed)
    it(`${JSON.stringify(disturbance)} agrees with SciPy's affine_transform`, () =>
      close(disturb(seven, disturbance), expected, 2e-6))
})

describe('findInk', () => {
  const inked = (ground: number, ink: number, grain = 0): Image => {
    const x = blank(40, 40)
    for (let i = 0; i < 40; i++)
      for (let j = 0; j < 40; j++)
        x.set(i, j, ground + (i > 10 && i < 30 && j > 15 && j < 20 ? ink - ground : (i + j) % 2 ? grain : -grain))
    return x
  }
  it('tells dark ink on a light ground from light ink on a dark one', () => {
    assert.equal(findInk(inked(250, 30))?.ground, 'light')
    assert.equal(findInk(inked(10, 200))?.ground, 'dark')
  })
  it('stretches the ink to 0–255', () => {
    for (const [ground, ink] of [
      [250, 30],
      [10, 200],
      [100, 160],
    ] as const)
      assert.deepEqual([...new Set(values(findInk(inked(ground, ink))!.image).map(Math.round))], [0, 255])
  })
  it("takes the paper's grain for ground", () =>
    assert.deepEqual([...new Set(values(findInk(inked(200, 50, 5))!.image).map(Math.round))].length, 2))
  it('finds none on a blank or merely grainy picture', () => {
    assert.equal(findInk(inked(255, 255)), undefined)
    assert.equal(findInk(inked(128, 128, 12)), undefined)
  })
  it('reads 16-bit greys', () =>
    assert.deepEqual([...new Set(values(findInk(inked(65000, 0), 65535)!.image).map(Math.round))], [0, 255]))
})

describe('deslanting', () => {
  it('shears by the second moments: of these six pixels by −Σ (i − ī)(j − j̄) / Σ (i − ī)² = 12 / 16', () => {
    // About their middle, row 2 and column 3: (−2, 2), (−2, 1), (0, 1), (0, −1), (2, −1), (2, −2).
    const x = blank(5, 7)
    for (const [i, j] of [[0, 5], [0, 4], [2, 4], [2, 2], [4, 2], [4, 1]] as const) x.set(i, j, 255) // prettier-ignore
    const { upright, slant } = prepare(x, { deslant: true })!
    assert.equal(slant, 12 / 16)
    assert.deepEqual([prepare(x)!.slant, prepare(x)!.upright], [0, undefined])
    assert.deepEqual(values(upright!), values(sheared(x, -12 / 16)))
  })
  it('leaves what stands upright as it is, and an upright stroke of one that leans as it does', () => {
    const bar = (slant: number) => {
      const x = blank(60, 100)
      for (let i = 5; i < 55; i++) for (let j = 0; j < 8; j++) x.set(i, Math.round(45 + slant * (29.5 - i)) + j, 255)
      return x
    }
    const box = (x: Image) => prepare(x, { deslant: true })!.ink
    assert.deepEqual(box(bar(0)), { top: 5, left: 45, height: 50, width: 8 })
    for (const slant of [-0.8, -0.3, 0.4]) {
      const { height, width } = box(bar(slant))
      assert.ok(height === 50 && width <= 10, `${width} wide for a slant of ${slant}`)
    }
  })
  it('has room at both sides: no ink is lost', () => {
    const x = blank(9, 3)
    x.data.fill(1)
    const y = sheared(x, 1)
    assert.deepEqual(y.shape, [9, 13])
    assert.equal(y.data.reduce((a, b) => a + b), 27) // prettier-ignore
    assert.deepEqual([y.get(0, 9), y.get(0, 8), y.get(8, 1), y.get(8, 4)], [1, 0, 1, 0])
  })
})

describe('lean', () => {
  it('moves the rows above the middle to the right, those below to the left, by what is asked for each row', () => {
    const x = image([0, 1, 0, 0, 1, 0, 0, 1, 0], [3, 3])
    assert.deepEqual(values(lean(x, 1)), [0, 0, 1, 0, 1, 0, 1, 0, 0])
    assert.deepEqual(values(lean(x, -0.5)), [0.5, 0.5, 0, 0, 1, 0, 0, 0.5, 0.5])
  })
})
