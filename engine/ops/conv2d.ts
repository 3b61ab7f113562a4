import type { Conv2dShape } from '../backend.js'
import { positive, problem } from '../errors.js'
import { backendOf, record, type Shape, type Tensor } from '../tensor.js'

/** 'valid': the window stays inside the image. 'same': zeros around it, so that oh = ⌈h / stride⌉. */
export type Padding = 'valid' | 'same'

/**
 * y = x ∗ w: each output pixel is the dot product of a kh x kw window of x with each filter (a cross-correlation, as
 * in every framework).   x [n,h,w,ci], w [kh,kw,ci,co] → y [n,oh,ow,co]
 *
 * dx: a pixel of x was read by every window that covered it, so it collects their dy, each through the weight that read it.
 * dw: a weight met one pixel of x per window, so it collects x·dy over all windows of the batch.
 * docs/en/05-convolution.md derives both.
 * @throws ChiffreError if x or w has another rank, their channels differ, the window is larger than the image, or stride or padding are none
 */
export function conv2d(x: Tensor, w: Tensor, stride = 1, padding: Padding = 'valid'): Tensor {
  const s = conv2dShape(x.shape, w.shape, stride, padding)
  const b = backendOf('conv2d', x, w)
  return record('conv2d', [s.n, s.oh, s.ow, s.co], b.conv2d(x.data, w.data, s), [
    [x, dy => b.conv2dGradInput(dy, w.data, s)],
    [w, dy => b.conv2dGradFilter(x.data, dy, s)],
  ])
}

/** The sizes of a convolution. 'same' puts the odd row or column of zeros below and right, as Keras does. */
export function conv2dShape(x: Shape, w: Shape, stride: number, padding: Padding): Conv2dShape {
  const op = 'conv2d'
  if (x.length !== 4) throw problem('engine.rank', { op, input: 'x', actual: `${x}`, expected: 4 })
  if (w.length !== 4) throw problem('engine.rank', { op, input: 'w', actual: `${w}`, expected: 4 })
  positive(op, 'stride', stride)
  if (padding !== 'valid' && padding !== 'same')
    throw problem('engine.argument', { where: op, name: 'padding', actual: padding, expected: 'valid, same' })
  const [n, h, width, ci] = x as [number, number, number, number]
  const [kh, kw, channels, co] = w as [number, number, number, number]
  if (channels !== ci)
    throw problem('engine.shape', { op, input: 'w', actual: `${w}`, expected: `${[kh, kw, ci, co]}` })
  const [top, oh] = span(h, kh, stride, padding)
  const [left, ow] = span(width, kw, stride, padding)
  if (oh < 1 || ow < 1)
    throw problem('engine.shape', { op, input: 'x', actual: `${x}`, expected: `${[n, `≥${kh}`, `≥${kw}`, ci]}` })
  return { n, h, w: width, ci, kh, kw, co, stride, top, left, oh, ow }
}

/** Along one direction: how many zeros come first, and how many windows there are. */
function span(length: number, window: number, stride: number, padding: Padding): [number, number] {
  if (padding === 'valid') return [0, Math.floor((length - window) / stride) + 1]
  const windows = Math.ceil(length / stride)
  const zeros = Math.max((windows - 1) * stride + window - length, 0)
  return [Math.floor(zeros / 2), windows]
}
