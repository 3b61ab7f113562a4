// `use --image` and `read`: PNG files of every kind are read alike, and what is none, or blank, is said in one line.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import ndarray from 'ndarray'
import { encode as encodeJpeg } from 'jpeg-js'
import { PNG } from 'pngjs'
import { mnist } from '../../bench/mnist.js'
import { european, letters, usual } from '../../bench/strokes.js'
import { drawn } from '../../data/strokes.js'
import { writeCode } from '../../bench/writeCode.js'
import { encode, greyPng } from '../../cli/images.js'
import { findInk, prepare, type Box } from '../../data/index.js'
import { bilinear, blank, eachPixel, type Image } from '../../data/image.js'
import { random } from '../../engine/index.js'
import { chiffre, root, temporaryFolder } from './chiffre.js'

/** A PNG file, its rows given as bytes. Types: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
function png(
  width: number,
  height: number,
  depth: number,
  type: number,
  rows: Buffer[],
  extra: Buffer[] = [],
  interlaced = 0,
) {
  const data = deflateSync(Buffer.concat(rows.map(row => Buffer.concat([Buffer.of(0), row]))))
  const parts = [
    header(width, height, depth, type, interlaced),
    ...extra,
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts])
}

function header(width: number, height: number, depth = 8, type = 0, interlaced = 0): Buffer {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width, 0)
  data.writeUInt32BE(height, 4)
  data.set([depth, type, 0, 0, interlaced], 8)
  return chunk('IHDR', data)
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

interface Answer {
  readonly image: string
  readonly ground: 'light' | 'dark'
  readonly label: number
  readonly probabilities: readonly number[]
}

describe('image files', function () {
  this.timeout(60_000)
  const storage = temporaryFolder()
  const file = (name: string) => join(storage, name)
  copyFileSync(join(root, 'storage/pretrained/deepnet2.safetensors'), file('deepnet2.safetensors'))
  const use = (...more: string[]) => chiffre('use', '--model', 'deepnet2', '--storage', storage, ...more)
  const answers = async (...names: string[]) => {
    const { code, out, err } = await use('--json', '--image', ...names.map(file))
    assert.deepEqual([code, err], [0, ''])
    return out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Answer)
  }

  const side = 112
  let ink: Image // the first test digit, a 7, four times as large
  let kinds: Record<string, Buffer>
  before(async () => {
    const { pixels } = (await mnist('t10k')).gather(Uint32Array.of(0))
    const digit = ndarray(pixels, [28, 28])
    ink = blank(side, side)
    eachPixel(ink, (i, j) => ink.set(i, j, Math.round(bilinear(digit, (i + 0.5) / 4 - 0.5, (j + 0.5) / 4 - 0.5))))

    /** A file's rows: of each pixel the bytes that `of` makes of its ink. */
    const rows = (of: (v: number) => number[]) =>
      Array.from({ length: side }, (_, i) =>
        Buffer.from(Array.from({ length: side }, (_, j) => of(ink.get(i, j))).flat()),
      )
    const twice = (v: number) => [v, v] // 16 bits of the same share
    const shades = Array.from({ length: 256 }, (_, v) => [255 - v, 255 - v, 255 - v]).flat()
    const palette = chunk('PLTE', Buffer.from(shades))
    const make = (depth: number, type: number, of: (v: number) => number[], extra: Buffer[] = []) =>
      png(side, side, depth, type, rows(of), extra)
    kinds = {
      'grey.png': make(8, 0, v => [255 - v]),
      'slate.png': make(8, 0, v => [v]),
      'grey16.png': make(16, 0, v => twice(255 - v)),
      'rgb.png': make(8, 2, v => [255 - v, 255 - v, 255 - v]),
      'rgb16.png': make(16, 2, v => [twice(255 - v), twice(255 - v), twice(255 - v)].flat()),
      'palette.png': make(8, 3, v => [v], [palette]),
      // The ink's strength is its opacity; the colour under it says nothing where it is transparent.
      'black-on-clear.png': make(8, 6, v => [0, 0, 0, v]),
      'white-on-clear.png': make(8, 6, v => [255, 255, 255, v]),
      'grey-alpha.png': make(8, 4, v => [0, v]),
      'grey-alpha16.png': make(16, 4, v => [0, 0, v, v]),
      'rgba16.png': make(16, 6, v => [0, 0, 0, 0, 0, 0, v, v]),
      'palette-alpha.png': make(8, 3, v => [v], [
        chunk('PLTE', Buffer.alloc(3 * 256)),
        chunk('tRNS', Buffer.from(Array.from({ length: 256 }, (_, v) => v))),
      ]), // prettier-ignore
    }
    for (const [name, bytes] of Object.entries(kinds)) writeFileSync(file(name), bytes)
  })

  it('of every kind are read alike, with the ground that they have', async () => {
    const names = Object.keys(kinds)
    const read = await answers(...names)
    assert.deepEqual(
      read.map(({ image }) => image),
      names.map(file),
    )
    const [first] = read
    assert.ok(first.label === 7 && first.probabilities[7] > 0.9)
    for (const { image, ground, label, probabilities } of read) {
      assert.equal(label, 7, image)
      assert.equal(ground, /slate|white/.test(image) ? 'dark' : 'light', image)
      for (const [i, p] of probabilities.entries())
        assert.ok(Math.abs(p - first.probabilities[i]) < 0.01, `${image}: ${p} for ${i}`)
    }
  })

  it('of one bit, and of colours, are read too', async () => {
    const bits = Array.from({ length: side }, (_, i) => {
      const row = Buffer.alloc(side / 8)
      for (let j = 0; j < side; j++) if (ink.get(i, j) < 128) row[j >> 3] |= 0x80 >> (j & 7)
      return row
    })
    writeFileSync(file('bits.png'), png(side, side, 1, 0, bits))
    // Blue ink on yellowed paper, whose reds and greens say more than the blues.
    const mix = (v: number) => [250 - 0.85 * v, 240 - 0.75 * v, 200 - 0.1 * v].map(Math.round)
    const colour = Array.from({ length: side }, (_, i) =>
      Buffer.from(Array.from({ length: side }, (_, j) => mix(ink.get(i, j))).flat()),
    )
    writeFileSync(file('colour.png'), png(side, side, 8, 2, colour))
    for (const { label, ground, probabilities } of await answers('bits.png', 'colour.png'))
      assert.ok(label === 7 && ground === 'light' && probabilities[7] > 0.9)
  })

  it('are shown as a table', async () => {
    const { out } = await use('--image', file('grey.png'), file('slate.png'))
    assert.match(out, /│ Image +│ Ink +│ Digit │ Likeliest +│/)
    assert.match(
      out,
      /│ dark on light │ +7 │ 7\u00a0\d+\.\d\d%, .*\n│ grey\.png [^]*│ light on dark │ +7 │.*\n│ slate\.png /,
    )
    for (const line of out.split('\n')) assert.ok(line.length <= 80, line)
  })

  it('--steps writes the preparation: the last picture is what the network sees', async () => {
    const steps = join(storage, 'steps/of/it')
    const { code } = await use('--image', file('grey.png'), '--steps', steps)
    assert.equal(code, 0)
    const names = ['1-paper', '2-ink', '3-cleaned', '4-scaled', '5-padded', '6-centred']
    assert.deepEqual(
      readdirSync(steps).sort(),
      names.map(name => `grey-${name}.png`),
    )
    const dark = ndarray(
      ink.data.map(v => 255 - v),
      ink.shape,
    )
    const { image: found } = findInk(dark)!
    const { cleaned, scaled, padded, centred } = prepare(found)!
    const white = ndarray(new Float32Array(dark.size).fill(255), dark.shape)
    for (const [k, image] of [white, found, cleaned, scaled, padded, centred].entries()) {
      const name = names[k]
      const written = PNG.sync.read(readFileSync(join(steps, `grey-${name}.png`)))
      assert.deepEqual([written.height, written.width], image.shape)
      eachPixel(image, (i, j, v) => {
        const found = written.data[4 * (i * written.width + j)]
        assert.ok(Math.abs(found - v) <= 1, `${name} ${i},${j}: ${found}, not ${v}`)
      })
    }
  })

  it('--deslant has a step of its own: the digit sheared upright', async () => {
    const steps = join(storage, 'steps/deslanted')
    const { code } = await use('--image', file('grey.png'), '--deslant', '--steps', steps)
    assert.equal(code, 0)
    const names = ['1-paper', '2-ink', '3-cleaned', '4-upright', '5-scaled', '6-padded', '7-centred']
    assert.deepEqual(
      readdirSync(steps).sort(),
      names.map(name => `grey-${name}.png`),
    )
    assert.ok(
      !readFileSync(join(steps, 'grey-7-centred.png')).equals(
        readFileSync(join(storage, 'steps/of/it/grey-6-centred.png')),
      ),
    )
  })

  const refused: [what: string, bytes: () => Buffer, reason: RegExp][] = [
    ['text', () => Buffer.from('P2 1 1 255 0'), /no picture that is known here; PNG and JPEG are read/],
    ['an empty file', () => Buffer.alloc(0), /no picture that is known here/],
    ['a JPEG cut off', () => Buffer.from('ffd8ffe000104a46494600', 'hex'), /this JPEG file is cut off or damaged/],
    ['a GIF', () => Buffer.from('GIF89a'), /this is GIF; PNG and JPEG are read: save it as one of them/],
    ['a PNG cut off in its header', () => kinds['grey.png'].subarray(0, 20), /this PNG file is cut off or damaged/],
    ['a PNG cut off in its pixels', () => kinds['grey.png'].subarray(0, 900), /cut off in row 41 of 112/],
    ['a PNG without its end', () => kinds['grey.png'].subarray(0, -16), /this PNG file is cut off or damaged/],
    ['a PNG with a flipped bit', () => flipped(kinds['grey.png'], 500), /this PNG file is cut off or damaged/],
    ['a PNG that announces more rows than it has', () => png(9, 8, 8, 0, rowsOf(5, 9)), /cut off in row 6 of 8/],
    [
      'a PNG that ends within a row',
      () => png(9, 8, 8, 0, [...rowsOf(5, 9), Buffer.alloc(3)]),
      /cut off in row 6 of 8/,
    ],
    ['an interlaced PNG that misses rows', () => png(9, 8, 8, 0, rowsOf(3, 2), [], 1), /cut off in row 4 of 15/],
    ['a PNG that holds more than it announces', () => png(9, 8, 8, 0, rowsOf(9, 9)), /holds more than the 8 rows/],
    ['a bomb, interlaced', () => png(8, 8, 8, 0, rowsOf(1000, 1e5), [], 1), /holds more than the 15 rows/],
    ['more than 24 megapixels', () => png(6001, 4000, 8, 0, []), /6001x4000 pixels are too many; at most 24 million/],
    ['more than 12 of 16 bits', () => png(4000, 3001, 16, 6, []), /4000x3001 pixels are too many; at most 12 million/],
    ['more than 32,767 rows', () => png(1, 32768, 8, 0, []), /1x32768 pixels are too many; .* 32,767 on a side/],
    [
      'a second header',
      () => png(8, 8, 8, 0, rowsOf(8, 8), [header(20_000, 20_000)]),
      /this PNG file is cut off or damaged/,
    ],
    [
      'a palette of a million colours',
      () => png(8, 8, 8, 3, rowsOf(8, 8), [chunk('PLTE', Buffer.alloc(3e6))]),
      /damaged/,
    ],
    ['a chunk that nobody knows', () => png(8, 8, 8, 0, rowsOf(8, 8), [chunk('ABCD', Buffer.alloc(0))]), /damaged/],
    ['bits that its kind has not', () => png(8, 8, 4, 2, rowsOf(8, 12)), /damaged/],
    ['pixels in an unknown order', () => png(8, 8, 8, 0, rowsOf(8, 8), [], 2), /damaged/],
    ['no pixel at all', () => png(0, 5, 8, 0, []), /this PNG file is cut off or damaged/],
    ['white paper', () => png(30, 30, 8, 0, Array<Buffer>(30).fill(Buffer.alloc(30, 255))), /blank: no ink/],
    ['a dark slate', () => png(30, 30, 8, 0, Array<Buffer>(30).fill(Buffer.alloc(30, 9))), /blank: no ink/],
    ['paper whose grain is all there is', () => grain(), /blank: no ink/],
    ['nothing but transparency', () => png(30, 30, 8, 6, Array<Buffer>(30).fill(Buffer.alloc(120))), /blank: no ink/],
  ]
  for (const [what, bytes, reason] of refused)
    it(`of ${what} are refused in one line`, async () => {
      writeFileSync(file('refused.png'), bytes())
      for (const command of [['use'], ['read']]) {
        const args = ['--model', 'deepnet2', '--storage', storage, '--image', file('refused.png')]
        const { code, out, err } = await chiffre(...command, ...args)
        assert.deepEqual([code, out, err.split('\n').length], [1, '', 2], err)
        assert.ok(err.startsWith(`chiffre: ${file('refused.png')}: `), err)
        assert.match(err, reason)
      }
    })

  it('in which the pixels lie in thousands of chunks are read; what is beside the picture does no harm', async () => {
    const { 'grey.png': plain } = kinds
    const pixels = plain.subarray(41, 41 + plain.readUInt32BE(33))
    const parts = Array.from(pixels, byte => chunk('IDAT', Buffer.of(byte)))
    const empty = Array<Buffer>(200_000).fill(chunk('IDAT', Buffer.alloc(0)))
    const text = chunk('zTXt', Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.alloc(1e7))]))
    const end = chunk('IEND', Buffer.alloc(0))
    writeFileSync(file('parts.png'), Buffer.concat([plain.subarray(0, 33), text, ...parts, ...empty, end, pixels]))
    const [read, expected] = await answers('parts.png', 'grey.png')
    assert.deepEqual(read.probabilities, expected.probabilities)
  })

  it('that are not there, or are folders, are named', async () => {
    assert.match((await use('--image', file('none.png'))).err, /none\.png: no such file or folder\n$/)
    mkdirSync(file('folder.png'))
    const { code, err } = await use('--image', file('folder.png'))
    assert.deepEqual([code, err], [1, `chiffre: ${file('folder.png')}: this is a folder, not a file\n`])
  })

  if (process.platform !== 'win32')
    it('that are devices or pipes are refused, for they may have no end', async () => {
      execFileSync('mkfifo', [file('pipe.png')])
      for (const path of ['/dev/zero', file('pipe.png')])
        for (const command of ['use', 'read'])
          assert.deepEqual(await chiffre(command, '--model', 'deepnet2', '--storage', storage, '--image', path), {
            code: 1,
            out: '',
            err: `chiffre: ${path}: this is no file but a device, a pipe or a socket\n`,
          })
    })

  it('one bad file among good ones: the others are read, and each bad one is named', async () => {
    writeFileSync(file('bad.png'), 'x')
    const bad = `chiffre: ${file('bad.png')}: no picture that is known here; PNG and JPEG are read\n`
    const none = `chiffre: ${file('none.jpg')}: no such file or folder\n`
    const { code, out, err } = await use(
      '--json',
      '--image',
      ...['bad.png', 'grey.png', 'none.jpg', 'slate.png'].map(file),
    )
    const read = out.trim().split('\n').map(line => (JSON.parse(line) as Answer).image) // prettier-ignore
    assert.deepEqual([code, read, err], [1, [file('grey.png'), file('slate.png')], bad + none])
    const rows = await chiffre(
      'read',
      '--model',
      'deepnet2',
      '--storage',
      storage,
      '--image',
      file('bad.png'),
      file('grey.png'),
    )
    assert.deepEqual([rows.code, rows.err], [1, bad])
    assert.ok(rows.out.startsWith(`${file('grey.png')}:\n7 (`), rows.out)
  })

  it('are what their first bytes say, whatever their name', async () => {
    const pixels = Buffer.alloc(4 * side * side, 255)
    eachPixel(ink, (i, j, v) => pixels.fill(255 - v, 4 * (i * side + j), 4 * (i * side + j) + 3))
    writeFileSync(file('photo.png'), encodeJpeg({ width: side, height: side, data: pixels }, 80).data)
    copyFileSync(file('grey.png'), file('grey.jpeg'))
    for (const { label, probabilities } of await answers('photo.png', 'grey.jpeg'))
      assert.ok(label === 7 && probabilities[7] > 0.9)
  })

  it('of no digit are read all the same, with a word about it', async () => {
    writeFileSync(file('H.png'), encode(greyPng(drawn(letters['H'], 120, random(1, 'an H')))))
    const { code, out, err } = await use('--json', '--image', file('grey.png'), file('H.png'))
    const [seven, letter] = out.trim().split('\n').map(line => JSON.parse(line) as Answer & { rejected: boolean }) // prettier-ignore
    assert.deepEqual([code, seven.rejected, letter.rejected, letter.probabilities.length], [0, false, true, 10])
    assert.equal(err, `${file('H.png')}: this is perhaps no digit at all\n`)
    assert.match((await use('--image', file('H.png'))).out, new RegExp(`│ +${letter.label}\\? │`))
    assert.doesNotMatch((await use('--image', file('grey.png'))).out, /\?/)
  })

  describe('of several digits', () => {
    let labels: Uint8Array | Uint16Array
    before(async () => {
      const { pixels, labels: shown } = (await mnist('t10k')).gather(Uint32Array.of(0, 1, 2, 3, 4))
      const digits = Array.from(shown, (_, i) => ndarray(pixels.subarray(784 * i, 784 * (i + 1)), [28, 28]))
      labels = shown
      writeFileSync(file('code.png'), encode(greyPng(writeCode(digits, random(3, 'code'), { height: [60, 60] }))))
    })
    const read = (...more: string[]) =>
      chiffre('read', '--model', 'deepnet2', '--storage', storage, '--image', file('code.png'), ...more)

    it('are read from left to right, with how sure that is', async () => {
      const { code, out, err } = await read()
      assert.deepEqual([code, err], [0, ''])
      assert.match(
        out,
        new RegExp(`^${labels.join('')} \\(\\d+\\.\\d\\d% sure of all 5\\)\\n(  \\d \\d+\\.\\d\\d%){5}\\n$`),
      )
    })

    it('--json gives each digit’s box and probability; --boxes draws the boxes', async () => {
      const boxes = join(storage, 'drawn/boxes.png')
      const { out } = await read('--json', '--boxes', boxes)
      const row = JSON.parse(out) as {
        text: string
        confidence: number
        digits: { label: number; probability: number; box: Box }[]
      }
      assert.equal(row.text, labels.join(''))
      assert.ok(Math.abs(row.digits.reduce((p, d) => p * d.probability, 1) - row.confidence) < 1e-9)
      const drawn = PNG.sync.read(readFileSync(boxes))
      const original = PNG.sync.read(readFileSync(file('code.png')))
      assert.deepEqual([drawn.width, drawn.height], [original.width, original.height])
      const ground = Uint8Array.from({ length: original.width * original.height }, (_, i) => original.data[4 * i])
      const { image } = findInk(ndarray(ground, [original.height, original.width]))!
      let left = -1
      for (const { box } of row.digits) {
        const at = (i: number, j: number) => [
          ...drawn.data.subarray(4 * (i * drawn.width + j), 4 * (i * drawn.width + j) + 3),
        ]
        for (const corner of [at(box.top - 2, box.left - 2), at(box.top + box.height + 1, box.left + box.width + 1)])
          assert.deepEqual(corner, [255, 122, 60])
        assert.ok(box.left > left, 'boxes go from left to right')
        left = box.left
        const middle = Math.max(
          ...Array.from({ length: box.height }, (_, i) => image.get(box.top + i, box.left + (box.width >> 1))),
        )
        assert.ok(middle > 200, 'there is ink in the box')
      }
    })

    it('are not taken for one: `use` says that there are several, and which', async () => {
      const { code, out, err } = await use('--json', '--image', file('code.png'), file('grey.png'))
      const [code5, seven] = out.trim().split('\n').map(line => JSON.parse(line) as Answer & { several?: string }) // prettier-ignore
      assert.deepEqual([code, code5.several, seven.several], [0, labels.join(''), undefined])
      assert.equal(
        err,
        `${file('code.png')}: these look like several digits, ${labels.join('')}; \`read\` reads them\n`,
      )
    })

    it('among which is no digit: `read` says which', async () => {
      const [height, width] = [140, 400]
      const row = blank(height, width)
      const sheets = [drawn(usual[3].strokes, 140, random(1, 'a 1')), drawn(european[1].strokes, 140, random(1, 'a 7'))]
      sheets.splice(1, 0, drawn(letters['H'], 140, random(1, 'an H')))
      sheets.forEach((sheet, n) => eachPixel(sheet, (i, j, v) => v > 0 && row.set(i, 130 * n + j, v)))
      writeFileSync(file('mixed.png'), encode(greyPng(row)))
      const read = (...more: string[]) =>
        chiffre('read', '--model', 'convnet', '--storage', storage, '--image', file('mixed.png'), ...more)
      const { digits } = JSON.parse((await read('--json')).out) as { digits: { rejected: boolean }[] }
      assert.deepEqual(
        digits.map(({ rejected }) => rejected),
        [false, true, false],
      )
      assert.match(
        (await read()).out,
        /^\d{3} .*\n {2}\d \S+ {2}\d\? \S+ {2}\d \S+\n {2}\?: perhaps no digit at all\n$/,
      )
    })

    it('must be given', async () => {
      const { code, err } = await chiffre('read', '--model', 'deepnet2')
      assert.equal(code, 2)
      assert.match(err, /--image/)
      assert.ok(!existsSync(join(storage, 'boxes.png')))
    })
  })
})

const rowsOf = (count: number, length: number) => Array<Buffer>(count).fill(Buffer.alloc(length, 255))

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] ^= 1
  return copy
}

/** Light grey paper, a little lighter or darker from pixel to pixel. */
function grain(): Buffer {
  const rng = random(1, 'grain')
  return png(
    60,
    60,
    8,
    0,
    Array.from({ length: 60 }, () => Buffer.from(Array.from({ length: 60 }, () => 220 + 12 * rng()))),
  )
}
