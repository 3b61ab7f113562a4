// What takes too long to be done whenever a figure is drawn, such as training: it is kept in NAME.json beside this file, and done again
// by `npm run figures -- --measure`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { root } from '../results.js'

const known = new Map<string, Promise<unknown>>()

/** What was measured under that name. */
export async function measured<T>(name: string, measure: () => Promise<T>): Promise<T> {
  if (!known.has(name)) known.set(name, found(`${root}bench/figures/${name}.json`, measure))
  return (await known.get(name)) as T
}

async function found<T>(path: string, measure: () => Promise<T>): Promise<T> {
  if (process.argv.includes('--measure') || !existsSync(path)) {
    const six = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value)
    writeFileSync(path, `${JSON.stringify(await measure(), six)}\n`)
  }
  return JSON.parse(readFileSync(path, 'utf8')) as T
}
