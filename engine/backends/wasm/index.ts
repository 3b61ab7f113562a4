// The fast backend: every kernel of the contract in WebAssembly SIMD (assembly/, in AssemblyScript), on several threads.
//
// Here is decided *when* and *what* to run; assembly/ does the arithmetic. Three things make it fast beside SIMD:
//  - A kernel may wait until its result is read, so that neighbours run as one: matmul or conv2d with the bias and the
//    relu that follow, and a 3x3 convolution also with its max-pooling, by Winograd's algorithm.
//  - The gradient that comes back through max-pooling and relu is mostly 0 and is kept as (place, number) pairs.
//  - Images arrive as bytes, mostly 0, and the first layer multiplies only what is not 0.
// All are exact up to the order of summation. Where one does not apply, the dense kernels run; nothing else changes.
import type { AdamStep, Backend, Buffer, Conv2dShape, Pool2dShape, Transposed, Values } from '../../backend.js'
import { problem } from '../../errors.js'
import * as binary from './binary.js'
import { allowRelaxedSimd, compile, cores, createMemory, decodeBase64, instantiate } from './host.js'
import { runs, scriptBeside, startWorker, type Kernels, type ScriptURL } from './host.js'
import { Pieces } from './memory.js'
import { Team } from './threads.js'

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
}

/** Whether this machine can run the backend at all. */
export const wasmSupported = () => runs(decodeBase64(binary.strict))

/** The WebAssembly backend. @throws ChiffreError if there is no WebAssembly SIMD here */
export async function wasm({ threads = cores(), strict = false, worker }: WasmOptions = {}): Promise<WasmBackend> {
  const [bytes, fused] = chooseBinary(strict)
  const shared = threads > 1
  const module = await compile(shared ? bytes : withOwnMemory(bytes))
  const memory = createMemory(shared, 16, MOST_PAGES)
  const kernels = instantiate(module, memory)
  const script = worker ?? scriptBeside('./worker.js', import.meta)
  const workers = Array.from({ length: threads - 1 }, (_, i) => startWorker(script, { module, memory, thread: i + 1 }))
  const team = new Team(kernels, memory, threads)
  return build(team, kernels, new Pieces(memory, kernels.dataEnd()), fused, () => {
    for (const one of workers) one.terminate()
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

/** A buffer: where its numbers are, or what will compute them. */
export class Block implements Buffer {
  /** Its address, 0 as long as it is delayed. */
  at = 0
  delayed: Delayed | undefined
  /** The caller, and every delayed result that will read it. Its memory goes back when there are none. */
  holders = 1
  freed = false
  /** Grey levels of uploadPixels. */
  bytes = 0
  /** Whether relu made it, so that about half of it is 0. */
  rectified = false
  /** What is not 0 in it, if a product wanted to know. */
  rows: Lists | undefined
  columns: Lists | undefined
  /** Of a max-pooled result: which cell won each window, and what was pooled. */
  pooled: { readonly winners: number; readonly source: Block; readonly shape: Pool2dShape } | undefined
  /** Of logits: their softmax, which the loss left for its gradient. */
  softmax = 0

  constructor(readonly length: number) {}
}

/** The entries of a matrix that are not 0, line by line: `lines` lists of indices below `size` (assembly/lists.ts). */
interface Lists {
  readonly lists: number
  readonly counts: number
  readonly lines: number
  readonly size: number
  /** Which part of all entries they are. */
  readonly density: number
}

/** A kernel that waits, with the bias and relu that may join it. It holds its inputs. */
type Delayed = { readonly inputs: readonly Block[]; readonly b?: Block; readonly rectify?: boolean } &
  /** Of a product with a mask (a result of relu, in lists) only what the mask lets pass is wanted, and 0 elsewhere. */
  (
    | {
        readonly kind: 'matmul'
        readonly m: number
        readonly k: number
        readonly n: number
        readonly t: Transposed
        readonly mask?: Block
      }
    | { readonly kind: 'conv2d'; readonly s: Conv2dShape }
    /** The gradient of a max-pooling: dy per window and the pooled result, whose winners receive it. */
    | { readonly kind: 'unpooled'; readonly masked: boolean }
    /** The input gradient of a convolution whose dy is unpooled (its inputs, then w); relu's result as a last one masks it. */
    | { readonly kind: 'inputGrad'; readonly s: Conv2dShape }
  )

/** All that a delayed kernel will read. */
function inputsOf(delayed: Delayed | undefined): readonly Block[] {
  if (!delayed) return []
  const mask = delayed.kind === 'matmul' ? delayed.mask : undefined
  return [...delayed.inputs, ...[delayed.b, mask].filter(block => block !== undefined)]
}

function build(team: Team, kernels: Kernels, pieces: Pieces, fused: boolean, end: () => void): WasmBackend {
  const constant = (name: string) => (kernels[name] as unknown as { value: number }).value
  const CHUNK = constant('CHUNK')
  const ROWS = constant('ROWS')
  const LINES = constant('LINES')
  const PANEL_ROWS = constant('PANEL_ROWS')
  const PANEL = 8
  /** Images whose filter gradients are summed by one thread at a time: fixed, so that the sum never depends on threads. */
  const IMAGES = 8
  const pieceOf = (count: number, size: number) => Math.ceil(count / size)

  let live = 0
  let scratch = 0
  let scratchSize = 0
  let floats = new Float32Array(pieces.memory.buffer)

  /** The whole memory as float32: made anew when it has grown. */
  function view(): Float32Array {
    if (floats.buffer !== pieces.memory.buffer) floats = new Float32Array(pieces.memory.buffer)
    return floats
  }
  const takeFloats = (count: number) => pieces.take(4 * count)

  /** Runs kernel(item, scratch, ...args) for every item, with so many bytes of scratch a thread. */
  function run(kernel: string, items: number, args: readonly number[], needed = 512) {
    if (needed > scratchSize) {
      if (scratch) pieces.give(scratch)
      scratchSize = Math.ceil(needed / 64) * 64
      scratch = pieces.take(scratchSize * team.threads)
    }
    team.run(kernel, items, scratch, scratchSize, args)
  }

  /** Runs with a temporary piece of so many numbers. */
  function withFloats(count: number, use: (at: number) => void) {
    const at = takeFloats(count)
    use(at)
    pieces.give(at)
  }

  function make(length: number, delayed?: Delayed): Block {
    const block = new Block(length)
    live++
    block.delayed = delayed
    if (!delayed) block.at = takeFloats(length)
    for (const input of inputsOf(delayed)) input.holders++
    return block
  }

  function release(block: Block) {
    if (--block.holders > 0) return
    forget(block)
    const owned = [block.at, block.bytes, block.softmax, block.pooled?.winners ?? 0]
    for (const lists of [block.rows, block.columns]) if (lists) owned.push(lists.lists, lists.counts)
    for (const at of owned) if (at) pieces.give(at)
  }

  function forget(block: Block) {
    const { delayed } = block
    block.delayed = undefined
    for (const input of inputsOf(delayed)) release(input)
  }

  /** The address of a block's numbers, computed now if they are not there yet. */
  function at(block: Block): number {
    if (block.holders <= 0) throw new Error('wasm: a buffer was used after it had been freed')
    if (block.at) return block.at
    const { delayed } = block
    const to = takeFloats(block.length)
    if (!delayed) run('toFloat', pieceOf(block.length, CHUNK), [block.bytes, to, block.length])
    else if (delayed.kind === 'matmul') multiply(delayed, to)
    else if (delayed.kind === 'conv2d') convolve(delayed, to)
    else if (delayed.kind === 'unpooled') unpool(delayed, to)
    else sparseInputGrad(delayed, to)
    block.at = to
    block.rectified = delayed?.rectify ?? false
    forget(block)
    return to
  }

  const eachNumber = (kernel: string, length: number, ...args: number[]) =>
    run(kernel, pieceOf(length, CHUNK), [...args, length])

  // ---- Dense layers

  function multiply({ inputs, b, rectify, m, k, n, t, mask }: Delayed & { kind: 'matmul' }, y: number) {
    const [x, w] = inputs as [Block, Block]
    const end = [b ? at(b) : 0, rectify ? 1 : 0]
    const lists = t.w ? undefined : listsOf(x, t.x ? k : m, t.x ? m : k, n, t.x)
    if (mask) run('listDot', pieceOf(m, LINES), [mask.rows!.lists, n, at(x), at(w), y, m, k])
    else if (lists) {
      const width = kernels.panelWidth(n)
      const padded = pieceOf(n, width) * width
      withFloats(k * padded, panels => {
        run('packPanels', pieceOf(k, PANEL_ROWS), [at(w), panels, k, n])
        if (lists.lines === m) run('listMultiply', pieceOf(m, LINES), [lists.lists, k, panels, y, m, n, ...end])
        else
          withFloats(m * padded, sums => {
            run('listScatter', padded / width, [lists.lists, m, panels, sums, k, n])
            run('unpackPanels', pieceOf(m, PANEL_ROWS), [sums, y, m, n])
          })
      })
    } else {
      const [down, right] = t.x ? [4, 4 * m] : [4 * k, 4]
      const [wDown, wRight] = t.w ? [4, 4 * k] : [4 * n, 4]
      // Rows are shared out so that all threads have work, in tiles of 4.
      const rows = Math.max(4, Math.min(96, 4 * pieceOf(m, 4 * team.threads)))
      withFloats(kernels.packedColumns(k, n), packed => {
        run('packColumns', pieceOf(n, PANEL), [at(w), wDown, wRight, k, n, packed])
        const args = [at(x), down, right, packed, y, m, k, n, rows, ...end]
        run('multiply', pieceOf(m, rows), args, kernels.multiplyScratch(rows))
      })
    }
  }

  /** The lists of x's rows (or columns) to multiply with n columns, if x is likely to be 0 in many places and is. */
  function listsOf(x: Block, rows: number, columns: number, n: number, transposed = false): Lists | undefined {
    if (!x.bytes) at(x)
    if (!x.bytes && !(x.rectified && x.length >= LISTED_FROM && n >= LISTED_COLUMNS)) return undefined
    x.rows ??= list(x, rows, columns, rows, columns, 'Rows')
    if (x.rows.lines !== rows || x.rows.density > MOST_LISTED) return undefined
    // Few entries are added where they belong; for many it pays to list them by columns as well.
    if (!transposed || x.bytes) return x.rows
    return (x.columns ??= list(x, rows, columns, columns, rows, 'Columns'))
  }

  function list(x: Block, rows: number, columns: number, lines: number, size: number, which: string): Lists {
    const lists = pieces.take(8 * lines * (size + 1))
    const counts = pieces.take(4 * lines)
    const kernel = x.bytes ? `listByte${which}` : `list${which}`
    run(kernel, pieceOf(lines, LINES), [x.bytes || at(x), lists, counts, rows, columns])
    const entries = new Uint32Array(pieces.memory.buffer, counts, lines).reduce((a, b) => a + b, 0)
    return { lists, counts, lines, size, density: entries / (lines * size) }
  }

  /** dy where y > 0 as a product that leaves out the rest, if dy is a product yet to come and y, from relu, is in lists. */
  function maskedProduct(y: Block, dy: Block): Block | undefined {
    const { delayed } = dy
    if (delayed?.kind !== 'matmul' || delayed.b || delayed.mask || delayed.t.x || !delayed.t.w) return undefined
    const { m, k, n } = delayed
    if (!y.rectified || y.rows?.lines !== m || y.rows.size !== n || y.rows.density > MOST_LISTED || k % 4)
      return undefined
    return make(dy.length, { ...delayed, mask: y })
  }

  /** db[n] = Σ rows of dy[m,n], in parts of ROWS rows that are added in their order. */
  function sumRows(dy: number, m: number, n: number): Block {
    const db = make(n)
    const parts = pieceOf(m, ROWS)
    withFloats(parts * n, partial => {
      run('biasGrad', parts, [dy, partial, m, n])
      run('sumParts', pieceOf(n, CHUNK), [partial, parts, db.at, n])
    })
    return db
  }

  // ---- Convolutions

  /** x with the zeros that the convolution wants around it (and `spread` apart), or x itself if it wants none. */
  function padded(
    x: number,
    n: number,
    [h, w, c]: readonly number[],
    [toH, toW]: readonly number[],
    top: number,
    left: number,
    spread: number,
    use: (x: number) => void,
  ) {
    if (h === toH && w === toW) return use(x)
    withFloats(n * toH * toW * c, y => {
      run('pad', n, [x, y, h, w, c, toH, toW, top, left, spread])
      use(y)
    })
  }

  /** How far a valid convolution reads: the image's size with its zeros. */
  const reach = (s: Conv2dShape) => [(s.oh - 1) * s.stride + s.kh, (s.ow - 1) * s.stride + s.kw]

  /** The image's size as the windows see it: with zeros where they reach beyond, never smaller than the image. */
  function framed(s: Conv2dShape): number[] {
    const [h, w] = reach(s)
    return [Math.max(s.h + s.top, h), Math.max(s.w + s.left, w)]
  }

  function convolve({ inputs: [x, w], b, rectify, s }: Delayed & { kind: 'conv2d' }, y: number) {
    const taps = s.kh * s.kw * s.ci
    const frame = framed(s)
    withFloats(kernels.packedColumns(taps, s.co), packed => {
      run('packColumns', pieceOf(s.co, PANEL), [at(w), 4 * s.co, 4, taps, s.co, packed])
      padded(at(x), s.n, [s.h, s.w, s.ci], frame, s.top, s.left, 1, from => {
        const [h, width] = frame
        const sizes = [h, width, s.ci, s.kh, s.kw, s.co, s.stride, s.oh, s.ow]
        const args = [from, packed, y, ...sizes, b ? at(b) : 0, rectify ? 1 : 0]
        run('convolve', s.n, args, kernels.convolveScratch(s.ow))
      })
    })
  }

  /** dx = dy, its pixels `stride` apart with zeros around, ∗ the weights turned by 180°. */
  function denseInputGrad(dy: Block, w: Block, s: Conv2dShape): Block {
    const dx = make(s.n * s.h * s.w * s.ci)
    const frame = [s.h + s.kh - 1, s.w + s.kw - 1]
    const [top, left] = [s.kh - 1 - s.top, s.kw - 1 - s.left]
    withFloats(kernels.packedColumns(s.kh * s.kw * s.co, s.ci), packed => {
      run('packTurned', pieceOf(s.ci, PANEL), [at(w), s.kh * s.kw, s.ci, s.co, packed])
      padded(at(dy), s.n, [s.oh, s.ow, s.co], frame, top, left, s.stride, from => {
        const sizes = [...frame, s.co, s.kh, s.kw, s.ci, 1, s.h, s.w]
        run('convolve', s.n, [from, packed, dx.at, ...sizes, 0, 0], kernels.convolveScratch(s.w))
      })
    })
    return dx
  }

  function denseFilterGrad(x: Block, dy: Block, s: Conv2dShape): Block {
    const size = s.kh * s.kw * s.ci * s.co
    const dw = make(size)
    const parts = pieceOf(s.n, IMAGES)
    const frame = framed(s)
    withFloats(parts * size, partial =>
      padded(at(x), s.n, [s.h, s.w, s.ci], frame, s.top, s.left, 1, from => {
        const sizes = [s.n, IMAGES, ...frame, s.ci, s.kh, s.kw, s.co, s.stride, s.oh, s.ow]
        run('filterGrad', parts, [from, at(dy), partial, ...sizes], kernels.filterGradScratch(s.oh, s.ow))
        run('sumParts', pieceOf(size, CHUNK), [partial, parts, dw.at, size])
      }),
    )
    return dw
  }

  // ---- Max-pooling, and what is fused with it

  /** Whether Winograd's F(2x2, 3x3) applies to a convolution and the pooling after it. */
  const fitsWinograd = (s: Conv2dShape, p: Pool2dShape) =>
    s.kh === 3 && s.kw === 3 && s.stride === 1 && s.oh === s.h - 2 && s.ow === s.w - 2 && s.ci % 4 === 0 &&
    p.size === 2 && p.stride === 2 && p.h === s.oh && p.w === s.ow && p.c === s.co // prettier-ignore

  /** Pools x, which is a convolution (with bias and relu) that need not be computed, if the shapes allow. */
  function pool(x: Block, p: Pool2dShape): Block {
    const y = make(p.n * p.oh * p.ow * p.c)
    const winners = takeFloats(y.length)
    const { delayed } = x
    if (delayed?.kind === 'conv2d' && fitsWinograd(delayed.s, p)) {
      const { s, b, rectify } = delayed
      const [image, w] = delayed.inputs
      withFloats(kernels.transformedFilters(s.ci, s.co), u => {
        run('transformFilters', pieceOf(s.co, PANEL), [at(w), s.ci, s.co, u])
        const sizes = [s.h, s.w, s.ci, s.co, p.oh, p.ow]
        const args = [at(image), u, y.at, winners, ...sizes, b ? at(b) : 0, rectify ? 1 : 0]
        run('convolvePool', s.n, args, kernels.convolvePoolScratch(p.oh, p.ow, s.ci))
      })
    } else run('maxPool', p.n, [at(x), y.at, winners, p.h, p.w, p.c, p.size, p.stride, p.oh, p.ow])
    y.rectified = delayed?.rectify ?? x.rectified
    y.pooled = { winners, source: x, shape: p }
    return y
  }

  function unpool({ inputs: [dy, y] }: Delayed & { kind: 'unpooled' }, dx: number) {
    const { winners, shape: p } = y.pooled!
    run('scatter', p.n, [winners, at(dy), dx, p.h, p.w, p.c, p.size, p.stride, p.oh, p.ow])
  }

  /** dy's unpooled form, if it came back through a pooling of this convolution and suits the sparse kernels. */
  function sparse(dy: Block, s: Conv2dShape): readonly [gradient: Block, pooled: Block] | undefined {
    if (dy.delayed?.kind !== 'unpooled') return undefined
    const [gradient, pooled] = dy.delayed.inputs as [Block, Block]
    const p = pooled.pooled!.shape
    const valid = s.stride === 1 && s.oh === s.h - s.kh + 1 && s.ow === s.w - s.kw + 1
    const same = p.h === s.oh && p.w === s.ow && p.c === s.co
    return valid && same && (s.kw * s.ci) % 24 === 0 && s.ci % 4 === 0 ? [gradient, pooled] : undefined
  }

  function sparseFilterGrad(x: Block, dy: Block, s: Conv2dShape): Block | undefined {
    const found = sparse(dy, s)
    if (!found) return undefined
    const [gradient, pooled] = found
    const { winners, shape: p } = pooled.pooled!
    const taps = s.kh * s.kw * s.ci
    const dw = make(taps * s.co)
    const parts = pieceOf(s.n, IMAGES)
    withFloats(parts * dw.length, partial => {
      const sizes = [s.n, IMAGES, s.h, s.w, s.ci, s.kh, s.kw, s.co, p.size, p.oh, p.ow]
      const needed = kernels.sparseFilterGradScratch(p.oh * p.ow, s.co)
      run('sparseFilterGrad', parts, [at(x), winners, at(gradient), partial, ...sizes], needed)
      run('sumTransposed', pieceOf(taps, PANEL), [partial, parts, dw.at, taps, s.co])
    })
    return dw
  }

  function sparseInputGrad({ inputs, s }: Delayed & { kind: 'inputGrad' }, dx: number) {
    const [gradient, pooled, w, mask] = inputs as [Block, Block, Block, Block?]
    const { winners, shape: p } = pooled.pooled!
    const taps = s.kh * s.kw * s.ci
    withFloats(taps * s.co, weights => {
      run('transpose', s.co, [at(w), weights, taps, s.co])
      const sizes = [s.h, s.w, s.ci, s.kh, s.kw, s.co, p.size, p.oh, p.ow]
      const args = [winners, at(gradient), weights, dx, mask ? at(mask) : 0, ...sizes]
      run('sparseInputGrad', s.n, args, kernels.sparseInputGradScratch(p.size * p.size, s.co))
    })
  }

  // ---- Optimizers

  /** Where a step may write: over its origin, or elsewhere if a delayed kernel still wants to read that. */
  function successor(w: Block): Block {
    at(w)
    return w.holders === 1 ? w : make(w.length)
  }

  function retire(w: Block, next: Block) {
    if (next !== w) backend.free(w)
  }

  const backend: WasmBackend = {
    name: 'wasm',
    threads: team.threads,
    fused,

    upload(values: Values) {
      const x = make(values.length)
      view().set(values, x.at >> 2)
      return x
    },
    uploadPixels(pixels) {
      const x = new Block(pixels.length)
      live++
      x.bytes = pieces.take(pixels.length)
      new Uint8Array(pieces.memory.buffer).set(pixels, x.bytes)
      return x
    },
    async download(x) {
      const from = at(x) >> 2
      return view().slice(from, from + x.length)
    },
    free(x) {
      if (x.freed) throw new Error('wasm: a buffer was freed twice')
      x.freed = true
      live--
      release(x)
    },
    get live() {
      return live
    },
    async dispose() {
      end()
    },

    matmul: (x, w, m, k, n, t = {}) => make(m * n, { kind: 'matmul', inputs: [x, w], m, k, n, t }),
    addBias(x, b, m, n) {
      const { delayed } = x
      if ((delayed?.kind === 'matmul' || delayed?.kind === 'conv2d') && !delayed.b && !delayed.rectify)
        return make(x.length, { ...delayed, b })
      const y = make(x.length)
      run('addBias', pieceOf(m, ROWS), [at(x), at(b), y.at, m, n])
      return y
    },
    biasGrad(dy, m, n) {
      const { delayed } = dy
      if (delayed?.kind !== 'unpooled') return sumRows(at(dy), m, n)
      const [gradient] = delayed.inputs as [Block] // the same sum with fewer zeros
      return sumRows(at(gradient), gradient.length / n, n)
    },

    relu(x) {
      const { delayed } = x
      if ((delayed?.kind === 'matmul' || delayed?.kind === 'conv2d') && !delayed.rectify)
        return make(x.length, { ...delayed, rectify: true })
      const y = make(x.length)
      eachNumber('relu', x.length, at(x), y.at)
      y.rectified = true
      return y
    },
    reluGrad(y, dy) {
      const { delayed } = dy
      if (delayed?.kind === 'unpooled' && !delayed.masked && delayed.inputs[1].pooled!.source === y) {
        // A winner's value is the pooled one: relu let it pass if that is above 0.
        const [gradient, pooled] = delayed.inputs as [Block, Block]
        const masked = backend.reluGrad(pooled, gradient)
        const dx = make(dy.length, { kind: 'unpooled', inputs: [masked, pooled], masked: true })
        backend.free(masked)
        return dx
      }
      if (delayed?.kind === 'inputGrad' && delayed.inputs.length === 3)
        return make(dy.length, { ...delayed, inputs: [...delayed.inputs, y] })
      const product = maskedProduct(y, dy)
      if (product) return product
      const dx = make(dy.length)
      eachNumber('reluGrad', dx.length, at(y), at(dy), dx.at)
      return dx
    },
    add(a, b) {
      const y = make(a.length)
      eachNumber('add', y.length, at(a), at(b), y.at)
      return y
    },
    mul(a, b) {
      const y = make(a.length)
      eachNumber('mul', y.length, at(a), at(b), y.at)
      return y
    },

    conv2d: (x, w, s) => make(s.n * s.oh * s.ow * s.co, { kind: 'conv2d', inputs: [x, w], s }),
    conv2dGradInput(dy, w, s) {
      const found = sparse(dy, s)
      if (!found) return denseInputGrad(dy, w, s)
      return make(s.n * s.h * s.w * s.ci, { kind: 'inputGrad', inputs: [...found, w], s })
    },
    conv2dGradFilter: (x, dy, s) => sparseFilterGrad(x, dy, s) ?? denseFilterGrad(x, dy, s),
    maxPool: pool,
    maxPoolGrad(x, y, dy, p) {
      const known = y.pooled?.source === x
      const pooled = known ? y : pool(x, p)
      const dx = make(x.length, { kind: 'unpooled', inputs: [dy, pooled], masked: false })
      if (!known) backend.free(pooled)
      if (p.stride < p.size) at(dx) // windows that overlap: a cell may win several
      return dx
    },

    softmax(x, m, n) {
      const y = make(m * n)
      run('softmax', pieceOf(m, 16), [at(x), y.at, m, n])
      return y
    },
    softmaxGrad(y, dy, m, n) {
      const dx = make(m * n)
      run('softmaxGrad', pieceOf(m, 16), [at(y), at(dy), dx.at, m, n])
      return dx
    },
    crossEntropy(logits, labels, m, n) {
      const loss = make(1)
      const x = at(logits)
      logits.softmax ||= takeFloats(m * n)
      withFloats(m, losses => {
        run('crossEntropy', pieceOf(m, 16), [x, at(labels), logits.softmax, losses, m, n])
        run('mean', 1, [losses, loss.at, m])
      })
      return loss
    },
    crossEntropyGrad(logits, labels, dy, m, n) {
      if (!logits.softmax) backend.free(backend.crossEntropy(logits, labels, m, n))
      const dlogits = make(m * n)
      run('crossEntropyGrad', pieceOf(m, 16), [logits.softmax, at(labels), at(dy), dlogits.at, m, n])
      return dlogits
    },

    sgdStep(w, dw, v, lr, momentum) {
      const next = successor(w)
      const items = pieceOf(w.length, CHUNK)
      if (!v) run('sgd', items, [w.at, at(dw), next.at, w.length, lr])
      else run('momentum', items, [w.at, at(dw), at(v), next.at, w.length, lr, momentum])
      retire(w, next)
      return v ? { w: next, v } : { w: next }
    },
    adamStep(w, dw, m, v, { lr, beta1, beta2, epsilon, step }: AdamStep) {
      const next = successor(w)
      const rate = lr / (1 - beta1 ** step)
      const root = 1 / Math.sqrt(1 - beta2 ** step)
      const constants = [rate, root, beta1, 1 - beta1, beta2, 1 - beta2, epsilon]
      run('adam', pieceOf(w.length, CHUNK), [w.at, at(dw), at(m), at(v), next.at, w.length, ...constants])
      retire(w, next)
      return { w: next, m, v }
    },
  }
  return backend
}

/** Above this part of entries that are not 0, the dense product is faster. */
const MOST_LISTED = 0.6
/** Below this many entries, or columns of the other matrix, lists of floats take longer to make than they save. */
const LISTED_FROM = 1 << 18
const LISTED_COLUMNS = 32
