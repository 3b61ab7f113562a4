// Images in the terminal and as a PNG, compared with what a reader would see.
import assert from 'node:assert/strict'
import ndarray from 'ndarray'
import { PNG } from 'pngjs'
import { arrange, cropToInk, draw } from '../cli/drawing.js'
import { write } from '../cli/font.js'
import { contactSheet } from '../cli/picture.js'

const image = (...rows: number[][]) => ndarray(Uint8Array.from(rows.flat()), [rows.length, rows[0].length])
const escape = '\x1b['

describe('draw', () => {
  it('puts two pixels in a character: the upper as its colour, the lower as its ground', () =>
    assert.deepEqual(draw(image([0, 255], [128, 7], [9, 0], [0, 0]), 24), {
      width: 2,
      lines: [
        `${escape}38;2;0;0;0;48;2;128;128;128m▀${escape}38;2;255;255;255;48;2;7;7;7m▀${escape}0m`,
        `${escape}38;2;9;9;9;48;2;0;0;0m▀${escape}38;2;0;0;0;48;2;0;0;0m▀${escape}0m`,
      ],
    }))

  // xterm's palette: 16 is black, 231 white, and 232 + i the grey 8 + 10·i.
  it('takes the nearest grey of 256 colours', () =>
    assert.deepEqual(draw(image([0, 8, 130, 4], [255, 246, 3, 247]), 8).lines, [
      `${escape}38;5;16;48;5;231m▀${escape}38;5;232;48;5;255m▀${escape}38;5;244;48;5;16m▀${escape}38;5;232;48;5;231m▀${escape}0m`,
    ]))

  it('draws with characters where there are no colours, dark to bright', () =>
    assert.deepEqual(draw(image([0, 255, 0, 100], [0, 255, 255, 0], [255, 0, 0, 0]), 1).lines, [' @=.', '=   ']))
})

describe('cropToInk', () => {
  it('cuts all images to the size of the largest ink, which stays whole', () => {
    const one = ndarray(new Uint8Array(36), [6, 6])
    one.set(1, 1, 9)
    one.set(3, 2, 9) // 3x2
    const other = ndarray(new Uint8Array(36), [6, 6])
    other.set(5, 5, 7) // in a corner: the cut stays within the image
    const [a, b] = cropToInk([one, other])
    assert.deepEqual([a.shape, b.shape], [[3, 2], [3, 2]]) // prettier-ignore
    assert.deepEqual([a.get(0, 0), a.get(2, 1), b.get(2, 1)], [9, 9, 7])
  })
})

describe('arrange', () => {
  const block = { width: 3, lines: ['###', '###'] }
  const blocks = (n: number) => Array.from({ length: n }, () => block)

  it('sets blocks beside each other with their captions below', () =>
    assert.equal(arrange(blocks(3), ['a', 'bcde', 'f'], 12), '###   ###\n###   ###\na     bcde\n\n###\n###\nf'))

  it('fills the rows evenly, as few as the width allows', () => {
    const columns = (n: number, width: number) =>
      Math.round(arrange(blocks(n), Array(n).fill(''), width).indexOf('\n') / 5 + 0.4)
    assert.deepEqual([columns(16, 23), columns(16, 28), columns(3, 100), columns(5, 1)], [4, 6, 3, 1])
  })
})

describe('contactSheet', () => {
  it('is a PNG of the images, each pixel a square, with captions in ink', () => {
    const levels = Uint8Array.from({ length: 784 }, (_, i) => i % 256)
    const images = Array.from({ length: 5 }, () => ndarray(levels, [28, 28]))
    const caption = '9 → 4  99.9%'
    const png = PNG.sync.read(Buffer.from(contactSheet(images, Array<string>(5).fill(caption))))
    const at = (x: number, y: number) => png.data[4 * (y * png.width + x)]
    assert.deepEqual([png.width, png.height], [20 + 4 * 160, 20 + 2 * 184])
    for (const [left, top] of [
      [20, 20],
      [500, 20],
      [20, 204],
    ])
      // prettier-ignore
      for (let i = 0; i < 784; i++) {
        const [y, x] = [top + 5 * Math.floor(i / 28), left + 5 * (i % 28)]
        assert.deepEqual([at(x, y), at(x + 4, y + 4)], [i % 256, i % 256])
      }
    assert.deepEqual([at(19, 20), at(20 + 160, 204), at(0, 0)], [255, 255, 255])
    const rows = write(caption)
    const indent = Math.floor((140 - 2 * rows[0].length) / 2)
    rows.forEach((row, y) =>
      Array.from(row, (c, x) => assert.equal(at(20 + indent + 2 * x, 20 + 150 + 2 * y), c === '#' ? 0 : 255)),
    )
  })

  it('writes a percentage with its comma and its space, as French does', () =>
    assert.deepEqual(write('1,5\u202f%'), [
      '  #      #####    ##  #',
      ' ##      #        ##  #',
      '  #      ####        # ',
      '  #          #      #  ',
      '  #          #     #   ',
      '  #    # #   #    #  ##',
      ' ###  #   ###     #  ##',
    ]))
})
