// Judging with an end: what takes longer than this is a loop that never ends.
import { Worker } from 'node:worker_threads'
import type { Finding } from './check.js'
import type { Exercise } from './exercises.js'

const patience = 30_000

/** @returns what is wrong with a learner's version, undefined if nothing is, or 'endless' */
export async function judgeInThread({ id }: Exercise, text: string): Promise<Finding | undefined | 'endless'> {
  const worker = new Worker(new URL('worker.js', import.meta.url), { workerData: { id, text } })
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    return await new Promise((resolve, reject) => {
      worker.on('message', (finding: Finding | null) => resolve(finding ?? undefined))
      worker.on('error', reject)
      timer = setTimeout(() => resolve('endless'), patience)
    })
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}
