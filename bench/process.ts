// npm run bench:process: what it takes from the shell to train a model for one epoch and to save it, from the start of
// the process to its end. With our command line, and with a Python script that does the same in PyTorch.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { promisify } from 'node:util'
import yargs from 'yargs'
import { backends, configurations, fastest } from './backends.js'
import { native } from './native.js'
import { some, threadsOption } from './options.js'
import { rounds, type Contestant, type Entry } from './rounds.js'
import { root, save, type Results } from './results.js'
import { print, processTable } from './tables.js'
import { models } from '../models/index.js'

export interface WallClock {
  readonly seconds: number
}

export type ProcessResults = Results<Entry<WallClock>>

const argv = yargs(process.argv.slice(2))
  .usage('npm run bench:process -- [options]\n\nTimes whole processes that train for one epoch.')
  .option('models', some(Object.keys(models), 'models to train', ['deepnet2']))
  .option('backend', { choices: Object.keys(backends), default: fastest })
  .option('threads', { ...threadsOption, default: [`${availableParallelism()}`] })
  .option('repeat', { number: true, default: 5, describe: 'rounds' })
  .strict()
  .parseSync()

const folder = await mkdtemp(`${tmpdir()}/chiffre-bench-`)

const commandLine = (model: string, threads: number): Contestant => ({
  name: argv.backend,
  model,
  threads,
  command: process.execPath,
  args: [
    ...[
      `${root}cli`,
      'train',
      '--model',
      model,
      '--lr',
      '0.001',
      '--batch-size',
      '128',
      '--fresh',
      '--storage',
      folder,
    ],
    ...['--backend', argv.backend],
    ...(backends[argv.backend].threaded ? ['--threads', `${threads}`] : []),
  ],
})

async function wallClock({ command, args, env }: Contestant): Promise<WallClock> {
  const start = performance.now()
  await promisify(execFile)(command, args, { env: { ...process.env, ...env } })
  return { seconds: (performance.now() - start) / 1000 }
}

const contestants = argv.models.flatMap(model => [
  ...configurations([argv.backend], argv.threads).map(({ threads }) => commandLine(model, threads)),
  ...argv.threads.map(threads => native('pytorch', model, threads, ['--save', `${folder}/weights`])),
])
const rows = await rounds(contestants, argv.repeat, wallClock)
await rm(folder, { recursive: true })
print(processTable(rows))
await save<ProcessResults>('process', { rows })
