// npm run bench:speedrun: seconds from starting a process until it has saved a network that reads so many test images right.
// Epochs and settings were chosen on training images kept apart, never on test images: those are read
// once, after training. What counts is the mean over the seeds. PyTorch trains beside, with the same settings, in turns: of the
// native engines its process starts soonest.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import yargs from 'yargs'
import { native } from './native.js'
import { some } from './options.js'
import { rounds, type Contestant, type Entry } from './rounds.js'
import { root, save, type Results } from './results.js'
import { print, speedrunTable } from './tables.js'

/**
 * What is to be reached, and by which training. On 10,000 training images kept apart (`--validation 0.16667`) the three read 97.34 and
 * 97.54 % (two seeds), 98.57 % and 99.07 % (one seed each).
 */
export const runs = {
  '97': { model: 'deepnet2', threshold: 0.97, lr: 0.006, epochs: 3 },
  '98': { model: 'convnet', threshold: 0.98, lr: 0.002, epochs: 1 },
  '99': { model: 'convnet', threshold: 0.99, lr: 0.002, epochs: 8 },
} as const

export interface Speedrun {
  readonly ran: string
  /** Until the weights were saved. */
  readonly seconds: number
  /** Of the 10,000 test images, which are read afterwards. */
  readonly accuracy: number
}

export interface SpeedrunEntry extends Entry<Speedrun> {
  readonly threshold: number
}

export type SpeedrunResults = Results<SpeedrunEntry>

const argv = yargs(process.argv.slice(2))
  .usage(
    'npm run bench:speedrun -- [options]\n\nSeconds from starting a process to 97, 98 and 99 % of the test images.',
  )
  .option('to', { ...some(Object.keys(runs), 'per cent to reach'), string: true })
  .option('with', some(['wasm', 'pytorch'], 'this engine, and one to compare with'))
  .option('seeds', { number: true, default: 5, describe: 'how many seeds, from 0 on' })
  .option('threads', { number: true, default: availableParallelism() })
  .strict()
  .parseSync()

const storage = await mkdtemp(`${tmpdir()}/chiffre-speedrun-`)
const entries: SpeedrunEntry[] = []
try {
  for (const { model, threshold, lr, epochs } of argv.to.map(to => runs[to as keyof typeof runs])) {
    const contestants = argv.with.map((name): Contestant => {
      const settings = ['--lr', `${lr}`, '--epochs', `${epochs}`, '--schedule', 'onecycle']
      if (name !== 'wasm') return native(name, model, argv.threads, settings)
      const where = ['--batch-size', '128', '--storage', storage, '--fresh', '--json', '--threads', `${argv.threads}`]
      const args = [`${root}cli`, 'train', '--model', model, ...settings, ...where]
      return { name, model, threads: argv.threads, command: process.execPath, args }
    })
    const seeds = new Map<string, number>()
    const run = (contestant: Contestant) => {
      const seed = seeds.get(contestant.name) ?? 0
      seeds.set(contestant.name, seed + 1)
      return contestant.name === 'wasm' ? oursOf(contestant, seed) : theirsOf(contestant, seed)
    }
    const found = await rounds(contestants, argv.seeds, run)
    entries.push(...found.map(entry => ({ ...entry, threshold })))
  }
} finally {
  await rm(storage, { recursive: true })
}
print(speedrunTable(entries))
await save<SpeedrunResults>('speedrun', { rows: entries })

/** Starts a process. @returns the lines that it writes, each with the seconds since it was started, and the end's. */
async function timed(command: string, args: readonly string[], env: Contestant['env'] = {}) {
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', data => (stderr += String(data)))
  const ended = new Promise<number | null>(resolve => child.on('exit', resolve))
  const lines: { text: string; seconds: number }[] = []
  for await (const text of createInterface({ input: child.stdout })) lines.push({ text, seconds: seconds() })
  const code = await ended
  if (code !== 0) throw Object.assign(new Error(`ended with ${code}`), { stderr })
  return { lines, seconds: seconds() }
}

/** `train` to its end, then `test`. */
async function oursOf({ command, args, model }: Contestant, seed: number): Promise<Speedrun> {
  const { seconds } = await timed(command, [...args, '--seed', `${seed}`])
  const test = await timed(command, [`${root}cli`, 'test', '--model', model, '--storage', storage, '--json'])
  const { accuracy } = JSON.parse(test.lines.at(-1)!.text) as { accuracy: number }
  return { ran: 'wasm', seconds, accuracy }
}

/** The same in Python: it says when the weights are saved, and then what they read. */
async function theirsOf({ command, args, env }: Contestant, seed: number): Promise<Speedrun> {
  const wanted = ['--seed', `${seed}`, '--save', `${storage}/weights`, '--test']
  const { lines } = await timed(command, [...args, ...wanted], env)
  const [saved, tested] = lines.map(
    ({ text }) => JSON.parse(text) as { cannot?: string; ran: string; accuracy: number },
  )
  if (saved.cannot !== undefined) throw new Error(saved.cannot)
  return { ran: tested.ran, seconds: lines[0].seconds, accuracy: tested.accuracy }
}
