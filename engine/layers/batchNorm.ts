import { problem } from '../errors.js'
import { ones, zeros } from '../initializers.js'
import { mul, scalar, sub } from '../ops/arithmetic.js'
import { batchNorm as normalizeBatch, normalize } from '../ops/batchNorm.js'
import { sizeOf, type Tensor } from '../tensor.js'
import type { Layer } from './layer.js'

/**
 * Every channel at mean 0 and variance 1, then scaled and moved as is learned (Ioffe & Szegedy 2015). While learning by the batch's own
 * statistics, which running_mean and running_var follow; else by these: running ← (1 − momentum) · running + momentum · batch, with the
 * unbiased variance. Names, constants and meaning are PyTorch's.   x [batch,n] or [batch,h,w,n] → y, of the same shape
 */
export function batchNorm({ momentum = 0.1, epsilon = 1e-5 } = {}): Layer {
  for (const [name, value] of Object.entries({ momentum, epsilon }))
    if (!(value > 0 && value <= 1))
      throw problem('engine.argument', { where: 'batchNorm', name, actual: value, expected: '(0, 1]' })
  return {
    name: 'batchNorm',
    size(input) {
      const n = input.at(-1)!
      const trained = false
      return {
        output: input,
        parameters: {
          weight: ones([n]),
          bias: zeros([n]),
          running_mean: { ...zeros([n]), trained },
          running_var: { ...ones([n]), trained },
        },
        forward(x, p, { training }) {
          if (!training)
            return normalize(x, p.weight, p.bias, { mean: p.running_mean, variance: p.running_var }, epsilon)
          const { y, mean, variance } = normalizeBatch(x, p.weight, p.bias, epsilon)
          const count = sizeOf(x.shape) / n
          follow(p.running_mean, mean, momentum)
          follow(p.running_var, mul(variance, scalar(x.backend, count / Math.max(count - 1, 1))), momentum)
          return y
        },
      }
    },
  }
}

/** running ← running − momentum · (running − value): a step of gradient descent, as backends have it. */
function follow(running: Tensor, value: Tensor, momentum: number) {
  const { backend } = running
  running.data = backend.sgdStep(running.data, sub(running, value).data, undefined, { lr: momentum, momentum: 0 }).w
}
