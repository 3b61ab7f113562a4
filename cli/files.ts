// Files that are whole at every instant: written beside, forced onto the disk, then renamed.
import { existsSync, rmdirSync, rmSync } from 'node:fs'
import { mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { about } from './errors.js'
import { checkFile } from './readWhole.js'

/** What preparing has come to. */
export interface Prepared {
  /** The time by the clock of the folder, which may be another machine's. */
  readonly now: number
  /** The outermost folder that had to be made, if any. */
  readonly made: string | undefined
}

/** Makes sure that a file can be written: better now than after an hour's training. */
export async function prepareFile(path: string): Promise<Prepared> {
  const target = await targetOf(path)
  const folder = dirname(target)
  const prepared = await about(folder, async () => {
    const made = await makeFolder(folder)
    await removeLeftovers(target)
    const file = await open(temporary(target), 'w')
    try {
      return { now: (await file.stat()).mtimeMs, made }
    } finally {
      await file.close()
      await rm(temporary(target))
    }
  })
  await about(path, () => checkReplaceable(target))
  return prepared
}

/** What fn finds; undefined if there is no such file. (existsSync says no as well where it may not look.) */
export async function unlessMissing<T>(fn: () => Promise<T>): Promise<T | undefined> {
  try {
    return await fn()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** @throws ChiffreError if there is something at a path that is no file, such as a folder or a device */
async function checkReplaceable(path: string) {
  const found = await unlessMissing(() => stat(path))
  if (found) checkFile(found)
}

/** The file that a path stands for: another one if there is a link. */
export const targetOf = (path: string) => realpath(path).catch(() => path)

const temporary = (path: string) => `${path}.${process.pid}.tmp`

/** Like mkdir -p, which Node's own never ends below /proc. @returns the outermost folder that it made, if any */
export async function makeFolder(path: string): Promise<string | undefined> {
  if (existsSync(path)) return undefined
  const made = await makeFolder(dirname(path))
  await mkdir(path)
  return made ?? path
}

/** Removes a folder and those around it, as far as `outermost`, that have nothing in them. */
export function removeEmptyFolders(path: string, outermost: string | undefined) {
  if (outermost === undefined) return
  try {
    for (let folder = path; ; folder = dirname(folder)) {
      rmdirSync(folder)
      if (folder === outermost) return
    }
  } catch {
    // There is something in it.
  }
}

/** Writes a file in place of the one before, if any. @throws ChiffreError if the system refuses */
export const replaceFile = (path: string, bytes: Uint8Array) =>
  about(path, async () => {
    const target = await targetOf(path)
    await checkReplaceable(target)
    await makeFolder(dirname(target))
    const beside = temporary(target)
    const removeRest = () => rmSync(beside, { force: true })
    process.once('exit', removeRest) // a second Ctrl-C may end the process in the middle of this
    try {
      const file = await open(beside, 'w')
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(beside, target)
    } finally {
      process.off('exit', removeRest)
      removeRest()
    }
    await syncFolder(dirname(target))
  })

/** Makes a renaming last through a power cut, where folders can be synced. */
async function syncFolder(path: string) {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Removes what processes that were killed while writing have left beside a checkpoint. */
async function removeLeftovers(path: string) {
  for (const entry of await readdir(dirname(path))) {
    const [, pid] = entry.startsWith(basename(path)) ? (/\.(\d+)\.tmp$/.exec(entry) ?? []) : []
    if (pid && !isRunning(Number(pid))) await rm(join(dirname(path), entry), { force: true })
  }
}

export function isRunning(pid: number) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
