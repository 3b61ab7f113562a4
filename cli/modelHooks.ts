// How Node reads the file of `--model ./mine.ts`, wherever it lies: `chiffre` and its parts are this program's own (so that
// its networks are this engine's), and types are stripped, on Node 20 as well. Registered by modelFile.ts; on Node 20 it runs
// in a thread of its own.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'amaro'

/** What the package exports, by what is imported of it. */
const exported: Readonly<Record<string, string>> = {
  chiffre: '../engine/index.js',
  'chiffre/inference': '../engine/inference.js',
  'chiffre/models': '../models/index.js',
  'chiffre/data': '../data/index.js',
  'chiffre/training': '../training/index.js',
}

type Next<Context, Result> = (what: string, context: Context) => Result

export function resolve<Context, Result>(specifier: string, context: Context, next: Next<Context, Result>) {
  const own = Object.hasOwn(exported, specifier) ? exported[specifier] : undefined
  return own === undefined ? next(specifier, context) : { url: new URL(own, import.meta.url).href, shortCircuit: true }
}

export function load<Context, Result>(url: string, context: Context, next: Next<Context, Result>) {
  const { protocol, pathname, hash } = new URL(url)
  // The model's own file (marked by #model) is a module whatever a package.json near it says, TypeScript or not.
  if (protocol !== 'file:' || !(hash || /\.[cm]?ts$/.test(pathname))) return next(url, context)
  return { format: 'module', source: stripped(readFileSync(fileURLToPath(url), 'utf8')), shortCircuit: true }
}

/** The text without types, every other character in its place. @throws SyntaxError with the line */
function stripped(text: string): string {
  try {
    return transformSync(text, { mode: 'strip-only' }).code
  } catch (error) {
    // It is a drawing: “x Expected ','”, “,-[line:1]”, then the lines of the source around it, each with its number.
    const drawing = String(error)
    const [, reason = drawing] = /^\s*x (.*)$/m.exec(drawing) ?? []
    const [, line = '1'] = /,-\[(\d+):/.exec(drawing) ?? /^\s*(\d+) \|/m.exec(drawing) ?? []
    throw new SyntaxError(`line ${line}: ${reason}`, { cause: error })
  }
}
