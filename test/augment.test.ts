// Augmented images: what moves, and that it depends on nothing but (seed, epoch, index).
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { augmentations, augmenter, type Augmentation } from '../data/index.js'
import { clutter, texture } from '../data/appearance.js'
import { penOf, warper, type Motion } from '../data/augment.js'
import { ExampleSet } from '../engine/index.js'
import { digits } from './support/examples.js'
import { fixture } from './support/fixtures.js'

const at = (degrees: number, scale: number): Motion['matrix'] => {
  const [cos, sin] = [Math.cos, Math.sin].map(f => f((degrees * Math.PI) / 180) / scale)
  return [cos, -sin, sin, cos]
}
const still: Motion = { matrix: [1, 0, 0, 1], down: 0, right: 0 }
const warped = (image: Uint8Array, shape: readonly [number, number, number], motion: Motion) => {
  const to = new Uint8Array(image.length)
  warper(...shape)(image, motion, to)
  return to
}

describe('warper', () => {
  // SciPy's affine_transform of a prepared seven (test/fixtures/preprocess.py), whose greys are from 0 to 1.
  const { drawings, disturbed } = fixture('preprocess.json') as {
    drawings: { input: number[] }[]
    disturbed: { right: number; down: number; turn: number; scale: number; image: number[] }[]
  }
  const seven = Uint8Array.from(drawings[0].input, v => Math.round(255 * v))
  for (const { right, down, turn, scale, image } of disturbed)
    it(`turned by ${turn}, scaled by ${scale}, shifted by ${[down, right]}: SciPy's affine_transform`, () => {
      const moved = warped(seven, [28, 28, 1], { matrix: at(turn, scale), down, right })
      const worst = Math.max(...moved.map((v, i) => Math.abs(v - 255 * image[i])))
      assert.ok(worst <= 1.01, `differs by ${worst} of 255`) // two roundings: of the seven, and of the result
    })

  const colours = Uint8Array.from({ length: 6 * 5 * 3 }, (_, i) => (i * 37) % 251)
  it('leaves an image alone that does not move, its channels too', () =>
    assert.deepEqual(warped(colours, [6, 5, 3], still), colours))
  it('moves all channels alike', () => {
    const moved = warped(colours, [6, 5, 3], { ...still, down: 2, right: -1 })
    for (let i = 0; i < 6; i++)
      for (let j = 0; j < 5; j++)
        for (let c = 0; c < 3; c++)
          assert.equal(moved[(i * 5 + j) * 3 + c], i >= 2 && j < 4 ? colours[((i - 2) * 5 + j + 1) * 3 + c] : 0)
  })
  it('a sheet whose points are all pulled alike is a shift: B-splines add up to 1', () => {
    const sheet = Float64Array.from({ length: 98 }, (_, i) => (i < 49 ? 1 : -2))
    assert.deepEqual(
      warped(seven, [28, 28, 1], { ...still, sheet }),
      warped(seven, [28, 28, 1], { ...still, down: -1, right: 2 }),
    )
  })
  it('one point that is pulled bends its own neighbourhood alone', () => {
    // Columns 0 to 3 of the points bear on pixels 0 to 6 (four spans of 28 / 4 pixels); point (3, 0) on all rows but the last spans'.
    const sheet = new Float64Array(98)
    sheet[3 * 7] = 5
    const ones = new Uint8Array(784).map((_, i) => Math.floor(i / 28) * 9)
    const moved = warped(ones, [28, 28, 1], { ...still, sheet })
    const changed = Array.from(moved, (v, i) => (v === ones[i] ? -1 : i % 28)).filter(column => column >= 0)
    assert.ok(changed.length > 0)
    assert.ok(Math.max(...changed) < 7)
  })
})

describe('penOf', () => {
  // A plus and what a 4-neighbour dilation and erosion make of it, by hand.
  const plus = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 9, 9, 9, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0)
  const drawn = (strength: number) => {
    const to = new Uint8Array(25)
    penOf(5, 5, 1)(plus, strength, to)
    return [...to]
  }
  it('thickens', () =>
    assert.deepEqual(drawn(1), [0, 0, 9, 0, 0, 0, 9, 9, 9, 0, 9, 9, 9, 9, 9, 0, 9, 9, 9, 0, 0, 0, 9, 0, 0]))
  it('thins', () =>
    assert.deepEqual(drawn(-1), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
  it('does a third of it', () => assert.deepEqual([drawn(1 / 3)[2], drawn(-1 / 3)[7]], [3, 6]))
})

/** A generator that draws these numbers, one after another. */
const drawing = (...numbers: number[]) => {
  const left = numbers.values()
  return () => left.next().value!
}

describe('texture', () => {
  const textured = (side: number, image: number[], ...numbers: number[]) => {
    const x = Uint8Array.from(image)
    texture(x, side, side, 1, drawing(...numbers))
    return [...x]
  }
  it('leaves 17 images of 20 alone', () => assert.deepEqual(textured(2, [0, 90, 180, 255], 0.16), [0, 90, 180, 255]))
  // paper 0.7 · 0.5 = 0.35, ink 0.35 + 0.3 + 0.35 · 0.5 = 0.825: 89.25 + 0.475 x, cut to whole numbers.
  it('gives paper and ink other greys', () =>
    assert.deepEqual(textured(2, [0, 100, 200, 255], 0.11, 0.5, 0.5), [89, 136, 184, 210]))
  // One weight, sqrt(−2 ln 0.5) cos π = −1.18, and nothing of the image: dark for light.
  it('turns light into dark', () =>
    assert.deepEqual(textured(2, [0, 55, 200, 255], 0.09, 0, 0.5, 0.5, 0), [255, 200, 55, 0]))
  it('filters what is around a pixel, and stretches it', () => {
    // Nine weights of 1 or −1 times the same; the dot's neighbourhood is the filter turned round, all else lies between.
    const signs = [1, 1, -1, 1, -1, -1, 1, -1, 1]
    const weights = signs.flatMap(sign => [0.5, sign > 0 ? 0 : 0.5])
    const dot = Array.from({ length: 25 }, (_, p) => (p === 12 ? 200 : 0))
    const y = textured(5, dot, 0.09, 0.3, ...weights, 0)
    const around = y.filter((_, p) => Math.abs((p % 5) - 2) <= 1 && Math.abs(Math.floor(p / 5) - 2) <= 1)
    assert.deepEqual(
      around,
      [...signs].reverse().map(sign => (sign > 0 ? 255 : 0)),
    )
    assert.deepEqual(new Set(y), new Set([0, 128, 255]))
  })
})

describe('clutter', () => {
  const cluttered = (...numbers: number[]) => {
    const x = new Uint8Array(36).fill(50)
    clutter(x, 6, 6, 1, () => new Uint8Array(36).map((_, p) => (p === 0 ? 200 : 100)), drawing(...numbers))
    return x
  }
  it('leaves four images of five alone', () => assert.deepEqual(cluttered(0.1, 0.12), new Uint8Array(36).fill(50)))
  it('lets another shine through where it is the stronger', () =>
    assert.deepEqual([...cluttered(0.09, 0.9, 0.25).subarray(0, 2)], [108, 54]))
  it('puts a piece of another on it', () => {
    // 4 high, 5 wide, from row 1 and column 1 on.
    const x = cluttered(0.1, 0.1, 0, 0.12, 0.5, 0.6, 0.4)
    assert.deepEqual(
      [...x],
      Array.from({ length: 36 }, (_, p) => (p % 6 >= 1 && p >= 6 && p < 30 ? 100 : 50)),
    )
  })
})

describe('augmenter', () => {
  const set = digits(20).inputs
  const image = (ways: readonly Augmentation[], seed: number, index: number, epoch: number) =>
    augmenter(ways, seed)(set, Uint32Array.of(index), epoch)

  it('depends on seed, epoch and index, and on nothing else: not on the batch', () => {
    const batch = augmenter(augmentations, 3)(set, Uint32Array.of(7, 2, 7, 11), 5)
    assert.deepEqual(batch.subarray(0, 784), image(augmentations, 3, 7, 5))
    assert.deepEqual(batch.subarray(784, 1568), image(augmentations, 3, 2, 5))
    assert.deepEqual(batch.subarray(1568, 2352), batch.subarray(0, 784))
    for (const [seed, index, epoch] of [
      [4, 7, 5],
      [3, 8, 5],
      [3, 7, 6],
    ] as const)
      assert.notDeepEqual(image(augmentations, seed, index, epoch), image(augmentations, 3, 7, 5))
  })
  it('does each thing by itself, and nothing if nothing is asked', () => {
    assert.deepEqual(image([], 3, 7, 5), set.values.slice(7 * 784, 8 * 784))
    // Some of the ways change one image of four.
    const all = Uint32Array.from({ length: 20 }, (_, i) => i)
    const each = [[], ...augmentations.map(way => [way])].map(ways => augmenter(ways, 3)(set, all, 5))
    for (const [i, a] of each.entries()) for (const b of each.slice(i + 1)) assert.notDeepEqual(a, b)
  })
  it('shifts by the same whether it turns as well', () => {
    // A dot in the middle stays in the middle when it is turned: only the shift moves it.
    const dot = new Uint8Array(29 * 29)
    dot[14 * 29 + 14] = 255
    const place = (ways: Augmentation[]) => {
      const moved = augmenter(ways, 1)(new ExampleSet(dot, [29, 29]), Uint32Array.of(0), 0)
      let [mass, row, column] = [0, 0, 0]
      moved.forEach((v, i) => {
        mass += v
        row += v * Math.floor(i / 29)
        column += v * (i % 29)
      })
      return [row / mass, column / mass]
    }
    const [alone, turned] = [place(['shift']), place(['shift', 'rotation'])]
    assert.ok(Math.hypot(alone[0] - 14, alone[1] - 14) > 0.3, 'it has moved')
    assert.ok(Math.hypot(alone[0] - turned[0], alone[1] - turned[1]) < 0.2)
  })
  it('makes the same bytes for ever: the weights in docs/results.md come of them', () => {
    // Of the code before it was made faster: SHA-256 of twenty digits changed in the ways of deepnet2's recipe.
    const bytes = augmenter(['rotation', 'scale', 'shear', 'elastic', 'thickness'], 0)(
      set,
      Uint32Array.from({ length: 20 }, (_, i) => i),
      2,
    )
    assert.equal(createHash('sha256').update(bytes).digest('hex').slice(0, 16), '3b8cc4c04c82cf6c')
  })
  it('takes images of bytes alone', () => {
    for (const other of [new ExampleSet(new Float32Array(12), [3, 4]), new ExampleSet(new Uint8Array(12), [12])])
      assert.throws(() => augmenter(['shift'], 0)(other, Uint32Array.of(0), 0), { key: 'data.augment' })
  })
})
