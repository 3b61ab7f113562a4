// One contestant: `train` from a cold start, a process of its own, as a user types it; then what it has learned reads the test
// set here. Writes one line of JSON. bench/rounds.ts starts it.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import yargs from 'yargs'
import { evaluator } from '../engine/index.js'
import { models } from '../models/index.js'
import { decodeCheckpoint, weightsAlone } from '../training/index.js'
import { backends } from './backends.js'
import { median } from './measure.js'
import { mnist } from './mnist.js'
import { root } from './results.js'
import type { Outcome } from './rounds.js'

const argv = yargs(process.argv.slice(2))
  .option('model', { choices: Object.keys(models), demandOption: true })
  .option('backend', { choices: Object.keys(backends), demandOption: true })
  .option('threads', { number: true, default: 1 })
  .option('epochs', { number: true, default: 8 })
  .option('limit', { number: true, default: Infinity, describe: 'seconds after which no further epoch is begun' })
  .option('repeat', { number: true, default: 5, describe: 'how often the test set is read' })
  .parseSync()

/** The most memory that a process has had: what Linux says of it, else nothing. */
function mostMemory(pid: number): number {
  const path = `/proc/${pid}/status`
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB/m.exec(existsSync(path) ? readFileSync(path, 'utf8') : '') ?? []
  return 1024 * Number(kilobytes ?? 0)
}

/** The seconds of each epoch, and the most memory. */
async function train(storage: string) {
  const args = ['--model', argv.model, '--lr', '0.001', '--batch-size', '128', '--epochs', `${argv.epochs}`]
  const where = [
    '--backend',
    argv.backend,
    ...(backends[argv.backend].threaded ? ['--threads', `${argv.threads}`] : []),
  ]
  const child = spawn(
    process.execPath,
    [`${root}cli`, 'train', ...args, ...where, '--fresh', '--json', '--storage', storage],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const ended = new Promise<number | null>(resolve => child.on('exit', resolve))
  const start = performance.now()
  const epochs: number[] = []
  let memory = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, seconds } = JSON.parse(line) as { event: string; seconds: number }
    if (event !== 'epoch') continue
    epochs.push(seconds)
    memory = Math.max(memory, mostMemory(child.pid!))
    if ((performance.now() - start) / 1000 > argv.limit) child.kill('SIGINT')
  }
  const code = await ended
  if (epochs.length === 0) throw new Error(`train ended with ${code}`)
  return { epochs, memory }
}

const storage = await mkdtemp(join(tmpdir(), 'chiffre-bench-'))
try {
  const { epochs, memory } = await train(storage)
  const backend = await backends[argv.backend].make(argv.threads)
  const network = models[argv.model]().init(backend, 0)
  const learned = decodeCheckpoint(await readFile(join(storage, `${argv.model}.safetensors`)))
  network.load(backend, weightsAlone(learned).tensors)
  const test = await mnist('t10k')
  const judge = evaluator(network, backend, test)
  const infer = async () => {
    const start = performance.now()
    await judge.run()
    return (performance.now() - start) / 1000
  }
  await infer()
  const inference: number[] = []
  for (let i = 0; i < argv.repeat; i++) inference.push(await infer())
  const later = epochs.slice(1)
  const outcome: Outcome = {
    ran: backend.name,
    secondsPerEpoch: median(epochs),
    ...(later.length > 0 ? { firstOverLater: epochs[0] / median(later) } : {}),
    inferenceSeconds: median(inference),
    share: 1,
    peakMemory: Math.max(memory, process.resourceUsage().maxRSS * 1024),
  }
  console.log(JSON.stringify(outcome))
  await backend.dispose()
} finally {
  await rm(storage, { recursive: true })
}
