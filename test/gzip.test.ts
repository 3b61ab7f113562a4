// Gzipped files of every length: what is unfolded portion by portion is put together again whole, wherever a portion ends.
import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { readIdx } from '../data/index.js'

/** What is unfolded at a time (data/gzip.ts). */
const portion = 1 << 14

/** An IDX file of one dimension: a header of 8 bytes, then these numbers. */
const idx = (values: Uint8Array) => {
  const file = new Uint8Array(8 + values.length)
  file.set([0, 0, 8, 1])
  new DataView(file.buffer).setUint32(4, values.length)
  file.set(values, 8)
  return file
}
const numbers = (length: number) => Uint8Array.from({ length }, (_, i) => (i * i + (i >> 3)) % 251)
/** Stored, not compressed: so one byte more of content is one byte more of file. */
const stored = (content: Uint8Array) => gzipSync(content, { level: 0 })

/** A gzip file with a name of so many letters in its header (RFC 1952, FNAME), which moves all that follows. */
function named(file: Uint8Array, length: number): Uint8Array {
  const longer = new Uint8Array(file.length + length + 1).fill(97)
  longer.set(file.subarray(0, 10))
  longer[3] |= 8
  longer[10 + length] = 0
  longer.set(file.subarray(10), 10 + length + 1)
  return longer
}

describe('a gzipped file', () => {
  it('of just one portion, of one byte less and of one more, and of several', () => {
    for (const size of [portion - 1, portion, portion + 1, 2 * portion, 2 * portion + 1, 5 * portion]) {
      let length = size - 31 // eight bytes of IDX, ten and eight of gzip, five a block
      while (stored(idx(numbers(length))).length > size) length--
      const file = stored(idx(numbers(length)))
      assert.equal(file.length, size)
      assert.deepEqual(readIdx(file, 1).data, numbers(length))
    }
  })
  it('whose portions end at any byte of the content’s header, or of the trailer', () => {
    const values = numbers(20)
    const file = stored(idx(values))
    for (let cut = 0; cut <= file.length - 10; cut++) {
      const longer = named(file, portion - 11 - cut) // the first portion holds `cut` bytes after the gzip header
      assert.deepEqual(readIdx(longer, 1).data, values, `${cut} bytes in the first portion`)
    }
  })
  it('is refused if it holds a number more or less than it announces, or says a wrong length or checksum of itself', () => {
    const announcing = (count: number, there: number) => {
      const content = idx(numbers(there))
      new DataView(content.buffer).setUint32(4, count)
      return gzipSync(content)
    }
    assert.equal(readIdx(announcing(9, 9), 1).size, 9)
    assert.throws(() => readIdx(announcing(9, 10), 1), /it holds more than the 17 bytes that its content announces$/)
    assert.throws(() => readIdx(announcing(9, 8), 1), /only 8 follow/)
    for (const at of [8, 7, 4, 1]) {
      const wrong = gzipSync(idx(numbers(9)))
      wrong[wrong.length - at] ^= 1
      assert.throws(() => readIdx(wrong, 1), { key: 'data.gzip' }, `byte ${at} from the end`)
    }
  })
  it('that ends with a portion, too early, is cut off', () => {
    const cut = stored(idx(numbers(3 * portion))).subarray(0, 2 * portion)
    assert.throws(() => readIdx(cut, 1), /the end is missing$/)
  })
  it('of fewer than 18 bytes is cut off, whatever they are', () => {
    const start = gzipSync(idx(numbers(9)))
    for (const size of [2, 17, 18]) {
      const short = start.subarray(0, size)
      assert.throws(() => readIdx(short, 1), /the end is missing$/, `${size} bytes`)
    }
  })
})
