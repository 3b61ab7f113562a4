// Convolutions and their gradients, densely: of any size, stride and padding.
import type { Conv2dShape } from '../../backend.js'
import type { Block, Delayed } from './block.js'
import { see } from './seen.js'
import { pieceOf, type Store } from './store.js'

/** Up to so many numbers in a window, the kernel for what is seen is as fast as the dense one even if nothing is blank. */
const FEW_TAPS = 12

/** Whether windows lie one pixel apart and within the image. */
export const isPlain = (s: Conv2dShape) => s.stride === 1 && s.oh === s.h - s.kh + 1 && s.ow === s.w - s.kw + 1

export function createConvolutions(store: Store) {
  const { at, bytesOf, kernels, make, run, sizes, withFloats } = store

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

  function convolve(block: Block, { inputs: [x, w], b, rectify, s }: Delayed & { kind: 'conv2d' }, y: number) {
    const taps = s.kh * s.kw * s.ci
    const end = [b ? at(b) : 0, rectify ? 1 : 0]
    if (bytesOf(x) && isPlain(s) && taps <= FEW_TAPS && s.co % sizes.SEEN_FILTERS === 0) {
      see(store, block, x, s, [s.kh, s.kw], 1, s)
      withFloats(taps * s.co, panels => {
        run('packPanels', pieceOf(taps, sizes.PANEL_ROWS), [at(w), panels, taps, s.co])
        const args = [at(x), block.seen!.at, panels, y, s.h, s.w, s.ci, s.kh, s.kw, s.co, s.oh, s.ow, ...end]
        run('convolveSeen', s.n, args, kernels.convolveSeenScratch())
      })
      return
    }
    const frame = framed(s)
    withFloats(kernels.packedColumns(taps, s.co), packed => {
      run('packColumns', pieceOf(s.co, sizes.PANEL), [at(w), 4 * s.co, 4, taps, s.co, packed, 1])
      padded(at(x), s.n, [s.h, s.w, s.ci], frame, s.top, s.left, 1, from => {
        const [h, width] = frame
        const lengths = [h, width, s.ci, s.kh, s.kw, s.co, s.stride, s.oh, s.ow]
        const args = [from, packed, y, ...lengths, ...end]
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
      run('packTurned', pieceOf(s.ci, sizes.PANEL), [at(w), s.kh * s.kw, s.ci, s.co, packed])
      padded(at(dy), s.n, [s.oh, s.ow, s.co], frame, top, left, s.stride, from => {
        const lengths = [...frame, s.co, s.kh, s.kw, s.ci, 1, s.h, s.w]
        run('convolve', s.n, [from, packed, dx.at, ...lengths, 0, 0], kernels.convolveScratch(s.w))
      })
    })
    return dx
  }

  function denseFilterGrad(x: Block, dy: number, s: Conv2dShape): Block {
    const size = s.kh * s.kw * s.ci * s.co
    const dw = make(size)
    const parts = pieceOf(s.n, sizes.IMAGES)
    const frame = framed(s)
    withFloats(parts * size, partial =>
      padded(at(x), s.n, [s.h, s.w, s.ci], frame, s.top, s.left, 1, from => {
        const lengths = [s.n, sizes.IMAGES, ...frame, s.ci, s.kh, s.kw, s.co, s.stride, s.oh, s.ow]
        run('filterGrad', parts, [from, dy, partial, ...lengths], kernels.filterGradScratch(s.oh, s.ow))
        run('sumParts', pieceOf(size, sizes.CHUNK), [partial, parts, dw.at, size])
      }),
    )
    return dw
  }

  return { convolve, denseInputGrad, denseFilterGrad }
}
