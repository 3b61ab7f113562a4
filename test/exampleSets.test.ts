// The copies of sets of images that wasm keeps in its own memory: the last two that were used, each as it is now.
import assert from 'node:assert/strict'
import { ExampleSet, wasm, type WasmBackend } from '../engine/index.js'
import { uniform } from './support/numbers.js'

describe('sets of images on wasm', () => {
  const size = 36
  const pixels = Uint8Array.from(uniform(50 * size, 'pixels', -255, 255), v => Math.max(0, v))
  const indices = Uint32Array.of(3, 49, 3)
  /** Sets of the same images, so that each copy takes as much memory. */
  const sets = (count: number) => Array.from({ length: count }, () => new ExampleSet(pixels.slice(), [size]))
  const expected = (values: Uint8Array) =>
    [...indices].flatMap(i => [...values.subarray(i * size, (i + 1) * size)].map(v => Math.fround(v / 255)))

  let backend: WasmBackend
  beforeEach(async () => {
    backend = await wasm({ threads: 1 })
  })
  afterEach(() => backend.dispose())

  /** Gathers a batch of each set and gives it back. @returns the bytes in use after each */
  const use = (...all: ExampleSet[]) =>
    all.map(set => {
      backend.free(backend.gather(set, indices))
      return backend.bytes
    })

  it('stay while they are used; a third takes the place of the one that was used longest ago', () => {
    const [a, b, c] = sets(3)
    const empty = backend.bytes
    const [one, two, ...later] = use(a, b, a, b, c, a, b, c)
    assert.ok(one > empty)
    assert.equal(two - empty, 2 * (one - empty))
    assert.deepEqual(later, Array(6).fill(two))
  })
  it('live on as long as somebody holds images of theirs, which are right', async () => {
    const [a, b, c] = sets(3)
    const empty = backend.bytes
    const held = backend.gather(a, indices)
    const [, three] = use(b, c) // a's place is taken, its images are held
    assert.deepEqual([...(await backend.download(held))], expected(pixels))
    backend.free(held)
    const two = backend.bytes
    assert.deepEqual(use(b, c, a), [two, two, two])
    const copy = (two - empty) / 2
    assert.ok(three > empty + 3 * copy, 'three copies and the batch')
  })
  it('are copied anew when their owner says that they changed, and the old copy is given back', async () => {
    const [a, b] = sets(2)
    const [, two] = use(b, a)
    a.values.fill(0)
    ;(a.values as Uint8Array).set(pixels.subarray(0, 49 * size), size)
    a.changed()
    const x = backend.gather(a, indices)
    assert.deepEqual([...(await backend.download(x))], expected(a.values as Uint8Array))
    backend.free(x)
    assert.ok(backend.bytes <= two, 'less ink, no more memory')
    a.values.set(pixels)
    a.changed()
    assert.equal(use(a)[0], two)
  })
})
