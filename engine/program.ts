// What is done with batch after batch, as a program: the backend may record it once and replay it (Backend.program).
import type { Backend, Slots, SlotValues, Values } from './backend.js'
import { ExampleSet, targetsAt, type Examples } from './examples.js'
import { checkedLabels } from './losses/crossEntropy.js'
import type { ChosenLoss } from './metrics.js'
import type { Named, Network } from './network.js'
import { scope } from './scope.js'
import { gather, pixels, tensor, type Tensor } from './tensor.js'

/** What is done with a batch's inputs, given a function from a network's results to their loss. */
export type OfBatch = (x: Named<Tensor>, lossOf: (results: Named<Tensor>) => Tensor) => readonly Tensor[]
/** Told which of the next batches is next: what stands for its inputs of each set, these examples or others. */
export type Begin = (indices: Uint32Array, i: number) => (set: ExampleSet) => SlotValues
/** A batch that was run: its loss and outputs, which are to be read at once, and its targets. */
export type Done = { loss: number; y: Values; targets: Examples['targets']; count: number }

const NONE = new Float32Array(0)

/**
 * fn of each batch, in a scope of its own; replayed if the network, the loss and mayReplay say that what it does depends on the
 * batch's size alone.
 */
export function batchProgram(
  network: Network,
  backend: Backend,
  examples: Examples,
  loss: ChosenLoss,
  fn: OfBatch,
  mayReplay = () => true,
) {
  const { inputs, length } = examples
  const width = examples.targets.length / length
  const names = inputs instanceof ExampleSet ? { x: inputs } : inputs
  let { targets } = examples // of the batch at hand

  const on = (set: ExampleSet, values: SlotValues) => {
    if (values instanceof Uint32Array) return gather(backend, set, values)
    const shape = [values.length / set.size, ...set.shape]
    return values instanceof Uint8Array ? pixels(backend, values, shape) : tensor(backend, values, shape)
  }
  const targetsOf = (values: SlotValues) => {
    const count = targets.length / width
    if (targets instanceof Float32Array) return tensor(backend, values as Float32Array, [count, width])
    return values === NONE ? targets : tensor(backend, values as Float32Array, [count])
  }
  const buffers = ([values, ...of]: Slots) =>
    scope(() => {
      const x = Object.entries(names).map(([name, set], i) => [name, on(set, of[i])] as const)
      return fn(inputs instanceof ExampleSet ? x[0][1] : Object.fromEntries(x), y => loss.of(y, targetsOf(values)))
    }).map(({ memory }) => memory.release())
  const program = backend.program(buffers, () => loss.fixed && mayReplay())

  return {
    /** Runs the next batch of these examples, or several of the same size. */
    async run(order: Uint32Array, batchSize: number, atMost: number, begin: Begin, take: (done: Done) => void) {
      const times = Math.max(1, Math.floor(Math.min(atMost, order.length / batchSize)) || 1)
      const batches: Pick<Done, 'targets' | 'count'>[] = []
      const slots = (i: number) => {
        const indices = order.subarray(i * batchSize, (i + 1) * batchSize)
        targets = targetsAt(examples, indices)
        batches[i] = { targets, count: indices.length }
        const numbers =
          targets instanceof Float32Array ? targets : loss.fixed ? checkedLabels(targets, network.output.at(-1)!) : NONE
        return [numbers, ...Object.values(names).map(begin(indices, i))]
      }
      await program.run(times, slots, ([[loss], y], i) => take({ loss, y, ...batches[i] }))
    },
    free: () => program.free(),
  }
}
