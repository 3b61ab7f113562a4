// What a figure depends on besides the code: it is written into every file of results.
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly platform: string
  /** Ends in `+` if files differed from the commit. */
  readonly commit: string
  readonly date: string
  /** How many processes wanted to run, on average over the last minute: what else was going on. */
  readonly load: number
}

/** Called before a run: afterwards, the load is that of the run itself. */
export function machine(): Machine {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') ? '+' : ''),
    date: new Date().toISOString(),
    load: loadavg()[0],
  }
}
