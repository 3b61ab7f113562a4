// What a buffer is made of: its numbers in one or more layouts, and what was noted of them.
//
//   dense    row by row                          lazy    what is still to be computed: an operation and its inputs
//   bytes    grey levels, 1/255 each             csr     what is not 0, row by row (assembly/spmm.ts)
//                                                packed  in panels for products (assembly/spmm.ts)
//
// A buffer has no shape, and a reshape shares it. So what depends on a shape says for which one it holds, and whoever uses it
// asks for that shape: csr and packed are of one [m,n], and so is each note.
import type { Buffer, Conv2dShape, Pool2dShape, Transposed } from '../../backend.js'

export type Layout = Dense | Bytes | Csr | Packed | Lazy

export interface Dense {
  readonly kind: 'dense'
  readonly at: number
}

export interface Bytes {
  readonly kind: 'bytes'
  readonly at: number
}

/** The entries of [m,n] that are not 0, row by row. */
export interface Csr {
  readonly kind: 'csr'
  readonly m: number
  readonly n: number
  readonly starts: number
  /** Whether the entries are grey levels. */
  readonly grey: boolean
  /** The entries are so many bytes behind where the starts say. */
  readonly shift: number
  /** Whether most numbers are not 0, so that the dense product is faster. */
  readonly full: boolean
  /** The pieces of memory that are its own; the first are the entries, if any. */
  readonly owned: readonly number[]
}

/** [m,n] in panels. */
export interface Packed {
  readonly kind: 'packed'
  readonly m: number
  readonly n: number
  readonly at: number
}

export interface Lazy {
  readonly kind: 'lazy'
  readonly op: LazyOp
}

/** An operation that waits, so that what follows may run with it. */
export type LazyOp = Gather | Product | Convolution | Unpool | InputGrad

/** Examples of a set that stays in the kernels' memory. Their csr comes from there; this one is never used up. */
export interface Gather {
  readonly op: 'gather'
  readonly set: ImageSet
  /** The address of their numbers, and how many there are. */
  readonly indices: number
  readonly count: number
}

/** y[m,n] = x·w, plus b[n], then max(y, 0); and 0 where mask is not above 0, if any of them is asked for. */
export interface Product {
  readonly op: 'matmul'
  readonly x: Block
  readonly w: Block
  readonly m: number
  readonly k: number
  readonly n: number
  readonly t: Transposed
  readonly b?: Block
  readonly rectify?: boolean
  readonly mask?: Block
}

/** y = x ∗ w, plus b, then max(y, 0), if asked for. */
export interface Convolution {
  readonly op: 'conv2d'
  readonly x: Block
  readonly w: Block
  readonly s: Conv2dShape
  readonly b?: Block
  readonly rectify?: boolean
}

/** The gradient of a max-pooling: dy of each window goes to the cell that won it. y is the pooled result. */
export interface Unpool {
  readonly op: 'unpool'
  readonly dy: Block
  readonly y: Block
  /** Whether a relu before the pooling has had its say. */
  readonly masked: boolean
}

/** The input gradient of a convolution that was pooled: dy and y of the pooling; and 0 where mask is not above 0. */
export interface InputGrad {
  readonly op: 'inputGrad'
  readonly dy: Block
  readonly y: Block
  readonly w: Block
  readonly s: Conv2dShape
  readonly mask?: Block
}

/** Images in the kernels' memory, as csr (assembly/bytes.ts): a table of where they are, and how many pixels each has. */
export interface ImageSet {
  readonly places: number
  readonly size: number
  /** Whether most pixels are not 0. */
  readonly full: boolean
  /** Says that one more needs it. */
  join(): void
  /** Says that one needs it no longer: when none does, its memory goes back. */
  leave(): void
}

/** Which pixels of [n,h,w] have seen something of an image of bytes: all others are alike (assembly/activeMask.ts). */
export interface ActiveMask {
  /** The address of a byte a pixel, 0 where it has seen nothing. */
  readonly at: number
  readonly n: number
  readonly h: number
  readonly w: number
  readonly image: Block
  /** The convolution of that image whose result this is, if nothing came in between. */
  readonly s: Conv2dShape | undefined
}

/** Of a max-pooled result: which cell won each window, and what was pooled. */
export interface Pooled {
  readonly argmax: number
  readonly source: Block
  readonly shape: Pool2dShape
  /** The image and the sizes of the convolution that was pooled, if it was still to be computed. */
  readonly image: Block | undefined
  readonly s: Conv2dShape | undefined
}

/** The softmax of logits [m,n]. */
export interface Softmax {
  readonly at: number
  readonly m: number
  readonly n: number
}

export class Block implements Buffer {
  layouts: Layout[] = []
  /** The caller, and every operation that waits and will read it. Its memory goes back when there are none. */
  holders = 1
  freed = false
  /** Whether relu made it, so that about half of it is 0. */
  rectified = false
  active: ActiveMask | undefined
  pooled: Pooled | undefined
  softmax: Softmax | undefined
  /** Of an input gradient that waits: the address of what is as good as it for sums over pixels. */
  lumped = 0

  constructor(readonly length: number) {}
}

export const denseOf = (x: Block) => x.layouts.find(layout => layout.kind === 'dense')

export function lazyOf(x: Block): LazyOp | undefined {
  for (const layout of x.layouts) if (layout.kind === 'lazy') return layout.op
  return undefined
}

export const csrOf = (x: Block, m: number, n: number) =>
  x.layouts.find(layout => layout.kind === 'csr' && layout.m === m && layout.n === n) as Csr | undefined
/** Whether its numbers are grey levels. */
export const isGrey = (x: Block) =>
  x.layouts.some(layout => layout.kind === 'bytes' || (layout.kind === 'lazy' && layout.op.op === 'gather'))

/** Calls `use` with all that an operation will read. */
export function eachInput(op: LazyOp, use: (input: Block) => void) {
  if (op.op === 'gather') return
  if (op.op === 'matmul' || op.op === 'conv2d') use(op.x)
  else {
    use(op.dy)
    use(op.y)
  }
  if (op.op !== 'unpool') use(op.w)
  if ('b' in op && op.b) use(op.b)
  if ('mask' in op && op.mask) use(op.mask)
}

/** Whether two geometries are the same. */
export const sameShape = <S extends object>(a: S | undefined, b: S | undefined) =>
  a === b || (!!a && !!b && (Object.keys(a) as (keyof S)[]).every(size => a[size] === b[size]))
