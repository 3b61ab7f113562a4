// A tensor is a shape, the numbers in a backend's memory, and how it was made. Operations on tensors (ops/) remember,
// for each input, how a gradient flows back to it: that record is all of autograd. backward.ts walks it.
import type { Backend, Buffer, ExampleSet, Values } from './backend.js'
import { problem } from './errors.js'
import { isRecording, Memory, own } from './scope.js'

/** Sizes from the outermost to the innermost: [batch,row,column,channel] of images; [] of a single number. */
export type Shape = readonly number[]
/** How the gradient dy of a result flows back to one input: the input, and dy ↦ its gradient. */
export type Edge = readonly [input: Tensor, grad: (dy: Buffer) => Buffer]
/** The number of elements of a shape: [2,3] → 6, [] → 1. */
export const sizeOf = (shape: Shape) => shape.reduce((a, b) => a * b, 1)

/** Numbers [shape] of a backend, with a record of how they were made. tensor() and parameter() make them, and operations. */
export class Tensor {
  /** Set for parameters: backward computes their gradients, and optimizers change their `data`. */
  requiresGrad = false
  /** The edges to the inputs that require a gradient; empty for parameters and data. */
  edges: readonly Edge[] = []
  readonly memory: Memory

  /** @param data its buffer, or a tensor whose buffer it shares */
  constructor(
    readonly backend: Backend,
    readonly shape: Shape,
    data: Buffer | Tensor,
    /** The operation that made it. */
    readonly op = 'tensor',
  ) {
    this.memory = data instanceof Tensor ? data.memory : new Memory(backend, data)
  }

  get data(): Buffer {
    if (!this.memory.buffer) throw problem('engine.freed', { op: this.op, input: `[${this.shape}]` })
    return this.memory.buffer
  }
  set data(data: Buffer) {
    this.memory.buffer = data
  }

  /** The numbers, row-major. */
  download(): Promise<Values> {
    return this.backend.download(this.data)
  }

  /** Gives the memory back. Tensors made inside scope() need not be freed by hand. */
  free() {
    this.memory.free()
    this.edges = []
  }

  /** What console.log shows, such as `relu [128,10] on wasm`. */
  toString() {
    return `${this.op} [${this.shape}] on ${this.backend.name}${this.memory.buffer ? '' : ', freed'}`
  }
  [Symbol.for('nodejs.util.inspect.custom')]() {
    return this.toString()
  }
}

/** A tensor of the given values, in row-major order. @throws ChiffreError if they do not fill the shape */
export function tensor(backend: Backend, values: Values, shape: Shape): Tensor {
  return own(new Tensor(backend, shape, upload(backend, values, shape)))
}

/**
 * A tensor to be learned: it requires a gradient, and lives until it is freed by hand.
 * @throws ChiffreError if the values do not fill the shape
 */
export function parameter(backend: Backend, values: Values, shape: Shape): Tensor {
  const w = new Tensor(backend, shape, upload(backend, values, shape), 'parameter')
  w.requiresGrad = true
  return w
}

function upload(backend: Backend, values: Values, shape: Shape): Buffer {
  fill(values.length, shape)
  return backend.upload(values)
}

function fill(actual: number, shape: Shape) {
  if (actual !== sizeOf(shape)) throw problem('engine.data', { actual, shape: `${shape}` })
}

/** A tensor of grey levels 0–255, each divided by 255. @throws ChiffreError if they do not fill the shape */
export function pixels(backend: Backend, bytes: Uint8Array, shape: Shape): Tensor {
  fill(bytes.length, shape)
  return own(new Tensor(backend, shape, backend.uploadPixels(bytes), 'pixels'))
}

/**
 * The examples of the given indices, in that order: a batch.   → [indices.length, ...shape of one]
 * @throws ChiffreError if there is no example of an index
 */
export function gather(backend: Backend, examples: ExampleSet, indices: Uint32Array): Tensor {
  for (const index of indices)
    if (index >= examples.length) throw problem('engine.index', { index, length: examples.length })
  return own(new Tensor(backend, [indices.length, ...examples.shape], backend.gather(examples, indices), 'gather'))
}

/** The backend that an operation's inputs share. @throws ChiffreError naming both if they are on two */
export function backendOf(op: string, first: Tensor, ...others: readonly Tensor[]): Backend {
  const { backend } = first
  for (const { backend: other } of others)
    if (other !== backend) {
      const second = other.name === backend.name ? `another ${other.name}` : other.name
      throw problem('engine.backends', { op, first: backend.name, second })
    }
  return backend
}

/**
 * The result of an operation: its data is a new buffer, or the tensor whose buffer it shares. Of the edges along which
 * gradients flow back, only those to inputs that require one are kept: images, which require none, never pay for one.
 */
export function record(op: string, shape: Shape, data: Buffer | Tensor, edges: readonly Edge[]): Tensor {
  const y = new Tensor(edges[0][0].backend, shape, data, op)
  if (isRecording()) y.edges = edges.filter(([input]) => input.requiresGrad)
  y.requiresGrad = y.edges.length > 0
  return data instanceof Tensor ? y : own(y)
}
