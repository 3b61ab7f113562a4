// Contestants that take turns: each runs in a process of its own, one after the other, and then all again. A machine is
// faster at some times than at others; who takes turns shares the good times and the bad.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { mnistFolder } from './mnist.js'
import { root } from './results.js'
import { progress } from './tables.js'

export interface Contestant {
  readonly name: string
  readonly model: string
  readonly threads: number
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** What a contestant writes as its last line. */
export interface Outcome {
  /** What really ran: a backend's name, or a library with its version. */
  readonly ran: string
  /** 60,000 examples in batches of 128: the median of the epochs. None if it only infers. */
  readonly secondsPerEpoch?: number
  /** The first epoch, from a cold start, over the median of the later ones. */
  readonly firstOverLater?: number
  /** 10,000 examples. None if it only trains. */
  readonly inferenceSeconds?: number
  /** How much of the epoch was run; the rest was extrapolated. */
  readonly share: number
  /** The most memory that the process had, in bytes. */
  readonly peakMemory: number
}

export interface Entry<O> {
  readonly name: string
  readonly model: string
  readonly threads: number
  /** One a round. */
  readonly outcomes: O[]
  /** Why there are none. */
  readonly failure?: string
}

/** An epoch of which no more than this was run takes so long that a second round would tell nothing new. */
const isSlow = (outcome: object) => 'share' in outcome && (outcome as Outcome).share < 0.5

/** Lets everyone run `repeat` times, in turns. Who fails once, or is very slow, does not run again. */
export async function rounds<O extends object = Outcome>(
  contestants: readonly Contestant[],
  repeat: number,
  runOne: (contestant: Contestant) => Promise<O> = lastLine,
): Promise<Entry<O>[]> {
  const entries = contestants.map(contestant => ({
    contestant,
    outcomes: [] as O[],
    failure: undefined as string | undefined,
  }))
  for (let round = 1; round <= repeat; round++)
    for (const entry of entries) {
      const { name, model, threads } = entry.contestant
      if (entry.failure !== undefined || entry.outcomes.some(isSlow)) continue
      progress(`round ${round} of ${repeat}: ${name}, ${model}, ${threads} threads`)
      try {
        entry.outcomes.push(await runOne(entry.contestant))
      } catch (error) {
        entry.failure = reason(error)
      }
    }
  progress('')
  return entries.map(({ contestant: { name, model, threads }, outcomes, failure }) => ({
    name,
    model,
    threads,
    outcomes,
    ...(failure === undefined ? {} : { failure }),
  }))
}

/** Runs a contestant to its end and reads its last line. @throws with what it said if it fails */
export async function lastLine<O>({ command, args, env }: Contestant): Promise<O> {
  const { stdout } = await promisify(execFile)(command, args, {
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  })
  const line = JSON.parse(stdout.trim().split('\n').at(-1)!) as O & { cannot?: string }
  if (line.cannot !== undefined) throw new Error(line.cannot)
  return line
}

/** The last line of what a process wrote to stderr: the message of Python's and Node's errors alike. */
function reason(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string }
  const lines = (stderr ?? '').split('\n').filter(line => /Error|error:/.test(line))
  return (lines.at(-1) ?? message).trim().slice(0, 120)
}

/** How to start bench/ours.ts. */
export const ours = (
  model: string,
  backend: string,
  threads: number,
  { epochs, limit }: { epochs: number; limit: number },
): Contestant => ({
  name: backend,
  model,
  threads,
  command: process.execPath,
  args: [
    new URL('ours.js', import.meta.url).pathname,
    ...['--model', model, '--backend', backend, '--threads', `${threads}`],
    ...['--epochs', `${epochs}`, '--limit', `${limit}`],
  ],
})

/** A library in JavaScript, by the script of its name in bench/peers. */
export const script = (name: string, model: string, limit: number): Contestant => ({
  name,
  model,
  threads: 1,
  command: process.execPath,
  args: [`${root}bench/peers/${name}.mjs`, '--model', model, '--data', mnistFolder, '--limit', `${limit}`],
})
