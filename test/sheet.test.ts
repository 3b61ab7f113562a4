// Sheets on a desk, told by hand where they are, and what looks like one and is none.
import assert from 'node:assert/strict'
import { blank, eachPixel, inkBox, type Image } from '../data/image.js'
import { findInk } from '../data/ink.js'
import { sheetOf } from '../data/sheet.js'

const side = 100
const draw = (level: (i: number, j: number) => number): Image => {
  const picture = blank(side, side)
  eachPixel(picture, (i, j) => picture.set(i, j, level(i, j)))
  return picture
}
const find = ({ data }: Image) => sheetOf({ values: Uint8Array.from(data), h: side, w: side, channels: 1 })
const [desk, paper, pen] = [70, 230, 40]
/** A sheet that is turned: |x| and |y| of its own at most 35 from the middle, its axes (4, 3) / 5 and (−3, 4) / 5. */
const within = (i: number, j: number, most = 35) => {
  const [y, x] = [i - 50, j - 50]
  return Math.max(Math.abs(4 * x + 3 * y), Math.abs(4 * y - 3 * x)) / 5 <= most
}
const isStroke = (i: number, j: number) => Math.abs(j - 50) < 4 && Math.abs(i - 50) < 20
const onDesk = draw((i, j) => (!within(i, j) ? desk : isStroke(i, j) ? pen : paper))

describe('a sheet on a desk', () => {
  it('is found with its corners, a pixel or two inside', () => {
    const { from, to } = find(onDesk)!
    for (let i = 0; i < side; i++)
      for (let j = 0; j < side; j++) {
        const isIn = j >= from[i] && j < to[i]
        if (within(i, j, 32)) assert.ok(isIn, `${i},${j} is on the sheet`)
        else if (!within(i, j, 35)) assert.ok(!isIn, `${i},${j} is on the desk`)
      }
  })
  it('all that lies around it is no ink; what crosses its edge is', () => {
    assert.deepEqual(inkBox(findInk(onDesk)!.image, 128), { top: 31, left: 47, height: 39, width: 7 })
    const crossing = draw((i, j) => (!within(i, j) ? desk : Math.abs(i - 50) < 4 ? pen : paper))
    const { left, width } = inkBox(findInk(crossing)!.image, 128)!
    assert.ok(left < 12 && left + width > 88, `from ${left}, ${width} wide`)
  })
  it('with nothing on it has no ink', () =>
    assert.equal(findInk(draw((i, j) => (within(i, j) ? paper : desk))), undefined))

  const ring = (i: number, j: number, wide: number) => Math.abs(Math.hypot(1.2 * (j - 50), i - 50) - 46 + wide) <= wide
  const others: Readonly<Record<string, Image>> = {
    'a sheet that reaches a corner of the picture': draw((i, j) => (i < 70 && j < 70 ? paper : desk)),
    'a thick 0, light on dark': draw((i, j) => (ring(i, j, 8) ? paper : desk)),
    'a disc': draw((i, j) => (ring(i, j, 46) ? paper : desk)),
    'an L of chalk': draw((i, j) => (i > 4 && i < 95 && j > 4 && j < 95 && (j < 30 || i > 70) ? paper : desk)),
    'a light that fades towards the edges': draw((i, j) => 240 - 1.2 * Math.max(Math.abs(i - 50), Math.abs(j - 50))),
    'a small label': draw((i, j) => (Math.max(Math.abs(i - 50), Math.abs(j - 50)) < 20 ? paper : desk)),
  }
  for (const [name, picture] of Object.entries(others))
    it(`${name} is none`, () => assert.equal(find(picture), undefined))

  it('is called narrow where it may be a thick 1, light on dark', () => {
    const one = draw((i, j) => (i > 3 && i < 96 && Math.abs(j - 50) < 15 ? paper : desk))
    assert.deepEqual([find(one)!.narrow, find(onDesk)!.narrow], [true, false])
  })
})
