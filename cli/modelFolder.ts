// The models of a `models/` folder where the program was started: what a clone's models/ is, where the package is installed.
import { readFileSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { functionsIn } from './modelFile.js'

type Make = (input?: number[], classes?: number) => unknown

interface Here {
  readonly file: string
  /** @throws ChiffreError that says what is wrong with the file */
  make(): Make
}

const folder = 'models'
let found: Promise<Readonly<Record<string, Here>>> | undefined

/** By the name of each function. A file that cannot be loaded is there by its own, and says why when it is asked for. */
export const modelsHere = () => (found ??= look())

async function look(): Promise<Readonly<Record<string, Here>>> {
  const here: Record<string, Here> = {}
  for (const entry of files()) {
    const file = entry.replace(/\.\w+$/, '')
    try {
      for (const [name, make] of await functionsIn(join(folder, entry))) here[name] = { file, make: () => make }
    } catch (error) {
      here[file] = {
        file,
        make: () => {
          throw error
        },
      }
    }
  }
  return here
}

/** Files that import chiffre: a folder of that name may have other models in it. The program's own are in its registry. */
function files(): string[] {
  try {
    if (realpathSync(folder) === realpathSync(fileURLToPath(new URL('../../models', import.meta.url)))) return []
  } catch {
    // One of the two is not there.
  }
  try {
    const names = readdirSync(folder).filter(name => /(?<!\.d)\.[cm]?[jt]s$/.test(name))
    return names.filter(name => /from\s*['"]chiffre['"/]/.test(readFileSync(join(folder, name), 'utf8')))
  } catch {
    return []
  }
}
