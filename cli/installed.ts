// Packages that nobody needs and some install: gl and webgpu, the two ways from Node to a graphics card.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Whether a package is there, and not only what this program carries in its place (docs/decisions.md, “gpu.js”). */
export function installed(name: string): boolean {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? []
  return folders.some(folder => {
    try {
      const { private: carried } = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as Manifest
      return carried !== true
    } catch {
      return false
    }
  })
}

interface Manifest {
  readonly private?: boolean
}
