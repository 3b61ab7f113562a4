// The `webgpu` that chiffre carries: none, but one that somebody has installed beside it (docs/decisions.md, “gpu.js”).
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = realpathSync(fileURLToPath(new URL('.', import.meta.url)))
const found = createRequire(import.meta.url)
  .resolve.paths('webgpu')
  .map(folder => join(folder, 'webgpu'))
  .find(folder => existsSync(join(folder, 'package.json')) && realpathSync(folder) !== here)
if (!found) throw Object.assign(new Error('webgpu is not installed'), { code: 'MODULE_NOT_FOUND' })

const { main } = JSON.parse(readFileSync(join(found, 'package.json'), 'utf8'))
export const { create, globals } = await import(pathToFileURL(join(found, main)).href)
