// Measures what the machine can do with so many threads (peak.as.ts), each thread being a worker that runs this file.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { createMemory, instantiate, type WasmModule } from '../engine/backends/wasm/host.js'
import { compile, hasFused } from './assembly.js'
import { median } from './measure.js'

export interface Peak {
  /** Billions of additions and multiplications a second, at 128 bits: WebAssembly has no wider registers. */
  readonly gflops: number
  /** Billions of bytes a second from and to memory. */
  readonly gbytes: number
}

const rounds = 1 << 20
const megabytes = 16

/** The peak of so many threads together: of the fused and the separate multiply-add, the faster one. */
export async function peak(threads: number): Promise<Peak> {
  const variants = (await hasFused()) ? [true, false] : [false]
  const found: Peak[] = []
  for (const fused of variants) {
    const module = await compile('peak.as.ts', fused)
    const workers = Array.from({ length: threads }, () => new Worker(new URL(import.meta.url), { workerData: module }))
    const each = await Promise.all(
      workers.map(worker => new Promise<Peak>((done, failed) => worker.on('message', done).on('error', failed))),
    )
    found.push({
      gflops: each.reduce((sum, { gflops }) => sum + gflops, 0),
      gbytes: each.reduce((sum, { gbytes }) => sum + gbytes, 0),
    })
  }
  return {
    gflops: Math.max(...found.map(({ gflops }) => gflops)),
    gbytes: Math.max(...found.map(({ gbytes }) => gbytes)),
  }
}

/** One thread's share: the median of ten runs each. */
function measureThread(module: WasmModule): Peak {
  const bytes = megabytes << 20
  const { arithmetic, triad } = instantiate(module, createMemory(true, 1 + (3 * bytes) / 65536, 65536))
  const seconds = (run: () => void) => {
    const start = performance.now()
    run()
    return (performance.now() - start) / 1000
  }
  const typical = (run: () => void) => median(Array.from({ length: 11 }, () => seconds(run)).slice(1))
  return {
    gflops: (rounds * 12 * 4 * 2) / typical(() => arithmetic(rounds)) / 1e9,
    gbytes: (3 * bytes) / typical(() => triad(65536, bytes)) / 1e9,
  }
}

if (!isMainThread) parentPort!.postMessage(measureThread(workerData as WasmModule))
