// The buffers of this backend, some of which are yet to be computed.
import type { Buffer, Conv2dShape, Pool2dShape, Transposed } from '../../backend.js'

/**
 * A buffer: where its numbers are, or what will compute them; and what was noted of them. A buffer has no shape, and a reshape
 * shares it: so a note says for which shape it holds, and whoever uses one asks for that shape.
 */
export class Block implements Buffer {
  /** Its address, 0 as long as it is delayed. */
  at = 0
  delayed: Delayed | undefined
  /** The caller, and every delayed result that will read it. Its memory goes back when there are none. */
  holders = 1
  freed = false
  /** Its numbers in panels (assembly/lists.ts), if it is a matrix that a product wanted so; they may be there alone. */
  panels: Panels | undefined
  /** Grey levels of uploadPixels: where they are, or which images of a set they are. */
  bytes = 0
  picked: Picked | undefined
  seen: Seen | undefined
  /** Of an input gradient yet to come: what is as good as it for sums over pixels. */
  lumped = 0
  /** Whether relu made it, so that about half of it is 0. */
  rectified = false
  /** What is not 0 in its rows, if a product wanted to know: once for each size of a row that was asked for. */
  rows: Lists[] = []
  pooled: Pooled | undefined
  /** Of logits: their softmax, which the loss left for its gradient. */
  softmax: Softmax | undefined

  constructor(readonly length: number) {}
}

/** Which pixels of [n,h,w] have seen something of an image of bytes: all others are alike (assembly/seen.ts). */
export interface Seen {
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
  readonly winners: number
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

/** Whether two geometries are the same. */
export const sameShape = <S extends object>(a: S | undefined, b: S | undefined) =>
  a === b || (!!a && !!b && (Object.keys(a) as (keyof S)[]).every(size => a[size] === b[size]))

/** A matrix [rows,n] in panels. */
export interface Panels {
  readonly at: number
  readonly rows: number
  readonly n: number
}

/** Images of a set that stays in the kernels' memory. */
export interface Picked {
  readonly set: ImageSet
  /** The address of their numbers, and how many there are. */
  readonly indices: number
  readonly count: number
}

/** Images in the kernels' memory, as lists (assembly/pixels.ts): a table of where they are, and how many pixels each has. */
export interface ImageSet {
  readonly places: number
  readonly size: number
  /** Which part of all pixels is not 0. */
  readonly density: number
  /** Says that one more needs it. */
  join(): void
  /** Says that one needs it no longer: when none does, its memory goes back. */
  leave(): void
}

/** The entries of a matrix that are not 0, row by row: `lines` lists of indices below `size` (assembly/lists.ts). */
export interface Lists {
  readonly starts: number
  /** Whether the entries are grey levels. */
  readonly grey: boolean
  /** The entries are so many bytes behind where the starts say. */
  readonly shift: number
  readonly lines: number
  readonly size: number
  /** Which part of all numbers they are. */
  readonly density: number
  /** The pieces of memory that are its own. */
  readonly owned: readonly number[]
}

/** A kernel that waits, with the bias and relu that may join it. It holds its inputs. */
export type Delayed = { readonly inputs: readonly Block[]; readonly b?: Block; readonly rectify?: boolean } &
  /** Of a product with a mask only what is where the mask is above 0 is wanted, and 0 elsewhere. */
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

/** Calls `use` with all that a delayed kernel will read. */
export function eachInput(delayed: Delayed | undefined, use: (input: Block) => void) {
  if (!delayed) return
  for (const input of delayed.inputs) use(input)
  if (delayed.b) use(delayed.b)
  if (delayed.kind === 'matmul' && delayed.mask) use(delayed.mask)
}

type Fusable = Delayed & { kind: 'matmul' | 'conv2d' }

/** Whether a kernel that waits can take on a relu: what has a mask is finished already. */
export const mayRectify = (delayed: Delayed | undefined): delayed is Fusable =>
  (delayed?.kind === 'conv2d' || (delayed?.kind === 'matmul' && !delayed.mask)) && !delayed.rectify

/** Whether it can take on a bias b[n]: only if its own rows have n numbers. */
export const mayAdd = (delayed: Delayed | undefined, n: number): delayed is Fusable =>
  mayRectify(delayed) && !delayed.b && n === (delayed.kind === 'matmul' ? delayed.n : delayed.s.co)
