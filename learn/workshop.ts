// From the engine's sources to exercises and back: a file is copied with a part of it cut out or changed, and the learner's version
// of it is loaded in the place of the engine's own.
import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import { transformSync } from 'amaro'
import * as real from '../engine/index.js'
import { guarded, type Engine, type Finding } from './check.js'
import type { Exercise, Language } from './exercises.js'
import { root } from './root.js'

const source = ({ file }: Exercise) => readFile(join(root, file), 'utf8')

/**
 * The file that the learner gets: today's source, cut.
 * @throws Error if the source has changed so that a cut no longer applies
 */
export async function begin(exercise: Exercise, language: Language): Promise<string> {
  let text = await source(exercise)
  for (const [there, instead] of exercise.cuts) {
    if (text.split(there).length !== 2) throw new Error(`${exercise.id}: ${exercise.file} has not once: ${there}`)
    text = text.replace(there, () => instead)
  }
  return headed(exercise, text, language)
}

/** The same file as the engine has it, or as the exercise says. */
export async function solution(exercise: Exercise, language: Language): Promise<string> {
  let text = await source(exercise)
  if (exercise.solution)
    for (const [i, [there]] of exercise.cuts.entries()) text = text.replace(there, () => exercise.solution![i])
  return headed(exercise, text, language)
}

/** The third hint: the line, up to its middle. */
export function beginningOf({ cuts, solution }: Exercise): string {
  const text = (solution?.[0] ?? cuts[0][0]).trim()
  return `${text.slice(0, Math.ceil(text.length / 2))} …`
}

function headed({ title, task, file }: Exercise, text: string, language: Language): string {
  const lines = [title[language], ...task[language].split('\n'), `(${file})`].map(line => `// ${line}`)
  const imports = text.replace(
    /from '(\.[^']+)'/g,
    (_, path: string) => `from '../${posix.join(posix.dirname(file), path)}'`,
  )
  return `${lines.join('\n')}\n\n${imports}`
}

/** The learner's file as a module: types are stripped, and what it imports is the engine's own. @throws Error with the line that cannot be read */
async function load(text: string): Promise<object> {
  let code: string
  try {
    code = transformSync(text, { mode: 'strip-only' }).code
  } catch (error) {
    const drawing = String(error)
    const [, reason = drawing] = /^\s*x (.*)$/m.exec(drawing) ?? []
    const [, line = '1'] = /,-\[(\d+):/.exec(drawing) ?? /^\s*(\d+) \|/m.exec(drawing) ?? []
    throw new SyntaxError(`${line}: ${reason}`, { cause: error })
  }
  const dist = pathToFileURL(join(root, 'dist/')).href
  const linked = code.replace(/from '\.\.\/([^']+)'/g, (_, path: string) => `from '${dist}${path}'`)
  return (await import(`data:text/javascript;base64,${Buffer.from(linked).toString('base64')}`)) as object
}

/** Judges a learner's version. @returns what is wrong with it first; undefined if nothing is */
export async function judge(exercise: Exercise, text: string): Promise<Finding | undefined> {
  let found: object
  try {
    found = await load(text)
  } catch (error) {
    const what = { en: 'the file cannot be read', fr: 'le fichier ne peut pas être lu' }
    return { what, message: (error as Error).message.split('\n')[0] }
  }
  const isOperation = /^engine\/(ops|losses)\//.test(exercise.file)
  const engine = (isOperation ? { ...real, ops: { ...real.ops, ...found } } : { ...real, ...found }) as Engine
  return guarded(exercise.check, engine)
}
