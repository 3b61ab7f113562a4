#!/usr/bin/env node
// `node cli …` in a clone and `chiffre …` when installed both begin here. In a clone this brings dist/ up to date
// first, so that a changed model or a new one runs at once; an installed package has dist/ and nothing to build.
import { existsSync } from 'node:fs'
import { preferredLanguage, start } from './messages/start.js'

const builder = new URL('../scripts/build.js', import.meta.url)
const inClone = existsSync(builder)
const sentences = start[preferredLanguage(process.argv, process.env)]
for (const stream of [process.stdout, process.stderr]) stream.on('error', whenReaderIsGone)
try {
  if (inClone) {
    const { build } = await import(builder.href)
    await build({ notice: sentences['start.building'] })
  }
  const { main } = await import(new URL('../dist/cli/main.js', import.meta.url).href)
  process.exitCode = await main(process.argv.slice(2), inClone ? 'node cli' : 'chiffre')
} catch (error) {
  const sentence = error.code === 'ERR_MODULE_NOT_FOUND' ? sentences['start.tools'] : sentences['start.failed']
  process.stderr.write(sentence.replace('{reason}', error.message) + '\n')
  process.exitCode = 1
}

/** The reader of a pipe has closed it, as `head` does: there is nobody left to tell. 141 is what SIGPIPE gives. */
function whenReaderIsGone(error) {
  if (error.code === 'EPIPE') process.exit(141)
  throw error
}
