// From which number on something is ink, a speck, a part, one digit or two: each limit from both of its sides.
import assert from 'node:assert/strict'
import { findInk, readRow, segment, segmentLines, type Image } from '../data/index.js'
import { blank } from '../data/image.js'
import { lean } from '../data/preprocess.js'

type Box = [top: number, left: number, height: number, width: number]
/** Draws boxes of an ink on an image of a ground. */
function draw(image: Image, boxes: readonly Box[], ink = 255): Image {
  for (const [top, left, height, width] of boxes)
    for (let i = top; i < top + height; i++) for (let j = left; j < left + width; j++) image.set(i, j, ink)
  return image
}
const picture = (h: number, w: number, ...boxes: Box[]) => draw(blank(h, w), boxes)

describe('what is ink', () => {
  /** A ground and, as often, the ground ± grain; a square of ink, and another of weaker ink. */
  function grainy(grain: number, ink: number, weak = ink, ground = 200): Image {
    const image = blank(40, 40)
    for (let i = 0; i < 40; i++) for (let j = 0; j < 40; j++) image.set(i, j, ground + (((i + j) % 3) - 1) * grain)
    return draw(draw(image, [[10, 10, 8, 8]], ink), [[20, 20, 8, 8]], weak)
  }
  it('differs from the ground by more than 6 % of its light', () => {
    assert.equal(findInk(grainy(0, 200 - 12)), undefined)
    assert.ok(findInk(grainy(0, 200 - 13)))
    assert.equal(findInk(grainy(0, 800 - 49, 800 - 49, 800), 1000), undefined, 'of a range up to 1000')
    assert.ok(findInk(grainy(0, 800 - 50, 800 - 50, 800), 1000))
  })
  it('differs from it by more than 2.5 standard deviations of the grain, and 12 % of what typical ink has beyond', () => {
    // The grain's median absolute deviation is 10, so its standard deviation counts as 14.8, and 2.5 of them as 37.
    assert.equal(findInk(grainy(10, 200 - 36)), undefined)
    assert.ok(findInk(grainy(10, 200 - 38)))
    // Typical ink differs by 150, that is by 113 more; ink begins at 37 + 0.12 · 113 = 50.6.
    assert.equal(findInk(grainy(10, 50, 200 - 49))!.image.get(24, 24), 0)
    assert.ok(findInk(grainy(10, 50, 200 - 53))!.image.get(24, 24) > 0)
  })
})

// Limits of lengths are tried a pixel to either side: the slant, which is measured, is 0 only to the last bits.
describe('what is one digit', () => {
  /** Upright digits 50 high that stand far to the right, so that the row's height is 50 and its slant 0. */
  const upright: Box[] = [250, 300, 350, 400].map(left => [10, left, 50, 30])
  /** How many digits there are besides. */
  const besides = (...boxes: Box[]) => segment(picture(80, 450, ...upright, ...boxes)).length - 4
  /** The first stretch, of the boxes; others, their mirror images, lean as far to the other side. */
  const stretch = (...boxes: Box[]) =>
    segment(picture(80, 900, ...upright, ...boxes, ...boxes.map(([top, left, h, w]): Box => [top, 900 - left - w, h, w])))[0] // prettier-ignore

  it('ink of at least 96 of 255 connects', () => {
    const joinedBy = (grey: number) =>
      segment(draw(picture(80, 450, ...upright, [10, 20, 50, 10], [10, 34, 50, 10]), [[30, 30, 6, 4]], grey)).length - 4
    assert.deepEqual([joinedBy(95), joinedBy(96)], [2, 1])
  })
  it('a piece below 12 % of the tallest, both ways, is a speck', () => {
    assert.deepEqual([besides([30, 100, 5, 5]), besides([30, 100, 6, 5]), besides([30, 100, 5, 6])], [0, 1, 1])
  })
  it('a part that shares 40 % of the narrower one’s width with a piece belongs to it, however far above', () => {
    // 32 rows lie between them, more than the 60 % of a height that a part may be away otherwise.
    const above = (shared: number) =>
      segment(picture(100, 450, ...upright, [0, 100, 9, 50], [41, 150 - shared, 50, 40])).length - 4
    assert.deepEqual([above(15), above(17), above(40)], [2, 1, 1])
  })
  it('what shares no rows is another line, unless it is lower than 60 % of the usual height: then it is a part', () => {
    const below = (height: number) => besides([0, 100, 32, 60], [40, 110, height, 50])
    assert.deepEqual([below(31), below(29)], [2, 1])
  })
  it('what is lower than 60 % of the usual height is a part, and belongs to what is less than 60 % of a height away', () => {
    const beside = (height: number, gap: number) => besides([10, 100, 50, 10], [10, 110 + gap, height, 10])
    assert.deepEqual([beside(30, 10), beside(29, 10)], [2, 1])
    assert.deepEqual([beside(29, 31), beside(29, 29)], [2, 1])
  })
  it('a row may climb by 35°; where pieces lie farther off it, there are several lines', () => {
    // 50 high and 100 apart, so that those beside each other share no rows when the row climbs by 0.6; then the middle one is off it.
    const linesOf = (climb: number, off: number) =>
      segmentLines(picture(400, 500, ...[0, 1, 2, 3].map((k): Box => [Math.round(300 - 100 * climb * k) - (k === 1 ? off : 0), 20 + 100 * k, 50, 30]))).length // prettier-ignore
    assert.deepEqual([linesOf(0.69, 0), linesOf(-0.3, 0), linesOf(0.71, 0)], [1, 1, 4])
    // Off by 28, the least squares leave 0.7 of that at most: 19.6 of the 20 that are allowed.
    assert.deepEqual([linesOf(0.6, 28) === 1, linesOf(0.6, 29) === 1], [true, false])
    const two: Box[] = [0, 1, 2, 3, 4, 5].map(k => [20 + 80 * (k % 2), 20 + 50 * Math.floor(k / 2), 50, 30])
    assert.equal(segmentLines(picture(200, 300, ...two)).length, 2)
  })
  it('with its parts, a digit is at most 1.2 heights wide', () => {
    const wide = (width: number) => besides([10, 100, 50, width - 14], [10, 100 + width - 10, 20, 10])
    assert.deepEqual([wide(61), wide(60)], [2, 1])
  })
  it('a way through at most 0.4 heights of ink is a cut, 0.1 from the ends and from other cuts', () => {
    // Two posts and between them a bar of so many rows.
    const barOf = (rows: number) => stretch([10, 20, 50, 10], [10, 30, rows, 20], [10, 50, 50, 10])
    assert.deepEqual([barOf(20).end > 1, barOf(21).end], [true, 1])
    // 20 columns of bar, and a post of 50 cannot be crossed: the first way is in its middle or beside it, others 5 columns away.
    const { end, candidates } = barOf(20)
    const lefts = candidates.filter(({ to }) => to === end).map(({ segment: { box } }) => box.left)
    for (const [i, left] of lefts.entries()) if (i > 0) assert.ok(left - lefts[i - 1] >= 5, `${lefts}`)
    assert.ok(end >= 3)
  })
  it('a cut costs 2 a height of ink, a piece 2 a height wider than 0.95 and 3 a height lower than 0.85', () => {
    // Cut once, through a bar of 4 rows that is 4 columns wide.
    const { end, candidates } = stretch([10, 20, 50, 24], [30, 44, 4, 4], [20, 48, 40, 24])
    assert.equal(end, 2)
    const [left, whole, right] = candidates.map(({ cost }) => cost)
    assert.ok(Math.abs(left - (2 * 4) / 50) < 1e-6, `${left}`)
    assert.ok(Math.abs(whole - 2 * (52 / 50 - 0.95)) < 1e-6, `${whole}`)
    assert.ok(Math.abs(right - 3 * (0.85 - 40 / 50)) < 1e-6, `${right}`)
  })
  it('what lies between two cuts is a digit if it is at most 1.2 heights wide and at least 0.6 high', () => {
    // A block of 59 and one of 61 columns, each with a thin bridge to the next, which is where it is cut.
    const blockOf = (width: number) => {
      const { end, candidates } = stretch([10, 20, 50, width], [30, 20 + width, 2, 12], [10, 32 + width, 50, 40])
      return candidates.some(({ from, to, segment: { box } }) => from === 0 && to < end && box.width === width)
    }
    assert.deepEqual([blockOf(59), blockOf(61)], [true, false])
    const lowOf = (height: number) => {
      const { candidates } = stretch([10, 20, 50, 40], [30, 60, 2, 12], [30 - height + 2, 72, height, 30])
      return candidates.some(({ segment: { box } }) => box.height === height)
    }
    assert.deepEqual([lowOf(30), lowOf(29)], [true, false])
  })
  it('thousands of pieces are no row of digits', () => {
    const row = (count: number) => picture(14, 6 * count + 4, ...Array.from({ length: count }, (_, i): Box => [2, 2 + 6 * i, 10, 3])) // prettier-ignore
    assert.equal(segment(row(2000)).length, 2000)
    assert.throws(() => segment(row(2001)), { key: 'data.pieces' })
  })
})

describe('how a row is read', () => {
  const touching = picture(60, 100, [10, 20, 40, 20], [28, 40, 4, 4], [10, 44, 40, 20])
  /** A 5, all other classes sharing the rest. */
  const classes = (rest: number) => Array.from({ length: 10 }, (_, label) => (label === 5 ? 1 - rest : rest / 9))

  it('two digits must be read that much better than one: by what is cut, by less width, and by the others’ shares at temperature 5', async () => {
    const wide = (image: Image) => {
      const columns = Array.from({ length: 28 }, (_, j) =>
        Array.from({ length: 28 }, (_, i) => image.get(i, j)).some(v => v > 0),
      )
      const rows = Array.from({ length: 28 }, (_, i) =>
        Array.from({ length: 28 }, (_, j) => image.get(i, j)).some(v => v > 0),
      )
      return columns.filter(Boolean).length > rows.filter(Boolean).length
    }
    const digits = async (whole: number) =>
      (await readRow(touching, async images => images.map(image => classes(wide(image) ? whole : 1e-6))))!.digits.length
    // softmax(logits / 5) is 1 / (1 + 9 · (rest / 9)^(1/5)), of a rest of 1e-6 e^−0.3118. Cut: −2 · 0.3118 + 2 · 0.4 − 2 · 4/40. Whole:
    // v + 0.4 − 2 · (44/40 − 0.95). They are equal at v = −0.1236, that is at a rest of 6.0e-9.
    assert.deepEqual([await digits(5e-9), await digits(7e-9)], [1, 2])
  })
  it('each digit is read as it stands and as it would lean in MNIST, and what counts is the mean', async () => {
    const asked: Image[] = []
    const row = await readRow(picture(60, 100, [10, 40, 40, 20]), async images => {
      asked.push(...images)
      return images.map((_, i) => classes(i < images.length / 2 ? 0.1 : 0.5))
    })
    assert.ok(Math.abs(row!.confidence - 0.7) < 1e-12)
    assert.equal(asked.length, 2)
    const expected = lean(asked[0], 0.1)
    asked[1].data.forEach((v, i) => assert.ok(Math.abs(v - expected.data[i]) < 1e-5))
  })
  it('when asked, each digit is sheared upright by what its row leans, and then as it would lean in MNIST', async () => {
    const leaning = blank(60, 100)
    for (let i = 10; i < 50; i++) for (let j = 0; j < 6; j++) leaning.set(i, Math.round(45 + 0.5 * (29.5 - i)) + j, 255)
    const ask = async (image: Image, upright: boolean) => {
      const asked: Image[] = []
      const read = async (images: Image[]) => (asked.push(...images), images.map(() => classes(0.1)))
      await readRow(image, read, undefined, upright)
      return asked
    }
    const columns = (image: Image) => image.data.reduce((all, v, k) => (v > 0.5 ? all.add(k % 28) : all), new Set<number>()).size // prettier-ignore
    const [written, leant] = [await ask(leaning, false), await ask(leaning, true)]
    assert.deepEqual([columns(written[0]) > 10, columns(leant[0]) <= 4], [true, true])
    const expected = lean(leant[0], 0.1)
    leant[1].data.forEach((v, i) => assert.ok(Math.abs(v - expected.data[i]) < 1e-5))
  })
})
