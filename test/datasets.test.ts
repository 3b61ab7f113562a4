// Sets as people have them: EMNIST, QMNIST, torchvision's folders, CSV, a folder a class; and what is none.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PNG } from 'pngjs'
import { openDataset } from '../cli/datasets.js'
import { readImages, readLabels } from '../data/index.js'
import { temporaryFolder } from './cli/chiffre.js'

/** An IDX file of bytes (8) or of integers (12) of the given shape. */
function idx(shape: number[], numbers: number[], type = 8): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length)
  header.set([0, 0, type, shape.length])
  shape.forEach((size, d) => header.writeUInt32BE(size, 4 + 4 * d))
  const body = Buffer.alloc(numbers.length * (type === 12 ? 4 : 1))
  numbers.forEach((v, i) => (type === 12 ? body.writeInt32BE(v, 4 * i) : body.writeUInt8(v, i)))
  return Buffer.concat([header, body])
}
/** Two images of 2x3: 0 1 2 / 3 4 5, and 10 … 15. */
const two = [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]
const folderOf = (files: Record<string, Buffer | string>) => {
  const folder = temporaryFolder()
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), bytes)
  }
  return folder
}
const rejects = (name: string, message: RegExp, part: 'train' | 'test' = 'train') =>
  assert.rejects(openDataset(name, part), { name: 'ChiffreError', message })

describe('IDX as people have it', () => {
  const image = (n: number) => idx([n, 2, 3], two.slice(0, 6 * n))

  it('EMNIST: its names, its transposition, its letters', async () => {
    const folder = folderOf({
      'emnist-letters-train-images-idx3-ubyte.gz': gzipSync(image(2)),
      'emnist-letters-train-labels-idx1-ubyte.gz': gzipSync(idx([2], [1, 26])),
      'emnist-balanced-train-images-idx3-ubyte': image(1),
      'emnist-balanced-train-labels-idx1-ubyte': idx([1], [46]),
      'emnist-balanced-test-images-idx3-ubyte': image(1),
      'emnist-balanced-test-labels-idx1-ubyte': idx([1], [10]),
    })
    const { examples, kind } = await openDataset(join(folder, 'emnist-letters'), 'train')
    assert.deepEqual([kind, examples.shape, examples.classes.length], ['idx', [3, 2], 26])
    assert.deepEqual([...examples.pixels.subarray(0, 6)], [0, 3, 1, 4, 2, 5])
    assert.deepEqual(
      [...examples.targets].map(label => examples.classes[label]),
      ['a', 'z'],
    )
    const balanced = (await openDataset(join(folder, 'emnist-balanced'), 'test')).examples
    assert.deepEqual(
      [balanced.classes.length, balanced.classes[balanced.targets[0]], balanced.classes[46]],
      [47, 'A', 't'],
    )
    await rejects(
      folder,
      /holds several sets; say which: .*emnist-letters, .*emnist-balanced|emnist-balanced, .*letters/,
    )
    await rejects(join(folder, 'emnist-digits'), /there is no .*emnist-digits; the data can be/)
  })

  it('--transpose turns sets without such a name', async () => {
    const folder = folderOf({ 'train-images-idx3-ubyte': image(2), 'train-labels-idx1-ubyte': idx([2], [1, 2]) })
    assert.deepEqual((await openDataset(folder, 'train', true)).examples.shape, [3, 2])
    assert.deepEqual((await openDataset(folder, 'train')).examples.shape, [2, 3])
  })

  it('QMNIST: eight integers an example, of which the first is the label', async () => {
    const folder = folderOf({
      'qmnist-test-images-idx3-ubyte.gz': gzipSync(image(2)),
      'qmnist-test-labels-idx2-int.gz': gzipSync(idx([2, 8], [7, 0, 1, 2, 3, 4, 5, 6, 2, 9, 9, 9, 9, 9, 9, 9], 12)),
    })
    assert.deepEqual([...(await openDataset(folder, 'test')).examples.targets], [7, 2])
    assert.throws(() => readLabels(idx([1], [-1], 12)), { message: 'label -1 at position 0; expected 0 to 65535' })
  })

  it('torchvision’s raw/, names in classes.txt, more than ten classes', async () => {
    const folder = folderOf({
      'raw/train-images-idx3-ubyte': image(2),
      'raw/train-labels-idx1-ubyte': idx([2], [0, 2]),
      'raw/classes.txt': 'shirt\r\ntrouser\nshoe\n\n',
    })
    assert.deepEqual((await openDataset(folder, 'train')).examples.classes, ['shirt', 'trouser', 'shoe'])
    writeFileSync(join(folder, 'raw/classes.txt'), 'shirt\n')
    await rejects(folder, /classes\.txt: 1 names for 3 kinds of labels; expected one name a line/)
    const many = folderOf({ 'train-images-idx3-ubyte': image(1), 'train-labels-idx1-ubyte': idx([1], [48]) })
    assert.equal((await openDataset(many, 'train')).examples.classes.length, 49)
  })

  it('a dimension of 1 at the end, channels, and labels in a column', () => {
    assert.deepEqual(readImages(idx([2, 2, 3, 1], two)).shape, [2, 2, 3])
    assert.deepEqual(readImages(idx([2, 2, 1, 3], two)).shape, [2, 2, 1, 3])
    const labels = readLabels(idx([3, 1], [4, 5, 6]))
    assert.deepEqual([labels.shape, labels.get(2)], [[3], 6])
    assert.throws(() => readLabels(idx([2, 3, 1], [0, 0, 0, 0, 0, 0])), { message: /number of dimensions, is 3/ })
  })

  it('gzip of two members, and with zeros behind it, as zcat reads them', () => {
    const whole = idx([2, 2, 3], two)
    const halves = [gzipSync(whole.subarray(0, 20)), gzipSync(whole.subarray(20))]
    const shown = (file: Buffer) => [...readImages(file).data]
    assert.deepEqual(shown(Buffer.concat(halves)), two)
    assert.deepEqual(shown(Buffer.concat([gzipSync(whole), Buffer.alloc(1000)])), two)
    assert.deepEqual(shown(Buffer.concat([...halves, Buffer.alloc(3)])), two)
    for (const half of [0, 1]) {
      const damaged = halves.map(member => Buffer.from(member))
      damaged[half][damaged[half].length - 6] ^= 1 // in its CRC
      assert.throws(() => shown(Buffer.concat(damaged)), { message: /does not hold what was compressed/ })
    }
    // Wherever the portions' limits fall, of members and of padding.
    for (let size = 16_370; size < 16_400; size++) {
      const noise = Array.from({ length: size }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 24) & 255)
      const file = gzipSync(idx([1, 1, size], noise), { level: 0 })
      for (const zeros of [0, 70]) assert.deepEqual(shown(Buffer.concat([file, Buffer.alloc(zeros)])), noise)
      const [first, second] = [idx([1, 1, size], noise).subarray(0, size - 20), Buffer.from(noise.slice(size - 36))]
      assert.deepEqual(shown(Buffer.concat([gzipSync(first, { level: 0 }), gzipSync(second)])), noise)
    }
  })

  it('says what is saved under such a name and is none', async () => {
    const pages = ['<!DOCTYPE html><html>', '\n <html lang="en">', '\ufeff<?xml version="1.0"?>']
    for (const page of pages)
      await rejects(
        folderOf({ 'train-images-idx3-ubyte.gz': page, 'train-labels-idx1-ubyte': idx([1], [1]) }),
        /train-images-idx3-ubyte\.gz: this is a web page, not the file that its name says; download it again$/,
      )
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n'
    await rejects(folderOf({ 'train.csv': pointer }), /train\.csv: this is a pointer of Git LFS, not the file itself/)
  })
})

describe('CSV', () => {
  const line = (label: number, ...pixels: number[]) => [label, ...pixels].join(',')

  it('as Kaggle has it, with headings, and as others do, without', async () => {
    const rows = [line(3, 0, 1, 2, 255), line(0, 9, 8, 7, 6)]
    const variants = [
      ['label,pixel0,pixel1,pixel2,pixel3', ...rows].join('\n') + '\n',
      rows.join('\r\n'),
      '\ufeff"label","1x1","1x2","2x1","2x2"\r\n' + rows.join('\r\n') + '\r\n\r\n',
    ]
    for (const csv of variants) {
      const { examples, kind } = await openDataset(folderOf({ 'mnist_train.csv': csv }), 'train')
      assert.deepEqual([kind, examples.shape, [...examples.targets]], ['csv', [2, 2], [3, 0]])
      assert.deepEqual([...examples.pixels], [0, 1, 2, 255, 9, 8, 7, 6])
    }
    const last = folderOf({ 'train.csv': 'a,b,c,d,label\n1,2,3,4,5\n' })
    const { examples } = await openDataset(last, 'train')
    assert.deepEqual([[...examples.pixels], [...examples.targets]], [[1, 2, 3, 4], [5]])
  })

  it('in one file: a fifth is to test with', async () => {
    const csv = Array.from({ length: 10 }, (_, i) => line(i, i)).join('\n')
    const file = join(folderOf({ 'all.csv': csv }), 'all.csv')
    const [train, test] = [await openDataset(file, 'train'), await openDataset(file, 'test')]
    const both = [...train.examples.targets, ...test.examples.targets]
    assert.deepEqual([test.examples.length, both.sort()], [2, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]])
  })

  it('says in which line and column something is wrong', async () => {
    const refused = (csv: string, message: RegExp) => rejects(folderOf({ 'train.csv': csv }), message)
    await refused('pixel0,pixel1,pixel2,pixel3\n1,2,3,4\n', /train\.csv: the first line names no column `label`/)
    await refused('label,a,b\n1,2,3\n', /it has 3 columns; expected a label and the pixels of a square/)
    await refused('label,a\n1,2\n1,256\n', /line 3, column 2: expected a whole number from 0 to 255/)
    await refused('label,a\n1,2\n1,0.5\n', /line 3, column 2/)
    await refused('label,a\n-1,2\n', /line 2, column 1: expected a whole number from 0 to 65535/)
    await refused('label,a\n1,2,3\n', /line 2 has not 2 columns as the first has/)
    await refused('label,a\n1\n', /line 2 has not 2 columns/)
    await refused('label,a\n', /it holds no image/)
  })
})

describe('a folder of images a class', () => {
  /** A PNG of one colour. */
  const square = (size: number, ...colour: number[]) => {
    const png = new PNG({ width: size, height: size })
    for (let i = 0; i < size * size; i++) png.data.set(colour, 4 * i)
    return PNG.sync.write(png)
  }

  it('is read, with the folders’ names for classes', async () => {
    const folder = folderOf({
      'train/cat/1.png': square(4, 255, 0, 0, 255),
      'train/dog/10.png': square(4, 0, 255, 0, 255),
      'train/dog/9.PNG': square(4, 0, 0, 255, 128),
      'train/dog/notes.txt': 'no image',
      'test/dog/1.png': square(4, 9, 9, 9, 255),
    })
    const { examples, kind } = await openDataset(folder, 'train')
    assert.deepEqual([kind, examples.shape, examples.classes], ['images', [4, 4, 3], ['cat', 'dog']])
    assert.deepEqual([...examples.targets], [0, 1, 1])
    assert.deepEqual([...examples.pixels.subarray(48, 51)], [0, 0, 128])
    const test = (await openDataset(folder, 'test')).examples
    assert.deepEqual([test.shape, [...test.targets]], [[4, 4], [1]])
  })

  it('without train/ and test/ is split, always in the same way; grey images have no channels', async () => {
    const files = Array.from({ length: 10 }, (_, i) => [`${i % 2 ? 'b' : 'a'}/${i}.png`, square(3, i, i, i, 255)])
    const folder = folderOf(Object.fromEntries(files) as Record<string, Buffer>)
    const [train, test] = [await openDataset(folder, 'train'), await openDataset(folder, 'test')]
    assert.deepEqual([train.examples.length, test.examples.length, train.examples.shape], [8, 2, [3, 3]])
    assert.equal((await openDataset(folder, 'test')).examples.fingerprint(), test.examples.fingerprint())
  })

  it('of other sizes, of none, or of damaged files is refused with the file’s name', async () => {
    const good = square(4, 1, 1, 1, 255)
    await rejects(
      folderOf({ 'a/1.png': good, 'b/2.png': square(5, 1, 1, 1, 255) }),
      /b\/2\.png has 5x5 pixels; the first image of the set has 4x4/,
    )
    await rejects(folderOf({ 'a/1.gif': good, 'b/2.txt': '' }), /there is no PNG or JPEG image in it/)
    await rejects(folderOf({ 'a/1.png': good.subarray(0, 60), 'b/2.png': good }), /a\/1\.png: this PNG file is cut off/)
    await rejects(folderOf({ 'a/1.png': '<html>', 'b/2.png': good }), /a\/1\.png: this is a web page/)
  })
})
