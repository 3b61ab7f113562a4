import { averagePool2d as pool, globalAveragePool2d as poolAll } from '../ops/averagePool2d.js'
import { pool2dShape } from '../ops/maxPool2d.js'
import { positive, problem } from '../errors.js'
import { rank, type Layer } from './layer.js'

/** The mean of each size x size window, per channel.   x [batch,h,w,c] → y [batch,oh,ow,c] */
export function averagePool2d(size: number, { stride = size } = {}): Layer {
  positive('averagePool2d', 'size', size)
  positive('averagePool2d', 'stride', stride)
  return {
    name: 'averagePool2d',
    size(input) {
      rank(input, 3)
      const [h, w, c] = input as [number, number, number]
      if (h < size || w < size) throw problem('engine.layer.window', { size })
      const { oh, ow } = pool2dShape([1, h, w, c], size, stride)
      return { output: [oh, ow, c], parameters: {}, forward: x => pool(x, size, stride) }
    },
  }
}

/** The mean of each channel: what a channel saw, wherever it was (Lin, Chen & Yan 2014).   x [batch,h,w,c] → y [batch,c] */
export const globalAveragePool2d = (): Layer => ({
  name: 'globalAveragePool2d',
  size(input) {
    rank(input, 3)
    return { output: [input[2]], parameters: {}, forward: poolAll }
  },
})
