// Files read at one go, and no larger than files of their kind are.
import type { Stats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { failure } from './errors.js'
import { integer } from './language.js'

/**
 * A file's bytes, read at one go (Node's readFile comes back for every half megabyte).
 * @param most how many bytes a file of its kind may have; a larger one is not read
 * @throws ChiffreError if it is larger, or no file but a device or a pipe, which may have no end
 */
export async function readWhole(path: string, most = Infinity): Promise<Buffer> {
  checkFile(await stat(path), most) // before it is opened: opening a pipe waits for somebody who writes
  const file = await open(path)
  try {
    const found = await file.stat()
    checkFile(found, most)
    const bytes = Buffer.alloc(found.size)
    let length = 0
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return bytes.subarray(0, length)
  } finally {
    await file.close()
  }
}

/** @throws ChiffreError if something is no file, or larger than `most` bytes */
export function checkFile(found: Stats, most = Infinity) {
  if (found.isDirectory()) throw failure('system.EISDIR')
  if (!found.isFile()) throw failure('file.kind')
  if (found.size > most) throw failure('file.large', { size: integer(found.size), most: integer(most) })
}
