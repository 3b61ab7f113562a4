// How to start PyTorch at its best. Debian's PyTorch takes its products from the system's BLAS: OpenBLAS built for OpenMP
// shares PyTorch's threads, while the build for pthreads competes with them (3-4 times slower on the small networks). And
// freed memory is kept: glibc returns large blocks to the system, so each step would have its pages cleared anew.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mnistFolder } from './mnist.js'
import type { Contestant } from './rounds.js'
import { root } from './results.js'

const openblas = '/usr/lib/x86_64-linux-gnu/openblas-openmp'
const gigabyte = `${1 << 30}`

/** The first Python here that has torch: none is an error that the row of PyTorch shows. */
function python(): string {
  const hasTorch = (command: string) => {
    try {
      execFileSync(command, ['-c', 'import torch'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  }
  return ['python3', '/usr/bin/python3'].find(hasTorch) ?? 'python3'
}

let found: string | undefined

export const torch = (model: string, threads: number, args: readonly string[]): Contestant => ({
  name: 'torch',
  model,
  threads,
  command: (found ??= python()),
  args: [
    `${root}bench/peers/torch.py`,
    ...['--model', model, '--threads', `${threads}`, '--data', mnistFolder],
    ...args,
  ],
  env: {
    OMP_NUM_THREADS: `${threads}`,
    MALLOC_MMAP_THRESHOLD_: gigabyte,
    MALLOC_TRIM_THRESHOLD_: gigabyte,
    ...(existsSync(openblas) ? { LD_LIBRARY_PATH: openblas } : {}),
  },
})
