// `npm run bench:reading`: how well a network reads what others write: postal codes, test digits blown up, photographed and corrupted,
// European hands, UCI's digits, and a folder of one's own; and what is called no digit.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import ndarray from 'ndarray'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { findInk, inkOf, prepare, readRow, type Dataset, type Image } from '../data/index.js'
import { blank } from '../data/image.js'
import { drawn } from '../data/strokes.js'
import { argmax, deserialize, random, scope, tensor, wasm, type Backend, type Network } from '../engine/index.js'
import { models } from '../models/index.js'
import { mnist } from './mnist.js'
import { corruptions } from './mnistC.js'
import { blownUp, photograph, scenes, written } from './pictures.js'
import { accuracies, beside, goalsHead, percent, writeMisread, writeSection, type Read } from './readingReport.js'
import { groupNames, mean, rejectedShares, rejectorWeights } from './rejection.js'
import { root } from './results.js'
import { european, unusual, type Form } from './strokes.js'
import { print, type Table } from './tables.js'
import { writeCode, type Writing } from './writeCode.js'

const integer = (n: number) => n.toLocaleString('en')

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

async function judge(
  predict: Predict,
  inputs: readonly (Image | undefined)[],
  labels: ArrayLike<number>,
): Promise<Read> {
  const images = inputs.map(input => input ?? blank(28, 28))
  const answers = (await predict(images)).map(row => argmax(row, 0, row.length))
  const isWrong = (i: number) => !inputs[i] || answers[i] !== labels[i]
  const wrong = images.flatMap((input, i) => (isWrong(i) ? { input, label: labels[i], answer: answers[i] } : []))
  return { share: 1 - wrong.length / images.length, wrong }
}

/** What was read of `count` drawings of each of these forms, by their names. */
export async function readForms(predict: Predict, forms: readonly Form[], count: number): Promise<Map<string, Read>> {
  const all = new Map<string, Read>()
  for (const { name, label, strokes } of forms) {
    const rng = random(0, name)
    const inputs = Array.from({ length: count }, () => prepare(drawn(strokes, 200, rng))!.input)
    all.set(name, await judge(predict, inputs, new Array<number>(count).fill(label)))
  }
  return all
}

/** The digit i of a set [28,28], 0–255. */
const digitOf = (set: Dataset, i: number) => ndarray(set.pixels.subarray(784 * i, 784 * (i + 1)), [28, 28])

/** Red, green, blue and alpha, prepared as `use --image` does it. */
function prepared(data: Uint8Array, height: number, width: number): Image | undefined {
  const ink = inkOf(data, height, width)
  return ink && prepare(ink.image)?.input
}

/** What was read of photographs of each scene, by their names: `count` of the test digits on each. */
export async function readScenes(predict: Predict, set: Dataset, count: number): Promise<Map<string, Read>> {
  const all = new Map<string, Read>()
  for (const [name, scene] of Object.entries(scenes)) {
    const rng = random(0, name)
    const inputs = Array.from({ length: count }, (_, i) => {
      const photo = photograph(written(digitOf(set, i), 160, rng), scene, rng)
      return prepared(photo.data, photo.height, photo.width)
    })
    all.set(name, await judge(predict, inputs, set.targets))
  }
  return all
}

/** Grey levels of 0 to 1 as a picture of its own, as a decoder gives it. */
function asPicture(image: Image): Uint8Array {
  const data = new Uint8Array(4 * image.size).fill(255)
  image.data.forEach((v, k) => data.fill(Math.round(255 * v), 4 * k, 4 * k + 3))
  return data
}

/** What was read of corrupted test digits (bench/mnistC.ts): of `direct` as they are, of the first `few` as pictures that are prepared. */
export async function readCorrupted(
  predict: Predict,
  set: Dataset,
  direct: number,
  few: number,
): Promise<Map<string, [direct: Read, prepared: Read]>> {
  const all = new Map<string, [Read, Read]>()
  for (const [name, { apply }] of Object.entries(corruptions)) {
    const corrupted = Array.from({ length: Math.max(direct, few) }, (_, i) => {
      const digit = digitOf(set, i)
      const y = apply(ndarray(Float32Array.from(digit.data, v => v / 255), [28, 28]), random(0, 'mnist-c', name, i)) // prettier-ignore
      return ndarray(y.data.map(v => Math.round(255 * v) / 255), [28, 28]) // prettier-ignore
    })
    const pictures = corrupted.slice(0, few).map(image => prepared(asPicture(image), 28, 28))
    const read = await judge(predict, corrupted.slice(0, direct), set.targets)
    all.set(name, [read, await judge(predict, pictures, set.targets)])
  }
  return all
}

/** UCI's 1,797 test digits of 8x8 (Alpaydin & Kaynak 1998), as pictures that are prepared; undefined where no Python has scikit-learn. */
export async function readUci(predict: Predict): Promise<Read | undefined> {
  const where = "import importlib.util as u; print(u.find_spec('sklearn').submodule_search_locations[0])"
  const { stdout, status } = spawnSync('python3', ['-c', where], { encoding: 'utf8' })
  if (status !== 0) return undefined
  const lines = gunzipSync(await readFile(join(stdout.trim(), 'datasets/data/digits.csv.gz'))).toString().trim().split('\n') // prettier-ignore
  const rows = lines.map(line => line.split(',').map(Number))
  const inputs = rows.map(row => {
    const image = ndarray(Float32Array.from(row.slice(0, 64), v => v / 16), [8, 8]) // prettier-ignore
    return prepared(asPicture(image), 8, 8)
  })
  return judge(predict, inputs, rows.map(row => row[64])) // prettier-ignore
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { weights, codes, corrupted, pictures, seed, write } = await yargs(hideBin(process.argv))
    .option('weights', { string: true, default: pretrained, describe: 'checkpoint of a convnet' })
    .option('codes', { number: true, default: 500, describe: 'how many postal codes to write' })
    .option('corrupted', { number: true, default: 10_000, describe: 'how many test digits to corrupt in each way' })
    .option('pictures', {
      string: true,
      describe: 'folder of pictures of your own, each named after what it shows: cell_7.png',
    })
    .option('seed', { number: true, default: 0, describe: 'from which digits, sizes, spacing and slant are drawn' })
    .option('write', { boolean: true, default: false, describe: 'replace the section in docs/results.md' })
    .strict()
    .parse()
  const backend = await wasm()
  const predict = await openConvnet(weights, backend)
  const set = await mnist('t10k')
  const show = (title: string, table: Table) => {
    console.log(title)
    print(table)
  }
  const average = (reads: Iterable<Read>) => mean([...reads].map(({ share }) => share))

  const europeans = await readForms(predict, european, 100)
  const others = await readForms(predict, unusual, 100)
  const scenery = await readScenes(predict, set, 100)
  const uci = await readUci(predict)
  const few = Math.min(1000, corrupted)
  const corruptedReads = await readCorrupted(predict, set, corrupted, few)
  const means = [0, 1].map(k => average([...corruptedReads.values()].map(pair => pair[k])))
  const [direct, redrawn] = await readDrawn(predict, set, 2000)
  const apart = await readCodes(predict, set, codes, {}, seed)
  const touching = await readCodes(predict, set, codes, { gap: [-0.05, 0.02] }, seed)
  const known = await accuracies()

  const goals: Table = {
    head: goalsHead,
    rows: [
      ...[
        ['deepnet1', 92.8],
        ['deepnet2', 98.4, 98.7],
        ['convnet', 99.45, 99.6],
        ['tiny', 99.3, 99.45],
        ['best', 99.55, 99.7],
      ].map(([name, must, aim]) => beside(`${name}, test set`, known.get(`${name}`), Number(must), aim as number | undefined, 2)),
      beside(`${integer(corrupted)} test digits under MNIST-C's corruptions, as they are`, means[0], 95, 97),
      beside(`the first ${integer(few)} of them, as pictures`, means[1], 95, 97),
      beside("UCI's digits, as pictures", uci?.share, 96, 98),
      beside(`${codes} postal codes whole`, apart.whole, 98, 99),
      beside(`${codes} of slightly touching digits`, touching.whole, 80, 90),
      beside('European digits', average(europeans.values()), 97),
      ['digits in other forms', percent(average(others.values())), '', '', ''],
    ],
  } // prettier-ignore
  const byCorruption: Table = {
    head: ['corruption', 'constants', 'as they are', 'as pictures'],
    rows: [...corruptedReads].map(([name, pair]) => [name, corruptions[name].constants, ...pair.map(({ share }) => percent(share))]), // prettier-ignore
  }
  const drawings: Table = {
    head: ['drawn by script', 'right'],
    rows: [
      ['2,000 test digits as they are, and blown up and prepared', `${percent(direct)}, ${percent(redrawn)}`],
      ['codes taken apart rightly: apart, slightly touching', `${percent(apart.apart)}, ${percent(touching.apart)}`],
      ...[...europeans, ...others].map(([name, { share }]) => [`${name} (100)`, percent(share)]),
      ...[...scenery].map(([name, { share }]) => [`photographs: ${name} (100)`, percent(share)]),
    ],
  }
  show('', goals)
  show("MNIST-C's corruptions:", byCorruption)
  show('', drawings)
  const rejection: Table[] = []
  if (existsSync(rejectorWeights)) {
    const { digits, others } = await rejectedShares(deserialize(await readFile(rejectorWeights)).tensors, backend, set)
    rejection.push({
      head: ['what is asked about', 'called no digit'],
      rows: [
        ...[...digits].map(([name, share]) => [name, percent(share, 2)]),
        ...[...others].map(([group, shares]) => [
          `${groupNames[group]}: ${[...shares].map(([kind, share]) => `${kind} ${(100 * share).toFixed(0)}`).join(', ')}`,
          percent(mean(shares.values())),
        ]),
      ],
    })
    show('No digit at all?', rejection[0])
  }
  if (pictures !== undefined) {
    const { digits, rows, wrong } = await readFolder(resolve(weights), resolve(pictures))
    console.log(`${pictures}: ${digits.right} of ${digits.of} digits, ${rows.right} of ${rows.of} rows read whole`)
    for (const line of wrong) console.log(`  ${line}`)
  }
  if (write) {
    const worst = [...corruptedReads].sort(([, a], [, b]) => a[1].share - b[1].share).slice(0, 4)
    const misread = await writeMisread(
      new Map([
        ['photographs', [...scenery.values()].flatMap(({ wrong }) => wrong)],
        ['European digits and other forms', [...europeans.values(), ...others.values()].flatMap(({ wrong }) => wrong)],
        ...(uci ? [["UCI's digits", uci.wrong] as const] : []),
        ...worst.map(([name, pair]) => [`${name}, as pictures`, pair[1].wrong] as const),
      ]),
    )
    await writeSection('Reading what others write', [
      '    npm run bench:reading -- --write',
      'With the pretrained convnet. “As pictures” means by the way that `use --image` goes: paper, ink, cleaning, MNIST’s preparation.',
      goals,
      'MNIST-C (Mu & Gilmer 2019), its corruptions written anew in [bench/mnistC.ts](../bench/mnistC.ts):',
      byCorruption,
      'All else is made by script ([bench/pictures.ts](../bench/pictures.ts), [bench/strokes.ts](../bench/strokes.ts)):',
      drawings,
      ...(rejection.length > 0 ? ['No digit at all? By [data/rejection.ts](../data/rejection.ts), of kinds of [bench/nonDigits.ts](../bench/nonDigits.ts):', ...rejection] : []),
      'What is still misread, as the network saw it:',
      '![Rows of digits that were misread](misread.png)',
      misread,
    ]) // prettier-ignore
  }
  await backend.dispose()
}
