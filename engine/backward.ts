// Backpropagation: the chain rule, applied from the loss back to every parameter.
import { problem } from './errors.js'
import { own } from './scope.js'
import { backendOf, sizeOf, tensor, Tensor } from './tensor.js'

/** The gradient of the loss with respect to each parameter it depends on, of the parameter's shape. */
export type Gradients = Map<Tensor, Tensor>

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
  const backend = backendOf('backward', y, ...(dy ? [dy] : []))
  const pending = new Map<Tensor, Tensor>([[y, dy ?? tensor(backend, new Float32Array([1]), y.shape)]])
  const gradients: Gradients = new Map()

  for (const result of inputsFirst(y).reverse()) {
    const dresult = pending.get(result)
    if (!dresult) continue
    pending.delete(result)
    if (result.edges.length === 0 && result.requiresGrad) gradients.set(result, dresult)
    for (const [input, grad] of result.edges) {
      const { shape, op } = input
      const passed = grad(dresult.data) // which may be dresult's own buffer
      const dinput =
        passed === dresult.data ? new Tensor(backend, shape, dresult) : own(new Tensor(backend, shape, passed))
      if (passed.length !== sizeOf(shape))
        throw problem('engine.gradient', { op: result.op, input: op, actual: passed.length, shape: `${shape}` })
      const other = pending.get(input)
      pending.set(input, other ? own(new Tensor(backend, shape, backend.add(other.data, dinput.data))) : dinput)
    }
  }
  return gradients
}

/** y and all that leads to it, every tensor after its own inputs (a topological order). */
function inputsFirst(y: Tensor): Tensor[] {
  const order: Tensor[] = []
  const seen = new Set([y])
  // Depth first, with a stack of our own: a chain of operations may be longer than JavaScript's stack is deep.
  const path = [{ tensor: y, next: 0 }]
  while (path.length > 0) {
    const top = path.at(-1)!
    const edge = top.tensor.edges[top.next++]
    if (!edge) order.push(path.pop()!.tensor)
    else if (!seen.has(edge[0])) {
      seen.add(edge[0])
      path.push({ tensor: edge[0], next: 0 })
    }
  }
  return order
}
