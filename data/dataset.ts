// Images of handwritten digits with what they show, in memory: a byte a pixel, 0 for the background to 255 for the ink.
import ndarray, { type NdArray } from 'ndarray'
import { ExampleSet, random, shuffle, type Examples } from '../engine/index.js'
import { problem } from './errors.js'
import { side } from './preprocess.js'
import { rowMajor } from './rowMajor.js'

const area = side * side

export class Dataset implements Examples {
  readonly pixels: Uint8Array
  readonly inputs: ExampleSet
  readonly targets: Uint8Array

  /**
   * @param images [n, 28, 28], 0 to 255
   * @param labels [n], 0 to 9
   * @throws ChiffreError if the shapes are others, or a label is over 9
   */
  constructor(
    readonly images: NdArray<Uint8Array>,
    readonly labels: NdArray<Uint8Array>,
  ) {
    const [n, ...size] = images.shape
    if (`${size}` !== `${[side, side]}`) throw problem('data.images', { actual: size.join('x') })
    if (n !== labels.size) throw problem('data.count', { images: n, labels: labels.size })
    this.pixels = rowMajor(images)
    this.inputs = new ExampleSet(this.pixels, [side, side])
    this.targets = rowMajor(labels)
    const position = this.targets.findIndex(label => label > 9)
    if (position >= 0) throw problem('data.label', { label: this.targets[position], position })
  }

  get length(): number {
    return this.images.shape[0]
  }

  /** Copies the images and labels of the given indices, in that order. */
  gather(indices: Uint32Array): { pixels: Uint8Array; labels: Uint8Array } {
    const pixels = new Uint8Array(indices.length * area)
    const labels = new Uint8Array(indices.length)
    indices.forEach((from, i) => {
      pixels.set(this.#image(from), i * area)
      labels[i] = this.targets[from]
    })
    return { pixels, labels }
  }

  /** The first n examples, as a view. @throws ChiffreError if there are fewer */
  take(n: number): Dataset {
    if (!(Number.isInteger(n) && n >= 0 && n <= this.length))
      throw problem('data.take', { actual: n, length: this.length })
    return new Dataset(this.images.hi(n), this.labels.hi(n))
  }

  /**
   * Sets a share of the examples aside, drawn by the seed: [the others, those set aside].
   * @param fraction of the examples, rounded to whole ones
   * @throws ChiffreError if one of the two would be empty
   */
  split(fraction: number, seed: number): [Dataset, Dataset] {
    const rest = this.length - Math.round(fraction * this.length)
    if (!(rest > 0 && rest < this.length)) throw problem('data.fraction', { fraction, length: this.length })
    const order = shuffle(this.length, random(seed, 'split'))
    return [this.#pick(order.subarray(0, rest)), this.#pick(order.subarray(rest))]
  }

  /** Eight hexadecimal digits that differ when a pixel or a label does (FNV-1a): which data is this? */
  fingerprint(): string {
    let hash = 0x811c9dc5
    const add = (value: number) => (hash = Math.imul(hash ^ value, 0x01000193))
    for (let i = 0; i < this.length; i++) {
      const image = this.#image(i)
      const words = new DataView(image.buffer, image.byteOffset, area)
      for (let at = 0; at < area; at += 4) add(words.getInt32(at, true))
      add(this.targets[i])
    }
    return (hash >>> 0).toString(16).padStart(8, '0')
  }

  #image(i: number): Uint8Array {
    return this.pixels.subarray(i * area, (i + 1) * area)
  }

  #pick(indices: Uint32Array): Dataset {
    const { pixels, labels } = this.gather(indices)
    return new Dataset(ndarray(pixels, [indices.length, side, side]), ndarray(labels))
  }
}
