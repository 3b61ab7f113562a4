import { problem } from './errors.js'

/**
 * Says so, if a file is what a download left in the place of data: a page of HTML (a login, an error) or a pointer of
 * Git LFS.
 * @throws ChiffreError in that case
 */
export function checkDisguise(bytes: Uint8Array) {
  const beginning = String.fromCharCode(...bytes.subarray(0, 200)).replace(/^(\xef\xbb\xbf)?\s*/, '')
  if (/^<(!doctype html|html|head|\?xml)/i.test(beginning)) throw problem('data.html')
  if (beginning.startsWith('version https://git-lfs')) throw problem('data.lfs')
}
