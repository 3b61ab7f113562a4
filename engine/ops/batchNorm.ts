import { problem } from '../errors.js'
import { noGrad } from '../scope.js'
import { backendOf, record, sizeOf, Tensor } from '../tensor.js'
import { add, div, mul, scalar, sub } from './arithmetic.js'
import { sqrt } from './elementwise.js'
import { mean } from './sum.js'

/** A normalized batch, and what its channels were: their means, and variances divided by the batch's own count. */
export interface Normalized {
  readonly y: Tensor
  readonly mean: Tensor
  readonly variance: Tensor
}

/**
 * x̂ = (x − mean) / √(variance + ε), channel by channel over the batch (of images: over all pixels), and y = γ · x̂ + β.
 * x [...,n], γ [n], β [n] → y [...,n]
 *
 * dβ = Σ dy,   dγ = Σ dy · x̂,   dx = γ / √(variance + ε) · (dy − mean(dy) − x̂ · mean(dy · x̂)): since x moves its channel's mean and
 * variance too, what all of a channel's dy have in common reaches no x. Ioffe & Szegedy 2015, section 3.
 * @throws ChiffreError if γ or β is not as long as x's last dimension
 */
export function batchNorm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon = 1e-5): Normalized {
  const op = 'batchNorm'
  const n = x.shape.at(-1)!
  const m = sizeOf(x.shape) / n
  for (const [input, { shape }] of Object.entries({ gamma, beta }))
    if (`${shape}` !== `${n}`) throw problem('engine.shape', { op, input, actual: `${shape}`, expected: `${n}` })
  const b = backendOf(op, x, gamma, beta)
  const { average, variance, inverse, normal, scaled } = noGrad(() => {
    const average = mean(x, 'rows')
    const centred = sub(x, average)
    const variance = mean(mul(centred, centred), 'rows')
    const inverse = div(scalar(b, 1), sqrt(add(variance, scalar(b, epsilon))))
    const normal = mul(centred, inverse)
    return { average, variance, inverse, normal, scaled: mul(normal, gamma) }
  })
  const common = (dy: Tensor) => add(mean(dy, 'rows'), mul(normal, mean(mul(dy, normal), 'rows')))
  const y = record(op, x.shape, b.add(scaled.data, beta.data), [
    [x, dy => noGrad(() => b.mul(sub(like(x, dy), common(like(x, dy))).data, mul(gamma, inverse).data))],
    [gamma, dy => b.biasGrad(mul(like(x, dy), normal).data, m, n)],
    [beta, dy => b.biasGrad(dy, m, n)],
  ])
  return { y, mean: average, variance }
}

const like = ({ backend, shape }: Tensor, data: Tensor['data']) => new Tensor(backend, shape, data)

/**
 * The same with means and variances that are given: y = x · scale + (β − mean · scale), scale = γ / √(variance + ε). A backend may
 * scale the weights of a convolution before it instead, which are fewer than its results.
 */
export function normalize(x: Tensor, gamma: Tensor, beta: Tensor, by: Omit<Normalized, 'y'>, epsilon = 1e-5): Tensor {
  const scale = div(gamma, sqrt(add(by.variance, scalar(x.backend, epsilon))))
  return add(mul(x, scale), sub(beta, mul(by.mean, scale)))
}
