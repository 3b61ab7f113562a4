import type { Gradients } from '../backward.js'
import { add, div, mul, scalar, sub } from '../ops/arithmetic.js'
import { relu, sqrt } from '../ops/elementwise.js'
import { sum } from '../ops/sum.js'
import { noGrad } from '../scope.js'
import type { Tensor } from '../tensor.js'

/**
 * All gradients, made shorter together if they are longer than `limit`: g ← g · min(1, limit / (‖g‖ + 1e-6)), where ‖g‖ is the
 * root of the sum of all their squares. (Pascanu, Mikolov & Bengio 2013; PyTorch's clip_grad_norm_.) A step into a wall of the
 * loss then does not throw the weights far away.
 *
 * Nothing is waited for: the norm stays on the device. In a scope, as the rest of a step:
 *   optimizer.step(clipNorm(backward(loss), 1), lr)
 */
export function clipNorm(gradients: Gradients, limit: number): Gradients {
  const [first] = gradients.values()
  if (!first) return gradients
  const number = (value: number) => scalar(first.backend, value)
  return noGrad(() => {
    let squares: Tensor | undefined
    for (const g of gradients.values()) squares = squares ? add(squares, sum(mul(g, g))) : sum(mul(g, g))
    const ratio = div(number(limit), add(sqrt(squares!), number(1e-6)))
    const scale = sub(number(1), relu(sub(number(1), ratio))) // min(1, ratio)
    return new Map([...gradients].map(([w, g]) => [w, mul(g, scale)]))
  })
}
