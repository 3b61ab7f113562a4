import { positive, problem } from '../errors.js'
import { glorot, zeros } from '../initializers.js'
import { bias } from '../ops/bias.js'
import { matmul } from '../ops/matmul.js'
import type { Layer } from './layer.js'

/** y = x·weight + bias: every output is a weighted sum of all inputs.   x [batch,k] → y [batch,units] */
export function dense(units: number, { init = glorot } = {}): Layer {
  positive('dense', 'units', units)
  return {
    name: 'dense',
    size(input) {
      if (input.length !== 1) throw problem('engine.layer.flat')
      const [k] = input as [number]
      return {
        output: [units],
        parameters: { weight: init([k, units]), bias: zeros([units]) },
        forward: (x, p) => bias(matmul(x, p.weight), p.bias),
      }
    },
  }
}
