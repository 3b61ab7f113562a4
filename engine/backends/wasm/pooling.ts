// Max-pooling, and what it allows: Winograd's algorithm for the convolution before it, and gradients that stay sparse.
import type { Conv2dShape, Pool2dShape } from '../../backend.js'
import type { Block, Delayed } from './block.js'
import { pieceOf, type Store } from './store.js'

export function createPooling({ at, kernels, make, run, sizes, takeFloats, withFloats }: Store) {
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
        run('transformFilters', pieceOf(s.co, sizes.PANEL), [at(w), s.ci, s.co, u])
        const lengths = [s.h, s.w, s.ci, s.co, p.oh, p.ow]
        const args = [at(image), u, y.at, winners, ...lengths, b ? at(b) : 0, rectify ? 1 : 0]
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
    const parts = pieceOf(s.n, sizes.IMAGES)
    withFloats(parts * dw.length, partial => {
      const lengths = [s.n, sizes.IMAGES, s.h, s.w, s.ci, s.kh, s.kw, s.co, p.size, p.oh, p.ow]
      const needed = kernels.sparseFilterGradScratch(p.oh * p.ow, s.co)
      run('sparseFilterGrad', parts, [at(x), winners, at(gradient), partial, ...lengths], needed)
      run('sumTransposed', pieceOf(taps, sizes.PANEL), [partial, parts, dw.at, taps, s.co])
    })
    return dw
  }

  function sparseInputGrad({ inputs, s }: Delayed & { kind: 'inputGrad' }, dx: number) {
    const [gradient, pooled, w, mask] = inputs as [Block, Block, Block, Block?]
    const { winners, shape: p } = pooled.pooled!
    const taps = s.kh * s.kw * s.ci
    withFloats(taps * s.co, weights => {
      run('transpose', s.co, [at(w), weights, taps, s.co])
      const lengths = [s.h, s.w, s.ci, s.kh, s.kw, s.co, p.size, p.oh, p.ow]
      const args = [winners, at(gradient), weights, dx, mask ? at(mask) : 0, ...lengths]
      run('sparseInputGrad', s.n, args, kernels.sparseInputGradScratch(p.size * p.size, s.co))
    })
  }

  return { pool, unpool, sparse, sparseFilterGrad, sparseInputGrad }
}
