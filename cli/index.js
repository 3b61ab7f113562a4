#!/usr/bin/env node
// `node cli …` in a clone and `chiffre …` when installed both begin here. In a clone this brings dist/ up to date
// first, so that a changed model or a new one runs at once; an installed package has dist/ and nothing to build.
import { existsSync } from 'node:fs'
import { preferredLanguage, start } from './messages/start.js'

const builder = new URL('../scripts/build.js', import.meta.url)
const inClone = existsSync(builder)
const ready = !inClone || (await bringUpToDate())
if (ready) {
  const { main } = await import(new URL('../dist/cli/main.js', import.meta.url).href)
  process.exitCode = await main(process.argv.slice(2), inClone ? 'node cli' : 'chiffre')
} else process.exitCode = 1

/** Whether dist/ is now made from the present sources; if not, says why. */
async function bringUpToDate() {
  const sentences = start[preferredLanguage(process.argv, process.env)]
  try {
    const { build } = await import(builder.href)
    await build({ notice: sentences['start.building'] })
    return true
  } catch (error) {
    const line = error.code === 'ERR_MODULE_NOT_FOUND' ? sentences['start.tools'] : sentences['start.failed']
    process.stderr.write(line.replace('{reason}', error.message) + '\n')
    return false
  }
}
