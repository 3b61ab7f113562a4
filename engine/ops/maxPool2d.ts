import type { Pool2dShape } from '../backend.js'
import { positive, problem } from '../errors.js'
import { isRecording } from '../scope.js'
import { record, type Shape, type Tensor } from '../tensor.js'

/**
 * y = the largest number of each size x size window.   x [n,h,w,c] → y [n,oh,ow,c]
 *
 * dx: only the winner of a window reached the loss, so it alone receives dy; the others get 0. If several are equal
 * (all-zero windows after relu are common), the first in row-major order wins.
 * @throws ChiffreError if x has another rank, is smaller than the window, or size or stride are no whole numbers of at least 1
 */
export function maxPool2d(x: Tensor, size: number, stride = size): Tensor {
  const s = pool2dShape(x.shape, size, stride)
  const y = x.backend.maxPool(x.data, s, !isRecording() || !x.requiresGrad)
  return record('maxPool2d', [s.n, s.oh, s.ow, s.c], y, [[x, dy => x.backend.maxPoolGrad(x.data, y, dy, s)]])
}

/** The sizes of a pooling. Rows and columns that fill no window are left out. */
export function pool2dShape(x: Shape, size: number, stride: number, op = 'maxPool2d'): Pool2dShape {
  if (x.length !== 4) throw problem('engine.rank', { op, input: 'x', actual: `${x}`, expected: 4 })
  positive(op, 'size', size)
  positive(op, 'stride', stride)
  const [n, h, w, c] = x as [number, number, number, number]
  const oh = Math.floor((h - size) / stride) + 1
  const ow = Math.floor((w - size) / stride) + 1
  if (oh < 1 || ow < 1)
    throw problem('engine.shape', { op, input: 'x', actual: `${x}`, expected: `${[n, `≥${size}`, `≥${size}`, c]}` })
  return { n, h, w, c, size, stride, oh, ow }
}
