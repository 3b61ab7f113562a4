// Files of results. A run writes bench/results/NAME.json; `npm run bench:report` copies the figures that docs/benchmarks.md
// shows to bench/results/published/, which is committed.
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { machine, type Machine } from './machine.js'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = `${root}bench/results`
const before = machine()

export interface Results<Row> {
  readonly machine: Machine
  /** The command's arguments: what was selected, shortened or left at its default. */
  readonly command: string
  readonly rows: readonly Row[]
}

/** Writes a run's results, with what they depend on, and says where. */
export async function save<R extends Results<unknown>>(name: string, results: Omit<R, 'machine' | 'command'>) {
  await mkdir(folder, { recursive: true })
  const options = process.argv.slice(2)
  const script = name === 'kernels' ? 'bench' : `bench:${name}`
  const run = `npm run ${process.env['npm_lifecycle_event'] ?? script}`
  const command = [run, ...(options.length > 0 ? ['--', ...options] : [])].join(' ')
  const path = `${folder}/${name}.json`
  await writeFile(path, JSON.stringify({ machine: before, command, ...results }) + '\n')
  console.log(`Samples: ${path.slice(root.length)}`)
}

/** The newest results of a bench: this machine's, or else the published ones; undefined if there are none. */
export async function load<R>(name: string): Promise<R | undefined> {
  const path = [`${folder}/${name}.json`, `${folder}/published/${name}.json`].find(existsSync)
  return path === undefined ? undefined : (JSON.parse(await readFile(path, 'utf8')) as R)
}

/** Makes this machine's results, where there are some, the published ones: without the samples, which are many. */
export async function publish(name: string) {
  const path = `${folder}/${name}.json`
  if (!existsSync(path)) return
  const withoutSamples = (key: string, value: unknown) =>
    key === 'samples' ? undefined : typeof value === 'number' ? Number(value.toPrecision(6)) : value
  const results = JSON.stringify(JSON.parse(await readFile(path, 'utf8')), withoutSamples)
  await mkdir(`${folder}/published`, { recursive: true })
  await writeFile(`${folder}/published/${name}.json`, `${results}\n`)
}
