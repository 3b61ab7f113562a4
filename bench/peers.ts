// npm run bench:peers: the same work in other libraries (bench/peers/), which take turns with ours.
import yargs from 'yargs'
import { backends, configurations, fastest } from './backends.js'
import { mnistFolder } from './mnist.js'
import { modelsOption, roundsOptions, some, threadsOption } from './options.js'
import { ours, rounds, type Contestant, type Entry, type Outcome } from './rounds.js'
import { root, save, type Results } from './results.js'
import { peerTable, print } from './tables.js'
import { torch } from './torch.js'

export interface PeerResults extends Results<Entry<Outcome>> {
  /** Which backend the others are compared with. */
  readonly backend: string
}

/** Libraries in JavaScript run on one thread, each by the script of its name. */
const scripts = ['jax-js', 'tfjs-wasm', 'tfjs-cpu', 'convnetjs', 'brainjs', 'js-pytorch']

const argv = yargs(process.argv.slice(2))
  .usage('npm run bench:peers -- [options]\n\nTrains and tests the models in other libraries and in this one.')
  .option('peers', some(['torch', ...scripts], 'libraries to compare with'))
  .option('models', modelsOption)
  .option('backend', { choices: Object.keys(backends), default: fastest, describe: 'our backend' })
  .option('threads', threadsOption)
  .options(roundsOptions)
  .strict()
  .parseSync()

const effort = ['--epochs', `${argv.epochs}`, '--limit', `${argv.limit}`]

const script = (name: string, model: string): Contestant => ({
  name,
  model,
  threads: 1,
  command: process.execPath,
  args: [`${root}bench/peers/${name}.mjs`, '--model', model, '--data', mnistFolder, ...effort],
})

const contestants = argv.models.flatMap(model => [
  ...configurations([argv.backend], argv.threads).map(({ threads }) => ours(model, argv.backend, threads, argv)),
  ...argv.peers.flatMap(name =>
    name === 'torch' ? argv.threads.map(threads => torch(model, threads, effort)) : [script(name, model)],
  ),
])
const results = { backend: argv.backend, rows: await rounds(contestants, argv.repeat) }
print(peerTable(results))
await save<PeerResults>('peers', results)
