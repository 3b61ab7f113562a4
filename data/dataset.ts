// Labelled images in memory: a byte a pixel and channel, 0 for the ground to 255 for the strongest ink; and the names of
// what they may show.
import ndarray, { type NdArray } from 'ndarray'
import { ExampleSet, random, shuffle, type Examples, type Shape } from '../engine/index.js'
import { problem } from './errors.js'
import { rowMajor } from './rowMajor.js'

/** The names of n classes that have none of their own: 0, 1, 2 and so on. */
export const numbered = (n: number): string[] => Array.from({ length: n }, (_, i) => `${i}`)

/** Whether classes have names of their own. */
export const areNamed = (classes: readonly string[]) => `${classes}` !== `${numbered(classes.length)}`

export class Dataset implements Examples {
  readonly pixels: Uint8Array
  readonly inputs: ExampleSet
  readonly targets: Uint8Array | Uint16Array
  /** Of one image: [rows, columns] or [rows, columns, channels]. */
  readonly shape: Shape

  /**
   * @param images [n, rows, columns] or [n, rows, columns, channels], 0 to 255
   * @param labels [n], each the number of a class
   * @param classes what the labels stand for; the ten digits, if nothing is said
   * @throws ChiffreError if the shapes do not fit, or a label has no class
   */
  constructor(
    readonly images: NdArray<Uint8Array>,
    readonly labels: NdArray<Uint8Array | Uint16Array>,
    readonly classes: readonly string[] = numbered(10),
  ) {
    const [n, ...shape] = images.shape
    if (shape.length !== 2 && shape.length !== 3) throw problem('data.images', { actual: `${images.shape}` })
    if (n !== labels.size) throw problem('data.count', { images: n, labels: labels.size })
    this.shape = shape
    this.pixels = rowMajor(images)
    this.inputs = new ExampleSet(this.pixels, shape)
    this.targets = rowMajor(labels)
    const unfit = classes.findIndex(name => !/^[^\p{C}\p{Z}][^\p{C}]{0,99}$/u.test(name))
    if (unfit >= 0) throw problem('data.class', { position: unfit })
    const position = this.targets.findIndex(label => label >= classes.length)
    if (position >= 0)
      throw problem('data.label', { label: this.targets[position], position, last: classes.length - 1 })
  }

  /** How many examples. */
  get length(): number {
    return this.images.shape[0]
  }

  /**
   * The same images, labelled with the numbers that their classes have in another order. Classes without names of their
   * own keep their numbers.
   * @throws ChiffreError naming a class that is not among them
   */
  relabelled(classes: readonly string[]): Dataset {
    if (!areNamed(this.classes)) return new Dataset(this.images, this.labels, classes)
    const missing = this.classes.find(name => !classes.includes(name))
    if (missing !== undefined) throw problem('data.class.other', { name: missing, classes: classes.length })
    const labels = this.targets.map(label => classes.indexOf(this.classes[label]))
    return new Dataset(this.images, ndarray(labels, [labels.length]), classes)
  }

  /** Copies the images and labels of the given indices, in that order. */
  gather(indices: Uint32Array): { pixels: Uint8Array; labels: Uint8Array | Uint16Array } {
    const { size } = this.inputs
    const pixels = new Uint8Array(indices.length * size)
    const labels = this.targets.slice(0, indices.length)
    indices.forEach((from, i) => {
      pixels.set(this.#image(from), i * size)
      labels[i] = this.targets[from]
    })
    return { pixels, labels }
  }

  /** The first n examples, as a view. @throws ChiffreError if there are fewer */
  take(n: number): Dataset {
    if (!(Number.isInteger(n) && n >= 0 && n <= this.length))
      throw problem('data.take', { actual: n, length: this.length })
    return new Dataset(this.images.hi(n), this.labels.hi(n), this.classes)
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
    const { size } = this.inputs
    for (let i = 0; i < this.length; i++) {
      const image = this.#image(i)
      const view = new DataView(image.buffer, image.byteOffset, size)
      let at = 0
      for (; at + 4 <= size; at += 4) add(view.getInt32(at, true))
      for (; at < size; at++) add(image[at])
      add(this.targets[i])
    }
    return (hash >>> 0).toString(16).padStart(8, '0')
  }

  /** Whether most of the images' edges are light: they are dark on light, as on paper, and not light on dark, as MNIST's. */
  isDarkOnLight(): boolean {
    const [rows, columns, channels = 1] = this.shape
    const few = Math.min(this.length, 500)
    let [sum, count] = [0, 0]
    for (let i = 0; i < few; i++) {
      const image = this.#image(i)
      for (let row = 0; row < rows; row++) {
        const step = row === 0 || row === rows - 1 ? 1 : Math.max(1, columns - 1)
        for (let column = 0; column < columns; column += step)
          for (let c = 0; c < channels; c++, count++) sum += image[(row * columns + column) * channels + c]
      }
    }
    return sum > 127.5 * count
  }

  #image(i: number): Uint8Array {
    const { size } = this.inputs
    return this.pixels.subarray(i * size, (i + 1) * size)
  }

  #pick(indices: Uint32Array): Dataset {
    const { pixels, labels } = this.gather(indices)
    return new Dataset(ndarray(pixels, [indices.length, ...this.shape]), ndarray(labels), this.classes)
  }
}

/** Sets whose images have the first one's shape, and which have its classes, at most 256, as one: one after the other. */
export function joined(first: Dataset, ...others: readonly Dataset[]): Dataset {
  const sets = [first, ...others]
  const length = sets.reduce((sum, set) => sum + set.length, 0)
  const [pixels, labels] = [new Uint8Array(length * first.inputs.size), new Uint8Array(length)]
  let at = 0
  for (const set of sets) {
    pixels.set(set.pixels, at * first.inputs.size)
    labels.set(set.targets, at)
    at += set.length
  }
  return new Dataset(ndarray(pixels, [length, ...first.shape]), ndarray(labels), first.classes)
}
