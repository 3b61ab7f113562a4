import { averagePool2d as pool, globalAveragePool2d as poolAll } from '../ops/averagePool2d.js'
import { rank, type Layer } from './layer.js'
import { pooling } from './maxPool2d.js'

/** The mean of each size x size window, per channel.   x [batch,h,w,c] → y [batch,oh,ow,c] */
export const averagePool2d = (size: number, { stride = size } = {}): Layer =>
  pooling('averagePool2d', pool, size, stride)

/** The mean of each channel: what a channel saw, wherever it was (Lin, Chen & Yan 2014).   x [batch,h,w,c] → y [batch,c] */
export const globalAveragePool2d = (): Layer => ({
  name: 'globalAveragePool2d',
  size(input) {
    rank(input, 3)
    return { output: [input[2]], parameters: {}, forward: poolAll }
  },
})
