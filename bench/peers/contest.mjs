// What the peers in JavaScript share: the data, the clock, and the line of JSON that bench/rounds.ts reads. The work is that
// of bench/ours.ts: an epoch of 60,000 shuffled examples in batches of 128, then 10,000 in batches of 100.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    threads: { type: 'string' },
    epochs: { type: 'string', default: '1' },
    limit: { type: 'string', default: 'Infinity' },
    data: { type: 'string' },
  },
})

export const model = options.model
const [epochs, limit] = [Number(options.epochs), Number(options.limit)]

/** A peer's name and version: exactly the one that package.json asks for. */
export function version(name) {
  const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))
  return `${name} ${dependencies[name]}`
}

/** Says why a peer cannot take part, and ends. */
export function cannot(reason) {
  console.log(JSON.stringify({ cannot: reason }))
  process.exit()
}

/** The bytes of an IDX file after its header: 4 bytes, and 4 for each dimension. */
const idx = (name, dimensions) => readFileSync(`${options.data}/${name}-ubyte`).subarray(4 + 4 * dimensions)

function examples(set) {
  const pixels = new Float32Array(idx(`${set}-images-idx3`, 3)) // a copy, as numbers
  for (let i = 0; i < pixels.length; i++) pixels[i] /= 255
  return { pixels, labels: idx(`${set}-labels-idx1`, 1) }
}

/** The examples of the given numbers: pixels [n, 784] from 0 to 1, labels [n]. */
function gather({ pixels, labels }, indices) {
  const batch = { pixels: new Float32Array(indices.length * 784), labels: new Uint8Array(indices.length) }
  indices.forEach((from, i) => {
    batch.pixels.set(pixels.subarray(from * 784, (from + 1) * 784), i * 784)
    batch.labels[i] = labels[from]
  })
  return batch
}

/** Knuth's Lehmer generator is enough to shuffle for the clock. */
function shuffled(n) {
  const order = Array.from({ length: n }, (_, i) => i)
  let state = 1
  for (let i = n - 1; i > 0; i--) {
    state = (state * 48271) % 2147483647
    const j = state % (i + 1)
    ;[order[i], order[j]] = [order[j], order[i]]
  }
  return order
}

const middle = numbers => numbers.sort((a, b) => a - b)[numbers.length >> 1]

/** Calls run on batch after batch until the limit: how long all would take, and the share that was done. */
async function timed(order, size, limit, run) {
  const start = performance.now()
  const elapsed = () => (performance.now() - start) / 1000
  let done = 0
  while (done < order.length && (done === 0 || elapsed() < limit)) {
    await run(order.slice(done, done + size))
    done = Math.min(done + size, order.length)
  }
  const share = done / order.length
  return { seconds: elapsed() / share, share }
}

/**
 * Measures a peer.
 * @param ran its name and version
 * @param step trains on a batch { pixels, labels }
 * @param infer returns, or promises, the scores of a batch; whatever they are is not looked at
 */
export async function contest({ ran, step, infer }) {
  const [train, test] = [examples('train'), examples('t10k')]
  const order = shuffled(60_000)
  const trainOn = limit => timed(order, 128, limit, indices => step(gather(train, indices)))
  const warmUp = await trainOn(Math.min(1, limit))
  const results = []
  if (warmUp.seconds * warmUp.share > limit)
    results.push(warmUp) // a single step was too long already
  else {
    const start = performance.now()
    while (results.length < epochs || performance.now() - start < 1000) results.push(await trainOn(limit)) // as in bench/ours.ts
  }
  const inference = limit => timed([...test.labels.keys()], 100, limit, indices => infer(gather(test, indices)))
  await inference(0) // warm-up: one batch
  const outcome = {
    ran,
    secondsPerEpoch: middle(results.map(({ seconds }) => seconds)),
    inferenceSeconds: (await inference(limit)).seconds,
    share: Math.min(...results.map(({ share }) => share)),
    peakMemory: process.resourceUsage().maxRSS * 1024,
  }
  console.log(JSON.stringify(outcome))
  process.exit()
}
