// The fast backend: every kernel of the contract in WebAssembly SIMD (assembly/, in AssemblyScript), on several threads.
//
// Here, and in the files beside, is decided *when* and *what* to run; assembly/ does the arithmetic. Three things make it
// fast besides SIMD:
//  - A kernel may wait until its result is read, so that neighbours run as one: matmul or conv2d with the bias and the
//    relu that follow, and a 3x3 convolution also with its max-pooling, by Winograd's algorithm.
//  - The gradient that comes back through max-pooling and relu is mostly 0 and is kept as (place, number) pairs.
//  - Images are mostly 0: they stay here as lists of what is not, and the first layer multiplies only that.
// All are exact up to the order of summation. Where one does not apply, the dense kernels run; nothing else changes.
import type { AdamStep, Backend } from '../../backend.js'
import { problem } from '../../errors.js'
import * as binary from './binary.js'
import { mayAdd, mayRectify, sameShape, type Block, type Delayed } from './block.js'
import { createConvolutions } from './convolutions.js'
import { allowRelaxedSimd, compile, cores, decodeBase64, giveMemory, instantiate } from './host.js'
import { runs, scriptBeside, startWorker, takeMemory, type Kernels, type ScriptURL } from './host.js'
import { Pieces } from './memory.js'
import { createImages } from './images.js'
import { createPooling } from './pooling.js'
import { createProducts } from './products.js'
import { createStore, pieceOf } from './store.js'
import { clearBoard, MOST_THREADS, Team } from './threads.js'

export interface WasmOptions {
  /** How many threads work together; the number of cores by default, 1 where memory cannot be shared. */
  readonly threads?: number
  /** Never fuse multiplication and addition: the same bytes on every machine, somewhat slower. */
  readonly strict?: boolean
  /** Where the worker's script is, if not beside this file: for bundled pages. */
  readonly worker?: ScriptURL | string
}

export interface WasmBackend extends Backend<Block> {
  readonly threads: number
  /** Whether multiply and add are fused (relaxed SIMD). */
  readonly fused: boolean
  /** Bytes of memory that buffers hold, and what was noted of them; as many as before once all of them are freed. */
  readonly bytes: number
  /** Which kernels have run, and how often: so a test knows which path was taken. */
  readonly paths: ReadonlyMap<string, number>
}

/** Whether this machine can run the backend at all. */
export const wasmSupported = () => runs(decodeBase64(binary.strict))

/** The WebAssembly backend. @throws ChiffreError if there is no WebAssembly SIMD here */
export async function wasm({
  threads: wanted = cores(),
  strict = false,
  worker,
}: WasmOptions = {}): Promise<WasmBackend> {
  if (!Number.isInteger(wanted) || wanted < 1)
    throw problem('engine.argument', { where: 'wasm', name: 'threads', actual: wanted, expected: '1, 2, 3, …' })
  const threads = Math.min(wanted, MOST_THREADS)
  const [bytes, fused] = chooseBinary(strict)
  const shared = threads > 1
  const module = await compile(shared ? bytes : withOwnMemory(bytes))
  const memory = takeMemory(shared, 16, MOST_PAGES)
  clearBoard(memory)
  const kernels = instantiate(module, memory)
  const script = worker ?? scriptBeside('./worker.js', import.meta)
  // All are waited for before the memory grows: V8 may forget to tell a starting thread, whose memory.fill then traps.
  const invitations = Array.from({ length: threads - 1 }, (_, i) => ({ module, memory, thread: i + 1, threads }))
  const workers = await Promise.all(invitations.map(invitation => startWorker(script, invitation)))
  // Now: a thread that starts writes the memory's first content again.
  kernels.fillPlaces()
  kernels.fillTables()
  const team = new Team(kernels, memory, threads)
  return build(team, kernels, new Pieces(memory, kernels.dataEnd()), fused, async () => {
    if (!team.end()) return
    await Promise.all(workers.map(one => one.terminate()))
    giveMemory(memory, shared)
  })
}

/** 2 GiB, in pages of 64 KiB. */
const MOST_PAGES = 32768

function chooseBinary(strict: boolean): [bytes: Uint8Array, fused: boolean] {
  const plain = decodeBase64(binary.strict)
  if (!runs(plain)) throw problem('engine.simd')
  if (strict) return [plain, false]
  const relaxed = decodeBase64(binary.fused)
  if (!runs(relaxed)) allowRelaxedSimd()
  return runs(relaxed) ? [relaxed, true] : [plain, false]
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

function build(team: Team, kernels: Kernels, pieces: Pieces, fused: boolean, end: () => Promise<void>): WasmBackend {
  const store = createStore(team, kernels, pieces, compute)
  const { at, eachNumber, free, make, run, sizes, successor, takeFloats, view, withFloats } = store
  const { gather, listImages, upload, uploadPixels } = createImages(store)
  const { multiply, maskedProduct, rowsOf, stepInPanels, sumRows } = createProducts(store, listImages)
  const { convolve, denseInputGrad, denseFilterGrad } = createConvolutions(store)
  const { lumped, pool, unpool, sparse, sparseBiasGrad, sparseFilterGrad, sparseInputGrad } = createPooling(
    store,
    rowsOf,
  )

  function compute(block: Block, delayed: Delayed, to: number) {
    if (delayed.kind === 'matmul') multiply(block, delayed, to)
    else if (delayed.kind === 'conv2d') convolve(block, delayed, to)
    else if (delayed.kind === 'unpooled') unpool(delayed, to)
    else sparseInputGrad(delayed, to)
  }

  /** Steps with a kernel that takes w, dw, memory and w's successor row by row, and a length and constants. */
  function stepInRows(kernel: string, w: Block, dw: Block, memory: Block[], constants: readonly number[]): Block[] {
    const [from, gradient] = [at(w), at(dw)]
    const [next, ...updated] = [successor(w), ...memory.map(block => successor(block))]
    const args = [from, gradient, ...updated.map(at), next.at, next.length, ...constants]
    run(kernel, pieceOf(next.length, sizes.CHUNK), args)
    return [next, ...updated]
  }

  /** max(x, 0), which joins a product or a convolution that is yet to come. */
  function relu(x: Block): Block {
    if (mayRectify(x.delayed)) return make(x.length, { ...x.delayed, rectify: true })
    const y = make(x.length)
    eachNumber('relu', x.length, at(x), y.at)
    y.rectified = true
    return y
  }

  /** dy where y > 0, else 0, in the form that dy has: a gradient yet to come, or one that is mostly 0. */
  function reluGrad(y: Block, dy: Block): Block {
    const { delayed } = dy
    if (delayed?.kind === 'unpooled' && !delayed.masked && delayed.inputs[1].pooled!.source === y) {
      // A winner's value is the pooled one: relu let it pass if that is above 0.
      const [gradient, pooled] = delayed.inputs as [Block, Block]
      const masked = reluGrad(pooled, gradient)
      const dx = make(dy.length, { kind: 'unpooled', inputs: [masked, pooled], masked: true })
      free(masked)
      return dx
    }
    if (delayed?.kind === 'inputGrad' && delayed.inputs.length === 3)
      return make(dy.length, { ...delayed, inputs: [...delayed.inputs, y] })
    const product = maskedProduct(y, dy)
    if (product) return product
    const dx = make(dy.length)
    eachNumber('reluGrad', dx.length, at(y), at(dy), dx.at)
    return dx
  }

  /** y = a + b and the like, the shorter of which is repeated. */
  function pairs(kernel: 'add' | 'sub' | 'mul' | 'div', a: Block, b: Block): Block {
    const y = make(Math.max(a.length, b.length))
    eachNumber(kernel, y.length, at(a), a.length, at(b), b.length, y.at)
    return y
  }

  /** A product or convolution yet to come with its channels multiplied by a row: its weights are, if they are fewer. */
  function scaled({ delayed, length }: Block, row: Block): Block | undefined {
    if (!mayRectify(delayed) || (delayed.kind === 'matmul' && delayed.t.w)) return undefined
    const [x, w] = delayed.inputs as [Block, Block]
    const channels = delayed.kind === 'matmul' ? delayed.n : delayed.s.co
    if (row.length !== channels || w.length > length) return undefined
    const weights = pairs('mul', w, row)
    const b = delayed.b && pairs('mul', delayed.b, row)
    const y = make(length, { ...delayed, inputs: [x, weights], ...(b && { b }) })
    for (const block of [weights, b]) if (block) free(block)
    return y
  }

  /** The same with a row added: its bias is. */
  function moved({ delayed, length }: Block, row: Block): Block | undefined {
    if (mayAdd(delayed, row.length)) return make(length, { ...delayed, b: row })
    if (!mayRectify(delayed) || delayed.b?.length !== row.length) return undefined
    const b = pairs('add', delayed.b, row)
    const y = make(length, { ...delayed, b })
    free(b)
    return y
  }

  const backend: WasmBackend = {
    name: 'wasm',
    threads: store.threads,
    fused,

    upload,
    uploadPixels,
    gather,
    async download(x) {
      const from = at(x) >> 2
      const y = new Float32Array(x.length)
      const { floats } = view()
      if (x.length > 4096) y.set(floats.subarray(from, from + x.length))
      else for (let i = 0; i < x.length; i++) y[i] = floats[from + i]
      return y
    },
    free,
    get live() {
      return store.live
    },
    get bytes() {
      return store.bytes
    },
    get paths() {
      return store.runs
    },
    dispose: end,

    matmul: (x, w, m, k, n, t = {}) => make(m * n, { kind: 'matmul', inputs: [x, w], m, k, n, t }),
    addBias(x, b, m, n) {
      if (mayAdd(x.delayed, n)) return make(x.length, { ...x.delayed, b })
      const y = make(x.length)
      run('addBias', pieceOf(m, sizes.ROWS), [at(x), at(b), y.at, m, n])
      return y
    },
    biasGrad: (dy, m, n) => sparseBiasGrad(dy, n) ?? sumRows(lumped(dy, n), m, n),

    unary(f, x) {
      if (f === 'relu') return relu(x)
      const y = make(x.length)
      eachNumber(f, x.length, at(x), y.at)
      return y
    },
    unaryGrad(f, x, y, dy) {
      if (f === 'relu') return reluGrad(y, dy)
      const dx = make(dy.length)
      eachNumber(`${f}Grad`, dx.length, at(x), at(y), at(dy), dx.at)
      return dx
    },
    add: (a, b) => moved(a, b) ?? pairs('add', a, b),
    sub: (a, b) => pairs('sub', a, b),
    mul: (a, b) => scaled(a, b) ?? pairs('mul', a, b),
    div: (a, b) => pairs('div', a, b),
    repeat(x, times) {
      const y = make(x.length * times)
      eachNumber('repeat', y.length, at(x), x.length, y.at)
      return y
    },

    conv2d: (x, w, s) => make(s.n * s.oh * s.ow * s.co, { kind: 'conv2d', inputs: [x, w], s }),
    conv2dGradInput(dy, w, s) {
      const found = sparse(dy, s)
      if (!found) return denseInputGrad(dy, w, s)
      return make(s.n * s.h * s.w * s.ci, { kind: 'inputGrad', inputs: [...found, w], s })
    },
    conv2dGradFilter: (x, dy, s) =>
      sparseFilterGrad(x, dy, s) ?? denseFilterGrad(x, lumped(dy, s.co, { image: x, s }), s),
    maxPool: pool,
    maxPoolGrad(x, y, dy, p) {
      const known = y.pooled?.source === x && sameShape(y.pooled.shape, p)
      const pooled = known ? y : pool(x, p)
      const dx = make(x.length, { kind: 'unpooled', inputs: [dy, pooled], masked: false })
      if (!known) free(pooled)
      if (p.stride < p.size) at(dx) // windows that overlap: a cell may win several
      return dx
    },

    averagePool(x, s) {
      const y = make(s.n * s.oh * s.ow * s.c)
      run('averagePool', s.n, [at(x), y.at, s.h, s.w, s.c, s.kh, s.kw, s.stride, s.oh, s.ow])
      return y
    },
    averagePoolGrad(dy, s) {
      const dx = make(s.n * s.h * s.w * s.c)
      run('averagePoolGrad', s.n, [at(dy), dx.at, s.h, s.w, s.c, s.kh, s.kw, s.stride, s.oh, s.ow])
      return dx
    },

    softmax(x, m, n) {
      const y = make(m * n)
      run('softmax', pieceOf(m, sizes.SCORES), [at(x), y.at, m, n])
      return y
    },
    softmaxGrad(y, dy, m, n) {
      const dx = make(m * n)
      run('softmaxGrad', pieceOf(m, sizes.SCORES), [at(y), at(dy), dx.at, m, n])
      return dx
    },
    crossEntropy(logits, labels, m, n, smoothing = 0) {
      const loss = make(1)
      const x = at(logits)
      logits.softmax = { at: logits.softmax?.at ?? takeFloats(m * n), m, n }
      const { at: probabilities } = logits.softmax
      withFloats(m, losses => {
        run('crossEntropy', pieceOf(m, sizes.SCORES), [x, at(labels), probabilities, losses, m, n, smoothing])
        run('mean', 1, [losses, loss.at, m])
      })
      return loss
    },
    crossEntropyGrad(logits, labels, dy, m, n, smoothing = 0) {
      if (logits.softmax?.m !== m || logits.softmax.n !== n) free(backend.crossEntropy(logits, labels, m, n))
      const dlogits = make(m * n)
      run('crossEntropyGrad', pieceOf(m, sizes.SCORES), [
        logits.softmax!.at,
        at(labels),
        at(dy),
        dlogits.at,
        m,
        n,
        smoothing,
      ])
      return dlogits
    },

    sgdStep(w, dw, v, lr, momentum, decay = 0) {
      const kept = 1 - lr * decay
      const [next, velocity] = v
        ? stepInRows('momentum', w, dw, [v], [lr, momentum, kept])
        : stepInRows('sgd', w, dw, [], [lr, kept])
      return v ? { w: next, v: velocity } : { w: next }
    },
    adamStep(w, dw, m, v, { lr, beta1, beta2, epsilon, step: t, decay = 0 }: AdamStep) {
      const rate = lr / (1 - beta1 ** t)
      const root = 1 / Math.sqrt(1 - beta2 ** t)
      const constants = [rate, root, beta1, 1 - beta1, beta2, 1 - beta2, epsilon, 1 - lr * decay]
      const step = stepInPanels(w, dw, [m, v], constants) ?? stepInRows('adam', w, dw, [m, v], constants)
      return { w: step[0], m: step[1], v: step[2] }
    },
  }
  return backend
}
