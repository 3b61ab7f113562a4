// Runs the command line for the tests: within this process, which is quick, or as a real one, which signals can reach.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { main } from '../../cli/main.js'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs `node cli …args` within this process, in English unless the arguments say otherwise, for 80 columns. */
export async function chiffre(...args: string[]): Promise<Outcome> {
  const { LC_ALL } = process.env
  const streams = [process.stdout, process.stderr]
  const originals = streams.map(stream => ({ write: stream.write, isTTY: stream.isTTY, columns: stream.columns }))
  const texts = ['', '']
  process.env.LC_ALL = 'C'
  streams.forEach((stream, i) => {
    Object.assign(stream, { isTTY: false, columns: 80 })
    stream.write = (text: string | Uint8Array) => {
      texts[i] += String(text)
      return true
    }
  })
  try {
    const code = await main(args, 'node cli')
    return { code, out: texts[0], err: texts[1] }
  } finally {
    streams.forEach((stream, i) => Object.assign(stream, originals[i]))
    if (LC_ALL === undefined) delete process.env.LC_ALL
    else process.env.LC_ALL = LC_ALL
  }
}

/** Starts `node cli …args` as a process of its own. */
export function start(...args: string[]): { child: ChildProcess; ended: Promise<Outcome> } {
  const child = spawn(process.execPath, ['cli', ...args], { cwd: root, env: { ...process.env, LC_ALL: 'C' } })
  let out = ''
  let err = ''
  child.stdout.on('data', chunk => (out += String(chunk)))
  child.stderr.on('data', chunk => (err += String(chunk)))
  const ended = new Promise<Outcome>(resolve => {
    child.on('close', (code, signal) => {
      resolve({ code: signal ? 128 + constants.signals[signal] : code, out, err }) // as a shell says it
    })
  })
  return { child, ended }
}

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** An empty folder that is removed after the tests. */
export function temporaryFolder(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'chiffre-')))
  return folders.at(-1)!
}
