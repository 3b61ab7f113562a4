// Many files, of which a bad one must not keep the others from being read.
import { explain } from './errors.js'
import { t } from './language.js'

/** Does `fn` for each file in turn, and says in one line what is wrong with each for which it cannot be done. */
export async function eachFile<T>(paths: readonly string[], fn: (path: string) => Promise<T>) {
  const done: T[] = []
  for (const path of paths)
    try {
      done.push(await fn(path))
    } catch (error) {
      const reason = explain(error)
      if (!reason) throw error
      process.stderr.write(t('error', { reason }) + '\n')
    }
  return { done, failed: paths.length - done.length }
}
