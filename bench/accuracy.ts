// `npm run accuracy`: trains each model from several seeds and tests it on the 10,000 test images, by the commands that a
// user would type, and writes what came out into docs/results.md. The settings were chosen on a part of the training
// images kept apart (`--validation`); the test images decide nothing. With --pretrained the first seed's weights, without the optimizer's memory, become
// storage/pretrained/MODEL.safetensors: which seed that is was settled before any of them was tested.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { models } from '../models/index.js'
import { decodeCheckpoint, encodeCheckpoint, weightsAlone } from '../training/index.js'
import { machine } from './machine.js'
import { some } from './options.js'
import { root } from './results.js'
import { markdown } from './tables.js'

/** Other people's hands. */
const hands = '--augment rotation,scale,shear,elastic,thickness'

/** How each model is trained. A model that is not named here learns as the command line does by default. */
const recipes: Readonly<Record<string, string>> = {
  deepnet1: '--lr 0.002 --batch-size 128 --epochs 20 --schedule cosine',
  deepnet2: `--lr 0.003 --batch-size 128 --epochs 20 --schedule onecycle ${hands}`,
  convnet:
    '--data mnist-hands --optimizer sgd --momentum 0.9 --weight-decay 0.005 --lr 0.1 --batch-size 128 --epochs 32 --schedule onecycle --augment all',
  tiny: '--lr 0.01 --batch-size 128 --epochs 30 --schedule onecycle --augment rotation,scale,shear,elastic',
  best: `--data mnist-eu --lr 0.002 --batch-size 128 --epochs 30 --schedule onecycle ${hands},shift`,
}

interface Outcome {
  readonly accuracy: number
  readonly seconds: number
}

const {
  seeds,
  models: names,
  pretrained,
} = await yargs(hideBin(process.argv))
  .option('seeds', { number: true, default: 3, describe: 'how many seeds, from 0 on' })
  .option('models', { ...some(Object.keys(models), 'models to train'), default: Object.keys(recipes) })
  .option('pretrained', { boolean: true, default: false, describe: 'keep the weights of seed 0 as pretrained' })
  .strict()
  .parse()

const storage = await mkdtemp(join(tmpdir(), 'chiffre-'))
try {
  for (const model of names) {
    const train = `train --model ${model} ${recipes[model] ?? ''} --strict-float --fresh`
    const outcomes: Outcome[] = []
    for (let seed = 0; seed < seeds; seed++) {
      outcomes.push(await trainAndTest(model, `${train} --seed ${seed}`))
      console.log(
        `${model}, seed ${seed}: ${percent(outcomes[seed].accuracy)} in ${outcomes[seed].seconds.toFixed(1)} s`,
      )
      if (pretrained && seed === 0) await keep(model)
    }
    await report(model, train, outcomes)
  }
} finally {
  await rm(storage, { recursive: true })
}

async function trainAndTest(model: string, train: string): Promise<Outcome> {
  const begin = performance.now()
  await cli(`${train} --json`)
  const seconds = (performance.now() - begin) / 1e3
  const { accuracy } = JSON.parse(await cli(`test --model ${model} --data mnist --strict-float --json`)) as {
    accuracy: number
  }
  return { accuracy, seconds }
}

async function cli(line: string, folder = storage): Promise<string> {
  const args = ['cli', ...line.split(/\s+/), '--storage', folder]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 2 ** 26 })
  return stdout
}

/** Keeps what the network reads with, and how it was trained; what the optimizer remembers is three times as much, and of no use in a page. */
async function keep(model: string) {
  const weights = weightsAlone(decodeCheckpoint(await readFile(join(storage, `${model}.safetensors`))))
  await mkdir(join(root, 'storage/pretrained'), { recursive: true })
  await writeFile(join(root, `storage/pretrained/${model}.safetensors`), encodeCheckpoint(weights, 'F16'))
  // `models` shows the result, which `test` keeps beside the weights.
  await cli(
    `test --model ${model} --data mnist --strict-float --errors ${join(storage, 'errors.png')}`,
    'storage/pretrained',
  )
}

/** Replaces the model's section of docs/results.md, or adds it. */
async function report(model: string, train: string, outcomes: readonly Outcome[]) {
  const path = join(root, 'docs/results.md')
  const { cpu, cores, node, commit } = machine()
  const accuracies = outcomes.map(({ accuracy }) => accuracy)
  const mean = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length
  const variance = accuracies.reduce((sum, accuracy) => sum + (accuracy - mean) ** 2, 0) / (accuracies.length - 1)
  const spread = accuracies.length > 1 ? ` ± ${percent(Math.sqrt(variance))}` : ''
  const rows = outcomes.map(({ accuracy, seconds }, seed) => [`${seed}`, percent(accuracy), `${seconds.toFixed(1)} s`])
  const section = [
    `## ${model}: ${percent(mean)}${spread}`,
    '',
    `    node cli ${train} --seed SEED && node cli test --model ${model} --data mnist --strict-float`,
    '',
    markdown({ head: ['seed', 'accuracy on the test set', 'training'], rows }),
    '',
    `${cpu}, ${cores} cores, Node ${node}, commit ${commit}.`,
    '',
  ].join('\n')
  const before = await readFile(path, 'utf8')
  const [head, ...sections] = before.split(/^(?=## )/m)
  const others = sections.filter(text => !text.startsWith(`## ${model}:`)).map(text => text.trimEnd() + '\n')
  await writeFile(path, [head.trimEnd() + '\n', ...[...others, section].sort()].join('\n'))
}

function percent(share: number) {
  return `${(100 * share).toFixed(2)} %`
}
