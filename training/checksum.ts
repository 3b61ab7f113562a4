// A number that tells whether a checkpoint holds what was written: over its metadata and its tensors, in the order of
// their names, so that a program which writes the same in another order keeps it true.
import type { Saved } from '../engine/index.js'

/** FNV-1a over 32-bit words: each step is a bijection, so a change within one word never goes unnoticed. */
export function checksum({ tensors, metadata }: Saved): string {
  let hash = 0x811c9dc5
  const add = (word: number) => (hash = Math.imul(hash ^ word, 0x01000193))
  const addText = (text: string) => {
    for (let i = 0; i < text.length; i++) add(text.charCodeAt(i))
    add(-1) // so that what ends one text cannot begin the next
  }
  for (const key of Object.keys(metadata).sort()) {
    addText(key)
    addText(metadata[key])
  }
  for (const name of [...tensors.keys()].sort()) {
    const { shape, values } = tensors.get(name)!
    addText(name)
    addText(`${shape}`)
    const words = new Int32Array(values.buffer, values.byteOffset, values.length)
    for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i], 0x01000193)
  }
  return (hash >>> 0).toString(16).padStart(8, '0')
}
