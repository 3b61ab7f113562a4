// Checks the result of a kernel against the reference in double precision. The reference runs in a worker, which has a
// copy of its code to itself: V8 would compile cpu.ts for Float32Array and Float64Array at once, and the reference
// backend, which is measured too, would be three times slower.
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import type { Values } from '../engine/index.js'
import type { Call } from './kernelCalls.js'
import { error, type Question } from './reference.js'

/** Starts the worker. */
export function checker() {
  const worker = new Worker(new URL(import.meta.url))
  return {
    /** The largest error of a result, in proportion to the largest number expected. */
    error: (call: Call, values: Question['values'], result: Values) =>
      new Promise<number>((answer, failed) => {
        worker.removeAllListeners().once('message', answer).once('error', failed)
        worker.postMessage({ call, values, result } satisfies Question)
      }),
    end: () => worker.terminate(),
  }
}

if (!isMainThread)
  parentPort!.on('message', (asked: Question) => {
    void error(asked).then(answer => parentPort!.postMessage(answer))
  })
