// `site`: the page as files for any host, at any path: with MNIST, the networks' weights, and nothing to run on the server.
import { existsSync, readdirSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { encodeCheckpoint, weightsAlone } from '../../training/index.js'
import { readCheckpoint } from '../checkpoint.js'
import { mnistFolder } from '../datasets.js'
import { about, failure, misuse } from '../errors.js'
import { currentLanguage, t } from '../language.js'
import { builtInNames } from '../network.js'
import { storageOption, type Values } from '../options.js'
import { mnistFiles, pageFolder, type PageSettings } from '../site.js'
import { placesOf, rejectorPath } from '../trained.js'

/** The word after the command. */
export const words = 'DIR'

export const options = () => storageOption()

export async function run(
  { storage }: Values<ReturnType<typeof options>>,
  program: string,
  [folder, another]: readonly string[],
): Promise<number> {
  if (folder === undefined || another !== undefined)
    throw misuse('usage.folder', { command: `${program} site ${words}` })
  if (isOthers(folder)) throw failure('file', { path: folder, reason: failure('site.other') })
  const fresh = `${folder}.${process.pid}.tmp`
  await about(folder, async () => {
    try {
      await write(fresh, storage)
      await rm(folder, { recursive: true, force: true })
      await rename(fresh, folder)
    } finally {
      await rm(fresh, { recursive: true, force: true })
    }
  })
  process.stdout.write(t('site.written', { folder }) + '\n')
  return 0
}

/** Whether a folder holds something that is no such site. */
function isOthers(folder: string): boolean {
  if (!existsSync(folder)) return false
  try {
    const names = readdirSync(folder)
    return names.length > 0 && !['index.html', 'settings.json', 'isolate.js'].every(name => names.includes(name))
  } catch {
    return true // a file
  }
}

async function write(folder: string, storage: string) {
  await cp(pageFolder, folder, { recursive: true, filter: path => !path.endsWith('.map') })
  await writeFile(join(folder, '.nojekyll'), '') // GitHub Pages is to leave the files as they are

  const compress = promisify(gzip)
  await mkdir(join(folder, 'data/mnist'), { recursive: true })
  for (const name of mnistFiles)
    await writeFile(join(folder, `data/mnist/${name}.gz`), await compress(await readFile(join(mnistFolder(), name))))

  const checkpoints: Record<string, string> = {}
  await mkdir(join(folder, 'checkpoints'))
  for (const model of await builtInNames()) {
    const path = placesOf({ model, storage, name: undefined, out: undefined }).find(path => existsSync(path))
    if (path === undefined) continue
    checkpoints[model] = `checkpoints/${basename(path)}`
    await writeFile(
      join(folder, checkpoints[model]),
      encodeCheckpoint(weightsAlone((await readCheckpoint(path))!), 'F16'),
    )
  }
  if (existsSync(rejectorPath)) await cp(rejectorPath, join(folder, 'checkpoints', basename(rejectorPath)))
  const settings: PageSettings = {
    model: 'deepnet2',
    backend: 'wasm',
    lang: currentLanguage(),
    program: 'npx chiffre',
    compressed: true,
    ...(existsSync(rejectorPath) && { rejector: `checkpoints/${basename(rejectorPath)}` }),
  }
  await writeFile(join(folder, 'settings.json'), JSON.stringify(settings))
  await writeFile(join(folder, 'checkpoints.json'), JSON.stringify(checkpoints))
}
