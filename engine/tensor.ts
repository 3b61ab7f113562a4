// A tensor is a shape, the numbers in a backend's memory, and how it was made. Operations on tensors (ops/) remember,
// for each input, how a gradient flows back to it: that record is all of autograd. backward.ts walks it.
import type { Backend, Buffer, Values } from './backend.js'
import { problem } from './errors.js'

export type Shape = readonly number[]

/** How the gradient dy of a result flows back to one input: the input, and dy ↦ its gradient. */
export type Edge = readonly [input: Tensor, grad: (dy: Buffer) => Buffer]

/** The number of elements of a shape: [2,3] → 6, [] → 1. */
export const sizeOf = (shape: Shape) => shape.reduce((a, b) => a * b, 1)

export class Tensor {
  /** Set for parameters: backward computes their gradients, and optimizers change their `data`. */
  requiresGrad = false
  /** The edges to the inputs that want a gradient; empty for parameters and data. */
  edges: readonly Edge[] = []
  /** The operation that made it, for messages. */
  op = 'tensor'
  /** Shared by a tensor and its reshaped ones, so that freeing one frees them all, once. */
  #memory: { buffer: Buffer | undefined }

  constructor(
    readonly backend: Backend,
    readonly shape: Shape,
    data: Buffer | Tensor,
  ) {
    this.#memory = data instanceof Tensor ? data.#memory : { buffer: data }
  }

  get data(): Buffer {
    if (!this.#memory.buffer) throw problem('engine.freed', { op: this.op, input: `[${this.shape}]` })
    return this.#memory.buffer
  }
  set data(data: Buffer) {
    this.#memory.buffer = data
  }

  /** The numbers, row-major. */
  download(): Promise<Values> {
    return this.backend.download(this.data)
  }

  /** Gives the memory back. Tensors made inside scope() need not be freed by hand. */
  free() {
    if (this.#memory.buffer) this.backend.free(this.#memory.buffer)
    this.#memory.buffer = undefined
    this.edges = []
  }
}

/** What the innermost scope() has to free. */
let owned: Map<Buffer, Tensor | Backend> | undefined
let recording = true

/** Hands a new buffer to the innermost scope. */
export function own<B extends Buffer>(buffer: B, owner: Tensor | Backend): B {
  owned?.set(buffer, owner)
  return buffer
}

/** A tensor of the given values, in row-major order. @throws ChiffreError if they do not fill the shape */
export function tensor(backend: Backend, values: Values, shape: Shape): Tensor {
  if (values.length !== sizeOf(shape)) throw problem('engine.data', { actual: values.length, shape: `${shape}` })
  const x = new Tensor(backend, shape, backend.upload(values))
  own(x.data, x)
  return x
}

/**
 * A tensor of grey levels 0–255, each divided by 255; with indices, of those images among many.
 * @throws ChiffreError if they do not fill the shape
 */
export function pixels(backend: Backend, bytes: Uint8Array, shape: Shape, indices?: Uint32Array): Tensor {
  const size = sizeOf(shape.slice(1))
  let actual = indices ? 0 : bytes.length
  for (const i of indices ?? []) if (size * (i + 1) <= bytes.length) actual += size
  if (actual !== sizeOf(shape)) throw problem('engine.data', { actual, shape: `${shape}` })
  const x = new Tensor(backend, shape, backend.uploadPixels(bytes, indices, size))
  own(x.data, x)
  return x
}

/**
 * The result of an operation: its data is a new buffer, or the tensor whose buffer it shares. Of the edges along which
 * gradients flow back, only those to inputs that want one are kept: images, which want none, never pay for one.
 */
export function record(op: string, shape: Shape, data: Buffer | Tensor, edges: readonly Edge[]): Tensor {
  const first = edges[0][0]
  const y = new Tensor(first.backend, shape, data)
  y.op = op
  if (recording) y.edges = edges.filter(([input]) => input.requiresGrad)
  y.requiresGrad = y.edges.length > 0
  if (!(data instanceof Tensor)) own(data, y)
  return y
}

/** Runs fn without recording: for inference, where nothing flows back. */
export function noGrad<T>(fn: () => T): T {
  const before = recording
  recording = false
  try {
    return fn()
  } finally {
    recording = before
  }
}

/**
 * Runs fn and frees every tensor made inside, except those it returns (a tensor, or an array or record of them) and
 * those that existed before. One training step is one scope. fn must not be async: between its awaits, other
 * code would land in this scope.
 */
export function scope<T>(fn: () => T): T {
  const outer = owned
  const mine = (owned = new Map<Buffer, Tensor | Backend>())
  try {
    const result = fn()
    for (const kept of tensorsIn(result).filter(t => mine.has(t.data))) {
      kept.requiresGrad &&= kept.edges.length === 0 // what it was made from is gone: a constant from here on
      kept.edges = []
      outer?.set(kept.data, kept)
      mine.delete(kept.data)
    }
    return result
  } finally {
    owned = outer
    for (const [buffer, owner] of mine) {
      if (owner instanceof Tensor) owner.free()
      else owner.free(buffer)
    }
  }
}

function tensorsIn(result: unknown): Tensor[] {
  if (result instanceof Tensor) return [result]
  if (typeof result !== 'object' || result === null) return []
  return Object.values(result).filter(value => value instanceof Tensor)
}
