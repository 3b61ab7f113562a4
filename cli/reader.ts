// A network that reads prepared images, for `use` and `read`.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { areNamed, isRejected, rejector, side } from '../data/index.js'
import { deserialize, scope, sizeOf, tensor, type Backend, type Network } from '../engine/index.js'
import { about } from './errors.js'
import { backendOf, type NetworkValues } from './options.js'
import { t } from './language.js'
import { learnedWeights, type Training } from '../training/index.js'
import { openTrained, rejectorPath } from './trained.js'

/** The probabilities of each image's classes. */
export type Predict = (images: readonly Float32Array[]) => Promise<Float32Array[]>

/** Whether each image is rather no digit at all. */
export type Reject = (images: readonly Float32Array[]) => Promise<boolean[]>

/** So many are read at a time: a long row may be cut in thousands of ways. */
const batch = 512

/**
 * Opens the network that the options name, hands `read` a function that reads with it, and tidies up. If it reads digits, `read` is
 * also told which images are none, unless the weights for that are missing.
 */
export async function withReader<T>(
  values: NetworkValues,
  program: string,
  read: (predict: Predict, training: Training, reject?: Reject) => Promise<T>,
): Promise<T> {
  const { network, checkpoint, path, missing } = await openTrained(values, program)
  if (missing) process.stderr.write(t('test.pretrained', { path, missing }) + '\n')
  const backend: Backend = await backendOf(values)
  try {
    await about(path, () => network.load(backend, learnedWeights(checkpoint)))
    return await read(reading(network, backend), checkpoint.training, await openRejector(checkpoint.training, backend))
  } finally {
    await backend.dispose()
  }
}

/** For a network that reads digits: tells which images are none; undefined if the weights for that are missing. */
export async function openRejector(
  { input, classes }: Pick<Training, 'input' | 'classes'>,
  backend: Backend,
  path = rejectorPath,
): Promise<Reject | undefined> {
  const readsDigits = sizeOf(input) === side * side && classes.length === 10 && !areNamed(classes)
  if (!readsDigits || !existsSync(path)) return undefined
  const { tensors } = deserialize(await readFile(path))
  const predict = reading(rejector().load(backend, tensors), backend)
  return async images => (images.length > 0 ? (await predict(images)).map(isRejected) : [])
}

const reading =
  (network: Network, backend: Backend): Predict =>
  async images => {
    const [classes] = network.output
    const read: Float32Array[] = []
    for (let from = 0; from < images.length; from += batch) {
      const some = images.slice(from, from + batch)
      const all = new Float32Array(some.length * some[0].length)
      some.forEach((image, i) => all.set(image, i * image.length))
      const rows = scope(() => network.predict(tensor(backend, all, [some.length, ...network.input])))
      const values = Float32Array.from(await rows.download())
      rows.free()
      for (const i of some.keys()) read.push(values.subarray(i * classes, (i + 1) * classes))
    }
    return read
  }
