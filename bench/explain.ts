// npm run bench -- --explain MODEL: what the wasm backend's planner makes of a training step, plan by plan.
import { adam, fit, wasm } from '../engine/index.js'
import type { Arg, Plan } from '../engine/backends/wasm/planner.js'
import { models } from '../models/index.js'
import { mnist } from './mnist.js'

/** The plans of the second step, as the first one differs: nothing is packed yet. A plan stands before those that its inputs need. */
export async function explain(model: string, batchSize: number): Promise<string[]> {
  let lines: string[] = []
  const backend = await wasm({ threads: 1, explain: plan => lines.push(textOf(plan)) })
  const network = models[model]().init(backend, 0)
  const examples = (await mnist('train')).take(2 * batchSize)
  const options = { lr: 1e-3, epochs: 1, batchSize }
  for await (const { batch } of fit(network, adam(network.parameters), backend, examples, options))
    if (batch === 1) lines = []
  await backend.dispose()
  return lines
}

function textOf({ path, steps }: Plan): string {
  const kernels = steps.map(({ kernel, items, args }) => `    ${kernel} x ${items} (${args.map(argOf).join(', ')})`)
  return [path, ...kernels].join('\n')
}

function argOf(arg: Arg): string {
  if (typeof arg === 'number') return `${arg}`
  if (typeof arg === 'function') return 'live'
  if ('size' in arg) return 'memory'
  return arg.m ? `${arg.as}[${arg.m},${arg.n}]` : `${arg.as}[${arg.of.length}]`
}
