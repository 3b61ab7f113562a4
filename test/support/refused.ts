import assert from 'node:assert/strict'
import { ChiffreError } from '../../engine/index.js'

/** For assert.throws and rejects: an error of that key, which says it in one line, with all values filled in. */
export const refused = (key: string, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ChiffreError, String(error))
  assert.equal(error.key, key)
  assert.match(error.message, text)
  assert.ok(!error.message.includes('\n') && !error.message.includes('{'), error.message)
  return true
}
