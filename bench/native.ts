// How to start the native engines (bench/peers/native) at their best: from the environments that bench:peers:install makes, or, for
// PyTorch alone, from the system. Freed memory is kept: glibc returns large blocks to the system, so each step would have its
// pages cleared anew. Debian's PyTorch takes its products from the system's BLAS: OpenBLAS built for OpenMP shares PyTorch's
// threads, while the build for pthreads competes with them (3-4 times slower on the small networks).
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mnistFolder } from './mnist.js'
import type { Contestant } from './rounds.js'
import { root } from './results.js'

interface Engine {
  readonly environment: 'engines' | 'tensorflow'
  readonly script: string
  readonly args?: readonly string[]
}

export const engines: Readonly<Record<string, Engine>> = {
  pytorch: { environment: 'engines', script: 'with_pytorch' },
  'jax-step': { environment: 'engines', script: 'with_jax', args: ['--form', 'step'] },
  'jax-epoch': { environment: 'engines', script: 'with_jax', args: ['--form', 'epoch'] },
  keras: { environment: 'tensorflow', script: 'with_keras' },
  onnxruntime: { environment: 'engines', script: 'with_onnxruntime' },
}

const openblas = '/usr/lib/x86_64-linux-gnu/openblas-openmp'
const gigabyte = `${1 << 30}`

const hasTorch = (command: string) => {
  try {
    execFileSync(command, ['-c', 'import torch'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The Python that has an engine, if one has. */
function pythonOf({ environment, script }: Engine): string | undefined {
  const folder = `${root}node_modules/.cache/peers/${environment}`
  const own = ['bin/python', 'Scripts/python.exe'].map(path => `${folder}/${path}`).find(existsSync)
  if (own !== undefined || script !== 'with_pytorch') return own
  return ['python3', '/usr/bin/python3'].find(hasTorch)
}

const found = new Map<Engine, string | undefined>()

export function native(name: string, model: string, threads: number, args: readonly string[]): Contestant {
  const engine = engines[name]
  if (!found.has(engine)) found.set(engine, pythonOf(engine))
  const python = found.get(engine)
  const who = { name, model, threads }
  if (python === undefined) {
    const line = JSON.stringify({ cannot: 'not installed: npm run bench:peers:install' })
    return { ...who, command: process.execPath, args: ['--print', `'${line}'`] }
  }
  const isSystems = !python.startsWith(root)
  return {
    ...who,
    command: python,
    args: [
      `${root}bench/peers/native/${engine.script}.py`,
      ...['--model', model, '--threads', `${threads}`, '--data', mnistFolder],
      ...(engine.args ?? []),
      ...args,
    ],
    env: {
      OMP_NUM_THREADS: `${threads}`,
      MALLOC_MMAP_THRESHOLD_: gigabyte,
      MALLOC_TRIM_THRESHOLD_: gigabyte,
      ...(isSystems && existsSync(openblas) ? { LD_LIBRARY_PATH: openblas } : {}),
    },
  }
}
