// Every way in which an IDX file can be wrong is named with the byte where it is.
import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { readIdx } from '../data/index.js'
import { ChiffreError } from '../engine/index.js'

/** A good file of shape [2, 1, 3], with the bytes at some offsets replaced. */
function idx(replaced: Record<number, number> = {}, extra: number[] = []): Uint8Array {
  const bytes = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 10, 20, 30, 40, 50, 255, ...extra]
  for (const [offset, byte] of Object.entries(replaced)) bytes[Number(offset)] = byte
  return Uint8Array.from(bytes)
}
const fails = (file: Uint8Array, message: string, dimensions = 3) =>
  assert.throws(() => readIdx(file, dimensions), { name: 'ChiffreError', message })

describe('readIdx', () => {
  it('gives a view of the numbers, which shares the memory of a plain file', () => {
    const file = idx()
    const x = readIdx(file, 3)
    assert.deepEqual([x.shape, x.dtype], [[2, 1, 3], 'uint8'])
    assert.deepEqual([x.get(0, 0, 0), x.get(0, 0, 2), x.get(1, 0, 2)], [10, 30, 255])
    assert.equal(x.data.buffer, file.buffer)
  })

  it('reads a file that is part of a larger buffer', () => {
    const inside = new Uint8Array(50)
    inside.set(idx(), 7)
    assert.equal(readIdx(inside.subarray(7, 29), 3).get(1, 0, 1), 50)
    assert.equal(readIdx(Buffer.from(idx()), 3).dtype, 'uint8')
  })

  // Compressed by zlib, the format's reference implementation.
  it('reads a gzipped file', () => assert.equal(readIdx(gzipSync(idx()), 3).get(1, 0, 0), 40))

  it('names the byte that is wrong in the header', () => {
    fails(idx({ 0: 1 }), 'byte 0 is 0x01; an IDX file begins with two zero bytes')
    fails(idx({ 1: 0x8b }), 'byte 1 is 0x8b; an IDX file begins with two zero bytes')
    fails(idx({ 2: 0x0d }), 'byte 2, the type of the numbers, is 0x0d; expected 0x08 (unsigned bytes)')
    fails(idx(), 'byte 3, the number of dimensions, is 3; expected 1', 1)
    fails(idx({ 11: 0 }), 'bytes 8–11, the size of dimension 2, are 0; expected at least 1')
  })

  it('says where the file ends, if within the header', () => {
    for (const size of [0, 3, 15])
      fails(
        idx().subarray(0, size),
        `the file ends at byte ${size}, inside its header; an IDX header of 3 dimensions has 16 bytes`,
      )
  })

  it('says how many bytes are announced and how many there are', () => {
    const announced = (bytes: number, sizes: string) =>
      `the header announces ${bytes} bytes from byte 16 on (${sizes}), but`
    fails(idx().subarray(0, 21), `${announced(6, '2 x 1 x 3')} only 5 follow`)
    fails(idx({}, [0, 0]), `${announced(6, '2 x 1 x 3')} 8 follow`)
    // Sizes near 2³² do not overflow, and nothing of that size is allocated.
    fails(
      idx({ 4: 255, 8: 255 }),
      `${announced((2 ** 32 - 2 ** 24 + 2) * (2 ** 32 - 2 ** 24 + 1) * 3, '4278190082 x 4278190081 x 3')} only 6 follow`,
    )
  })

  it('never unfolds more of a gzipped file than its header announces', () => {
    const bomb = gzipSync(Buffer.concat([idx(), Buffer.alloc(3e7)]))
    fails(bomb, 'its gzip compression is damaged: it holds more than the 22 bytes that its content announces')
    fails(gzipSync(idx({ 4: 255 })), 'the header announces 4278190082 x 1 x 3 numbers; at most 600000000 are read')
    fails(gzipSync(idx({ 0: 1 })), 'byte 0 is 0x01; an IDX file begins with two zero bytes')
    fails(
      gzipSync(idx().subarray(0, 20)),
      'the header announces 6 bytes from byte 16 on (2 x 1 x 3), but only 4 follow',
    )
    fails(
      gzipSync(idx().subarray(0, 9)),
      'the file ends at byte 9, inside its header; an IDX header of 3 dimensions has 16 bytes',
    )
  })

  // Some bits of the format say nothing about the content; whatever the others become must be noticed.
  it('never reads a damaged gzip file as something else', () => {
    const file = gzipSync(idx())
    const intact = [...readIdx(file, 3).data]
    for (let at = 0; at < file.length; at++) {
      assert.throws(() => readIdx(file.subarray(0, at), 3), { name: 'ChiffreError' }, `cut at byte ${at}`)
      for (let bit = 0; bit < 8; bit++) {
        const damaged = Uint8Array.from(file)
        damaged[at] ^= 1 << bit
        try {
          assert.deepEqual([...readIdx(damaged, 3).data], intact, `bit ${bit} of byte ${at}`)
        } catch (error) {
          if (!(error instanceof ChiffreError)) throw error
        }
      }
    }
  })
})
