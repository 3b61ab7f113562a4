import { positive, problem } from '../errors.js'
import { maxPool2d as pool, pool2dShape } from '../ops/maxPool2d.js'
import { rank, type Layer } from './layer.js'

/** Keeps the largest of each size x size window, per channel.   x [batch,h,w,c] → y [batch,oh,ow,c] */
export function maxPool2d(size: number, { stride = size } = {}): Layer {
  positive('maxPool2d', 'size', size)
  positive('maxPool2d', 'stride', stride)
  return {
    name: 'maxPool2d',
    size(input) {
      rank(input, 3)
      const [h, w, c] = input as [number, number, number]
      if (h < size || w < size) throw problem('engine.layer.window', { size })
      const { oh, ow } = pool2dShape([1, h, w, c], size, stride)
      return { output: [oh, ow, c], parameters: {}, forward: x => pool(x, size, stride) }
    },
  }
}
