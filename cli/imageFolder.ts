// A set of PNG or JPEG images in a folder a class: FOLDER/train/CAT/*.png and FOLDER/test/CAT/*.png; or FOLDER/CAT/*.png, of which
// a fifth, always the same, is to test with.
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import ndarray from 'ndarray'
import { Dataset, mostIdxBytes, problem } from '../data/index.js'
import { about, failure } from './errors.js'
import { integer } from './language.js'
import { readPicture } from './images.js'

/** Where the images of each part are, and what classes there are. */
export interface ImageFolders {
  readonly train: string
  /** The same folder, if it is to be split. */
  readonly test: string
  readonly classes: readonly string[]
}

/** The image folders in a folder; undefined if it has none. */
export async function findImages(folder: string, files: readonly string[]): Promise<ImageFolders | undefined> {
  const folders: string[] = []
  for (const file of [...files].sort(inOrder))
    if (!file.startsWith('.') && (await stat(join(folder, file))).isDirectory()) folders.push(file)
  const test = ['test', 'val', 'valid'].find(name => folders.includes(name))
  if (!folders.includes('train') || !test)
    return folders.length > 1 ? { train: folder, test: folder, classes: folders } : undefined
  const train = join(folder, 'train')
  return { train, test: join(folder, test), classes: (await findImages(train, await readdir(train)))?.classes ?? [] }
}

/** 2 before 10, and names as they are. */
const inOrder = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true })

export async function readImageFolder({ train, test, classes }: ImageFolders, part: 'train' | 'test') {
  if (train !== test) return readClasses(part === 'train' ? train : test, classes)
  const [learned, apart] = (await readClasses(train, classes)).split(0.2, 0)
  return part === 'train' ? learned : apart
}

async function readClasses(folder: string, classes: readonly string[]): Promise<Dataset> {
  const files: { file: string; label: number }[] = []
  for (const [label, name] of classes.entries()) {
    const inside = join(folder, name)
    if (!existsSync(inside)) continue // a class of which this part has none
    for (const file of (await about(inside, () => readdir(inside))).sort(inOrder))
      if (/\.(png|jpe?g)$/i.test(file)) files.push({ file: join(inside, file), label })
  }
  if (files.length === 0) throw failure('data.empty', { folder })

  const labels = Uint16Array.from(files, ({ label }) => label)
  let all: Uint8Array | undefined
  let [height, width, coloured] = [0, 0, false]
  for (const [i, { file }] of files.entries()) {
    const png = await about(file, () => readPicture(file))
    if (!all) {
      ;({ height, width } = png)
      const bytes = 3 * height * width * files.length
      if (bytes > mostIdxBytes)
        throw failure('file', { path: folder, reason: problem('data.large', { most: integer(mostIdxBytes) }) })
      all = new Uint8Array(bytes)
    }
    if (png.height !== height || png.width !== width)
      throw problem('data.size', { file, actual: `${png.width}x${png.height}`, expected: `${width}x${height}` })
    for (let pixel = 0; pixel < height * width; pixel++)
      for (let c = 0; c < 3; c++) {
        // What is transparent is black, the ground of what is light on dark.
        const level = Math.round((png.data[4 * pixel + c] * png.data[4 * pixel + 3]) / 255)
        all[3 * (i * height * width + pixel) + c] = level
        coloured ||= level !== all[3 * (i * height * width + pixel)]
      }
  }
  const shape = [files.length, height, width, 3]
  const images = ndarray(all!, shape)
  return new Dataset(coloured ? images : images.pick(null, null, null, 0), ndarray(labels, [labels.length]), classes)
}
