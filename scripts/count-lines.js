// The engine is meant to be read from end to end: without its backends it has at most 1,500 lines, comments included.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const limit = 1500
const backends = join('engine', 'backends')

let lines = 0
for (const entry of await readdir('engine', { withFileTypes: true, recursive: true })) {
  const path = join(entry.parentPath, entry.name)
  if (path.endsWith('.ts') && !path.startsWith(backends)) lines += (await readFile(path, 'utf8')).split('\n').length - 1
}
console.log(`engine/ without backends/: ${lines} of at most ${limit} lines`)
process.exit(lines > limit ? 1 : 0)
