import { reshape } from '../ops/reshape.js'
import { sizeOf } from '../tensor.js'
import type { Layer } from './layer.js'

/** Lines up an example's numbers in one row.   x [batch,...] → y [batch,size] */
export const flatten = (): Layer => ({
  name: 'flatten',
  size(input) {
    const size = sizeOf(input)
    return { output: [size], parameters: {}, forward: x => reshape(x, [x.shape[0], size]) }
  },
})
