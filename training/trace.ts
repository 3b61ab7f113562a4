// A step of training laid open: every operation of the forward pass with its numbers, and what flowed back through it. The
// numbers are those of the real tape: backward() itself walks it, and each edge notes what it hears and what it passes on.
import {
  backward,
  noGrad,
  ops,
  parameter,
  random,
  scope,
  sizeOf,
  type Backend,
  type Buffer,
  type Mode,
  type Network,
  type Shape,
  type Tensor,
  type Values,
} from '../engine/index.js'

/** A tensor on the way from the input to the loss. */
export interface TraceNode {
  /** Of a tensor that no operation made, `x` or a parameter's name such as `1.dense.weight`; else the operation's. */
  readonly name: string
  /** The operation that made it; `parameter` if none did. */
  readonly op: string
  /** The layer that the operation belongs to. */
  readonly layer?: string
  readonly shape: Shape
  readonly values: Values
  /** ∂loss/∂ each of them. */
  readonly gradient: Values
  /** What the operation computed it from, as places in the trace, and the gradient that it passed on to each. */
  readonly inputs: readonly { readonly node: number; readonly passed: Values }[]
}

/** One step laid open: every tensor with its values and gradient. */
export interface Trace {
  /** In the order in which they were computed: the input first, the loss last. */
  readonly nodes: readonly TraceNode[]
  readonly loss: number
}

/** How a step is traced. */
export interface TraceOptions {
  /** How the network runs: by default as when it is used, without dropout and with batch norm's running means. */
  readonly mode?: Mode
  /** An operation that is to pass on a tenth too much, to show that a check finds it. */
  readonly broken?: string | undefined
}

const inference = (): Mode => ({ training: false, rng: random(0, 'inference') })

/**
 * Runs labelled examples through a network and back, and returns every number on the way. Nothing is learned from them.
 * @param x the examples, one after the other
 */
export async function traceStep(
  network: Network,
  backend: Backend,
  x: Values,
  labels: ArrayLike<number>,
  { mode = inference(), broken }: TraceOptions = {},
): Promise<Trace> {
  const input = parameter(backend, x, [labels.length, ...network.input])
  try {
    const names = new Map<Tensor, string>([[input, 'x']])
    for (const [name, weight] of network.parameters) names.set(weight, name)
    const layers = new Map<Tensor, string>()
    const made: Downloading[] = []
    const leaves = new Map<Tensor, Promise<Values>>()
    scope(() => {
      const loss = forward(network, input, labels, mode, layers)
      const steps = observe(loss, broken)
      backward(loss)
      // All is asked for at once: the weights may be others a moment later.
      for (const leaf of steps.flatMap(({ inputs }) => inputs))
        if (leaf.edges.length === 0 && !leaves.has(leaf)) leaves.set(leaf, leaf.download())
      for (const step of steps) made.push({ ...step, values: step.tensor.download(), shape: step.tensor.shape })
    })
    return await collect(made, leaves, names, layers)
  } finally {
    input.free()
  }
}

/** The loss alone, by the same way. */
export async function lossOf(
  network: Network,
  backend: Backend,
  x: Values,
  labels: ArrayLike<number>,
  { mode = inference() }: TraceOptions = {},
): Promise<number> {
  const input = parameter(backend, x, [labels.length, ...network.input])
  const [loss] = await scope(() => noGrad(() => forward(network, input, labels, mode)).download())
  input.free()
  return loss
}

function forward(network: Network, x: Tensor, labels: ArrayLike<number>, mode: Mode, layers?: Map<Tensor, string>) {
  const results = network.results(x, mode, ({ name, x, y }) => {
    // The layer's own: what leads from its input to its output, unless another layer made it.
    const found = new Set([y])
    for (const tensor of found) {
      if (tensor === x || tensor.edges.length === 0 || layers?.has(tensor)) continue
      layers?.set(tensor, name)
      for (const [input] of tensor.edges) found.add(input)
    }
  })
  return network.loss?.(results, labels) ?? ops.crossEntropy(results as Tensor, labels)
}

/** An operation as backward() came by it: the gradient of its result, and what it passed on. */
interface Step {
  readonly tensor: Tensor
  readonly inputs: readonly Tensor[]
  readonly gradient: Promise<Values>
  readonly passed: Promise<Values>[]
}

/** Has every edge behind y note what comes by. @returns the notes, which backward() fills, in the order of the forward pass */
function observe(y: Tensor, broken?: string): Step[] {
  const steps: Step[] = []
  const tape = new Set([y])
  for (const tensor of tape) {
    const inputs = tensor.edges.map(([input]) => input)
    for (const input of inputs) tape.add(input)
    tensor.edges = tensor.edges.map(([input, grad], i) => {
      const noted = (dy: Buffer) => {
        if (i === 0) steps.unshift({ tensor, inputs, gradient: tensor.backend.download(dy), passed: [] })
        const dx = tensor.op === broken ? spoilt(tensor.backend, grad(dy), dy) : grad(dy)
        steps[0].passed.push(tensor.backend.download(dx))
        return dx
      }
      return [input, noted]
    })
  }
  return steps
}

/** A tenth more than dx, in its place. */
function spoilt(backend: Backend, dx: Buffer, dy: Buffer): Buffer {
  const factor = backend.upload(Float64Array.of(1.1))
  const wrong = backend.mul(dx, factor)
  for (const buffer of dx === dy ? [factor] : [factor, dx]) backend.free(buffer)
  return wrong
}

type Downloading = Step & { readonly values: Promise<Values>; readonly shape: Shape }

/** Puts the notes together. A tensor that nothing made stands before the first operation that takes it. */
async function collect(
  steps: readonly Downloading[],
  leaves: ReadonlyMap<Tensor, Promise<Values>>,
  names: ReadonlyMap<Tensor, string>,
  layers: ReadonlyMap<Tensor, string>,
): Promise<Trace> {
  const nodes: TraceNode[] = []
  const places = new Map<Tensor, number>()
  for (const { tensor, inputs, values, shape, gradient, passed } of steps) {
    for (const leaf of inputs.filter(input => !places.has(input))) {
      const [received, size] = [new Float64Array(sizeOf(leaf.shape)), leaf.shape]
      for (const step of steps)
        for (const [i, input] of step.inputs.entries())
          if (input === leaf) (await step.passed[i]).forEach((v, j) => (received[j] += v))
      places.set(leaf, nodes.length)
      nodes.push({
        name: names.get(leaf) ?? leaf.op,
        op: leaf.op,
        shape: size,
        values: (await leaves.get(leaf))!,
        gradient: received,
        inputs: [],
      })
    }
    const from = await Promise.all(
      inputs.map(async (input, i) => ({ node: places.get(input)!, passed: await passed[i] })),
    )
    const layer = layers.get(tensor)
    places.set(tensor, nodes.length)
    nodes.push({
      name: tensor.op,
      op: tensor.op,
      ...(layer !== undefined && { layer }),
      shape,
      values: await values,
      gradient: await gradient,
      inputs: from,
    })
  }
  return { nodes, loss: nodes.at(-1)!.values[0] }
}

/** How a change of one number reaches the loss by way of one tensor of a trace. */
export interface Link {
  /** The tensor's place in the trace. */
  readonly node: number
  /** How many of its numbers move. */
  readonly moved: number
  /** Those that count most: how fast each moves, how fast the loss moves with it, and the product of both. */
  readonly largest: readonly {
    readonly index: number
    readonly rate: number
    readonly gradient: number
    readonly product: number
  }[]
  /** The sum of all products: where all ways to the loss meet, the gradient of the number that was moved. */
  readonly sum: number
}

/**
 * The chain rule in numbers: how each tensor of a trace moves when one number of a parameter (or of the input) does, and how the
 * loss follows. What moves how fast is measured, by running the network with the number a little larger and a little smaller.
 * @param around the trace of the step, and of the same with the number h larger and h smaller
 */
export function chainOf([trace, more, less]: readonly [Trace, Trace, Trace], h: number, shown = 3): Link[] {
  return trace.nodes.flatMap((node, at) => {
    if (node.inputs.length === 0) return []
    const all = Array.from(node.values, (_, index) => {
      const rate = (more.nodes[at].values[index] - less.nodes[at].values[index]) / (2 * h)
      return { index, rate, gradient: node.gradient[index], product: rate * node.gradient[index] }
    })
    const moving = all.filter(({ rate }) => Math.abs(rate) > 1e-12)
    if (moving.length === 0) return []
    const largest = [...moving].sort((a, b) => Math.abs(b.product) - Math.abs(a.product)).slice(0, shown)
    return [{ node: at, moved: moving.length, largest, sum: moving.reduce((sum, { product }) => sum + product, 0) }]
  })
}
