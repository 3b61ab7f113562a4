// Ink told from paper, lines and borders, on pictures made by script (bench/pictures.ts) whose ink is known.
import assert from 'node:assert/strict'
import ndarray from 'ndarray'
import { photograph, scenes, type Colours } from '../bench/pictures.js'
import { clean } from '../data/clean.js'
import { withoutForm } from '../data/form.js'
import { blank, cubic, eachPixel, inkBox, type Image, type Pixels } from '../data/image.js'
import { findInk } from '../data/ink.js'
import { paperOf, paperRow, withEdges } from '../data/paper.js'
import { random } from '../engine/index.js'

const side = 160

/** A 7 of straight strokes, well inside of its sheet. */
function seven(pen = 10): Image {
  const sheet = blank(side, side)
  for (let i = 40; i < 120; i++)
    for (let j = 45; j < 115; j++) {
      const bar = i < 40 + pen
      const stem = Math.abs(j - 108 + 0.5 * (i - 40)) < pen / 2
      if (bar || stem) sheet.set(i, j, 255)
    }
  return sheet
}

const coloursOf = ({ width, height, data }: Colours): Pixels =>
  ndarray(
    data.filter((_, k) => k % 4 < 3),
    [height, width, 3],
  )

/** The share of pixels on which two images agree about what is ink, of those that either takes for ink. */
function agreement(found: Pixels, written: Pixels): number {
  let [both, either] = [0, 0]
  for (let i = 0; i < side; i++)
    for (let j = 0; j < side; j++) {
      const [a, b] = [found.get(i, j) >= 96, written.get(i, j) >= 128]
      if (a && b) both++
      if (a || b) either++
    }
  return both / either
}

describe('findInk and clean', () => {
  const ink = seven()
  for (const [name, scene] of Object.entries(scenes))
    it(`find what was written: ${name}`, () => {
      const found = findInk(coloursOf(photograph(ink, scene, random(2, name))))!
      if (name !== 'red on blue') assert.equal(found.ground, name === 'slate' ? 'dark' : 'light') // equal in grey
      const share = agreement(clean(found.image), ink)
      assert.ok(share > 0.7, `${share}`)
    })
})

describe('findInk', () => {
  const written = seven()
  /** What is left of a picture of greys: the share on which it agrees with what was written. */
  const found = (level: (i: number, j: number) => number) => {
    const picture = blank(side, side)
    eachPixel(picture, (i, j) => picture.set(i, j, Math.round(level(i, j))))
    return agreement(clean(findInk(picture)!.image), written)
  }
  it('tells a thick digit that fills its picture from its paper', () => {
    // An 8 of two thick rings, cropped to them: more than half of the picture.
    const [h, w] = [110, 64]
    const isInk = (i: number, j: number) =>
      [27, 82].some(row => Math.abs(Math.hypot(i - row, 0.9 * (j - 31.5)) - 17) < 9.5)
    const picture = blank(h, w)
    eachPixel(picture, (i, j) => picture.set(i, j, isInk(i, j) ? 40 : 235))
    const { image, ground } = findInk(picture)!
    assert.equal(ground, 'light')
    eachPixel(image, (i, j, v) => assert.equal(v > 128, isInk(i, j)))
    assert.ok(picture.data.filter(v => v === 40).length > 0.5 * h * w)
  })
  for (const [name, ink, least] of [
    ['dark', 0.3, 0.95],
    ['light', 1.6, 0.8],
  ] as const)
    it(`follows the edge of a hard shadow under ${name} ink`, () => {
      const paper = (i: number, j: number) => (0.7 * i + j > 140 ? 90 : 155)
      const share = found((i, j) => paper(i, j) * (written.get(i, j) > 128 ? ink : 1))
      assert.ok(share > least, `${share}`)
    })
})

describe('findInk of thin writing', () => {
  it('finds it beside the edge of a hard shadow, on its side of the paper', () => {
    const isInk = (i: number, j: number) => j > 60 && j < 340 && Math.abs(Math.hypot(i - 150, (j % 70) - 35) - 22) < 1.5
    const picture = blank(300, 400)
    eachPixel(picture, (i, j) => picture.set(i, j, (0.7 * i + j > 200 ? 210 : 105) * (isInk(i, j) ? 0.55 : 1)))
    const { image, ground } = findInk(picture)!
    assert.equal(ground, 'light')
    let [both, either] = [0, 0]
    eachPixel(image, (i, j, v) => {
      if (v >= 96 && isInk(i, j)) both++
      if (v >= 96 || isInk(i, j)) either++
    })
    assert.ok(both / either > 0.9, `${both / either}`)
  })
})

describe('the paper', () => {
  it('is the level between the strokes, under a light that fades as a parabola', () => {
    const light = (i: number, j: number) => 230 - 60 * ((i / side - 0.4) ** 2 + (j / side - 0.3) ** 2) - 40 * (j / side)
    const picture = Uint8Array.from({ length: side * side }, (_, k) => {
      const [i, j] = [Math.floor(k / side), k % side]
      return Math.round(light(i, j) * (Math.abs(j - 80) < 12 && i > 20 ? 0.2 : 1))
    })
    const surface = paperOf(picture, side, side, 1, [-1])
    const row = new Float32Array(side)
    for (const i of [5, 60, 150]) {
      paperRow(surface, i, side, 1, row)
      for (const j of [5, 40, 80, 155]) assert.ok(Math.abs(row[j] - light(i, j)) < 4, `${i}, ${j}: ${row[j]}`)
    }
  })
  it('is as light as a glare under thin ink, but for what its grain may be', () => {
    const values = Uint8Array.from({ length: side * side }, (_, k) => {
      const [i, j] = [Math.floor(k / side), k % side]
      return (Math.hypot(i - 80, j - 80) < 25 ? 250 : 150) - (i % 20 < 3 ? 80 : 0)
    })
    const levels = { values, h: side, w: side, channels: 1 }
    const surface = withEdges(levels, paperOf(values, side, side, 1, [-1]), [-1], 9)
    const row = new Float32Array(side)
    paperRow(surface, 81, side, 1, row)
    assert.ok(row[80] >= 215 && row[80] <= 250 && Math.abs(row[10] - 150) < 4, `${row[80]}, ${row[10]}`)
  })
})

describe('clean', () => {
  const written = seven()
  it('takes a line out that goes from edge to edge, and leaves the strokes that it crosses', () => {
    const ruled = ndarray(written.data.slice(), [side, side])
    for (let j = 0; j < side; j++) for (let i = 0; i < 2; i++) ruled.set(90 + i + Math.floor(j / 40), j, 255)
    const cleaned = clean(ruled)
    assert.equal(cleaned.get(92, 10), 0)
    assert.ok(agreement(cleaned, written) > 0.97)
  })
  /** A line over an image: its middle in each column. */
  const crossed = (image: Image, thickness: number, ...lines: ((x: number) => number)[]) => {
    const y = ndarray(image.data.slice(), [...image.shape])
    for (const line of lines)
      for (let j = 0; j < image.shape[1]; j++)
        for (let i = Math.ceil(line(j) - thickness / 2); i < line(j) + thickness / 2; i++)
          if (i >= 0 && i < image.shape[0]) y.set(i, j, 255)
    return y
  }
  for (const [name, thickness, ...lines] of [
    ['askew, by 15°', 2, (x: number) => 50 + 0.27 * x],
    ['askew, two that cross', 2, (x: number) => 65 + 0.15 * x, (x: number) => 105 - 0.12 * x],
    ['bent', 2, (x: number) => 80 + 14 * Math.sin(x / 30)],
  ] as const)
    it(`takes a line out that crosses the writing ${name}, and leaves its strokes`, () => {
      const picture = crossed(written, thickness, ...lines)
      assert.ok(agreement(picture, written) < 0.89)
      const share = agreement(clean(picture), written)
      assert.ok(share > 0.96, `${share}`)
    })
  it('leaves a stroke that no end of goes beyond the writing, and one that bends and is as thick as the rest', () => {
    const thin = blank(side, side)
    for (let j = 14; j < 146; j++) for (let i = 0; i < 2; i++) thin.set(20 + i + Math.floor(j / 6), j, 255)
    for (let i = 42; i < 150; i++) for (let j = 0; j < 2; j++) thin.set(i, j + 145 - Math.floor((i - 42) / 4), 255)
    assert.equal(agreement(clean(thin), thin), 1) // a 7 that fills its picture
    const two = blank(side, side)
    for (const column of [40, 110])
      for (let i = 40; i < 120; i++) for (let j = 0; j < 2; j++) two.set(i, column + j, 255)
    const joined = crossed(two, 2, x => 80 + 14 * Math.sin(x / 30))
    assert.equal(agreement(clean(joined), joined), 1)
  })
  it('takes borders, specks and a dot beside the writing out', () => {
    const framed = ndarray(written.data.slice(), [side, side])
    for (let k = 0; k < side; k++) {
      framed.set(0, k, 255)
      framed.set(k, 1, 255)
    }
    framed.set(130, 140, 255)
    for (let i = 10; i < 18; i++) for (let j = 20; j < 28; j++) framed.set(i, j, 255)
    assert.equal(agreement(clean(framed), written), 1)
  })
  it('takes what stands around a digit out: a rectangle, a ring; not an oval, in which a straight stroke is the slash of a 0', () => {
    const rectangle = ndarray(written.data.slice(), [side, side])
    const at = (i: number, j: number) => Math.max(Math.abs(i - 80), Math.abs(j - 80) + 0.05 * (i - 80))
    const around = (distance: (i: number, j: number) => number, image: Image) => {
      for (let i = 0; i < side; i++)
        for (let j = 0; j < side; j++) if (Math.abs(distance(i, j) - 62) < 5) image.set(i, j, 255)
      return image
    }
    assert.equal(agreement(clean(around(at, rectangle)), written), 1)
    const oval = (i: number, j: number) => Math.hypot(i - 80, j - 80)
    assert.equal(agreement(clean(around(oval, ndarray(written.data.slice(), [side, side]))), written), 1)
    const slashed = around(oval, blank(side, side))
    for (let i = 50; i < 110; i++) for (let j = 0; j < 8; j++) slashed.set(i, 160 - i + j - 4, 255)
    assert.equal(agreement(clean(slashed), slashed), 1)
  })
  it('takes the lines of squared paper out that lies askew by 12°, the short ones in its corners too', () => {
    const squares = ndarray(written.data.slice(), [side, side])
    const [cos, sin] = [Math.cos(0.21), Math.sin(0.21)]
    const isLine = (x: number) => Math.abs((((x % 16) + 16) % 16) - 8) < 0.7
    for (let i = 0; i < side; i++)
      for (let j = 0; j < side; j++)
        if (isLine(cos * i + sin * j) || isLine(cos * j - sin * i)) squares.set(i, j, Math.max(200, squares.get(i, j)))
    const share = agreement(clean(squares), written)
    assert.ok(share > 0.9, `${share}`)
  })
  /** A line of this thickness and ink across an image in each of these rows, and down it in each of these columns. */
  const squared = (
    image: Image,
    thickness: number,
    ink: number,
    rows: readonly number[],
    columns: readonly number[],
  ) => {
    const y = ndarray(image.data.slice(), [...image.shape])
    const isLine = (at: number, places: readonly number[]) =>
      places.some(place => at >= place && at < place + thickness)
    eachPixel(image, (i, j, v) => y.set(i, j, isLine(i, rows) || isLine(j, columns) ? Math.max(v, ink) : v))
    return y
  }
  for (const [name, pen, ink, rows, columns] of [
    ['paler than the ink', 5, 150, [95], [70]],
    ['thinner than the pen', 10, 255, [95], [70]],
    ['as dark and as thick as the pen, but two of a kind', 6, 255, [20, 105], [60]],
  ] as const)
    it(`takes the broad lines of a notebook seen from near by out that are ${name}`, () => {
      const digit = seven(pen)
      const picture = squared(digit, 5, ink, rows, columns)
      const shares = [picture, clean(picture)].map(image => agreement(image, digit))
      assert.ok(shares[0] < 0.6 && shares[1] > 0.87, `${shares}`)
    })
  it('leaves a 4 whose bar and stem go from edge to edge', () => {
    const four = squared(blank(side, side), 5, 255, [100], [110])
    for (let i = 0; i < 100; i++) for (let j = 0; j < 5; j++) four.set(i, Math.round(1.1 * (100 - i)) + j, 255)
    assert.equal(agreement(clean(four), four), 1)
  })
  it('takes squared paper for no form, though its squares are seen below the digits alone', () => {
    const picture = squared(blank(side, 320), 2, 255, [120, 153], [20, 88, 156, 228, 292])
    eachPixel(picture, (i, j) => i < 120 && picture.set(i, j, 0))
    eachPixel(form(36, true).digits, (i, j, v) => v > 0 && picture.set(i, j, v))
    assert.equal(withoutForm(picture), picture)
  })
  it('takes a faint piece out: what is left of a line, or shows through the paper', () => {
    const through = ndarray(written.data.slice(), [side, side])
    for (let i = 60; i < 110; i++) for (let j = 0; j < 8; j++) through.set(i, 30 + j, 75)
    assert.equal(agreement(clean(through), written), 1)
    assert.equal(clean(through).get(80, 33), 0)
  })
  it('leaves nothing of the grain of a blank sheet', () => {
    const grainy = blank(side, side)
    for (let k = 0; k < 200; k++) grainy.set((37 * k) % (side - 5), (71 * k) % (side - 5), 255)
    assert.equal(inkBox(clean(grainy)), undefined)
    for (let k = 0; k < side * side; k++) grainy.data[k] = Math.max(grainy.data[k], written.data[k])
    assert.ok(agreement(clean(grainy), written) > 0.99)
  })
  it('a blank sheet with a shadow, whose edge is soft, has no ink; with a digit it has', () => {
    const light = (i: number, j: number) => 245 * (1 - 0.45 / (1 + Math.exp(-(j + i / 4 - 90) / 6.4)))
    const sheet = blank(side, side)
    for (let i = 0; i < side; i++) for (let j = 0; j < side; j++) sheet.set(i, j, Math.round(light(i, j)))
    assert.equal(findInk(sheet), undefined)
    for (let k = 0; k < side * side; k++) sheet.data[k] *= 1 - (0.8 * written.data[k]) / 255
    assert.ok(findInk(sheet))
  })
  for (const name of ['ruled', 'graph', 'quality 30', 'desk'] as const)
    it(`a blank sheet like “${name}” has no digit`, function () {
      this.timeout(20_000)
      for (let k = 0; k < 4; k++) {
        const sheet = blank(side, Math.round(side * (k % 2 ? 1.4 : 1)))
        const ink = findInk(coloursOf(photograph(sheet, scenes[name], random(k, name))))
        assert.equal(ink && inkBox(clean(ink.image)), undefined, `${k}`)
      }
    })
  /** Seven bars 40 pixels apart, from row `top` down to a line from the first to the last, and one above if they are boxes; with strokes in the cells. */
  const form = (top: number, boxes: boolean) => {
    const [digits, picture] = [blank(side, 320), blank(side, 320)]
    const fill = (image: Image, y: number, x: number, height: number, width: number) => {
      for (let i = y; i < y + height; i++) for (let j = x; j < x + width; j++) image.set(i, j, 255)
    }
    for (const image of [digits, picture])
      for (let cell = 0; cell < 6; cell++) {
        fill(image, 50, 58 + 40 * cell, 60, 4) // a 1, or the stem of a 7
        if (cell % 3 === 2) fill(image, 50, 44 + 40 * cell, 4, 18)
      }
    for (let bar = 0; bar <= 6; bar++) fill(picture, top, 40 + 40 * bar, 121 - top, 2)
    for (const row of boxes ? [top, 120] : [120]) fill(picture, row, 40, 2, 242)
    return { digits, picture }
  }
  for (const [name, top, boxes] of [
    ['boxes', 36, true],
    ['a comb', 90, false],
  ] as const)
    it(`takes ${name} out of a form, and leaves the digits, 1s too`, () => {
      const { digits, picture } = form(top, boxes)
      const cleaned = clean(picture)
      eachPixel(digits, (i, j, v) => assert.equal(cleaned.get(i, j), v, `${i}, ${j}`))
    })
  it('leaves 1s that stand on a line, though they are alike and evenly apart', () => {
    const ones = blank(side, 320)
    for (let k = 0; k < 6; k++)
      for (let i = 50; i < 118; i++) for (let j = 0; j < 3; j++) ones.set(i, 58 + 40 * k + j, 255)
    const ruled = ndarray(ones.data.slice(), [side, 320])
    for (let j = 0; j < 320; j++) for (let i = 0; i < 2; i++) ruled.set(120 + i, j, 255)
    const cleaned = clean(ruled)
    eachPixel(ones, (i, j, v) => i < 116 && assert.equal(cleaned.get(i, j), v, `${i}, ${j}`))
  })
  it('takes the lines out under a digit that is low beside its picture’s width', () => {
    const wide = blank(side, 5 * side)
    eachPixel(written, (i, j, v) => wide.set(i, 2 * side + j, v))
    const scene = { ...scenes.graph, lines: { ...scenes.graph.lines!, every: 0.05 } }
    const found = findInk(coloursOf(photograph(wide, scene, random(2, 'wide'))))!
    assert.ok(agreement(clean(found.image).lo(0, 2 * side), written) > 0.7)
  })
  it('takes what is left of a shadow at the edge out, whose edge is soft, and leaves a stroke there', () => {
    const corner = ndarray(written.data.slice(), [side, side])
    eachPixel(corner, (i, j, v) => corner.set(i, j, Math.max(v, 180 - 4 * Math.hypot(i, j))))
    assert.equal(agreement(clean(corner), written), 1)
    const stroke = ndarray(written.data.slice(), [side, side])
    for (let i = 0; i < 60; i++) for (let j = 130; j < 136; j++) stroke.set(i, j, 255)
    assert.equal(clean(stroke).get(30, 133), 255)
  })
  it('leaves three upright strokes that go from edge to edge: 111', () => {
    const strokes = blank(side, side)
    for (let i = 0; i < side; i++) for (const j of [30, 80, 130]) strokes.set(i, j, 255)
    assert.ok(inkBox(clean(strokes)))
  })
  it('leaves a digit that fills its picture, and one that touches an edge', () => {
    const one = blank(80, 30)
    for (let i = 0; i < 80; i++) for (let j = 12; j < 18; j++) one.set(i, j, 255)
    assert.deepEqual(clean(one).data, one.data)
  })
})

describe('cubic', () => {
  it('has the pixels themselves, Keys’s −1/16, 9/16, 9/16, −1/16 between them, and any parabola exactly', () => {
    const row = ndarray(Float32Array.from([3, 8, 4, 16]), [1, 4])
    assert.equal(cubic(row, 0, 2), 4)
    assert.equal(cubic(row, 0, 1.5), (-3 + 9 * 8 + 9 * 4 - 16) / 16)
    const bowl = blank(6, 6)
    eachPixel(bowl, (i, j) => bowl.set(i, j, i * i - 2 * i * j))
    assert.ok(Math.abs(cubic(bowl, 2.3, 2.8) - (2.3 ** 2 - 2 * 2.3 * 2.8)) < 1e-6)
  })
})

describe('findInk of a picture smaller than a digit', () => {
  /** An L that touches all edges of its 8x8. */
  const small = (ink: number, ground: number) => {
    const picture = ndarray(new Uint8Array(64).fill(ground), [8, 8])
    for (let k = 0; k < 8; k++) for (const [i, j] of [[k, 1], [k, 2], [7, k], [6, k]]) picture.set(i, j, ink) // prettier-ignore
    return picture
  }
  it('takes the edge for paper, keeps greys, and gives it a margin', () => {
    for (const [ink, ground, name] of [
      [255, 0, 'dark'],
      [60, 230, 'light'],
    ] as const) {
      const found = findInk(small(ink, ground))!
      assert.equal(found.ground, name)
      assert.deepEqual(found.image.shape, [96, 96])
      const at = (row: number, column: number) => found.image.get(24 + 6 * row + 3, 24 + 6 * column + 3)
      assert.ok(at(3, 1.5) > 240 && at(6.5, 6) > 240 && at(2, 6) === 0, `${at(3, 1.5)}, ${at(6.5, 6)}, ${at(2, 6)}`)
      assert.equal(found.image.get(2, 40), 0)
      // Half of the ink's contrast is half of its strength, but for the twelve hundredths that are none.
      const grey = small(ink, ground)
      grey.set(2, 5, Math.round((ink + ground) / 2))
      assert.ok(Math.abs(findInk(grey)!.image.get(24 + 6 * 2 + 3, 24 + 6 * 5 + 3) - 90) < 25)
    }
  })
  it('is undefined if it is blank', () => assert.equal(findInk(small(230, 228)), undefined))
})
