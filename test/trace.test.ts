// A trace of a step shows the numbers of backward() itself, and its formulas are the source's.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import {
  backward,
  batchNorm,
  conv2d,
  cpu,
  dense,
  flatten,
  globalAveragePool2d,
  maxPool2d,
  ops,
  parameter,
  relu,
  residual,
  scope,
  sequential,
  wasm,
  type Backend,
  type Network,
  type Tensor,
} from '../engine/index.js'
import { models } from '../models/index.js'
import { chainOf, lossOf, operations, traceStep } from '../training/index.js'
import { mnist } from './support/fixtures.js'
import { assertClose } from './support/numbers.js'

const { pixels, labels } = mnist(0, 2)
const x = Float32Array.from(pixels, v => v / 255)
const small = () =>
  sequential(
    [28, 28, 1],
    conv2d(3, 5, { stride: 3 }),
    batchNorm(),
    relu(),
    residual(conv2d(3, 3, { padding: 'same' }), relu()),
    maxPool2d(2),
    globalAveragePool2d(),
    dense(10),
  )
const networks: Record<string, () => Network> = { ...models, small }
const backends: Record<string, () => Backend | Promise<Backend>> = {
  cpu: () => cpu(),
  'cpu in Float64': () => cpu({ precision: 'float64' }),
  wasm: () => wasm({ threads: 1 }),
}

/** What backward() itself says of the input and each parameter. */
async function expected(network: Network, backend: Backend) {
  const input = parameter(backend, x, [2, ...network.input])
  const wanted = new Map([['x', input], ...network.parameters])
  const [loss, ...gradients] = scope(() => {
    const loss = ops.crossEntropy(network.forward(input), labels)
    const all = backward(loss)
    return [loss, ...[...wanted.values()].map(w => all.get(w)!)]
  })
  const found = new Map<string, ArrayLike<number>>()
  for (const [i, name] of [...wanted.keys()].entries()) found.set(name, await gradients[i].download())
  const [value] = await loss.download()
  for (const tensor of [input, loss, ...gradients] as Tensor[]) tensor.free()
  return { value, found }
}

describe('A trace of a step', () => {
  for (const [named, create] of Object.entries(backends))
    for (const [name, make] of Object.entries(networks))
      it(`${name} on ${named}: the numbers of backward`, async () => {
        const backend = await create()
        const network = make().init(backend, 1)
        const live = backend.live
        const trace = await traceStep(network, backend, x, labels)
        const { value, found } = await expected(network, backend)
        assert.ok(Math.abs(trace.loss - value) <= 1e-6 * value)
        assert.ok(Math.abs((await lossOf(network, backend, x, labels)) - value) <= 1e-6 * value)
        for (const [parameter, gradient] of found) {
          const node = trace.nodes.find(node => node.name === parameter)
          assertClose(node!.gradient, gradient, 1e-6, parameter)
        }
        assert.equal(backend.live, live, 'all that it took is given back')
        await backend.dispose()
      }).timeout(60_000)

  it('deepnet2: the operations in order, each in its layer, and from what', async () => {
    const backend = cpu()
    const { nodes } = await traceStep(models.deepnet2().init(backend, 1), backend, x, labels)
    assert.deepEqual(
      nodes.map(({ name, layer = '', inputs }) => [name, layer, ...inputs.map(({ node }) => nodes[node].name)]),
      [
        ['x', ''],
        ['reshape', '0.flatten', 'x'],
        ['1.dense.weight', ''],
        ['matmul', '1.dense', 'reshape', '1.dense.weight'],
        ['1.dense.bias', ''],
        ['bias', '1.dense', 'matmul', '1.dense.bias'],
        ['relu', '2.relu', 'bias'],
        ['3.dense.weight', ''],
        ['matmul', '3.dense', 'relu', '3.dense.weight'],
        ['3.dense.bias', ''],
        ['bias', '3.dense', 'matmul', '3.dense.bias'],
        ['crossEntropy', '', 'bias'],
      ],
    )
  })

  it('the chain rule: at every tensor that all ways pass, the products add up to the gradient', async () => {
    const backend = cpu({ precision: 'float64' })
    const network = sequential([28, 28], flatten(), dense(5), relu(), dense(10)).init(backend, 3)
    const weight = network.parameters.get('1.dense.weight')!
    const values = await weight.download()
    const place = 350 * 5 + 2
    const h = 1e-4
    const nudged = async (by: number) => {
      weight.backend.free(weight.data)
      weight.data = backend.upload(values.map((v, i) => (i === place ? v + by : v)))
      return traceStep(network, backend, x, labels)
    }
    const around = [await nudged(0), await nudged(h), await nudged(-h)] as const
    const gradient = around[0].nodes.find(({ name }) => name === '1.dense.weight')!.gradient[place]
    const chain = chainOf(around, h)
    assert.deepEqual(
      chain.map(({ node }) => around[0].nodes[node].op),
      ['matmul', 'bias', 'relu', 'matmul', 'bias', 'crossEntropy'],
    )
    assert.ok(Math.abs(gradient) > 1e-3)
    for (const { sum } of chain) assert.ok(Math.abs(sum - gradient) < 1e-6 * Math.abs(gradient), `${sum} ${gradient}`)
    assert.equal(chain[0].moved, 1, 'one unit, of the example that has ink there')
    // the first factor is the pixel that the weight meets
    const [first] = chain[0].largest
    assert.ok(Math.abs(first.rate - x[Math.floor(first.index / 5) * 784 + 350]) < 1e-6)
  })

  it('every operation of the engine has its formula, its gradient and its line', () => {
    const recorded = [
      'relu',
      'matmul',
      'bias',
      'conv2d',
      'maxPool2d',
      'averagePool2d',
      'globalAveragePool2d',
      'softmax',
    ]
    const others = [
      'reshape',
      'add',
      'sub',
      'mul',
      'div',
      'sum',
      'batchNorm',
      'crossEntropy',
      'tanh',
      'sigmoid',
      'gelu',
    ]
    for (const op of [...recorded, ...others, 'leakyRelu', 'softplus', 'exp', 'log', 'sqrt']) {
      const { forward, backward, file, line } = operations[op]
      assert.match(forward, /=|The same numbers/, op)
      assert.match(backward, /^(d|y' =)/, op)
      assert.match(readFileSync(file, 'utf8').split('\n')[line - 1], new RegExp(`export (const|function) ${op}\\b`))
    }
  })
})
