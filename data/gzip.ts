import { FlateErrorCode, Gunzip, type FlateError } from 'fflate'
import { ChiffreError } from '../engine/index.js'
import { problem } from './errors.js'

/** Whether the bytes begin as a gzip file does (RFC 1952). */
export const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b

/** How many bytes of a file are unfolded at a time; each may stand for a thousand (RFC 1951: 258 in two bits). */
const portion = 1 << 14
/** What stands at a member's end: its content's CRC-32 and length, which fflate leaves unchecked. */
const trailerLength = 8

/**
 * What a gzip file holds, of one member or several, with or without zeros behind them (as tapes have them): what zcat reads.
 * @param sizeOf the length of the whole content, from its first `headLength` bytes (or all, if it is shorter): no more
 *   is ever unfolded
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
      chunk = chunk.subarray(missing)
      const head = content
      expected = sizeOf(head)
      content = new Uint8Array(Math.max(expected, length))
      content.set(head)
    }
    if (length + chunk.length > expected)
      throw problem('data.gzip', { reason: problem('data.gzip.more', { expected }) })
    content.set(chunk, length)
    length += chunk.length
  }
  let begun = 0
  const closes = (end: number) => {
    const trailer = new DataView(bytes.buffer, bytes.byteOffset + end - trailerLength, trailerLength)
    const member = content.subarray(begun, length)
    return trailer.getUint32(4, true) === member.length && trailer.getUint32(0, true) === crc32(member)
  }
  const damaged = () => problem('data.gzip', { reason: problem('data.gzip.content') })

  // A trailer may end in zeros of its own: the member ends at one of these places.
  let last = bytes.length
  while (last > 0 && bytes[last - 1] === 0) last--
  const end = Math.min(last + trailerLength, bytes.length)
  inflate(bytes.subarray(0, end), take, at => {
    if (!closes(at)) throw damaged()
    begun = length
  })
  for (let at = Math.max(last, trailerLength); !closes(at); at++) if (at >= end) throw damaged()
  return content.subarray(0, length)
}

function inflate(bytes: Uint8Array, take: (chunk: Uint8Array) => void, onmember: (at: number) => void) {
  const cut = () => problem('data.gzip', { reason: problem('data.gzip.cut') })
  if (bytes.length < 18) throw cut()
  let begun = false
  const stream = new Gunzip(chunk => {
    begun = true
    take(chunk)
  })
  stream.onmember = onmember
  try {
    let at = 0
    // The last portion holds more than a trailer, or fflate would look for data in it.
    for (; bytes.length - at > portion + 64; at += portion) stream.push(bytes.subarray(at, at + portion))
    stream.push(bytes.subarray(at), true)
  } catch (error) {
    if (error instanceof ChiffreError) throw error
    const { message, code } = error as FlateError
    if (begun && code === FlateErrorCode.InvalidHeader) return // zeros where a member might begin; or more, as will be seen
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
