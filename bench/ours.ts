// One contestant: trains and tests a model with this engine, through fit() and evaluate() as the command line does, and
// writes one line of JSON. bench/rounds.ts starts it in a process of its own.
import yargs from 'yargs'
import { adam, beginning, evaluate, fit, type Examples } from '../engine/index.js'
import { models } from '../models/index.js'
import { backends } from './backends.js'
import { median } from './measure.js'
import { mnist } from './mnist.js'
import type { Outcome } from './rounds.js'

const argv = yargs(process.argv.slice(2))
  .option('model', { choices: Object.keys(models), demandOption: true })
  .option('backend', { choices: Object.keys(backends), demandOption: true })
  .option('threads', { number: true, default: 1 })
  .option('epochs', { number: true, default: 1 })
  .option('limit', { number: true, default: Infinity })
  .parseSync()

const backend = await backends[argv.backend].make(argv.threads)
const network = models[argv.model]().init(backend, 0)
const optimizer = adam(network.parameters)
const [train, test] = [await mnist('train'), await mnist('t10k')]

const timer = () => {
  const start = performance.now()
  return () => (performance.now() - start) / 1000
}

/** Trains for an epoch or, if that takes too long, until the limit; then says how long the whole would have taken. */
async function trainEpoch(epoch: number, limit: number) {
  const elapsed = timer()
  const from = { ...beginning, epoch }
  for await (const { batch, batches } of fit(network, optimizer, backend, train, {
    lr: 0.001,
    batchSize: 128,
    epochs: epoch + 1,
    from,
  }))
    if (batch === batches || elapsed() > limit)
      return { seconds: (elapsed() * batches) / batch, share: batch / batches }
  throw new Error('no batch was trained')
}

async function inference(examples: Examples) {
  const elapsed = timer()
  await evaluate(network, backend, examples)
  return elapsed()
}

const warmUp = await trainEpoch(0, Math.min(1, argv.limit))
const epochs = []
if (warmUp.seconds * warmUp.share > argv.limit)
  epochs.push(warmUp) // a single step was too long already
else {
  const elapsed = timer()
  // Short epochs are repeated for a second: one alone says little.
  while (epochs.length < argv.epochs || elapsed() < 1) epochs.push(await trainEpoch(epochs.length, argv.limit))
}

const first = Math.max(await inference(test.take(100)), Number.EPSILON) // warm-up, and how long the whole would take
const examples = test.take(Math.min(10_000, Math.max(100, 100 * Math.floor(argv.limit / first))))
const inferenceSeconds = (await inference(examples)) * (10_000 / examples.length)

const outcome: Outcome = {
  ran: backend.name,
  secondsPerEpoch: median(epochs.map(({ seconds }) => seconds)),
  inferenceSeconds,
  share: Math.min(...epochs.map(({ share }) => share)),
  peakMemory: process.resourceUsage().maxRSS * 1024,
}
console.log(JSON.stringify(outcome))
await backend.dispose()
