// The planner: from operations, the shapes and layouts of their inputs and what was noted of these, to kernels and their
// arguments. Which operations run as one, and which path they take, is decided here and nowhere else. It computes nothing and
// touches no memory: an argument is a number, or says whose address in which layout it will be.
//
//   fuse…     which operation waits, and what joins one that waits already
//   the rest  the kernels of one operation. If it depends on what is not there yet, such as how full a matrix is, the answer
//             is `first`: to have that, and to ask again.
import type { Conv2dShape, Pool2dShape } from '../../backend.js'
import { constants as sizes, type Functions, type Kernels } from './kernels.js'
import type { Live } from './recording.js'
import {
  csrOf, denseOf, isGrey, lazyOf, sameShape,
  type Block, type Convolution, type InputGrad, type LazyOp, type Product, type Unpool,
} from './layout.js' // prettier-ignore

/** How many pieces of at most `size` something falls into. */
export const piecesOf = (count: number, size: number) => Math.ceil(count / size)

/** Of so many numbers, how many may be not 0: if there are more, the dense product is faster. */
export const mostEntries = (count: number) => Math.floor(0.6 * count)
/** Below this many numbers, or columns of the other matrix, csr of floats takes longer to make than it saves. */
const LEAST_CSR = 1 << 18
const LEAST_COLUMNS = 32
/** Fewer numbers are not worth the attention of another thread. */
const LEAST_PACKED = 1 << 13
/** Up to so many numbers in a window, the kernel with an active mask is as fast as the dense one even if nothing is blank. */
const FEW_TAPS = 12
/** Columns of a panel of gemm, filters of one of Winograd's. */
const PANEL = 8
/** Images whose gradients one thread sums: fixed, so that the sum never depends on the number of threads. */
const IMAGES = 8

/** Bytes, as such or as a function of the kernels says. */
export type Size = number | Sized
export interface Sized {
  readonly f: keyof Functions
  readonly args: readonly number[]
  /** What is counted, in bytes. */
  readonly unit: number
}

/** Memory that a plan needs: `at` is where, once it is carried out. */
export interface Space {
  readonly size: Size
  at: number
}

/** What of a buffer is wanted: its numbers in a layout, or what goes with them. */
export interface Place {
  readonly of: Block
  readonly as: 'dense' | 'bytes' | 'packed' | 'csr' | 'shift' | 'argmax' | 'active' | 'lumped' | 'totals'
  /** Of which shape. */
  readonly m: number
  readonly n: number
}

export type Arg = number | Live | Space | Place

type Args<T extends readonly number[]> = { readonly [I in keyof T]: Arg }

/** A kernel to run for so many items, with so much scratch for each thread. */
export interface Step {
  readonly kernel: keyof Kernels
  readonly items: number
  readonly args: readonly Arg[]
  readonly scratch: Size
}

export interface Plan {
  /** The path's name. */
  readonly path: string
  readonly steps: readonly Step[]
  /** What the steps need in between. */
  readonly temps: readonly Space[]
  /** What the result is noted with, besides its numbers: which pixels are active, and which cells won. */
  readonly active?: { readonly mask: Space; readonly n: number; readonly h: number; readonly w: number; readonly image: Block; readonly s: Conv2dShape | undefined } // prettier-ignore
  readonly argmax?: Space
}

/** What Adam's kernels take last: rate, root, 1 − β1, 1 − β2, ε, and what weight decay leaves (assembly/optimizers.ts). */
export type AdamConstants = readonly [Live, Live, number, number, number, Live]

/** What has to be there before a plan can be made. */
export interface First {
  readonly first: Place
}

const step = <K extends keyof Kernels>(
  kernel: K,
  items: number,
  args: Args<Kernels[K]>,
  scratch: Size = 512,
): Step => ({
  kernel,
  items,
  args,
  scratch,
})

const sized = <F extends keyof Functions>(f: F, args: Parameters<Functions[F]>, unit = 1): Sized => ({ f, args, unit })
const space = (size: Size): Space => ({ size, at: 0 })
const floats = (count: number) => space(4 * count)

const place = (of: Block, as: Place['as'], m = 0, n = 0): Place => ({ of, as, m, n })
const dense = (of: Block) => place(of, 'dense')
const denseOr0 = (of: Block | undefined) => (of ? dense(of) : 0)
const flag = (value: boolean | undefined) => (value ? 1 : 0)

const blocksOf = (rows: number) => piecesOf(rows, sizes.BLOCK)
const panelWidth = (n: number) => (n > sizes.NARROW ? sizes.WIDE : sizes.NARROW)
/** Numbers of a matrix in panels. */
export const packedSize = (m: number, n: number) => m * piecesOf(n, panelWidth(n)) * panelWidth(n)

/** Whether windows lie one pixel apart and within the image. */
const isPlain = (s: Conv2dShape) => s.stride === 1 && s.oh === s.h - s.kh + 1 && s.ow === s.w - s.kw + 1

// What waits, and what joins it

const mayRectify = (op: LazyOp | undefined): op is Product | Convolution =>
  (op?.op === 'conv2d' || (op?.op === 'matmul' && !op.mask)) && !op.rectify

/** A bias b[n] joins a product or convolution whose rows have n numbers. */
export function fuseBias(x: Block, b: Block, n: number): LazyOp | undefined {
  const op = lazyOf(x)
  if (!mayRectify(op) || op.b || n !== (op.op === 'matmul' ? op.n : op.s.co)) return undefined
  return { ...op, b }
}

/** The product or convolution whose channels a row may multiply by multiplying its weights, which are fewer. */
export function scales(x: Block, row: Block): Product | Convolution | undefined {
  const op = lazyOf(x)
  if (!mayRectify(op) || (op.op === 'matmul' && op.t.w) || op.w.length > x.length) return undefined
  return row.length === (op.op === 'matmul' ? op.n : op.s.co) ? op : undefined
}

/** The one to which a row may be added by adding it to its bias. */
export function moves(x: Block, row: Block): Product | Convolution | undefined {
  const op = lazyOf(x)
  return mayRectify(op) && op.b?.length === row.length ? op : undefined
}

/** A relu joins a product or convolution. */
export function fuseRelu(x: Block): LazyOp | undefined {
  const op = lazyOf(x)
  return mayRectify(op) ? { ...op, rectify: true } : undefined
}

/** relu's gradient, dy where y > 0, joins the input gradient of a convolution, or that of a dense layer. */
export function fuseReluGrad(y: Block, dy: Block): LazyOp | undefined {
  const op = lazyOf(dy)
  if (op?.op === 'inputGrad' && !op.mask) return { ...op, mask: y }
  if (op?.op === 'matmul' && !op.b && !op.rectify && !op.mask && !op.t.x && op.t.w) return { ...op, mask: y }
  return undefined
}

/** The pooling's gradient that relu's can be taken before, of what was pooled: a winner's value is the pooled one. */
export function passesPooling(y: Block, dy: Block): Unpool | undefined {
  const op = lazyOf(dy)
  return op?.op === 'unpool' && !op.masked && op.y.pooled!.source === y ? op : undefined
}

/** The input gradient of a convolution waits if its dy came back through a pooling and suits the sparse kernels. */
export function fuseInputGrad(dy: Block, w: Block, s: Conv2dShape): InputGrad | undefined {
  const op = sparse(dy, s)
  return op && { op: 'inputGrad', dy: op.dy, y: op.y, w, s }
}

/** The convolution that a block waits for. */
export function convolutionOf(x: Block): Convolution | undefined {
  const op = lazyOf(x)
  return op?.op === 'conv2d' ? op : undefined
}

/** The gradient of a pooling waits, unless windows overlap: a cell may then win several. */
export const poolGradWaits = (p: Pool2dShape) => p.stride >= p.size

/** dy's pooling, if dy came back through one of this convolution and suits the sparse kernels. */
function sparse(dy: Block, s: Conv2dShape): Unpool | undefined {
  const op = lazyOf(dy)
  if (op?.op !== 'unpool') return undefined
  const p = op.y.pooled!.shape
  const same = p.h === s.oh && p.w === s.ow && p.c === s.co && p.stride === p.size
  return isPlain(s) && same && (s.kw * s.ci) % 24 === 0 && s.ci % 4 === 0 ? op : undefined
}

export type Planner = ReturnType<typeof createPlanner>

export function createPlanner(threads: number) {
  /** The numbers of a result that waits, written to y. */
  function compute(block: Block, y: Space): Plan | First {
    const op = lazyOf(block)!
    if (op.op === 'matmul') return product(block, op, y)
    if (op.op === 'conv2d') return convolution(op, y)
    if (op.op === 'unpool') return unpool(op, y)
    if (op.op === 'inputGrad') return inputGrad(op, y)
    throw new Error('wasm: examples are gathered as bytes or csr')
  }

  // Products

  function product(block: Block, op: Product, y: Space): Plan | First {
    const { x, w, b, rectify, m, k, n, t, mask } = op
    const end = [denseOr0(b), flag(rectify)] as const
    if (masksRows(op)) {
      const args = [place(block, 'csr', m, n), place(block, 'shift', m, n), y, m, n] as const
      return { path: 'sddmm', steps: [step('csrToDense', piecesOf(m, sizes.CSR_ROWS), args)], temps: [] }
    }
    const rows = csrPays(op)
    if (typeof rows === 'object') return rows
    if (rows && !t.x && panelWidth(n) === sizes.NARROW) {
      const blocks = blocksOf(k)
      const some = rowsAnItem(m, blocks)
      const partial = floats(blocks * m * sizes.NARROW)
      const args = [place(x, 'csr', m, k), place(w, 'packed', k, n), partial, m, k, some] as const
      const steps = [
        step('spmmBlock', blocks * piecesOf(m, some), args),
        step('sumBlocks', piecesOf(m, sizes.PANEL_ROWS), [partial, blocks, y, m, n, ...end]),
      ]
      return { path: 'spmm', steps, temps: [partial] }
    }
    if (rows && !t.x) {
      const panels = piecesOf(n, sizes.WIDE)
      const some = rowsAnItem(m, panels)
      const args = [place(x, 'csr', m, k), flag(isGrey(x)), place(w, 'packed', k, n), y, m, k, n, some, ...end] as const
      const scratch = sized('spmmScratch', [some])
      return { path: 'spmm', steps: [step('spmm', panels * piecesOf(m, some), args, scratch)], temps: [] }
    }
    if (rows) {
      const dw = floats(packedSize(m, n))
      const parts = partsOf(m, n)
      const args = [place(x, 'csr', k, m), flag(isGrey(x)), parts, place(w, 'packed', k, n), dw, k, m, n] as const
      const steps = [
        step('spmmTransposed', parts * blocksOf(m), args, sized('spmmTransposedScratch', [k])),
        step('unpack', piecesOf(m, sizes.PANEL_ROWS), [dw, y, m, n]),
      ]
      return { path: 'spmmTransposed', steps, temps: [dw] }
    }
    const [down, right] = t.x ? [4, 4 * m] : [4 * k, 4]
    const [wDown, wRight] = t.w ? [4, 4 * k] : [4 * n, 4]
    // Rows are shared out so that all threads have work, in tiles of 4.
    const some = Math.max(4, Math.min(96, 4 * piecesOf(m, 4 * threads)))
    const packed = space(sized('packedColumns', [k, n], 4))
    const panels = piecesOf(n, PANEL)
    const together = Math.max(1, Math.floor(LEAST_PACKED / (k * PANEL)))
    const args = [dense(x), down, right, packed, y, m, k, n, some, ...end, denseOr0(mask)] as const
    const steps = [
      step('packColumns', piecesOf(panels, together), [dense(w), wDown, wRight, k, n, packed, together]),
      step('multiply', piecesOf(m, some), args, sized('multiplyScratch', [some])),
    ]
    return { path: 'gemm', steps, temps: [packed] }
  }

  /** As many rows an item as make it worth fetching a block of w, but enough items for all threads. */
  const rowsAnItem = (m: number, panels = 1) => Math.max(8, Math.min(64, piecesOf(m * panels, 2 * threads)))

  /** Into how many parts to take a block of dw[m,n]: each thread has panels of its own, as in spmm, if there are enough. */
  const partsOf = (m: number, n: number) => {
    const panels = piecesOf(n, panelWidth(n))
    return panels < threads ? Math.min(piecesOf(threads, blocksOf(m)), panels) : threads
  }

  /** Whether to multiply the rows of a product's first operand as csr: it is likely to be 0 in many places, and is. */
  function csrPays({ x, m, k, n, t }: Product): boolean | First {
    if (t.w) return false
    const [rows, size] = t.x ? [k, m] : [m, k]
    if (!isGrey(x) && (!x.rectified || x.length < LEAST_CSR || n < LEAST_COLUMNS)) return false
    const csr = csrOf(x, rows, size)
    return csr ? !csr.full : { first: place(x, 'csr', rows, size) }
  }

  /** Whether a product has a mask, from relu, that is csr: then it is computed only where that has entries. */
  function masksRows({ mask, m, k, n }: Product): boolean {
    if (!mask?.rectified || k < LEAST_COLUMNS) return false
    const rows = csrOf(mask, m, n)
    return !!rows && !rows.grey && !rows.full
  }

  /** The entries of a product with a mask, as csr at the places of the mask's, if it is computed so. */
  function sampledProduct(
    block: Block,
    m: number,
    n: number,
    entries: Space,
  ): (Plan & { readonly mask: Block }) | undefined {
    const op = lazyOf(block)
    if (op?.op !== 'matmul' || op.m !== m || op.n !== n || !masksRows(op)) return undefined
    const { x, w, k, mask } = op
    const some = rowsAnItem(m)
    const args = [place(mask!, 'csr', m, n), place(block, 'shift', m, n), place(x, 'packed', m, k), place(w, 'packed', n, k), m, n, k, some] as const // prettier-ignore
    return { path: 'sddmm', mask: mask!, steps: [step('sddmm', piecesOf(m, some), args)], temps: [entries] }
  }

  /** db[n] = Σ rows of dy[m,n], in parts that are added in their order. */
  function biasGrad(dy: Block, m: number, n: number, db: Space): Plan | First {
    const op = lazyOf(dy)
    if (op?.op === 'unpool' && op.y.pooled!.shape.c === n) {
      const { n: images, oh, ow } = op.y.pooled!.shape
      const parts = piecesOf(images, IMAGES)
      const partial = floats(parts * n)
      const rows = [place(op.dy, 'csr', images, oh * ow * n), place(op.dy, 'shift', images, oh * ow * n)] as const
      const steps = [
        step('sparseBiasGrad', parts, [...rows, partial, images, IMAGES, oh * ow, n]),
        step('sumParts', piecesOf(n, sizes.CHUNK), [partial, parts, db, n]),
      ]
      return { path: 'sparseBiasGrad', steps, temps: [partial] }
    }
    const sums = sumsOf(dy, n)
    if (op?.op === 'inputGrad' && sums.as === 'lumped') {
      const args = [place(dy, 'totals'), op.s.n, db, n] as const
      return { path: 'totals', steps: [step('sumParts', piecesOf(n, sizes.CHUNK), args)], temps: [] }
    }
    const parts = piecesOf(m, n === 1 ? sizes.CHUNK : sizes.ROWS)
    const partial = floats(parts * n)
    const steps = [
      n === 1 ? step('sumChunk', parts, [sums, partial, m]) : step('biasGrad', parts, [sums, partial, m, n]),
      step('sumParts', piecesOf(n, sizes.CHUNK), [partial, parts, db, n]),
    ]
    return { path: 'biasGrad', steps, temps: [partial] }
  }

  // Convolutions

  function convolution({ x, w, b, rectify, s }: Convolution, y: Space): Plan | First {
    const taps = s.kh * s.kw * s.ci
    const end = [denseOr0(b), flag(rectify)] as const
    if (isGrey(x) && isPlain(s) && taps <= FEW_TAPS && s.co % sizes.ACTIVE_FILTERS === 0) {
      const packed = floats(taps * s.co)
      const mask = space(s.n * s.oh * s.ow)
      const args = [dense(x), mask, packed, y, s.h, s.w, s.ci, s.kh, s.kw, s.co, s.oh, s.ow, ...end] as const
      const steps = [
        activate(place(x, 'bytes'), mask, s, s.ci, [s.kh, s.kw, 1, s.oh, s.ow]),
        step('pack', piecesOf(taps, sizes.PANEL_ROWS), [dense(w), packed, taps, s.co]),
        step('convolveActive', s.n, args, sized('convolveActiveScratch', [])),
      ]
      return {
        path: 'activeConvolution',
        steps,
        temps: [packed],
        active: { mask, n: s.n, h: s.oh, w: s.ow, image: x, s },
      }
    }
    const packed = space(sized('packedColumns', [taps, s.co], 4))
    const [h, width] = framed(s)
    const padded = pad(dense(x), s.n, [s.h, s.w, s.ci], [h, width], s.top, s.left, 1)
    const args = [padded.from, packed, y, h, width, s.ci, s.kh, s.kw, s.co, s.stride, s.oh, s.ow, ...end] as const
    const steps = [
      step('packColumns', piecesOf(s.co, PANEL), [dense(w), 4 * s.co, 4, taps, s.co, packed, 1]),
      ...padded.steps,
      step('convolve', s.n, args, sized('convolveScratch', [s.ow])),
    ]
    return { path: 'convolution', steps, temps: [packed, ...padded.temps] }
  }

  /** Marks which windows of images see something. */
  const activate = (
    from: Place,
    mask: Space,
    { n, h, w }: { readonly n: number; readonly h: number; readonly w: number },
    channels: number,
    [kh, kw, stride, oh, ow]: readonly [number, number, number, number, number],
  ) =>
    step(
      'activeMask',
      n,
      [from, mask, h, w, channels, kh, kw, stride, oh, ow],
      sized('activeMaskScratch', [w, channels]),
    )

  /** x with the zeros that a convolution wants around it (and `spread` apart), or x itself if it wants none. */
  function pad(
    x: Place,
    n: number,
    [h, w, c]: readonly [number, number, number],
    [toH, toW]: readonly [number, number],
    top: number,
    left: number,
    spread: number,
  ): { from: Place | Space; steps: Step[]; temps: Space[] } {
    if (h === toH && w === toW) return { from: x, steps: [], temps: [] }
    const y = floats(n * toH * toW * c)
    return { from: y, steps: [step('pad', n, [x, y, h, w, c, toH, toW, top, left, spread])], temps: [y] }
  }

  /** The image's size as the windows see it: with zeros where they reach beyond, never smaller than the image. */
  const framed = (s: Conv2dShape): [number, number] => [
    Math.max(s.h + s.top, (s.oh - 1) * s.stride + s.kh),
    Math.max(s.w + s.left, (s.ow - 1) * s.stride + s.kw),
  ]

  /** dx = dy, its pixels `stride` apart with zeros around, ∗ the weights turned by 180°. */
  function denseInputGrad(dy: Block, w: Block, s: Conv2dShape, dx: Space): Plan {
    const [h, width] = [s.h + s.kh - 1, s.w + s.kw - 1]
    const packed = space(sized('packedColumns', [s.kh * s.kw * s.co, s.ci], 4))
    const padded = pad(dense(dy), s.n, [s.oh, s.ow, s.co], [h, width], s.kh - 1 - s.top, s.kw - 1 - s.left, s.stride)
    const args = [padded.from, packed, dx, h, width, s.co, s.kh, s.kw, s.ci, 1, s.h, s.w, 0, 0] as const
    const steps = [
      step('packTurned', piecesOf(s.ci, PANEL), [dense(w), s.kh * s.kw, s.ci, s.co, packed]),
      ...padded.steps,
      step('convolve', s.n, args, sized('convolveScratch', [s.w])),
    ]
    return { path: 'denseInputGrad', steps, temps: [packed, ...padded.temps] }
  }

  function filterGrad(x: Block, dy: Block, s: Conv2dShape, dw: Space): Plan | First {
    const parts = piecesOf(s.n, IMAGES)
    const taps = s.kh * s.kw * s.ci
    const partial = floats(parts * taps * s.co)
    const op = sparse(dy, s)
    if (op) {
      const { shape: p, image, s: forward } = op.y.pooled!
      const active = x === image && op.y.active && sameShape(s, forward) ? place(op.y, 'active') : 0
      const rows = csrOfGradient(op)
      const lengths = [s.n, IMAGES, s.h, s.w, s.ci, s.kh, s.kw, s.co, p.size, p.oh, p.ow] as const
      const args = [dense(x), place(op.y, 'argmax'), ...rows, partial, ...lengths, active] as const
      const steps = [
        step('sparseFilterGrad', parts, args, sized('sparseFilterGradScratch', [p.oh * p.ow, s.co, p.size * p.size])),
        step('sumTransposed', piecesOf(taps, PANEL), [partial, parts, dw, taps, s.co]),
      ]
      return { path: active ? 'sparseFilterGrad, active' : 'sparseFilterGrad', steps, temps: [partial] }
    }
    const [h, width] = framed(s)
    const padded = pad(dense(x), s.n, [s.h, s.w, s.ci], [h, width], s.top, s.left, 1)
    const lengths = [s.n, IMAGES, h, width, s.ci, s.kh, s.kw, s.co, s.stride, s.oh, s.ow] as const
    const sums = sumsOf(dy, s.co, { image: x, s })
    const lazy = lazyOf(dy)
    if (lazy?.op === 'inputGrad' && sums.as === 'lumped') {
      const mask = place(lazy.y.pooled!.image!, 'active')
      const extents = [s.n, IMAGES, s.h, s.w, s.ci, s.kh, s.kw, s.co, s.oh, s.ow] as const
      const steps = [
        step('activeFilterGrad', parts, [dense(x), sums, partial, ...extents, mask], sized('activeFilterGradScratch', [s.oh, s.ow])), // prettier-ignore
        step('sumParts', piecesOf(taps * s.co, sizes.CHUNK), [partial, parts, dw, taps * s.co]),
      ]
      return { path: 'filterGrad, active', steps, temps: [partial] }
    }
    const steps = [
      ...padded.steps,
      step('filterGrad', parts, [padded.from, sums, partial, ...lengths], sized('filterGradScratch', [s.oh, s.ow])),
      step('sumParts', piecesOf(taps * s.co, sizes.CHUNK), [partial, parts, dw, taps * s.co]),
    ]
    return { path: 'filterGrad', steps, temps: [partial, ...padded.temps] }
  }

  // Pooling, and the gradients of what lies before it

  /**
   * y and its argmax: of a convolution with bias and relu that need not be computed, if Winograd's algorithm fits.
   * @param last whether nobody will ask for the argmax: then with larger tiles, if they fit
   */
  function pool(x: Block, p: Pool2dShape, y: Space, last = false): Plan | First {
    const argmax = floats(p.n * p.oh * p.ow * p.c)
    const op = lazyOf(x)
    if (op?.op !== 'conv2d' || !fitsWinograd(op.s, p)) {
      const args = [dense(x), y, argmax, p.h, p.w, p.c, p.size, p.stride, p.oh, p.ow] as const
      return { path: 'maxPool', steps: [step('maxPool', p.n, args)], temps: [], argmax }
    }
    const { x: image, w, b, rectify, s } = op
    if (!denseOf(image)) return { first: dense(image) }
    const grey = isGrey(image)
    const seen = image.active
    const known = !grey && seen?.n === s.n && seen.h === s.h && seen.w === s.w
    const mask = grey || known ? space(s.n * p.oh * p.ow) : undefined
    if (last && p.oh % 2 === 0 && p.ow % 2 === 0) {
      const u = space(sized('transformedFilters4', [s.ci, s.co], 4))
      const images = Math.max(1, Math.min(IMAGES, Math.floor(s.n / threads)))
      const args = [dense(image), dense(w), u, y, s.n, images, s.h, s.w, s.ci, s.co, p.oh, p.ow, denseOr0(b), flag(rectify), known ? place(image, 'active') : 0] as const // prettier-ignore
      const steps = [
        step('transformFilters4', piecesOf(s.co, PANEL), [dense(w), s.ci, s.co, u]),
        step('inferPooled', piecesOf(s.n, images), args, sized('inferPooledScratch', [images, p.oh, p.ow, s.ci, s.co])),
      ]
      return { path: known ? 'winograd 4x4, active' : 'winograd 4x4', steps, temps: [u] }
    }
    const windows = [s.kh + 1, s.kw + 1, 2, p.oh, p.ow] as const
    const u = space(sized('transformedFilters', [s.ci, s.co], 4))
    const lengths = [s.h, s.w, s.ci, s.co, p.oh, p.ow] as const
    const end = [denseOr0(b), flag(rectify), mask ?? 0, known ? place(image, 'active') : 0] as const
    const steps = [
      ...(mask ? [activate(place(image, grey ? 'bytes' : 'active'), mask, s, grey ? s.ci : 1, windows)] : []),
      step('transformFilters', piecesOf(s.co, PANEL), [dense(w), s.ci, s.co, u]),
      step('convolvePool', s.n, [dense(image), dense(w), u, y, argmax, ...lengths, ...end], sized('convolvePoolScratch', [p.oh, p.ow, s.ci])), // prettier-ignore
    ]
    const active = mask && { mask, n: s.n, h: p.oh, w: p.ow, image: grey ? image : seen!.image, s: undefined }
    return { path: mask ? 'winograd, active' : 'winograd', steps, temps: [u], argmax, ...(active && { active }) }
  }

  /** Whether Winograd's F(2x2, 3x3) applies to a convolution and the pooling after it. */
  const fitsWinograd = (s: Conv2dShape, p: Pool2dShape) =>
    s.kh === 3 && s.kw === 3 && isPlain(s) && s.ci % 4 === 0 &&
    p.size === 2 && p.stride === 2 && p.h === s.oh && p.w === s.ow && p.c === s.co // prettier-ignore

  function unpool({ dy, y }: Unpool, dx: Space): Plan {
    const p = y.pooled!.shape
    const args = [place(y, 'argmax'), dense(dy), dx, p.h, p.w, p.c, p.size, p.stride, p.oh, p.ow] as const
    return { path: 'scatter', steps: [step('scatter', p.n, args)], temps: [] }
  }

  const csrOfGradient = ({ dy, y }: Unpool | InputGrad) => {
    const { n, oh, ow, c } = y.pooled!.shape
    return [place(dy, 'csr', n, oh * ow * c), place(dy, 'shift', n, oh * ow * c)] as const
  }

  /**
   * @param totals if it is given, dx need not be right but for sums over pixels, alone or in products with what was convolved;
   * it gets each image's sums, [n,ci]
   */
  function inputGrad(op: InputGrad, dx: Space, totals?: Space): Plan {
    const { y, w, s, mask } = op
    const p = y.pooled!.shape
    const taps = s.kh * s.kw * s.ci
    const [weights, sums] = [floats(taps * s.co), floats(s.co * s.ci)]
    const lengths = [s.h, s.w, s.ci, s.kh, s.kw, s.co, p.size, p.oh, p.ow] as const
    const end = [totals ? place(y, 'active') : 0, sums, totals ?? 0] as const
    const args = [place(y, 'argmax'), ...csrOfGradient(op), weights, dx, denseOr0(mask), ...lengths, ...end] as const
    const steps = [
      step('transpose', s.co, [dense(w), weights, taps, s.co]),
      ...(totals ? [step('sumTaps', s.co, [weights, sums, s.kh * s.kw, s.ci])] : []),
      step('sparseInputGrad', s.n, args, sized('sparseInputGradScratch', [p.size * p.size, s.co])),
    ]
    return { path: totals ? 'sparseInputGrad, lumped' : 'sparseInputGrad', steps, temps: [weights, sums] }
  }

  /**
   * What stands for dy[…,channels] in sums over its pixels, alone or in products with an image that was convolved: all windows
   * that have seen nothing of the image may then add to one pixel, which has seen nothing either.
   */
  function sumsOf(dy: Block, channels: number, product?: { readonly image: Block; readonly s: Conv2dShape }): Place {
    const op = lazyOf(dy)
    if (op?.op !== 'inputGrad' || op.s.ci !== channels) return dense(dy)
    const { image: x, s } = op.y.pooled!
    if (!x || !op.y.active || !sameShape(s, op.s) || (op.mask && op.mask !== x)) return dense(dy)
    // x saw the image through the convolution whose gradient is wanted.
    if (product && !(x.active?.image === product.image && sameShape(x.active.s, product.s))) return dense(dy)
    return place(dy, 'lumped')
  }

  // Optimizers

  /**
   * Of which shape the panels are in which Adam's step is taken, if it is: with the gradient of a product that nobody else wants
   * to know. It is used up as it comes out, and the weights and Adam's memory stay in panels from step to step.
   */
  function adamPanels(dw: Block): { readonly shape?: { readonly m: number; readonly n: number } } | First {
    const op = lazyOf(dw)
    if (op?.op !== 'matmul' || op.b || op.rectify || op.mask || !op.t.x) return {}
    const rows = csrPays(op)
    if (typeof rows !== 'boolean') return rows
    return rows ? { shape: op } : {}
  }

  /** Adam's step in panels, after adamPanels; `from` has the weights as they are. */
  function adamPacked(
    [w, mean, square]: readonly [Block, Block, Block],
    from: Block,
    dw: Block,
    constants: AdamConstants,
  ): Plan {
    const { x, w: dy, m, k, n } = lazyOf(dw) as Product
    const parts = partsOf(m, n)
    const state = [from, mean, square, w].map(block => place(block, 'packed', m, n)) as [Place, Place, Place, Place]
    const args = [place(x, 'csr', k, m), flag(isGrey(x)), parts, place(dy, 'packed', k, n), k, m, n, ...state, ...constants] as const // prettier-ignore
    const steps = [step('spmmAdam', parts * blocksOf(m), args, sized('spmmTransposedScratch', [k]))]
    return { path: 'adam in panels', steps, temps: [] }
  }

  return { compute, sampledProduct, biasGrad, denseInputGrad, filterGrad, pool, inputGrad, adamPanels, adamPacked }
}
