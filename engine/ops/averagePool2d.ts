import type { AveragePool2dShape } from '../backend.js'
import { problem } from '../errors.js'
import { record, type Tensor } from '../tensor.js'
import { reshape } from './reshape.js'
import { pool2dShape } from './maxPool2d.js'

/**
 * y = the mean of each size x size window.   x [n,h,w,c] → y [n,oh,ow,c]
 *
 * dx: each number of a window receives its share, dy / size²; where windows overlap, the sum of its shares.
 * @throws ChiffreError if x has another rank or is smaller than the window
 */
export function averagePool2d(x: Tensor, size: number, stride = size): Tensor {
  const { n, h, w, c, oh, ow } = pool2dShape(x.shape, size, stride, 'averagePool2d')
  return average('averagePool2d', x, { n, h, w, c, kh: size, kw: size, stride, oh, ow })
}

/**
 * y = the mean of each channel over the whole image.   dx = dy / (h·w).   x [n,h,w,c] → y [n,c]
 * @throws ChiffreError if x has another rank
 */
export function globalAveragePool2d(x: Tensor): Tensor {
  const op = 'globalAveragePool2d'
  if (x.shape.length !== 4) throw problem('engine.rank', { op, input: 'x', actual: `${x.shape}`, expected: 4 })
  const [n, h, w, c] = x.shape as [number, number, number, number]
  return reshape(average(op, x, { n, h, w, c, kh: h, kw: w, stride: 1, oh: 1, ow: 1 }), [n, c])
}

const average = (op: string, x: Tensor, s: AveragePool2dShape) =>
  record(op, [s.n, s.oh, s.ow, s.c], x.backend.averagePool(x.data, s), [[x, dy => x.backend.averagePoolGrad(dy, s)]])
