// `--model ./mine.ts`: a file anywhere, which exports a function that makes a network. Written as in models/, with
// `import … from 'chiffre'`; of several functions, `./mine.ts#name` says which.
import { existsSync, readFileSync } from 'node:fs'
import { register } from 'node:module'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { closestMatch } from 'leven'
import * as engine from '../engine/index.js'
import { failure } from './errors.js'

/** Whether what --model was given is a file, not a name. */
export const isModelFile = (model: string) => /[/\\]|\.[cm]?[jt]s(#\w*)?$/.test(model)

/** What a model is called, in checkpoints above all: the function that is asked for, or else its file. */
export function modelName(model: string): string {
  if (!isModelFile(model)) return model
  const { path, wanted } = parts(model)
  return wanted ?? basename(path).replace(/\.[cm]?[jt]s$/, '')
}

/**
 * The function of a file that makes a network.
 * @throws ChiffreError that says what is wrong with the file, and what would be right
 */
export async function functionIn(model: string): Promise<(input?: number[], classes?: number) => unknown> {
  const { path, wanted } = parts(model)
  const functions = await functionsIn(path)
  const names = functions.map(([name]) => name)
  if (names.length === 0) {
    const [, name] = /^(?:const|let|var|function) +(\w+)/m.exec(readFileSync(path, 'utf8')) ?? []
    throw name === undefined ? failure('model.path.export') : failure('model.path.unexported', { name })
  }
  const chosen = wanted === undefined && names.length === 1 ? names[0] : (wanted ?? '')
  const create = functions.find(([name]) => name === chosen)?.[1]
  if (create) return create
  const key = wanted === undefined ? 'model.path.several' : 'model.path.which'
  throw failure(key, { actual: chosen, names: names.join(', '), path, first: names[0] })
}

/** Every function that a file exports, with its name. @throws ChiffreError that says why the file cannot be loaded */
export async function functionsIn(path: string): Promise<[name: string, make: () => unknown][]> {
  if (!existsSync(path)) throw failure('model.path.none', { path })
  registerHooks()
  try {
    const found = (await import(`${pathToFileURL(path).href}#model`)) as Record<string, unknown>
    return Object.entries(found).filter((entry): entry is [string, () => unknown] => typeof entry[1] === 'function')
  } catch (error) {
    throw reasonOf(error)
  }
}

function parts(model: string): { path: string; wanted?: string } {
  const [, path = model, wanted] = /^(.*)#(\w+)$/.exec(model) ?? []
  return { path, ...(wanted && { wanted }) }
}

let registered = false
function registerHooks() {
  if (!registered) register('./modelHooks.js', import.meta.url)
  registered = true
}

/** What went wrong when a model's file was loaded or its function called, in one line. */
export function reasonOf(error: unknown): engine.ChiffreError {
  if (error instanceof engine.ChiffreError) return error
  const message = firstLine(error)
  const [, name] = /^The requested module 'chiffre[^']*' does not provide an export named '(.+)'$/.exec(message) ?? []
  if (name !== undefined) {
    const nearest = closestMatch(name, Object.keys(engine), { maxDistance: Math.max(1, name.length >> 1) })
    const hint = nearest === undefined ? '' : failure('usage.hint', { nearest })
    return failure('model.path.import', { name, hint })
  }
  const [, what] = /^Cannot find (?:package|module) '(.+?)' imported from/.exec(message) ?? []
  if (what !== undefined) return failure('model.path.module', { what })
  const [, unknown] = /^(\w+) is not defined$/.exec(message) ?? []
  if (unknown !== undefined && Object.hasOwn(engine, unknown)) return failure('model.path.undefined', { name: unknown })
  const [, line, wrong] = /^line (\d+): (.*)$/.exec(message) ?? [] // of modelHooks.ts
  return line === undefined
    ? failure('model.thrown', { message })
    : failure('model.path.line', { line, message: wrong })
}

export const firstLine = (thrown: unknown) => String(thrown instanceof Error ? thrown.message : thrown).split('\n')[0]
