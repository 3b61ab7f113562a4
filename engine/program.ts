// What is done with batch after batch, as a program: the backend may record it once and replay it (Backend.program).
import type { Backend, SlotValues, Values } from './backend.js'
import { ExampleSet, type Examples } from './examples.js'
import { checkedLabels } from './losses/crossEntropy.js'
import type { ChosenLoss } from './metrics.js'
import type { Named, Network } from './network.js'
import { scope } from './scope.js'
import { gather, pixels, tensor, type Tensor } from './tensor.js'

/** What is done with a batch's inputs, given a function from a network's results to their loss. */
export type OfBatch = (x: Named<Tensor>, lossOf: (results: Named<Tensor>) => Tensor) => readonly Tensor[]

const NONE = new Float32Array(0)

/**
 * fn of each batch, in a scope of its own; replayed if the network, the loss and mayReplay say that what it does depends on the
 * batch's size alone.   run: from a batch (of each set of inputs, which examples or what stands for them) to the numbers of fn's results
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
    if (targets instanceof Float32Array) return tensor(backend, targets, [count, width])
    return values === NONE ? targets : tensor(backend, values as Float32Array, [count])
  }
  const buffers = ([values, ...of]: readonly SlotValues[]) =>
    scope(() => {
      const x = Object.entries(names).map(([name, set], i) => [name, on(set, of[i])] as const)
      return fn(inputs instanceof ExampleSet ? x[0][1] : Object.fromEntries(x), y => loss.of(y, targetsOf(values)))
    }).map(({ memory }) => memory.release())
  const recorded = backend.program(buffers)

  return {
    async run(valuesOf: (set: ExampleSet) => SlotValues, wanted: Examples['targets']): Promise<Values[]> {
      targets = wanted
      const numbers =
        targets instanceof Float32Array ? targets : loss.fixed ? checkedLabels(targets, network.output.at(-1)!) : NONE
      const slots = [numbers, ...Object.values(names).map(valuesOf)]
      const results = loss.fixed && mayReplay() ? recorded(slots) : buffers(slots)
      const all = await Promise.all(results.map(y => backend.download(y)))
      for (const y of results) backend.free(y)
      return all
    },
    free: () => recorded.free(),
  }
}
