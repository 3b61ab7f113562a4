// What training and testing judge by: a loss, and what else is measured.
import type { Values } from './backend.js'
import { problem } from './errors.js'
import type { Loss, Targets } from './examples.js'
import type { Named, Network } from './network.js'
import { binaryCrossEntropy } from './losses/binaryCrossEntropy.js'
import { crossEntropy } from './losses/crossEntropy.js'
import { mse } from './losses/mse.js'
import { Tensor } from './tensor.js'

/** How much of something the outputs of a batch have, summed over its examples: [count, outputs/count] beside their targets. */
export type Metric = (outputs: Values, targets: ArrayLike<number>, count: number) => number

/** What is measured beside the loss: the share of examples whose largest output (the first of equals) is their class. */
export const defaultMetrics: Readonly<Record<string, Metric>> = {
  accuracy(outputs, targets, count) {
    const n = outputs.length / count
    let right = 0
    for (let i = 0; i < count; i++) {
      let at = i * n
      const own = at + targets[i]
      while (at < own && outputs[at] < outputs[own]) at++
      if (at === own) while (at < (i + 1) * n && outputs[at] <= outputs[own]) at++
      if (at === (i + 1) * n) right++
    }
    return right
  },
}

/** What fit and evaluate judge by. */
export interface Judging {
  /** Of the network's results and their targets; the network's own, else cross-entropy. */
  readonly loss?: Loss
  /** Of the first result, by name; accuracy by default. */
  readonly metrics?: Readonly<Record<string, Metric>>
}

/** The place of the largest of row i's n numbers; the first if several are equal. */
export function argmax(rows: Values, i: number, n: number): number {
  let best = 0
  for (let j = 1; j < n; j++) if (rows[i * n + j] > rows[i * n + best]) best = j
  return best
}

/** A loss, and whether it is known to depend on tensors alone: then class numbers come to it as a tensor, and a step can be replayed. */
export interface ChosenLoss {
  readonly of: Loss<Named<Tensor>>
  readonly fixed: boolean
}

const own: readonly unknown[] = [crossEntropy, binaryCrossEntropy, mse]

/** The loss that is asked for, the network's own, or cross-entropy. */
export function lossFor(network: Network, { loss }: Judging): ChosenLoss {
  const asked = loss ?? network.loss
  if (asked) return { of: asked, fixed: network.fixed && (asked === network.loss || own.includes(asked)) }
  const of = (results: Named<Tensor>, targets: Targets) => {
    if (!(results instanceof Tensor)) throw problem('engine.heads', { heads: Object.keys(results).join(', ') })
    return crossEntropy(results, targets)
  }
  return { of, fixed: network.fixed }
}
