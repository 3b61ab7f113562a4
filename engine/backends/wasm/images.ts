// The images that a network learns from. All of them stay in the kernels' memory, as csr (assembly/bytes.ts), so that a batch
// is put together there, by all threads: fetched one after the other from all over the memory, images take longer than a
// small network does.
import type { ExampleSet, Values } from '../../backend.js'
import { gathered } from '../gathered.js'
import { constants as sizes } from './kernels.js'
import { Block, type ImageSet } from './layout.js'
import { mostEntries, piecesOf } from './planner.js'
import type { Store } from './store.js'

/** So many sets stay: one to learn from and one to judge by. */
const MOST_SETS = 2
/** Sets of more pixels do not stay. */
const MOST_PIXELS = 1 << 27
/** Images that are copied into the kernels' memory at a time, to be made csr. */
const COPIED = 1024

export function createImages(store: Store) {
  const { adopt, give, put, take, view, wait } = store

  /** The sets that stay, as they were at one version; the one that was used last is the last. */
  const sets = new Map<ExampleSet, { version: number; set: ImageSet }>()

  function uploadPixels(pixels: Uint8Array): Block {
    const x = new Block(pixels.length)
    x.layouts.push({ kind: 'bytes', at: put(pixels) })
    return adopt(x)
  }

  function upload(values: Values): Block {
    const x = new Block(values.length)
    x.layouts.push({ kind: 'dense', at: put(values) })
    return adopt(x)
  }

  function gather(examples: ExampleSet, indices: Uint32Array): Block {
    const { values, size } = examples
    if (values instanceof Float32Array || values.length > MOST_PIXELS) {
      const picked = gathered(examples, indices)
      store.recording?.gather(picked, examples, indices)
      return picked instanceof Uint8Array ? uploadPixels(picked) : upload(picked)
    }
    const set = setOf(examples, values)
    store.recording?.sets.push({ examples, version: examples.version, set })
    const at = put(indices)
    set.join()
    return wait(indices.length * size, { op: 'gather', set, indices: at, count: indices.length })
  }

  function setOf(examples: ExampleSet, values: Uint8Array): ImageSet {
    const { version, size } = examples
    let found = sets.get(examples)
    sets.delete(examples)
    if (found && found.version !== version) {
      found.set.leave()
      found = undefined
    } else if (!found && sets.size === MOST_SETS) {
      const [oldest, { set }] = sets.entries().next().value!
      sets.delete(oldest)
      set.leave()
    }
    found ??= { version, set: copyOf(values, size) }
    sets.set(examples, found)
    return found.set
  }

  /** Copies a set into the kernels' memory: whoever asks for it is the first of its members. */
  function copyOf(images: Uint8Array, size: number): ImageSet {
    store.cannotReplay()
    const count = Math.floor(images.length / size)
    const copy = take(Math.min(count, COPIED) * size)
    const places = take(4 * count)
    const owned = [places]
    let all = 0
    for (let first = 0; first < count; first += COPIED) {
      const some = Math.min(COPIED, count - first)
      view().bytes.set(images.subarray(first * size, (first + some) * size), copy)
      const { piece, ink } = bytesToCsr(store, copy, places + 4 * first, some, size)
      owned.push(piece)
      all += ink
    }
    give(copy)
    let members = 1
    return {
      places,
      size,
      full: all > mostEntries(count * size),
      join() {
        members++
      },
      leave() {
        if (--members === 0) for (const piece of owned) give(piece)
      },
    }
  }

  return { gather, upload, uploadPixels }
}

/** Makes bytes[count,size] csr, in no more memory than it needs, and writes where each image then is to `places`. */
function bytesToCsr(
  { give, run, take, view }: Store,
  from: number,
  places: number,
  count: number,
  size: number,
): { piece: number; ink: number } {
  const items = piecesOf(count, sizes.CSR_ROWS)
  run('countNonzeros', items, [from, places, count, size])
  const totals = take(8)
  run('placeImages', 1, [places, totals, count, size])
  const [bytes, ink] = view().words.subarray(totals >> 2)
  give(totals)
  const piece = take(bytes)
  run('bytesToCsr', items, [from, places, piece, 0, count, size])
  return { piece, ink }
}
