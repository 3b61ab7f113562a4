// Backpropagation: the chain rule, applied from the loss back to every parameter.
import type { Buffer } from './backend.js'
import { problem } from './errors.js'
import { own, sizeOf, Tensor } from './tensor.js'

/** The gradient of the loss with respect to each parameter it depends on. */
export type Gradients = Map<Tensor, Buffer>

/**
 * The gradients of y with respect to every parameter behind it.
 *
 * Results are visited after all that was computed from them (reverse topological order), so a result's own gradient
 * is complete when it is passed on. An input used twice receives two gradients: they are added.
 *
 * @param y one number such as a loss, or any tensor if dy is given
 * @param dy the gradient to start from, of y's shape; 1 by default
 * @throws ChiffreError if y is not one number and dy is missing, if dy has another shape, or if a gradient's size is not its tensor's
 */
export function backward(y: Tensor, dy?: Tensor): Gradients {
  if (!dy && sizeOf(y.shape) !== 1) throw problem('engine.scalar', { shape: `${y.shape}` })
  if (dy && `${dy.shape}` !== `${y.shape}`)
    throw problem('engine.shape', { op: 'backward', input: 'dy', actual: `${dy.shape}`, expected: `${y.shape}` })
  const backend = y.backend
  const start = dy?.data ?? own(backend.upload(new Float32Array([1])), backend)
  const pending = new Map<Tensor, Buffer>([[y, start]])
  const gradients: Gradients = new Map()

  for (const result of inputsFirst(y).reverse()) {
    const dresult = pending.get(result)
    if (!dresult) continue
    pending.delete(result)
    if (result.edges.length === 0 && result.requiresGrad) gradients.set(result, dresult)
    for (const [input, grad] of result.edges) {
      const dinput = grad(dresult)
      if (dinput !== dresult) own(dinput, backend)
      if (dinput.length !== sizeOf(input.shape))
        throw problem('engine.gradient', {
          op: result.op,
          input: input.op,
          actual: dinput.length,
          shape: `${input.shape}`,
        })
      const other = pending.get(input)
      pending.set(input, other ? own(backend.add(other, dinput), backend) : dinput)
    }
  }
  return gradients
}

/** y and all that leads to it, every tensor after its own inputs (a topological order). */
function inputsFirst(y: Tensor): Tensor[] {
  const order: Tensor[] = []
  const seen = new Set<Tensor>()
  const visit = (t: Tensor) => {
    if (seen.has(t)) return
    seen.add(t)
    for (const [input] of t.edges) visit(input)
    order.push(t)
  }
  visit(y)
  return order
}
