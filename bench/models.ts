// npm run bench:models: what an epoch and a test take, by model, backend and number of threads.
import yargs from 'yargs'
import { configurations } from './backends.js'
import { backendOption, modelsOption, roundsOptions, threadsOption } from './options.js'
import { ours, rounds, type Entry, type Outcome } from './rounds.js'
import { save, type Results } from './results.js'
import { modelTable, print } from './tables.js'

export type ModelResults = Results<Entry<Outcome>>

const argv = yargs(process.argv.slice(2))
  .usage('npm run bench:models -- [options]\n\nTrains and tests the models on full MNIST.')
  .option('models', modelsOption)
  .option('backend', backendOption)
  .option('threads', threadsOption)
  .options(roundsOptions)
  .strict()
  .parseSync()

const contestants = argv.models.flatMap(model =>
  configurations(argv.backend, argv.threads).map(({ backend, threads }) => ours(model, backend, threads, argv)),
)
const rows = await rounds(contestants, argv.repeat)
print(modelTable(rows))
await save<ModelResults>('models', { rows })
