import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import ndarray from 'ndarray'
import { loadDataset } from '../cli/datasets.js'
import { Dataset } from '../data/index.js'
import { argmax, deserialize, evaluate, wasm } from '../engine/index.js'
import { models } from '../models/index.js'

/** n images whose pixels are 10·i + j mod 256 at the j-th place, labelled i mod 10. */
function small(n: number): Dataset {
  const pixels = Uint8Array.from({ length: n * 784 }, (_, at) => 10 * Math.floor(at / 784) + (at % 784))
  return new Dataset(ndarray(pixels, [n, 28, 28]), ndarray(Uint8Array.from({ length: n }, (_, i) => i % 10)))
}
const labelsOf = (set: Dataset, n = set.length) => Array.from({ length: n }, (_, i) => set.labels.get(i))
const countsOf = (set: Dataset) =>
  labelsOf(set).reduce<number[]>((counts, label) => ((counts[label] += 1), counts), Array(10).fill(0))
const refused = (message: string) => ({ name: 'ChiffreError', message })

describe('the full MNIST', () => {
  let train: Dataset
  let test: Dataset
  before(async () => {
    train = await loadDataset('mnist', 'train')
    test = await loadDataset('mnist', 'test')
  })

  it('has 60,000 and 10,000 examples', () => assert.deepEqual([train.length, test.length], [60_000, 10_000]))

  // The first labels, as the tutorials of Keras and PyTorch print them.
  it('begins with 5, 0, 4, 1, 9 … and 7, 2, 1, 0, 4 …', () => {
    assert.deepEqual(labelsOf(train, 10), [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    assert.deepEqual(labelsOf(test, 10), [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
  })

  // The published table of the training set's classes.
  it('has as many examples of each digit as published', () =>
    assert.deepEqual(countsOf(train), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]))

  // The constants of `transforms.Normalize` in PyTorch's MNIST example.
  it('has pixels of mean 0.1307 and deviation 0.3081', () => {
    let sum = 0
    let squares = 0
    const { data } = train.images
    for (let i = 0; i < data.length; i++) {
      const byte = data[i]
      sum += byte
      squares += byte * byte
    }
    const n = train.images.size
    const mean = sum / n
    assert.equal((mean / 255).toFixed(4), '0.1307')
    assert.equal((Math.sqrt(squares / n - mean * mean) / 255).toFixed(4), '0.3081')
  })

  it('tells its parts apart by their fingerprints', () => {
    assert.match(train.fingerprint(), /^[0-9a-f]{8}$/)
    assert.notEqual(train.fingerprint(), test.fingerprint())
  })

  // The package `mnist` rounds pixels to three decimals; that every byte comes back shows that none is lost by it.
  it('begins with the 10,000 images of mnist-10k', async () => {
    const known = new Map<string, number>()
    for (let i = 0; i < 10_000; i++) {
      const { pixels, labels } = train.gather(Uint32Array.of(i))
      known.set(Buffer.from(pixels).toString('latin1'), labels[0])
    }
    assert.equal(known.size, 10_000)
    const parts = [await loadDataset('mnist-10k', 'train'), await loadDataset('mnist-10k', 'test')]
    assert.deepEqual(
      parts.map(part => part.length),
      [8000, 2000],
    )
    for (const part of parts)
      for (let i = 0; i < part.length; i++) {
        const { pixels, labels } = part.gather(Uint32Array.of(i))
        const image = Buffer.from(pixels).toString('latin1')
        assert.equal(known.get(image), labels[0])
        known.delete(image)
      }
    assert.equal(known.size, 0)
  })
})

describe('mnist-eu', () => {
  it('is MNIST, and 1,200 other 1s to learn from, nearly all with ink far left of their stems', async () => {
    const [mnist, both] = [await loadDataset('mnist', 'train'), await loadDataset('mnist-eu', 'train')]
    assert.equal(both.length, 61_200)
    assert.deepEqual(both.take(60_000).fingerprint(), mnist.fingerprint())
    const ones = both.gather(Uint32Array.from({ length: 1200 }, (_, i) => 60_000 + i))
    assert.ok(ones.labels.every(label => label === 1))
    const seen = new Set<string>()
    let long = 0
    for (let i = 0; i < 1200; i++) {
      const pixels = ones.pixels.subarray(784 * i, 784 * (i + 1))
      seen.add(Buffer.from(pixels).toString('latin1'))
      // Where the ink of the upper half begins: the upstroke, well before the rightmost ink.
      const columns = Array.from(pixels.subarray(0, 392), (v, p) => (v > 127 ? p % 28 : -1)).filter(
        column => column >= 0,
      )
      if (Math.max(...columns) - Math.min(...columns) >= 5) long++
    }
    assert.equal(seen.size, 1200)
    assert.ok(long > 1100, `${long} have a long upstroke`)
  })
  it("is tested with MNIST's test images", async () =>
    assert.equal(
      (await loadDataset('mnist-eu', 'test')).fingerprint(),
      (await loadDataset('mnist', 'test')).fingerprint(),
    ))
})

describe('mnist-hands', () => {
  it('is mnist-eu, and 500 more of each digit that a network which never saw their forms reads, but for a few', async () => {
    const [before, all] = [await loadDataset('mnist-eu', 'train'), await loadDataset('mnist-hands', 'train')]
    assert.equal(all.length, 66_200)
    assert.deepEqual(all.take(61_200).fingerprint(), before.fingerprint())
    const { pixels, labels } = all.gather(Uint32Array.from({ length: 5000 }, (_, i) => 61_200 + i))
    assert.deepEqual(
      Array.from({ length: 10 }, (_, digit) => labels.filter(label => label === digit).length),
      new Array<number>(10).fill(500),
    )
    assert.equal(new Set(Array.from(labels, (_, i) => Buffer.from(pixels.subarray(784 * i, 784 * (i + 1))).toString('latin1'))).size, 5000) // prettier-ignore
    const backend = await wasm({ threads: 1 })
    const { tensors } = deserialize(await readFile('storage/pretrained/tiny.safetensors'))
    const network = models.tiny().load(backend, tensors)
    const drawn = new Dataset(ndarray(pixels, [5000, 28, 28]), ndarray(labels))
    const { outputs } = await evaluate(network, backend, drawn)
    // `tiny` learned from MNIST alone. It takes some 1s for 7s, and angular 6s for 5s: that is what they are for.
    const read = new Array<number>(10).fill(0)
    for (const [i, label] of labels.entries()) if (argmax(outputs, i, 10) === label) read[label]++
    assert.ok(
      read.every(count => count >= 330),
      `of 500 drawings of each digit ${read.join(', ')} are read`,
    )
    await backend.dispose()
  })
})

describe('Dataset', () => {
  it('gathers images and labels in the order asked for', () => {
    const { pixels, labels } = small(12).gather(Uint32Array.of(11, 0, 11))
    assert.deepEqual([...labels], [1, 0, 1])
    assert.deepEqual([...pixels.subarray(0, 3)], [110, 111, 112])
    assert.deepEqual([pixels[784], pixels[784 + 783], pixels[2 * 784 + 5]], [0, 783 % 256, 115])
  })

  it('gathers from views of any layout', () => {
    const { images, labels } = small(4)
    const transposed = new Dataset(images.transpose(0, 2, 1), labels)
    assert.equal(transposed.gather(Uint32Array.of(2)).pixels[1], 20 + 28)
    assert.equal(transposed.images.get(2, 0, 1), 20 + 28)
    const backwards = new Dataset(images.step(-1), labels.step(-1))
    const { pixels } = backwards.gather(Uint32Array.of(0, 2))
    assert.deepEqual([pixels[0], pixels[1], pixels[784]], [30, 31, 10])
    assert.deepEqual(labelsOf(backwards), [3, 2, 1, 0])
  })

  it('takes the first n', () => {
    assert.deepEqual(labelsOf(small(5).take(3)), [0, 1, 2])
    assert.deepEqual([small(5).take(5).length, small(5).take(0).length], [5, 0])
    for (const n of [6, -1, 2.5, NaN])
      assert.throws(() => small(5).take(n), refused(`asked for ${n} examples; the set has 5`))
  })

  it('splits: every example on one side, the same for the same seed', () => {
    const set = small(200)
    const split = (seed: number) => set.split(0.1, seed)
    const [rest, aside] = split(1)
    assert.deepEqual([rest.length, aside.length], [180, 20])
    const firstPixels = [rest, aside].flatMap(part =>
      Array.from({ length: part.length }, (_, i) => part.images.get(i, 0, 0)),
    )
    const expected = Array.from({ length: 200 }, (_, i) => set.images.get(i, 0, 0))
    assert.deepEqual(firstPixels.sort(), expected.sort())
    assert.equal(split(1)[1].fingerprint(), aside.fingerprint())
    assert.notEqual(split(2)[1].fingerprint(), aside.fingerprint())
  })

  it('refuses to split off none or all', () => {
    const message = (share: number) =>
      `cannot set aside ${share} of 10 examples; expected more than none and fewer than all`
    for (const share of [0, 0.04, 0.96, 1, -1, NaN])
      assert.throws(() => small(10).split(share, 0), refused(message(share)))
  })

  it('takes images of any size and channels, and any classes', () => {
    const images = ndarray(
      Uint8Array.from({ length: 90 }, (_, i) => i),
      [2, 3, 5, 3],
    )
    const set = new Dataset(
      images,
      ndarray(Uint16Array.of(1, 300)),
      Array.from({ length: 301 }, (_, i) => `class ${i}`),
    )
    assert.deepEqual([set.shape, set.classes[300], [...set.targets]], [[3, 5, 3], 'class 300', [1, 300]])
    const { pixels, labels } = set.gather(Uint32Array.of(1))
    assert.deepEqual([pixels.length, pixels[0], labels[0]], [45, 45, 300])
    const [first, second] = set.split(0.5, 0)
    assert.deepEqual([first.shape, first.classes.length, second.length], [[3, 5, 3], 301, 1])
    assert.match(set.fingerprint(), /^[0-9a-f]{8}$/)
  })

  it('refuses labels without a class, other counts, and what is no image', () => {
    const images = (n: number) => ndarray(new Uint8Array(n * 784), [n, 28, 28])
    const labels = (...values: number[]) => ndarray(Uint8Array.from(values))
    assert.throws(() => new Dataset(images(3), labels(9, 0, 10)), refused('label 10 at position 2; expected 0 to 9'))
    assert.throws(
      () => new Dataset(images(1), labels(2), ['a', 'b']),
      refused('label 2 at position 0; expected 0 to 1'),
    )
    assert.throws(() => new Dataset(images(2), labels(1, 2, 3)), refused('there are 2 images but 3 labels'))
    assert.throws(
      () => new Dataset(ndarray(new Uint8Array(784), [1, 784]), labels(1)),
      refused('the images have shape [1,784]; expected [n, rows, columns] or [n, rows, columns, channels]'),
    )
  })

  it('notices images that are dark on light', () => {
    const set = (ground: number) =>
      new Dataset(ndarray(new Uint8Array(784).fill(ground), [1, 28, 28]), ndarray(Uint8Array.of(1)))
    assert.deepEqual([set(255).isDarkOnLight(), set(0).isDarkOnLight()], [true, false])
  })

  it('has a fingerprint that any changed pixel or label changes', () => {
    const { images, labels } = small(3)
    const prints = new Set([new Dataset(images, labels).fingerprint()])
    for (const at of [0, 783, 784, 2351]) {
      const changed = ndarray(Uint8Array.from(images.data), images.shape)
      changed.data[at] ^= 1
      prints.add(new Dataset(changed, labels).fingerprint())
    }
    prints.add(new Dataset(images, ndarray(Uint8Array.of(0, 1, 3))).fingerprint())
    assert.equal(prints.size, 6)
  })
})

describe('a folder of IDX files', () => {
  let folder: string
  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'chiffre-data-'))))
  after(() => rm(folder, { recursive: true }))

  const images = (n: number, ...pixels: number[]) =>
    Buffer.from([
      0,
      0,
      8,
      3,
      0,
      0,
      0,
      n,
      0,
      0,
      0,
      28,
      0,
      0,
      0,
      28,
      ...Array.from({ length: n * 784 }, (_, i) => pixels[i] ?? 0),
    ])
  const labels = (...values: number[]) => Buffer.from([0, 0, 8, 1, 0, 0, 0, values.length, ...values])
  const put = (name: string, bytes: Buffer) => writeFile(join(folder, name), bytes)

  it('is found under every usual spelling, gzipped or not, whatever its suffix says', async () => {
    await put('train-images-idx3-ubyte', images(2, 7))
    await put('train-labels.idx1-ubyte', labels(3, 4))
    await put('t10k-images.idx3-ubyte.gz', gzipSync(images(1, 8)))
    await put('t10k-labels-idx1-ubyte', gzipSync(labels(5)))
    const train = await loadDataset(folder, 'train')
    const test = await loadDataset(folder, 'test')
    assert.deepEqual([labelsOf(train), train.images.get(0, 0, 0)], [[3, 4], 7])
    assert.deepEqual([labelsOf(test), test.images.get(0, 0, 0)], [[5], 8])
  })

  it('says in which file what is wrong', async () => {
    await put('t10k-labels-idx1-ubyte', labels(5, 6))
    await assert.rejects(
      loadDataset(folder, 'test'),
      refused(`${join(folder, 't10k-…')}: there are 1 images but 2 labels`),
    )
    await put('t10k-labels-idx1-ubyte', images(1))
    await assert.rejects(
      loadDataset(folder, 'test'),
      refused(`${join(folder, 't10k-labels-idx1-ubyte')}: byte 3, the number of dimensions, is 3; expected 1 / 2`),
    )
  })

  it('says which file is missing, or that there is no such folder', async () => {
    await rm(join(folder, 'train-labels.idx1-ubyte'))
    await assert.rejects(
      loadDataset(folder, 'train'),
      refused(`${folder}: there is no train-labels-idx1-ubyte or train-labels-idx1-ubyte.gz; a data set needs it`),
    )
    await assert.rejects(
      loadDataset('mnits', 'train'),
      refused(
        'there is no mnits; the data can be mnist, mnist-eu, mnist-hands, mnist-10k, a folder of IDX files, of CSV, or of images in a folder a class',
      ),
    )
  })
})
