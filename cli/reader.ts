// A network that reads prepared images, for `use` and `read`.
import { scope, tensor, type Backend } from '../engine/index.js'
import { about } from './errors.js'
import { backendOf, type NetworkValues } from './options.js'
import { t } from './language.js'
import { learnedWeights, type Training } from '../training/index.js'
import { openTrained } from './trained.js'

/** The probabilities of each image's classes. */
export type Predict = (images: readonly Float32Array[]) => Promise<Float32Array[]>

/** So many are read at a time: a long row may be cut in thousands of ways. */
const batch = 512

/** Opens the network that the options name, hands `read` a function that reads with it, and tidies up. */
export async function withReader<T>(
  values: NetworkValues,
  program: string,
  read: (predict: Predict, training: Training) => Promise<T>,
): Promise<T> {
  const { network, checkpoint, path, missing } = await openTrained(values, program)
  if (missing) process.stderr.write(t('test.pretrained', { path, missing }) + '\n')
  const backend: Backend = await backendOf(values)
  try {
    await about(path, () => network.load(backend, learnedWeights(checkpoint)))
    const [classes] = network.output
    return await read(async images => {
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
    }, checkpoint.training)
  } finally {
    await backend.dispose()
  }
}
