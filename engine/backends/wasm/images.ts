// The images that a network learns from. A copy of all of them stays in the kernels' memory, so that a batch is put together
// there, by all threads: fetched one after the other from all over the memory, images take longer than a small network does.
import { imagesAt } from '../imagesAt.js'
import { Block } from './block.js'
import { pieceOf, type Store } from './store.js'

/** So many sets stay: one to learn from and one to judge by. */
const MOST_SETS = 2
/** Larger ones are not copied. */
const MOST_BYTES = 1 << 28

export function createImages({ adopt, bytes, give, run, sizes, takeBytes, words }: Store) {
  /** Where the copies are, the set that was used last being the last. */
  const copies = new Map<Uint8Array, number>()

  function copyOf(images: Uint8Array): number {
    const known = copies.get(images)
    copies.delete(images)
    if (known === undefined && copies.size === MOST_SETS) {
      const [oldest, at] = copies.entries().next().value!
      copies.delete(oldest)
      give(at)
    }
    const at = known ?? takeBytes(images.length)
    if (known === undefined) bytes().set(images, at)
    copies.set(images, at)
    return at
  }

  function uploadPixels(images: Uint8Array, indices?: Uint32Array, size = 1): Block {
    const resident = indices && images.length <= MOST_BYTES ? copyOf(images) : undefined
    const pixels = resident === undefined ? imagesAt(images, indices, size) : undefined
    const x = adopt(new Block(pixels?.length ?? indices!.length * size))
    x.bytes = takeBytes(x.length)
    if (pixels) bytes().set(pixels, x.bytes)
    else {
      const places = takeBytes(indices!.byteLength)
      words(places, indices!.length).set(indices!)
      run('pick', pieceOf(indices!.length, sizes.PICKED), [resident!, places, x.bytes, indices!.length, size])
      give(places)
    }
    return x
  }

  return uploadPixels
}
