import { FlateErrorCode, Gunzip, type FlateError } from 'fflate'
import { ChiffreError } from '../engine/index.js'
import { problem } from './errors.js'

/** Whether the bytes begin as a gzip file does (RFC 1952). */
export const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b

/** How many bytes of a file are unfolded at a time; each may stand for a thousand (RFC 1951: 258 in two bits). */
const portion = 1 << 14

/**
 * What a gzip file holds. It ends in the CRC-32 and the length of its content (RFC 1952), which fflate leaves unchecked.
 * @param sizeOf the length of the whole content, from its first `headLength` bytes: no more is ever unfolded
 * @throws ChiffreError if the file is cut or damaged, or holds more; whatever sizeOf throws
 */
export function gunzip(bytes: Uint8Array, headLength: number, sizeOf: (head: Uint8Array) => number): Uint8Array {
  let content = new Uint8Array(headLength)
  let [expected, length] = [-1, 0]
  const take = (chunk: Uint8Array) => {
    if (expected < 0) {
      const missing = headLength - length
      content.set(chunk.subarray(0, missing), length)
      length += Math.min(missing, chunk.length)
      if (length < headLength) return
      expected = sizeOf(content)
      const head = content
      content = new Uint8Array(expected)
      content.set(head)
      chunk = chunk.subarray(missing)
    }
    if (length + chunk.length > expected)
      throw problem('data.gzip', { reason: problem('data.gzip.more', { expected }) })
    content.set(chunk, length)
    length += chunk.length
  }
  inflate(bytes, take)
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8)
  content = content.subarray(0, length)
  if (trailer.getUint32(4, true) !== length || trailer.getUint32(0, true) !== crc32(content))
    throw problem('data.gzip', { reason: problem('data.gzip.content') })
  return content
}

function inflate(bytes: Uint8Array, take: (chunk: Uint8Array) => void) {
  const cut = () => problem('data.gzip', { reason: problem('data.gzip.cut') })
  if (bytes.length < 18) throw cut()
  const stream = new Gunzip(take)
  try {
    for (let at = 0; at < bytes.length; at += portion)
      stream.push(bytes.subarray(at, at + portion), at + portion >= bytes.length)
  } catch (error) {
    if (error instanceof ChiffreError) throw error
    const { message, code } = error as FlateError
    throw code === FlateErrorCode.UnexpectedEOF ? cut() : problem('data.gzip', { reason: message })
  }
}

/** What dividing each byte value by the CRC's polynomial leaves. */
const remainders = Int32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1
  return byte
})

function crc32(bytes: Uint8Array): number {
  let crc = -1
  for (let i = 0; i < bytes.length; i++) crc = remainders[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8)
  return ~crc >>> 0
}
