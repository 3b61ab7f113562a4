import { gunzipSync } from 'fflate'
import { problem } from './errors.js'

/** Whether the bytes begin as a gzip file does (RFC 1952). */
export const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b

/** A byte of DEFLATE stands for at most so many (RFC 1951: 258 in two bits). */
const mostExpansion = 1032

/**
 * What a gzip file holds. It ends in the CRC-32 and the length of its content (RFC 1952), which fflate leaves unchecked.
 * @throws ChiffreError if the file is cut or damaged
 */
export function gunzip(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 18) throw problem('data.gzip', { reason: problem('data.gzip.cut') })
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8)
  const [crc, length] = [trailer.getUint32(0, true), trailer.getUint32(4, true)]
  const damaged = () => problem('data.gzip', { reason: problem('data.gzip.content') })
  if (length > mostExpansion * bytes.length) throw damaged() // before as much memory is taken
  const content = inflate(bytes)
  if (content.length !== length || crc32(content) !== crc) throw damaged()
  return content
}

function inflate(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes)
  } catch (error) {
    throw problem('data.gzip', { reason: (error as Error).message })
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
