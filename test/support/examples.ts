import ndarray from 'ndarray'
import { Dataset } from '../../data/index.js'
import { mnist } from './fixtures.js'

/** Some of MNIST's training images, in the order of the file. */
export function digits(count: number, first = 0): Dataset {
  const { pixels, labels } = mnist(first, count)
  return new Dataset(ndarray(pixels, [count, 28, 28]), ndarray(labels))
}
