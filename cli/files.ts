// Files that are whole at every instant: written beside, forced onto the disk, then renamed.
import { existsSync, rmSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { about } from './errors.js'

/** Makes sure that a file can be written: better now than after an hour's training. */
export async function prepareFile(path: string) {
  const folder = dirname(path)
  await about(folder, async () => {
    await makeFolder(folder)
    await removeLeftovers(path)
    await (await open(temporary(path), 'w')).close()
    await rm(temporary(path))
  })
}

const temporary = (path: string) => `${path}.${process.pid}.tmp`

/** Like mkdir -p, which Node's own never ends below /proc. */
async function makeFolder(path: string) {
  if (existsSync(path)) return
  await makeFolder(dirname(path))
  await mkdir(path)
}

/** Writes a file in place of the one before, if any. @throws ChiffreError if the system refuses */
export const replaceFile = (path: string, bytes: Uint8Array) =>
  about(path, async () => {
    await makeFolder(dirname(path))
    const beside = temporary(path)
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
      await rename(beside, path)
    } finally {
      process.off('exit', removeRest)
      removeRest()
    }
    await syncFolder(dirname(path))
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

function isRunning(pid: number) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
