// Picture files: JPEGs against Pillow's decoder (test/fixtures/pictures.py), and what is none.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPicture } from '../cli/images.js'
import { random, type ChiffreError } from '../engine/index.js'
import { temporaryFolder } from './cli/chiffre.js'

const fixture = JSON.parse(readFileSync(new URL('../../test/fixtures/pictures.json', import.meta.url), 'utf8')) as {
  kind: string
  jpeg: string
  shape: [number, number]
  pixels: number[]
}[]
const file = join(temporaryFolder(), 'picture')
function read(bytes: Uint8Array) {
  writeFileSync(file, bytes)
  return readPicture(file)
}

describe('a JPEG', () => {
  for (const { kind, jpeg, shape, pixels } of fixture)
    it(`${kind}: gives the pixels that Pillow gives`, async () => {
      const { width, height, data } = await read(Buffer.from(jpeg, 'base64'))
      assert.deepEqual([height, width], shape)
      // Decoders round differently, and Pillow's blends halved colours where jpeg-js repeats them.
      const differences = pixels.map((v, i) => Math.abs(v - data[4 * Math.floor(i / 3) + (i % 3)]))
      const worst = Math.max(...differences)
      assert.ok(worst <= (kind === 'grey' || kind === 'full chroma' ? 2 : 10), `differs by ${worst}`)
      assert.ok(data.every((v, i) => i % 4 < 3 || v === 255))
    })

  const bytes = Buffer.from(fixture[0].jpeg, 'base64')
  it('that is cut off anywhere is said to be', async () => {
    for (let length = 3; length < bytes.length - 2; length += 7)
      await assert.rejects(read(bytes.subarray(0, length)), { key: 'image.damaged' }, `${length} bytes`)
  })

  it('with flipped bytes is read or refused, and no more', async () => {
    const rng = random(1, 'bytes')
    for (let i = 0; i < 300; i++) {
      const damaged = Buffer.from(Buffer.from(fixture[i % 4].jpeg, 'base64'))
      for (let k = 0; k < 3; k++) damaged[3 + Math.floor(rng() * (damaged.length - 3))] = Math.floor(256 * rng())
      await read(damaged).then(
        ({ data, width, height }) => assert.equal(data.length, 4 * width * height),
        (error: unknown) => assert.match((error as ChiffreError).key, /^image\.(damaged|large|memory|jpeg)$/),
      )
    }
  })

  it('with more pixels than are read is refused before they are decoded', async () => {
    const large = Buffer.from(bytes)
    const frame = large.indexOf(Buffer.of(0xff, 0xc0))
    large.writeUInt16BE(6001, frame + 5)
    large.writeUInt16BE(4000, frame + 7)
    await assert.rejects(read(large), { key: 'image.large' })
  })

  it('of kinds that hardly anything reads is named', async () => {
    const arithmetic = Buffer.from(bytes)
    arithmetic[arithmetic.indexOf(Buffer.of(0xff, 0xc0)) + 1] = 0xc9
    await assert.rejects(read(arithmetic), { key: 'image.jpeg', values: { kind: 'arithmetic' } })
  })
})

describe('another picture is named', () => {
  // The first bytes as each format's specification gives them.
  const others: Readonly<Record<string, Buffer>> = {
    WebP: Buffer.from('RIFF\x24\0\0\0WEBPVP8 ', 'latin1'),
    GIF: Buffer.from('GIF89a\x01\0\x01\0', 'latin1'),
    BMP: Buffer.from('BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01', 'latin1'),
    HEIC: Buffer.from('\0\0\0\x24ftypheic\0\0\0\0mif1heic', 'latin1'),
    AVIF: Buffer.from('\0\0\0\x20ftypavif\0\0\0\0avifmif1', 'latin1'),
    TIFF: Buffer.from('II*\0\x08\0\0\0', 'latin1'),
    'JPEG XL': Buffer.from('ff0a0000', 'hex'),
    'JPEG 2000': Buffer.from('0000000c6a5020200d0a870a', 'hex'),
    PDF: Buffer.from('%PDF-1.7\n'),
  }
  for (const [kind, bytes] of Object.entries(others))
    it(kind, () => assert.rejects(read(bytes), { key: 'image.other', values: { kind } }))
  it('unless nobody knows it', () => assert.rejects(read(Buffer.from('hello')), { key: 'image.kind' }))
})
