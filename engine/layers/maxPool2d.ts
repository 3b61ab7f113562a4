import { positive, problem } from '../errors.js'
import { maxPool2d as pool, pool2dShape } from '../ops/maxPool2d.js'
import type { Tensor } from '../tensor.js'
import { rank, type Layer } from './layer.js'

/** Keeps the largest of each size x size window, per channel.   x [batch,h,w,c] → y [batch,oh,ow,c] */
export const maxPool2d = (size: number, { stride = size } = {}): Layer => pooling('maxPool2d', pool, size, stride)

/** A layer that makes one number of each size x size window, per channel. */
export function pooling(
  name: string,
  pool: (x: Tensor, size: number, stride: number) => Tensor,
  size: number,
  stride: number,
): Layer {
  positive(name, 'size', size)
  positive(name, 'stride', stride)
  return {
    name,
    size(input) {
      rank(input, 3)
      const [h, w, c] = input as [number, number, number]
      if (h < size || w < size) throw problem('engine.layer.window', { size })
      const { oh, ow } = pool2dShape([1, h, w, c], size, stride)
      return { output: [oh, ow, c], parameters: {}, forward: x => pool(x, size, stride) }
    },
  }
}
