// Three budgets of lines, comments included, so that the engine stays something one can read. Lists of public names are no code.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { core } from './core.js'

const small = /^(ops|layers|losses|optim)\//

const lines = new Map()
for (const entry of await readdir('engine', { withFileTypes: true, recursive: true })) {
  const path = join(entry.parentPath, entry.name).replaceAll('\\', '/').slice('engine/'.length)
  if (!path.endsWith('.ts') || path.startsWith('backends/') || /(index|inference)\.ts$/.test(path)) continue
  lines.set(path, (await readFile(join('engine', path), 'utf8')).split('\n').length - 1)
}
const sum = paths =>
  paths.reduce((total, path) => {
    if (!lines.has(path)) throw new Error(`scripts/count-lines.js: there is no engine/${path}`)
    return total + lines.get(path)
  }, 0)

const budgets = [
  ['what a student reads', sum(core), 1000],
  ['engine/ without backends', sum([...lines.keys()]), 2500],
  ...[...lines].filter(([path]) => small.test(path)).map(([path, count]) => [`engine/${path}`, count, 100]),
]
for (const [what, count, limit] of budgets)
  if (limit > 100 || count > limit) console.log(`${what}: ${count} of at most ${limit} lines`)
process.exit(budgets.some(([, count, limit]) => count > limit) ? 1 : 0)
