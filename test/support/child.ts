// What a test runs in a process of its own, on the backend `cpu` or `wasm`; it prints one line of JSON.
//   node child.js hash BACKEND             the sha256 of deepnet2 and its optimizer after training a little
//   node child.js memory BACKEND STEPS     buffers in use and MB of memory, after each tenth of so many steps
import { createHash } from 'node:crypto'
import { adam, cpu, fit, serialize, wasm } from '../../engine/index.js'
import { models } from '../../models/index.js'
import { digits } from './examples.js'

const [task, name, steps] = process.argv.slice(2)
const backend = name === 'wasm' ? await wasm() : cpu()
const network = models.deepnet2().init(backend, 42)
const optimizer = adam(network.parameters)
const train = (examples: number, epochs: number) =>
  fit(network, optimizer, backend, digits(examples), { lr: 0.001, epochs, batchSize: 32, seed: 42 })

if (task === 'hash') {
  const training = train(200, 2)
  while (!(await training.next()).done);
  const tensors = new Map(await optimizer.state())
  for (const [key, p] of network.parameters)
    tensors.set(key, { shape: p.shape, values: Float32Array.from(await p.download()) })
  const bytes = serialize({ tensors, metadata: { model: 'deepnet2' } })
  console.log(JSON.stringify(createHash('sha256').update(bytes).digest('hex')))
} else {
  const samples: { live: number; megabytes: number }[] = []
  for await (const { epoch } of train(4, Number(steps))) {
    if (epoch % (Number(steps) / 10) > 0) continue
    globalThis.gc!()
    samples.push({ live: backend.live, megabytes: process.memoryUsage().rss / 2 ** 20 })
  }
  console.log(JSON.stringify(samples))
}
await backend.dispose()
