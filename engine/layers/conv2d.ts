import { positive, problem } from '../errors.js'
import { glorot, zeros, type Initializer } from '../initializers.js'
import { bias } from '../ops/bias.js'
import { conv2d as convolve, conv2dShape, type Padding } from '../ops/conv2d.js'
import { rank, type Layer } from './layer.js'

/**
 * `filters` windows of kernel x kernel weights slide over the image, one result a window each.
 * x [batch,h,w,channels] → y [batch,oh,ow,filters]
 */
export function conv2d(
  filters: number,
  kernel: number,
  { stride = 1, padding = 'valid', init = glorot }: { stride?: number; padding?: Padding; init?: Initializer } = {},
): Layer {
  positive('conv2d', 'filters', filters)
  positive('conv2d', 'kernel', kernel)
  positive('conv2d', 'stride', stride)
  if (padding !== 'valid' && padding !== 'same')
    throw problem('engine.argument', { where: 'conv2d', name: 'padding', actual: padding, expected: 'valid, same' })
  return {
    name: 'conv2d',
    size(input) {
      rank(input, 3)
      const [h, w, channels] = input as [number, number, number]
      if (padding === 'valid' && (h < kernel || w < kernel)) throw problem('engine.layer.window', { size: kernel })
      const shape = [kernel, kernel, channels, filters]
      const { oh, ow } = conv2dShape([1, h, w, channels], shape, stride, padding)
      return {
        output: [oh, ow, filters],
        parameters: { weight: init(shape), bias: zeros([filters]) },
        forward: (x, p) => bias(convolve(x, p.weight, stride, padding), p.bias),
      }
    },
  }
}
