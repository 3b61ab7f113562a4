#!/usr/bin/env node
// `node cli …` in a clone and `chiffre …` when installed both begin here. In a clone this brings dist/ up to date
// first, so that a changed model or a new one runs at once; an installed package has dist/ and nothing to build.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
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
  process.exitCode = await main(process.argv.slice(2), inClone ? 'node cli' : installedName())
  // As the closed terminal asked: Node itself would fall over when it puts that terminal back in order.
  if (process.exitCode === 129 && process.platform !== 'win32') process.kill(process.pid, 'SIGHUP')
} catch (error) {
  const missing = error.code === 'ERR_MODULE_NOT_FOUND'
  const key = !inClone ? 'start.broken' : missing ? 'start.tools' : 'start.failed'
  process.stderr.write(sentences[key].replace('{reason}', error.message) + '\n')
  process.exitCode = 1
}

/** How whoever called this package calls it again: by npx, if it is installed where they are and not for everyone. */
function installedName() {
  const [folder] = fileURLToPath(import.meta.url).split(/[\\/]node_modules[\\/]chiffre[\\/]/)
  return process.env.npm_command === 'exec' || process.cwd().startsWith(folder) ? 'npx chiffre' : 'chiffre'
}

/**
 * The reader of a pipe has closed it, as `head` does, or the terminal is gone: there is nobody left to tell. Whoever has
 * something to save hears of it as of a signal (cli/signals.ts). 141 is what SIGPIPE gives.
 */
function whenReaderIsGone(error) {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
  if (!process.emit('SIGPIPE', 'SIGPIPE')) process.exit(141)
}
