// Rows of digits taken apart: connected pieces against scikit-image (test/fixtures/preprocess.py), the rest by hand.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { blank, inkBox, type Image } from '../data/image.js'
import { readRow } from '../data/readRow.js'
import { random } from '../engine/index.js'
import { connectedPieces, segment, slantOf } from '../data/segment.js'

interface Pieces {
  pieces: { shape: number[]; pixels: number[]; boxes: number[][] }
}
const { pieces } = JSON.parse(
  readFileSync(new URL('../../test/fixtures/preprocess.json', import.meta.url), 'utf8'),
) as Pieces

/** An image [h,w] on which these boxes [top, left, height, width] are ink. */
function boxes(h: number, w: number, ...filled: [number, number, number, number][]): Image {
  const image = blank(h, w)
  for (const [top, left, height, width] of filled)
    for (let i = top; i < top + height; i++) for (let j = left; j < left + width; j++) image.set(i, j, 255)
  return image
}
/** The stretches of an image, each as the one digit that it may be. */
const wholes = (image: Image) =>
  segment(image).map(({ end, candidates }) => candidates.find(({ from, to }) => from === 0 && to === end)!.segment)
const widths = (image: Image) => wholes(image).map(({ box }) => box.width)

describe('segment', () => {
  it('finds the connected pieces that scikit-image finds', () => {
    const [, w] = pieces.shape
    const { labels, count } = connectedPieces(Uint8Array.from(pieces.pixels), w, 128)
    const found = Array.from({ length: count }, (_, p) => {
      const pixels = [...labels.keys()].filter(pixel => labels[pixel] === p + 1)
      const rows = pixels.map(pixel => Math.floor(pixel / w))
      const columns = pixels.map(pixel => pixel % w)
      const [top, left] = [Math.min(...rows), Math.min(...columns)]
      return [top, left, Math.max(...rows) - top + 1, Math.max(...columns) - left + 1, rows.length]
    })
    assert.deepEqual(found, pieces.boxes)
  })

  it('measures how far writing leans', () => {
    for (const slant of [-0.5, 0, 0.3, 0.8]) {
      const line = Int32Array.from({ length: 100 }, (_, i) => 200 * i + Math.round(100 - slant * i))
      const found = slantOf([line], 200)
      assert.ok(Math.abs(found - slant) < 0.005, `${found} for ${slant}`)
    }
  })

  it('takes each piece about its own middle, and no writing to lean by more than 45°', () => {
    // Two pieces of two pixels, one leaning by 1 to the right, one upright: (1 + 0) / (2 · ½) over two rows each.
    assert.equal(slantOf([Int32Array.of(5, 14), Int32Array.of(38, 48)], 10), 0.5)
    assert.equal(slantOf([Int32Array.of(9, 10)], 10), 1)
    assert.equal(slantOf([Int32Array.of(3, 4, 5)], 10), 0)
  })

  it('gives the digits from left to right, each with its own ink alone', () => {
    const found = wholes(boxes(60, 120, [10, 80, 40, 12], [8, 20, 44, 20], [10, 50, 40, 10]))
    assert.deepEqual(
      found.map(({ box }) => box),
      [
        { top: 8, left: 20, height: 44, width: 20 },
        { top: 10, left: 50, height: 40, width: 10 },
        { top: 10, left: 80, height: 40, width: 12 },
      ],
    )
    for (const { ink, box } of found) assert.equal(ink.data.reduce((a, b) => a + b) / 255, box.height * box.width)
  })

  it('tells leaning digits apart that overlap when seen from above', () => {
    const image = blank(60, 120)
    for (const foot of [20, 40, 60])
      for (let i = 5; i < 55; i++) for (let j = 0; j < 6; j++) image.set(i, Math.round(foot + (55 - i) * 0.6) + j, 255)
    assert.equal(segment(image).length, 3)
  })

  it('joins the bar of a 5 to its body, and drops specks', () => {
    // A bar above a body, with a gap between them; a neighbour; two specks.
    const image = boxes(70, 120, [10, 20, 5, 22], [19, 20, 38, 20], [10, 70, 47, 10], [30, 55, 2, 2], [2, 2, 3, 3])
    assert.deepEqual(widths(image), [22, 10])
  })

  it('offers to cut what is too wide where the ink is thinnest', () => {
    // Two blocks of 40x20 joined by a bridge of 4 rows at columns 40–43.
    const [{ end, candidates }] = segment(boxes(60, 100, [10, 20, 40, 20], [28, 40, 4, 4], [10, 44, 40, 20]))
    const cuts = candidates
      .filter(({ from, segment: { box } }) => from === 0 && box.width >= 20 && box.width <= 24)
      .sort((a, b) => a.cost - b.cost)
    const rest = candidates.find(({ from, to }) => from === cuts[0].to && to === end)!
    assert.equal(rest.segment.box.left, 20 + cuts[0].segment.box.width)
    // Four rows of ink are cut through for it, of forty; the whole is 4 wider than it is high.
    const whole = candidates.find(({ from, to }) => to - from === end)!
    assert.ok(Math.abs(cuts[0].cost - (2 * 4) / 40) < 1e-6 && Math.abs(whole.cost - 2 * (44 / 40 - 0.95)) < 1e-6)
  })

  it('offers every run of a chain of touching digits that may be one', () => {
    const chain = [20, 50, 80, 110].map((left): [number, number, number, number] => [10, left, 40, 24])
    const bridges = [44, 74, 104].map((left): [number, number, number, number] => [28, left, 4, 6])
    const [{ end, candidates }] = segment(boxes(60, 160, ...chain, ...bridges))
    assert.ok(end >= 4)
    for (const left of [20, 50, 80, 110])
      assert.ok(
        candidates.some(({ segment: { box } }) => Math.abs(box.left - left) <= 6 && Math.abs(box.width - 27) <= 6),
        `none at ${left}`,
      )
  })

  it('does not let digits grow along a faint line under them', () => {
    const image = boxes(70, 160, [10, 20, 40, 20], [10, 70, 40, 20], [10, 120, 40, 20])
    for (let j = 0; j < 160; j++) for (const i of [50, 51]) image.set(i, j, 60)
    assert.deepEqual(widths(image), [20, 20, 20])
  })

  it('joins the crumbs of a faint digit with each other rather than with its strong neighbour', () => {
    const crumbs: [number, number, number, number][] = [[10, 52, 6, 18], [22, 60, 6, 12], [36, 64, 6, 8], [44, 52, 6, 16]] // prettier-ignore
    assert.deepEqual(widths(boxes(60, 120, [10, 20, 40, 24], ...crumbs)), [24, 20])
  })

  it('finds nothing on a blank image', () => assert.deepEqual(segment(blank(50, 200)), []))

  describe('is linear in the pixels, whatever is in them', function () {
    this.timeout(20_000)
    const side = 700
    const rng = random(1, 'speckle')
    /** A picture [side,side] in which these pixels are ink. */
    const speckled = (isInk: (i: number, j: number) => boolean) => {
      const image = blank(side, side)
      for (let i = 0; i < side; i++) for (let j = 0; j < side; j++) if (isInk(i, j)) image.set(i, j, 255)
      return image
    }
    const pictures: [what: string, image: () => Image, is: 'one piece' | 'too many'][] = [
      ['dithered grey', () => speckled(() => rng() < 0.5), 'one piece'],
      ['a checkerboard', () => speckled((i, j) => (i + j) % 2 === 0), 'one piece'],
      ['nothing but ink', () => speckled(() => true), 'one piece'],
      ['a long line', () => boxes(60, 4_000, [15, 20, 30, 3_900]), 'one piece'],
      ['1 % of dots', () => speckled(() => rng() < 0.01), 'too many'],
      ['a lattice of dots', () => speckled((i, j) => i % 2 === 0 && j % 2 === 0), 'too many'],
    ]
    for (const [what, image, is] of pictures)
      it(what, async () => {
        const picture = image()
        const before = process.cpuUsage()
        if (is === 'too many') assert.throws(() => segment(picture), { key: 'data.pieces' })
        else {
          const row = await readRow(picture, async images => images.map(() => [0.5, 0.5]))
          assert.ok(row!.digits.length >= 1)
        }
        const { user } = process.cpuUsage(before)
        assert.ok(user < 2e6 + (4e6 * picture.size) / 1e6, `${user / 1e6} s`) // half a megapixel: minutes, once
      })

    it('a page of 1,200 digits in 40 lines, which fall to the right', async () => {
      const seconds = async (rows: number) => {
        const digits = Array.from({ length: 30 * rows }, (_, i): [number, number, number, number] => {
          const [row, column] = [Math.floor(i / 30), i % 30]
          return [10 + 40 * row + column, 10 + 30 * column, 24, 12]
        })
        const before = process.cpuUsage()
        const page = (await readRow(boxes(60 + 40 * rows, 920, ...digits), async all => all.map(() => [0.9, 0.1])))!
        assert.deepEqual(page.lines.map(({ text }) => text), Array(rows).fill('0'.repeat(30))) // prettier-ignore
        return process.cpuUsage(before).user / 1e6
      }
      await seconds(10) // lets V8 compile it
      const [few, many] = [await seconds(10), await seconds(40)]
      assert.ok(many < 8 * few + 0.5, `${few} s for 300 digits, ${many} s for 1,200`)
    })

    it('a row of 1,200 digits', () => {
      const digits = Array.from({ length: 1200 }, (_, i): [number, number, number, number] => [8, 10 + 20 * i, 24, 12])
      assert.equal(segment(boxes(40, 24_100, ...digits)).length, 1200)
    })
  })
})

describe('readRow', () => {
  const touching = boxes(60, 100, [10, 20, 40, 20], [28, 40, 4, 4], [10, 44, 40, 20])
  /** A reader of 5s that leaves the other classes this much in all: of images that are wider than high, and of others. */
  const reader = (whole: number, half: number) => async (images: Image[]) =>
    images.map(image => {
      const { height, width } = inkBox(image)!
      const rest = width > height ? whole : half
      return Array.from({ length: 10 }, (_, label) => (label === 5 ? 1 - rest : rest / 9))
    })

  it('keeps a piece whole if it reads well, and cuts it if its parts read much better', async () => {
    assert.equal((await readRow(touching, reader(1e-12, 1e-6)))!.digits.length, 1)
    const row = (await readRow(touching, reader(1e-3, 1e-6)))!
    assert.equal(row.digits.length, 2)
    assert.ok(Math.abs(row.confidence - (1 - 1e-6) ** 2) < 1e-12)
  })
  it('reads lines from top to bottom, and tells words apart', async () => {
    const first: [number, number, number, number][] = [[10, 10, 40, 20], [12, 40, 38, 20], [10, 150, 40, 20]] // prettier-ignore
    const second: [number, number, number, number][] = [
      [80, 30, 40, 20],
      [82, 60, 40, 20],
    ]
    const { text, lines, digits } = (await readRow(boxes(140, 200, ...second, ...first), reader(1e-6, 1e-6)))!
    assert.equal(text, '555\n55')
    assert.deepEqual(lines.map(({ words }) => words), [['55', '5'], ['55']]) // prettier-ignore
    assert.deepEqual(digits.map(({ box }) => box.left), [10, 40, 150, 30, 60]) // prettier-ignore
  })
  describe('leaves out what is no digit', () => {
    const three: [number, number, number, number][] = [[10, 10, 40, 20], [10, 50, 40, 20], [10, 100, 40, 20]] // prettier-ignore
    /** A straight stroke 6 wide from row `top` to row `bottom`, whose foot is at column `foot`. */
    const stroke = (image: Image, top: number, bottom: number, foot: number, lean: number) => {
      for (let i = top; i < bottom; i++) for (let j = 0; j < 6; j++) image.set(i, Math.round(foot + lean * (bottom - i)) + j, 255) // prettier-ignore
      return image
    }
    const kinds: [what: string, image: Image, words: string[]][] = [
      ['a comma', boxes(80, 150, ...three, [44, 80, 16, 6]), ['55', '5']],
      ['a point', boxes(80, 150, ...three, [44, 80, 7, 7]), ['55', '5']],
      ['a dash', boxes(80, 150, ...three, [28, 78, 4, 16]), ['55', '5']],
      ['a slash', stroke(boxes(80, 150, ...three), 4, 56, 71, 0.4), ['55', '5']],
      ['a line under them', boxes(80, 150, ...three, [58, 4, 5, 130]), ['555']],
    ]
    for (const [what, image, expected] of kinds)
      it(what, async () => {
        const { words, digits } = (await readRow(image, reader(1e-6, 1e-6)))!.lines[0]
        assert.deepEqual(words, expected)
        assert.deepEqual(digits.map(({ box }) => box.left), [10, 50, 100]) // prettier-ignore
      })
    it('but neither a 1, nor 1s that all lean, nor the bar of a 5', async () => {
      const upright = stroke(boxes(80, 150, ...three), 8, 51, 84, 0.1)
      const leaning = [10, 50, 90].reduce((image, foot, k) => stroke(image, 10 - k, 50 + k, foot, 0.5), blank(80, 150))
      const bar = boxes(80, 150, [16, 10, 34, 20], [10, 32, 5, 12], [10, 60, 40, 20])
      for (const [image, count] of [
        [upright, 4],
        [leaning, 3],
        [bar, 2],
      ] as const)
        // prettier-ignore
        assert.equal((await readRow(image, reader(1e-6, 1e-6)))!.digits.length, count)
    })
  })
  it('cuts digits that touch along a line that bends around the ink', async () => {
    // A bracket that holds a foot of its neighbour: no straight line parts them without crossing 8 rows of ink.
    const image = boxes(70, 90, [10, 10, 44, 6], [10, 10, 6, 28], [48, 10, 6, 28], [28, 30, 6, 20], [10, 50, 44, 14])
    const [{ end, candidates }] = segment(image)
    const lefts = candidates.filter(({ from, to }) => from === 0 && to < end)
    assert.ok(Math.min(...lefts.map(({ cost }) => cost)) < 0.1)
  })
  it('finds nothing on a blank image', async () => assert.equal(await readRow(blank(50, 200), reader(0, 0)), undefined))
})
