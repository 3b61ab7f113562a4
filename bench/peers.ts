// npm run bench:peers: the same work in other libraries (bench/peers/), which take turns with ours.
import yargs from 'yargs'
import { backends, configurations, fastest } from './backends.js'
import { engines, native } from './native.js'
import { modelsOption, roundsOptions, some, theirs, threadsOption } from './options.js'
import { rounds, script, type Contestant, type Entry, type Outcome } from './rounds.js'
import { save, type Results } from './results.js'
import { peerTable, print } from './tables.js'

export interface PeerResults extends Results<Entry<Outcome>> {
  /** Which backend the others are compared with. */
  readonly backend: string
}

/** Libraries in JavaScript run on one thread, each by the script of its name. */
const scripts = ['jax-js', 'tfjs-wasm', 'tfjs-cpu', 'convnetjs', 'brainjs', 'js-pytorch']

const argv = yargs(process.argv.slice(2))
  .usage('npm run bench:peers -- [options]\n\nTrains and tests the models in other libraries and in this one.')
  .option('peers', some([...Object.keys(engines), ...scripts], 'libraries to compare with'))
  .option('models', { ...modelsOption, default: theirs })
  .option('backend', { choices: Object.keys(backends), default: fastest, describe: 'our backend' })
  .option('threads', threadsOption)
  .options(roundsOptions)
  .option('epochs', {
    number: true,
    default: 8,
    describe: 'epochs from a cold start; of the libraries in JavaScript one',
  })
  .strict()
  .parseSync()

const effort = ['--epochs', `${argv.epochs}`, '--limit', `${argv.limit}`]

const ours = (model: string, threads: number): Contestant => ({
  name: argv.backend,
  model,
  threads,
  command: process.execPath,
  args: [
    new URL('trained.js', import.meta.url).pathname,
    ...['--model', model, '--backend', argv.backend, '--threads', `${threads}`],
    ...effort,
  ],
})

const contestants = argv.models.flatMap(model => [
  ...configurations([argv.backend], argv.threads).map(({ threads }) => ours(model, threads)),
  ...argv.peers.flatMap(name =>
    name in engines
      ? argv.threads.map(threads => native(name, model, threads, effort))
      : [script(name, model, argv.limit)],
  ),
])
const results = { backend: argv.backend, rows: await rounds(contestants, argv.repeat) }
print(peerTable(results))
await save<PeerResults>('peers', results)
