// One training step of a network on one example, for the page: the trace that the command line shows too, and what would
// become of the loss. Nothing is learned from it.
import type { Backend, Network, Shape, Values } from '../engine/index.js'
import { lossOf, operations, traceStep, type Trace, type TraceNode } from '../training/index.js'
import type { OperationView, StepView, TensorView, WeightView } from './api.js'

/** An example, what it shows, and the network that is asked about it. */
export interface Studied {
  readonly network: Network
  readonly backend: Backend
  readonly x: Float32Array
  readonly label: number
  /** Runs fn, which computes at once, with the weights that the network reads with. */
  readonly asItReads: <T>(fn: () => T) => T
}

const traced = ({ network, backend, x, label, asItReads }: Studied): Promise<Trace> =>
  asItReads(() => traceStep(network, backend, x, [label]))

/** The way to the loss and back. */
export async function stepView(studied: Studied): Promise<StepView> {
  const { nodes, loss } = await traced(studied)
  const made = nodes.filter(({ inputs }) => inputs.length > 0)
  const leaves = nodes.filter(({ name }) => studied.network.parameters.has(name))
  return {
    loss,
    operations: made.map(node => operationView(node, nodes)),
    parameters: leaves.map(({ name, shape, gradient }) => ({ name, shape, largest: largestOf(gradient) })),
  }
}

function operationView(node: TraceNode, nodes: readonly TraceNode[]): OperationView {
  const { forward, backward, shapes, file, line } = operations[node.op]
  return {
    op: node.op,
    ...(node.layer !== undefined && { layer: node.layer }),
    forward,
    backward,
    shapes,
    source: `${file}:${line}`,
    y: viewOf(node.values, node.shape.slice(1)),
    dy: viewOf(node.gradient, node.shape.slice(1)),
    inputs: node.inputs.map(({ node: at, passed }) => {
      const { name, layer, shape, values, inputs } = nodes[at]
      const one = inputs.length === 0 && name !== 'x' ? shape : shape.slice(1) // of a batch of one, the one
      return {
        name: layer === undefined ? name : `${layer}: ${name}`,
        x: viewOf(values, one),
        dx: viewOf(passed, one),
      }
    }),
  }
}

/** So many rows of a matrix are drawn. */
const mostRows = 1000

function viewOf(values: Values, whole: Shape): TensorView {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2
  const [rows, columns] = whole
  const shape = whole.length === 2 ? [Math.min(rows, mostRows), columns] : whole
  const shown = whole.length === 2 ? shape[0] * columns : values.length
  return { shape, whole, norm: Math.sqrt(sum), values: Float32Array.from(values.subarray(0, shown)) }
}

function largestOf(values: Values): number {
  let largest = 0
  values.forEach((v, i) => (largest = Math.abs(v) > Math.abs(values[largest]) ? i : largest))
  return largest
}

/** The loss after w − lr · ∂L/∂w of all weights, with each learning rate. */
export async function descended(studied: Studied, rates: readonly number[]): Promise<number[]> {
  const { nodes } = await traced(studied)
  const losses: Promise<number>[] = []
  for (const lr of rates) {
    const moved = new Map<string, Values>()
    for (const { name, values, gradient } of nodes)
      if (studied.network.parameters.has(name))
        moved.set(
          name,
          Float64Array.from(values, (w, i) => w - lr * gradient[i]),
        )
    losses.push(lossWith(studied, moved))
  }
  return Promise.all(losses)
}

/** One weight: how fast the loss rises with it, and what it comes to if the weight is moved. */
export async function weightView(
  studied: Studied,
  parameter: string,
  index: number,
  distances: readonly number[],
): Promise<WeightView> {
  const { nodes } = await traced(studied)
  const { values, gradient } = nodes.find(({ name }) => name === parameter)!
  const losses = distances.map(distance =>
    lossWith(studied, new Map([[parameter, Float64Array.from(values, (w, i) => (i === index ? w + distance : w))]])),
  )
  return { value: values[index], gradient: gradient[index], losses: await Promise.all(losses) }
}

/** The loss with other values of some parameters, which are as before when this returns. */
function lossWith({ network, backend, x, label, asItReads }: Studied, moved: ReadonlyMap<string, Values>) {
  return asItReads(() => {
    const before = [...moved].map(([name, values]) => {
      const weight = network.parameters.get(name)!
      const { data } = weight
      weight.data = backend.upload(values)
      return [weight, data] as const
    })
    const loss = lossOf(network, backend, x, [label]) // which has computed it when it first waits
    for (const [weight, data] of before) {
      backend.free(weight.data)
      weight.data = data
    }
    return loss
  })
}
