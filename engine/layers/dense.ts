import { positive, problem } from '../errors.js'
import { bias } from '../ops/bias.js'
import { matmul } from '../ops/matmul.js'
import { glorotUniform, zeros, type Layer } from './layer.js'

/** y = x·weight + bias: every output is a weighted sum of all inputs.   x [batch,k] → y [batch,units] */
export function dense(units: number): Layer {
  positive('dense', 'units', units)
  return {
    name: 'dense',
    size(input) {
      if (input.length !== 1) throw problem('engine.layer.flat')
      const [k] = input as [number]
      return {
        output: [units],
        parameters: { weight: glorotUniform([k, units], k, units), bias: zeros([units]) },
        forward: (x, p) => bias(matmul(x, p.weight), p.bias),
      }
    },
  }
}
