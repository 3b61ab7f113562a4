// `npm run bench:reading`: how many postal codes a network reads whole, and how well it reads test digits that were
// blown up to drawings and prepared anew.
import { spawnSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ndarray from 'ndarray'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { findInk, inkOf, prepare, readRow, type Dataset, type Image } from '../data/index.js'
import { bilinear, blank, eachPixel } from '../data/image.js'
import { argmax, deserialize, random, scope, tensor, wasm, type Backend, type Network } from '../engine/index.js'
import { models } from '../models/index.js'
import { mnist } from './mnist.js'
import { photograph, scenes, written } from './pictures.js'
import { root } from './results.js'
import { drawn, european } from './strokes.js'
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

/** The accuracy on `count` drawings of each of the European digits, by their names. */
export async function readEuropean(predict: Predict, count: number): Promise<Map<string, number>> {
  const shares = new Map<string, number>()
  for (const { name, label, strokes } of european) {
    const rng = random(0, name)
    const inputs = Array.from({ length: count }, () => prepare(drawn(strokes, 200, rng))!.input)
    const rows = await predict(inputs)
    shares.set(name, rows.filter(row => argmax(row, 0, row.length) === label).length / count)
  }
  return shares
}

/** The accuracy on photographs of each scene, by their names: `count` of the test digits on each. */
export async function readScenes(predict: Predict, set: Dataset, count: number): Promise<Map<string, number>> {
  const shares = new Map<string, number>()
  const { pixels, labels } = set.gather(Uint32Array.from({ length: count }, (_, i) => i))
  for (const [name, scene] of Object.entries(scenes)) {
    const rng = random(0, name)
    const inputs = Array.from(labels, (_, i) => {
      const digit = ndarray(pixels.subarray(784 * i, 784 * (i + 1)), [28, 28])
      const photo = photograph(written(digit, 160, rng), scene, rng)
      const ink = inkOf(photo.data, photo.height, photo.width)
      return ink && prepare(ink.image)?.input
    })
    const rows = await predict(inputs.map(input => input ?? blank(28, 28)))
    shares.set(name, rows.filter((row, i) => inputs[i] && argmax(row, 0, row.length) === labels[i]).length / count)
  }
  return shares
}

/**
 * The pictures of a folder of one's own that `use` and `read` read right, of how many: what a picture shows stands in its name, behind
 * the last underscore (`cell_7.png`); several digits are a row.
 */
export async function readFolder(weights: string, folder: string) {
  const [digits, rows] = [
    { right: 0, of: 0 },
    { right: 0, of: 0 },
  ]
  const wrong: string[] = []
  const labels = new Map<string, string>()
  for (const file of (await readdir(folder)).sort()) {
    const label = /(?:^|_)(\d+)\.(png|jpe?g)$/i.exec(file)?.[1]
    if (label !== undefined) labels.set(join(folder, file), label)
  }
  for (const [command, part] of [
    ['use', digits],
    ['read', rows],
  ] as const) {
    const files = [...labels.keys()].filter(file => (labels.get(file)!.length === 1) === (part === digits))
    if (files.length === 0) continue
    const args = ['cli', command, '--model', 'convnet', '--out', weights, '--json', '--image', ...files]
    const { stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 1e9 })
    part.of = files.length
    const read = new Map<string, string>()
    for (const line of stdout.trim().split('\n').filter(Boolean)) {
      const answer = JSON.parse(line) as { image: string; label?: number; text?: string }
      read.set(answer.image, answer.text ?? `${answer.label}`)
    }
    for (const file of files)
      if (read.get(file) === labels.get(file)) part.right++
      else wrong.push(`${file}: ${read.get(file) ?? 'not read'}`)
  }
  return { digits, rows, wrong }
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
  const { weights, codes, pictures, seed } = await yargs(hideBin(process.argv))
    .option('weights', { string: true, default: pretrained, describe: 'checkpoint of a convnet' })
    .option('codes', { number: true, default: 500, describe: 'how many postal codes to write' })
    .option('pictures', {
      string: true,
      describe: 'folder of pictures of your own, each named after what it shows: cell_7.png',
    })
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
  console.log('100 test digits in each of the scenes of bench/pictures.ts:')
  for (const [name, share] of await readScenes(predict, set, 100)) console.log(`  ${name}: ${percent(share)}`)
  console.log('100 of each of the digits of bench/strokes.ts:')
  for (const [name, share] of await readEuropean(predict, 100)) console.log(`  ${name}: ${percent(share)}`)
  if (pictures !== undefined) {
    const { digits, rows, wrong } = await readFolder(resolve(weights), resolve(pictures))
    console.log(`${pictures}: ${digits.right} of ${digits.of} digits, ${rows.right} of ${rows.of} rows read whole`)
    for (const line of wrong) console.log(`  ${line}`)
  }
  await backend.dispose()
}
