// The fast backend: every kernel of the contract in WebAssembly SIMD (assembly/, in AssemblyScript), on several threads.
//
// The arithmetic is in assembly/. Here each operation of the contract becomes a block that waits, or a plan that is carried out:
//
//   index.ts ──→ planner.ts   which kernels, and what waits to run with what follows: pure
//      │             │
//      ╰──→ convert.ts ─────→ store.ts ──→ threadPool.ts ──→ assembly/
//           carries plans out,  blocks and    runs records      the kernels
//           converts layouts    memory        on all threads
//
//   program.ts: a step's kernel calls, noted once (recording.ts) and replayed
//
// Three things make it fast besides SIMD:
//  - A kernel may wait until its result is read, so that neighbours run as one: matmul or conv2d with the bias and the
//    relu that follow, and a 3x3 convolution also with its max-pooling, by Winograd's algorithm.
//  - The gradient that comes back through max-pooling and relu is mostly 0 and is kept as (place, number) pairs.
//  - Images are mostly 0: they stay here as csr, and the first layer multiplies only what is not.
// All are exact up to the order of summation. Where one does not apply, the dense kernels run; nothing else changes.
import type { AdamStep, Backend, Pool2dShape } from '../../backend.js'
import { problem, type ChiffreError } from '../../errors.js'
import { Allocator } from './allocator.js'
import { createConverter } from './convert.js'
import { allowRelaxedSimd, canShare, compile, cores, decodeBase64, giveMemory, hasSimd, instantiate } from './host.js'
import { runs, startWorker, takeMemory, type ScriptURL } from './host.js'
import { createImages } from './images.js'
import { createPrograms } from './program.js'
import type { Explained } from './recording.js'
import { constants as sizes, type Functions, type Kernels } from './kernels.js'
import { Block, sameShape, type Pooled } from './layout.js'
import * as planner from './planner.js'
import { piecesOf, type Plan, type Space } from './planner.js'
import { createStore, type Store } from './store.js'
import { clearBoard, MOST_THREADS, ThreadPool } from './threadPool.js'
import { source } from './workerSource.js'

/** How wasm() is to compute. */
export interface WasmOptions {
  /** How many threads work together; the number of cores by default, 1 where memory cannot be shared. */
  readonly threads?: number
  /** Never fuse multiplication and addition: the same bytes on every machine, somewhat slower. */
  readonly strict?: boolean
  /** Where the threads' script, `chiffre/worker`, is: for pages whose policy lets no Worker begin from a text (`blob:`). */
  readonly worker?: ScriptURL | string
  /** Hears of each program that is recorded (npm run bench -- --explain). */
  readonly explain?: (program: Explained) => void
}

/** What wasm() makes: a backend that says on how many threads it computes. */
export interface WasmBackend extends Backend<Block> {
  readonly threads: number
  /** Why there is one thread where more were wanted: the page is not isolated, or its policy lets none begin. */
  readonly whyOneThread: ChiffreError | undefined
  /** Whether multiply and add are fused (relaxed SIMD). */
  readonly fused: boolean
  /** Bytes of memory that buffers hold, and what was noted of them; as many as before once all of them are freed. */
  readonly bytes: number
  /** How often JavaScript has called into WebAssembly for kernels: a step that is replayed is one call. */
  readonly calls: number
  /** Which kernels have run, and how often: so a test knows which path was taken. */
  readonly paths: ReadonlyMap<string, number>
}

/** Whether this machine can run the backend at all. */
export const wasmSupported = () => hasSimd()

/**
 * The WebAssembly backend. Where threads cannot begin or share memory it has one, and says why (`whyOneThread`).
 * @throws ChiffreError if there is no WebAssembly SIMD here
 */
export async function wasm({
  threads: wanted = cores(),
  strict = false,
  worker,
  explain,
}: WasmOptions = {}): Promise<WasmBackend> {
  if (!Number.isInteger(wanted) || wanted < 1)
    throw problem('engine.argument', { where: 'wasm', name: 'threads', actual: wanted, expected: '1, 2, 3, …' })
  const [bytes, fused] = await chooseBinary(strict)
  const threads = Math.min(wanted, MOST_THREADS)
  const alone = (why?: ChiffreError) => start(bytes, fused, 1, worker, explain, why)
  if (threads === 1) return alone()
  if (!canShare()) return alone(problem('engine.threads.isolation'))
  return start(bytes, fused, threads, worker, explain).catch((error: unknown) =>
    alone(problem('engine.threads.start', { reason: error instanceof Error ? error.message : String(error) })),
  )
}

async function start(
  bytes: Uint8Array,
  fused: boolean,
  threads: number,
  worker: WasmOptions['worker'],
  explain: WasmOptions['explain'],
  whyOneThread?: ChiffreError,
): Promise<WasmBackend> {
  const shared = threads > 1
  const module = await compile(shared ? bytes : withOwnMemory(bytes))
  const memory = takeMemory(shared, 16, MOST_PAGES)
  clearBoard(memory)
  const exported = instantiate(module, memory)
  const functions = exported as unknown as Functions
  // All are waited for before the memory grows: V8 may forget to tell a starting thread, whose memory.fill then traps.
  const invitations = Array.from({ length: threads - 1 }, (_, i) => ({ module, memory, thread: i + 1 }))
  const starting = await Promise.allSettled(invitations.map(invitation => startWorker(worker, source, invitation)))
  const workers = starting.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = starting.find(one => one.status === 'rejected')
  if (failed) {
    await Promise.all(workers.map(one => one.terminate()))
    throw failed.reason
  }
  // Now: a thread that starts writes the memory's first content again.
  functions.fillPlaces()
  functions.fillTables()
  const threadPool = new ThreadPool(exported, memory, threads)
  const store = createStore(threadPool, functions, new Allocator(memory, functions.dataEnd()))
  return build(threadPool, store, fused, explain, whyOneThread, async () => {
    if (!threadPool.end()) return
    await Promise.all(workers.map(one => one.terminate()))
    giveMemory(memory, shared)
  })
}

/** 2 GiB, in pages of 64 KiB. */
const MOST_PAGES = 32768

/** The kernels that fit, each in a file that is loaded when it is wanted: a page seldom needs both. */
async function chooseBinary(strict: boolean): Promise<[bytes: Uint8Array, fused: boolean]> {
  if (!hasSimd()) throw problem('engine.simd')
  if (!strict) {
    const relaxed = decodeBase64((await import('./fused.js')).binary)
    if (!runs(relaxed)) allowRelaxedSimd()
    if (runs(relaxed)) return [relaxed, true]
  }
  return [decodeBase64((await import('./strict.js')).binary), false]
}

/**
 * The same module for a memory that is not shared, which pages have that are not cross-origin isolated: the flag of
 * its imported memory ("env" "memory", kind 2) changes from 3 (shared, limited) to 1 (limited).
 */
function withOwnMemory(bytes: Uint8Array): Uint8Array {
  const name = [3, ...ascii('env'), 6, ...ascii('memory'), 2]
  const at = bytes.findIndex((_, i) => name.every((byte, j) => bytes[i + j] === byte)) + name.length
  const copy = bytes.slice()
  copy[at] = 1
  return copy
}

const ascii = (text: string) => Array.from(text, c => c.charCodeAt(0))

function build(
  threadPool: ThreadPool,
  store: Store,
  fused: boolean,
  explain: WasmOptions['explain'],
  whyOneThread: ChiffreError | undefined,
  end: () => Promise<void>,
): WasmBackend {
  const { adopt, free, give, make, run, take, view, wait } = store
  const plans = planner.createPlanner(threadPool.threads)
  const { as, execute, planned, successor } = createConverter(store, plans)
  const { gather, upload, uploadPixels } = createImages(store)
  const at = (x: Block) => as(x, 'dense').at
  const { program, tally } = createPrograms(store, as, download, explain)

  async function download(x: Block) {
    store.cannotReplay()
    const from = at(x) >> 2
    return view().floats.slice(from, from + x.length)
  }

  /** Where the numbers of a new block are, for a plan that writes them. */
  const spaceOf = (x: Block): Space => ({ size: 4 * x.length, at: at(x) })

  /** A new block of so many numbers, which a plan writes. */
  function planTo(length: number, make_: (y: Space) => Plan | planner.First): Block {
    const y = make(length)
    execute(planned(() => make_(spaceOf(y))))
    return y
  }

  type Numbers<K extends keyof Kernels> = Kernels[K] extends readonly [...infer Args extends number[], number]
    ? Args
    : never

  /** Runs a kernel whose last argument is how many numbers it treats. */
  function eachNumber<K extends keyof Kernels>(kernel: K, length: number, ...args: Numbers<K>) {
    run(kernel, piecesOf(length, sizes.CHUNK), [...args, length] as unknown as Kernels[K])
  }

  /** max(x, 0), which joins a product or a convolution that is yet to come. */
  function relu(x: Block): Block {
    const op = planner.fuseRelu(x)
    if (op) return wait(x.length, op)
    const y = make(x.length)
    eachNumber('relu', x.length, at(x), at(y))
    y.rectified = true
    return y
  }

  /** dy where y > 0, else 0, in the form that dy has: a gradient yet to come, or one that is mostly 0. */
  function reluGrad(y: Block, dy: Block): Block {
    const unpool = planner.passesPooling(y, dy)
    if (unpool) {
      const masked = reluGrad(unpool.y, unpool.dy)
      const dx = wait(dy.length, { ...unpool, dy: masked, masked: true })
      free(masked)
      return dx
    }
    const op = planner.fuseReluGrad(y, dy)
    if (op) return wait(dy.length, op)
    const dx = make(dy.length)
    eachNumber('reluGrad', dx.length, at(y), at(dy), at(dx))
    return dx
  }

  function pool(x: Block, p: Pool2dShape, last = false): Block {
    const y = make(p.n * p.oh * p.ow * p.c)
    const plan = planned(() => plans.pool(x, p, spaceOf(y), last))
    const pooled = planner.convolutionOf(x)
    y.rectified = x.rectified
    execute(plan)
    if (plan.argmax)
      y.pooled = { argmax: plan.argmax.at, source: x, shape: p, image: pooled?.x, s: pooled?.s } satisfies Pooled
    if (plan.active) y.active = { ...plan.active, at: plan.active.mask.at }
    return y
  }

  /** y = a + b and the like, the shorter of which is repeated. */
  function pairs(kernel: 'add' | 'sub' | 'mul' | 'div', a: Block, b: Block): Block {
    const y = make(Math.max(a.length, b.length))
    eachNumber(kernel, y.length, at(a), a.length, at(b), b.length, at(y))
    return y
  }

  /** A product or convolution yet to come with its channels multiplied by a row: its weights are. */
  function scaled(x: Block, row: Block): Block | undefined {
    const op = planner.scales(x, row)
    if (!op) return undefined
    const w = pairs('mul', op.w, row)
    const b = op.b && pairs('mul', op.b, row)
    const y = wait(x.length, { ...op, w, ...(b && { b }) })
    for (const block of [w, b]) if (block) free(block)
    return y
  }

  /** The same with a row added: its bias is. */
  function moved(x: Block, row: Block): Block | undefined {
    const fused = planner.fuseBias(x, row, row.length)
    if (fused) return wait(x.length, fused)
    const op = planner.moves(x, row)
    if (!op) return undefined
    const b = pairs('add', op.b!, row)
    const y = wait(x.length, { ...op, b })
    free(b)
    return y
  }

  /**
   * The blocks that a step makes of those that it uses up; its gradient, which may be one of them; and where the weights, the
   * first of them, are to be read: if something that waits still wants to, they stay where they were.
   */
  function successors(used: readonly Block[], gradient: Block, panels?: { readonly m: number; readonly n: number }) {
    if (!panels) at(gradient)
    const next = used.map((block, i) => successor(block, i > 0, panels))
    const from = used[0].holders > 0 ? used[0] : next[0]
    return { next, from, dw: gradient === used[0] ? from : (next[used.indexOf(gradient)] ?? gradient) }
  }

  /** What changes of Adam's constants: the same functions for all weights, which a program then calls once for all of them. */
  const adamLive = new WeakMap<AdamStep, readonly [rate: () => number, root: () => number, kept: () => number]>()

  /** What Adam's kernels take last. */
  function adamConstants(constants: AdamStep): planner.AdamConstants {
    const { beta1, beta2, epsilon } = constants
    const [rate, root, kept] = adamLive.get(constants) ?? [
      () => constants.lr / (1 - constants.beta1 ** constants.step),
      () => 1 / Math.sqrt(1 - constants.beta2 ** constants.step),
      () => 1 - constants.lr * (constants.decay ?? 0),
    ]
    adamLive.set(constants, [rate, root, kept])
    return [rate, root, 1 - beta1, 1 - beta2, epsilon, kept]
  }

  const backend: WasmBackend = {
    name: 'wasm',
    threads: threadPool.threads,
    fused,
    whyOneThread,

    upload,
    uploadPixels,
    gather,
    download,
    free,
    program,
    get live() {
      return store.live
    },
    get bytes() {
      return store.bytes
    },
    get calls() {
      return threadPool.calls
    },
    get paths() {
      tally()
      return threadPool.runs
    },
    dispose: end,

    matmul: (x, w, m, k, n, t = {}) => wait(m * n, { op: 'matmul', x, w, m, k, n, t }),
    addBias(x, b, m, n) {
      const op = planner.fuseBias(x, b, n)
      if (op) return wait(x.length, op)
      const y = make(x.length)
      run('addBias', piecesOf(m, sizes.ROWS), [at(x), at(b), at(y), m, n, 0])
      return y
    },
    biasGrad: (dy, m, n) => planTo(n, db => plans.biasGrad(dy, m, n, db)),

    unary(f, x) {
      if (f === 'relu') return relu(x)
      const y = make(x.length)
      eachNumber(f, x.length, at(x), at(y))
      return y
    },
    unaryGrad(f, x, y, dy) {
      if (f === 'relu') return reluGrad(y, dy)
      const dx = make(dy.length)
      eachNumber(`${f}Grad`, dx.length, at(x), at(y), at(dy), at(dx))
      return dx
    },
    add: (a, b) => moved(a, b) ?? pairs('add', a, b),
    sub: (a, b) => pairs('sub', a, b),
    mul: (a, b) => scaled(a, b) ?? pairs('mul', a, b),
    div: (a, b) => pairs('div', a, b),
    dropoutMask(length, probability, kept, key) {
      const mask = make(length)
      const dropped = Math.floor(probability * 2 ** 32)
      const args = [at(mask), key, dropped, kept, length] as const
      run('dropoutMask', piecesOf(length, sizes.CHUNK), args)
      return mask
    },
    repeat(x, times) {
      const y = make(x.length * times)
      eachNumber('repeat', y.length, at(x), x.length, at(y))
      return y
    },

    conv2d: (x, w, s) => wait(s.n * s.oh * s.ow * s.co, { op: 'conv2d', x, w, s }),
    conv2dGradInput(dy, w, s) {
      const length = s.n * s.h * s.w * s.ci
      const op = planner.fuseInputGrad(dy, w, s)
      return op ? wait(length, op) : planTo(length, dx => plans.denseInputGrad(dy, w, s, dx))
    },
    conv2dGradFilter: (x, dy, s) => planTo(s.kh * s.kw * s.ci * s.co, dw => plans.filterGrad(x, dy, s, dw)),
    maxPool: pool,
    maxPoolGrad(x, y, dy, p) {
      const known = y.pooled?.source === x && sameShape(y.pooled.shape, p)
      const pooled = known ? y : pool(x, p)
      const dx = wait(x.length, { op: 'unpool', dy, y: pooled, masked: false })
      if (!known) free(pooled)
      if (!planner.poolGradWaits(p)) at(dx)
      return dx
    },

    averagePool(x, s) {
      const y = make(s.n * s.oh * s.ow * s.c)
      run('averagePool', s.n, [at(x), at(y), s.h, s.w, s.c, s.kh, s.kw, s.stride, s.oh, s.ow])
      return y
    },
    averagePoolGrad(dy, s) {
      const dx = make(s.n * s.h * s.w * s.c)
      run('averagePoolGrad', s.n, [at(dy), at(dx), s.h, s.w, s.c, s.kh, s.kw, s.stride, s.oh, s.ow])
      return dx
    },

    softmax(x, m, n) {
      const noted = x.softmax
      if (noted?.m === m && noted.n === n) {
        const y = adopt(new Block(m * n))
        y.layouts.push({ kind: 'dense', at: noted.at })
        x.softmax = undefined
        return y
      }
      const y = make(m * n)
      run('softmax', piecesOf(m, sizes.SCORES), [at(x), at(y), m, n])
      return y
    },
    softmaxGrad(y, dy, m, n) {
      const dx = make(m * n)
      run('softmaxGrad', piecesOf(m, sizes.SCORES), [at(y), at(dy), at(dx), m, n])
      return dx
    },
    crossEntropy(logits, labels, m, n, smoothing = 0) {
      const loss = make(1)
      if (store.recording) store.recording.loss = at(loss)
      const x = at(logits)
      logits.softmax = { at: logits.softmax?.at ?? take(4 * m * n), m, n }
      const losses = take(4 * m)
      const args = [x, at(labels), logits.softmax.at, losses, m, n, smoothing] as const
      run('crossEntropy', piecesOf(m, sizes.SCORES), [...args])
      run('mean', 1, [losses, at(loss), m])
      give(losses)
      return loss
    },
    crossEntropyGrad(logits, labels, dy, m, n, smoothing = 0) {
      if (logits.softmax?.m !== m || logits.softmax.n !== n) free(backend.crossEntropy(logits, labels, m, n))
      const dx = make(m * n)
      const args = [logits.softmax!.at, at(labels), at(dy), at(dx), m, n, smoothing] as const
      run('crossEntropyGrad', piecesOf(m, sizes.SCORES), [...args])
      return dx
    },

    sgdStep(used, gradient, velocity, constants) {
      const lr = () => constants.lr
      const kept = () => 1 - constants.lr * (constants.decay ?? 0)
      const { next, dw, from } = successors(velocity ? [used, velocity] : [used], gradient)
      const [w, v] = next
      const items = piecesOf(w.length, sizes.CHUNK)
      if (!velocity) run('sgd', items, [at(from), at(dw), at(w), w.length, lr, kept])
      else run('momentum', items, [at(from), at(dw), at(v), at(w), w.length, lr, constants.momentum, kept])
      return velocity ? { w, v } : { w }
    },
    adamStep(used, gradient, mean, square, constants) {
      const end = adamConstants(constants)
      const panels = planned(() => plans.adamPanels(gradient))
      const { next, dw, from } = successors([used, mean, square], gradient, panels.shape)
      const [w, m, v] = next as [Block, Block, Block]
      if (panels.shape) execute(plans.adamPacked([w, m, v], from, dw, end))
      else run('adam', piecesOf(w.length, sizes.CHUNK), [at(from), at(dw), at(m), at(v), at(w), w.length, ...end])
      return { w, m, v }
    },
  }
  return backend
}
