// One training at a time on a checkpoint: whoever trains PATH holds PATH.lock, which says who that is. Where that was a
// process of this machine, its end is seen at once. On a network drive it may be another machine's: so its owner touches
// the lock every minute, and one that was not touched for long is left over from a crash.
import { readFileSync, rmSync } from 'node:fs'
import { rm, stat, writeFile } from 'node:fs/promises'
import { hostname, uptime } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { about, failure } from './errors.js'
import { isRunning, makeFolder, prepareFile, removeEmptyFolders, targetOf } from './files.js'

/** In milliseconds. */
const touched = 60_000
const abandoned = 15 * touched

interface Owner {
  readonly host: string
  readonly pid: number
}

export interface Lock {
  /** @throws ChiffreError if another training has taken it meanwhile */
  check(): Promise<void>
  release(): void
}

/**
 * Makes sure that a checkpoint can be written, and takes its lock.
 * @throws ChiffreError naming the process that holds it
 */
export async function lock(checkpoint: string): Promise<Lock> {
  const path = `${await targetOf(checkpoint)}.lock`
  const folder = dirname(path)
  const { now, made } = await prepareFile(checkpoint)
  const mine = JSON.stringify({ host: hostname(), pid: process.pid, since: Date.now() })
  const refuse = (owner: Owner | undefined) => {
    throw failure('train.locked', { path: checkpoint, host: '?', pid: '?', ...owner })
  }
  while (!(await about(path, () => create(path, mine)))) {
    const owner = await livingOwner(path, now)
    if (owner) refuse(owner)
    await about(path, () => removeLeftOver(path, mine, now))
  }

  // Written anew, not only given another time: so it is the time of the machine that the folder is on.
  const beat = setInterval(() => void writeFile(path, mine, { flag: 'r+' }).catch(() => {}), touched).unref()
  const release = () => {
    clearInterval(beat)
    process.off('exit', release)
    if (contentOf(path) === mine) rmSync(path, { force: true })
    removeEmptyFolders(folder, made)
  }
  process.once('exit', release)
  return {
    release,
    async check() {
      await makeFolder(folder) // somebody may have removed it, and the lock with it
      if (contentOf(path) !== mine && !(await create(path, mine))) refuse(ownerIn(contentOf(path)))
    },
  }
}

/** @returns whether there was no such file yet */
async function create(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Removes a lock that nobody holds any more. Of several that have found it, one at a time: so none removes what another has
 * just taken.
 */
async function removeLeftOver(path: string, mine: string, now: number) {
  const turn = `${path}.turn`
  if (!(await create(turn, mine))) {
    if (!(await livingOwner(turn, now))) await rm(turn, { force: true }) // it ended in the middle of this
    return setTimeout(20)
  }
  try {
    if (!(await livingOwner(path, now))) await rm(path, { force: true })
  } finally {
    await rm(turn, { force: true })
  }
}

/** Who holds a lock; undefined if nobody does any more. @param now by the clock that gives the lock its time */
async function livingOwner(path: string, now: number): Promise<Owner | undefined> {
  let owner = ownerIn(contentOf(path))
  if (!owner) await setTimeout(20) // it may just be written
  owner ??= ownerIn(contentOf(path))
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }))
  if (!owner || now - mtimeMs > abandoned) return undefined
  if (owner.host !== hostname()) return owner
  const began = now - 1000 * uptime() // of this machine: whoever locked before that has ended with it
  return mtimeMs > began && isRunning(owner.pid) ? owner : undefined
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function ownerIn(content: string | undefined): Owner | undefined {
  try {
    const { host, pid } = JSON.parse(content ?? '') as Partial<Owner>
    return typeof host === 'string' && Number.isSafeInteger(pid) ? { host, pid: pid! } : undefined
  } catch {
    return undefined
  }
}
