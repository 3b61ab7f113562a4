// Max-pooling, and what it allows: Winograd's algorithm for the convolution before it, and gradients that stay sparse.
import type { Conv2dShape, Pool2dShape } from '../../backend.js'
import { sameShape, type Block, type Delayed, type Lists } from './block.js'
import { isPlain } from './convolutions.js'
import { see } from './seen.js'
import { pieceOf, type Store } from './store.js'

/** What is not 0 in a matrix of that shape, row by row (products.ts). */
type RowsOf = (x: Block, lines: number, size: number) => Lists

export function createPooling(store: Store, rowsOf: RowsOf) {
  const { at, kernels, make, run, sizes, takeFloats, withFloats } = store

  /** Whether Winograd's F(2x2, 3x3) applies to a convolution and the pooling after it. */
  const fitsWinograd = (s: Conv2dShape, p: Pool2dShape) =>
    s.kh === 3 && s.kw === 3 && isPlain(s) && s.ci % 4 === 0 &&
    p.size === 2 && p.stride === 2 && p.h === s.oh && p.w === s.ow && p.c === s.co // prettier-ignore

  /** Pools x, which is a convolution (with bias and relu) that need not be computed, if the shapes allow. */
  function pool(x: Block, p: Pool2dShape): Block {
    const y = make(p.n * p.oh * p.ow * p.c)
    const winners = takeFloats(y.length)
    const { delayed } = x
    if (delayed?.kind === 'conv2d' && fitsWinograd(delayed.s, p)) {
      const { s, b, rectify } = delayed
      const [image, w] = delayed.inputs
      at(image)
      see(store, y, image, { ...s, oh: p.oh, ow: p.ow }, [s.kh + 1, s.kw + 1], 2)
      withFloats(kernels.transformedFilters(s.ci, s.co), u => {
        run('transformFilters', pieceOf(s.co, sizes.PANEL), [at(w), s.ci, s.co, u])
        const lengths = [s.h, s.w, s.ci, s.co, p.oh, p.ow]
        // Of images of bytes there is no map, only of what was made of them.
        const pixels = y.seen && image.seen ? image.seen.at : 0
        const end = [b ? at(b) : 0, rectify ? 1 : 0, y.seen?.at ?? 0, pixels]
        const args = [at(image), at(w), u, y.at, winners, ...lengths, ...end]
        run('convolvePool', s.n, args, kernels.convolvePoolScratch(p.oh, p.ow, s.ci))
      })
    } else run('maxPool', p.n, [at(x), y.at, winners, p.h, p.w, p.c, p.size, p.stride, p.oh, p.ow])
    y.rectified = delayed?.rectify ?? x.rectified
    const pooled = delayed?.kind === 'conv2d' ? delayed : undefined
    y.pooled = { winners, source: x, shape: p, image: pooled?.inputs[0], s: pooled?.s }
    return y
  }

  function unpool({ inputs: [dy, y] }: Delayed & { kind: 'unpooled' }, dx: number) {
    const { winners, shape: p } = y.pooled!
    run('scatter', p.n, [winners, at(dy), dx, p.h, p.w, p.c, p.size, p.stride, p.oh, p.ow])
  }

  /** A gradient that came back through a pooling, in lists, if that is as the sparse kernels want it. */
  function listed(dy: Block) {
    if (dy.delayed?.kind !== 'unpooled') return undefined
    const [gradient, y] = dy.delayed.inputs as [Block, Block]
    const pooled = y.pooled!
    const { n, oh, ow, c } = pooled.shape
    return { lists: rowsOf(gradient, n, oh * ow * c), pooled, y }
  }

  /** dy's unpooled form, if it came back through a pooling of this convolution and suits the sparse kernels. */
  function sparse(dy: Block, s: Conv2dShape): readonly [gradient: Block, pooled: Block] | undefined {
    if (dy.delayed?.kind !== 'unpooled') return undefined
    const [gradient, y] = dy.delayed.inputs as [Block, Block]
    const p = y.pooled!.shape
    const same = p.h === s.oh && p.w === s.ow && p.c === s.co && p.stride === p.size
    return isPlain(s) && same && (s.kw * s.ci) % 24 === 0 && s.ci % 4 === 0 ? [gradient, y] : undefined
  }

  /** db = the sum of dy over its pixels, if dy came back through a pooling: the same sum with fewer zeros. */
  function sparseBiasGrad(dy: Block, n: number): Block | undefined {
    const found = listed(dy)
    if (!found || found.pooled.shape.c !== n) return undefined
    const { lists, pooled } = found
    const { n: images, oh, ow } = pooled.shape
    const db = make(n)
    const parts = pieceOf(images, sizes.IMAGES)
    withFloats(parts * n, partial => {
      run('sparseBiasGrad', parts, [lists.starts, lists.shift, partial, images, sizes.IMAGES, oh * ow, n])
      run('sumParts', pieceOf(n, sizes.CHUNK), [partial, parts, db.at, n])
    })
    return db
  }

  function sparseFilterGrad(x: Block, dy: Block, s: Conv2dShape): Block | undefined {
    const found = sparse(dy, s) && listed(dy)
    if (!found) return undefined
    const { lists, pooled, y } = found
    const { winners, shape: p, image } = pooled
    const seen = x === image && y.seen && sameShape(s, pooled.s) ? y.seen.at : 0
    const taps = s.kh * s.kw * s.ci
    const dw = make(taps * s.co)
    const parts = pieceOf(s.n, sizes.IMAGES)
    withFloats(parts * dw.length, partial => {
      const lengths = [s.n, sizes.IMAGES, s.h, s.w, s.ci, s.kh, s.kw, s.co, p.size, p.oh, p.ow, seen]
      const needed = kernels.sparseFilterGradScratch(p.oh * p.ow, s.co, p.size * p.size)
      run('sparseFilterGrad', parts, [at(x), winners, lists.starts, lists.shift, partial, ...lengths], needed)
      run('sumTransposed', pieceOf(taps, sizes.PANEL), [partial, parts, dw.at, taps, s.co])
    })
    return dw
  }

  /** @param lump whether dx need not be right but for sums over pixels, alone or in products with `image` */
  function sparseInputGrad({ inputs, s }: Delayed & { kind: 'inputGrad' }, dx: number, lump = false) {
    const [gradient, pooled, w, mask] = inputs as [Block, Block, Block, Block?]
    const { winners, shape: p } = pooled.pooled!
    const { starts, shift } = rowsOf(gradient, p.n, p.oh * p.ow * p.c)
    const taps = s.kh * s.kw * s.ci
    withFloats(taps * s.co, weights =>
      withFloats(s.co * s.ci, sums => {
        run('transpose', s.co, [at(w), weights, taps, s.co])
        if (lump) run('sumTaps', s.co, [weights, sums, s.kh * s.kw, s.ci])
        const lengths = [s.h, s.w, s.ci, s.kh, s.kw, s.co, p.size, p.oh, p.ow]
        const args = [
          winners,
          starts,
          shift,
          weights,
          dx,
          mask ? at(mask) : 0,
          ...lengths,
          lump ? pooled.seen!.at : 0,
          sums,
        ]
        run('sparseInputGrad', s.n, args, kernels.sparseInputGradScratch(p.size * p.size, s.co))
      }),
    )
  }

  /**
   * What stands for dy[…,channels] in sums over its pixels, alone or in products with an image that was convolved, if that
   * is less work: all windows that have seen nothing of the image then add to one pixel, which has seen nothing either.
   */
  function lumped(dy: Block, channels: number, product?: { readonly image: Block; readonly s: Conv2dShape }): number {
    const { delayed } = dy
    if (delayed?.kind !== 'inputGrad' || delayed.s.ci !== channels) return at(dy)
    const [, y, , mask] = delayed.inputs
    const { image: x, s } = y.pooled!
    if (!x || !y.seen || !sameShape(s, delayed.s) || (mask && mask !== x)) return at(dy)
    // x saw the image through the convolution whose gradient is wanted.
    if (product && !(x.seen?.image === product.image && sameShape(x.seen.s, product.s))) return at(dy)
    if (!dy.lumped) sparseInputGrad(delayed, (dy.lumped = takeFloats(dy.length)), true)
    return dy.lumped
  }

  return { lumped, pool, unpool, sparse, sparseBiasGrad, sparseFilterGrad, sparseInputGrad }
}
