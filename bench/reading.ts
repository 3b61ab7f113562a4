// `npm run bench:reading`: how many postal codes a network reads whole, and how well it reads test digits that were
// blown up to drawings and prepared anew.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ndarray from 'ndarray'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { findInk, prepare, readRow, type Dataset, type Image } from '../data/index.js'
import { bilinear, blank, eachPixel } from '../data/image.js'
import { argmax, deserialize, random, scope, tensor, wasm, type Backend, type Network } from '../engine/index.js'
import { models } from '../models/index.js'
import { mnist } from './mnist.js'
import { root } from './results.js'
import { writeCode, type Writing } from './writeCode.js'

export const pretrained = join(root, 'storage/pretrained/convnet.safetensors')

/** The probabilities that a network gives each image. */
type Predict = (images: readonly Image[]) => Promise<Float32Array[]>

export async function openConvnet(path: string, backend: Backend): Promise<Predict> {
  const network: Network = models.convnet().load(backend, deserialize(await readFile(path)).tensors)
  const [classes] = network.output
  const read = async (images: readonly Image[]) => {
    const all = new Float32Array(images.length * images[0].size)
    images.forEach((image, i) => all.set(image.data, i * image.size))
    const rows = scope(() => network.predict(tensor(backend, all, [images.length, ...network.input])))
    const values = await rows.download()
    rows.free()
    return images.map((_, i) => Float32Array.from(values.slice(i * classes, (i + 1) * classes)))
  }
  return async images => {
    const rows: Float32Array[] = []
    for (let from = 0; from < images.length; from += 512) rows.push(...(await read(images.slice(from, from + 512))))
    return rows
  }
}

export interface CodesRead {
  /** The share of codes read without a mistake. */
  readonly whole: number
  /** The share taken apart into as many digits as were written. */
  readonly apart: number
}

/** Reads `count` codes of five test digits each. */
export async function readCodes(
  predict: Predict,
  set: Dataset,
  count: number,
  writing?: Writing,
  seed = 0,
): Promise<CodesRead> {
  const rng = random(seed, 'codes')
  let [whole, apart] = [0, 0]
  for (let i = 0; i < count; i++) {
    const indices = Uint32Array.from({ length: 5 }, () => Math.floor(rng() * set.length))
    const { pixels, labels } = set.gather(indices)
    const digits = [...indices].map((_, d) => ndarray(pixels.subarray(d * 784, (d + 1) * 784), [28, 28]))
    const row = await readRow(findInk(writeCode(digits, rng, writing))!.image, predict)
    if (row?.text === labels.join('')) whole++
    if (row?.digits.length === 5) apart++
  }
  return { whole: whole / count, apart: apart / count }
}

/** The accuracy on the first `count` digits: as they are, and blown up to 280x280 and prepared like a drawing. */
export async function readDrawn(
  predict: Predict,
  set: Dataset,
  count: number,
): Promise<[direct: number, drawn: number]> {
  const { pixels, labels } = set.gather(Uint32Array.from({ length: count }, (_, i) => i))
  const digits = [...labels].map((_, i) =>
    ndarray(Float32Array.from(pixels.subarray(i * 784, (i + 1) * 784)), [28, 28]),
  )
  const share = async (images: Image[]) => {
    const rows = await predict(images)
    return rows.filter((row, i) => argmax(row, 0, row.length) === labels[i]).length / count
  }
  const direct = digits.map(({ data }) =>
    ndarray(
      data.map(v => v / 255),
      [28, 28],
    ),
  )
  return [await share(direct), await share(digits.map(digit => prepare(blownUp(digit))!.input))]
}

/** Ten times as high and wide, with the edges that a pen leaves: ink or ground, and little in between. */
function blownUp(digit: Image): Image {
  const large = blank(280, 280)
  eachPixel(large, (i, j) => {
    const v = bilinear(digit, (i + 0.5) / 10 - 0.5, (j + 0.5) / 10 - 0.5)
    large.set(i, j, Math.min(255, Math.max(0, (v - 96) * 8)))
  })
  return large
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { weights, codes, seed } = await yargs(hideBin(process.argv))
    .option('weights', { string: true, default: pretrained, describe: 'checkpoint of a convnet' })
    .option('codes', { number: true, default: 500, describe: 'how many postal codes to write' })
    .option('seed', { number: true, default: 0, describe: 'from which digits, sizes, spacing and slant are drawn' })
    .strict()
    .parse()
  const backend = await wasm()
  const predict = await openConvnet(weights, backend)
  const set = await mnist('t10k')
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  const [direct, drawn] = await readDrawn(predict, set, 2000)
  console.log(`2000 test digits: ${percent(direct)} as they are, ${percent(drawn)} drawn`)
  const hands: [string, Writing][] = [
    ['apart', {}],
    ['slightly touching', { gap: [-0.05, 0.02] }],
  ]
  for (const [name, writing] of hands) {
    const { whole, apart } = await readCodes(predict, set, codes, writing, seed)
    console.log(`${codes} codes, digits ${name}: ${percent(whole)} read whole, ${percent(apart)} taken apart`)
  }
  await backend.dispose()
}
