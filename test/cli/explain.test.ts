// `explain`: its numbers are those of backward, a weight moves the loss as its gradient says, and nothing is too wide.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { backward, cpu, ops, pixels, scope } from '../../engine/index.js'
import { models } from '../../models/index.js'
import { readCheckpoint } from '../../cli/checkpoint.js'
import { loadDataset } from '../../cli/datasets.js'
import { pretrained } from '../../cli/trained.js'
import { chiffre, root, temporaryFolder } from './chiffre.js'

interface Explained {
  readonly loss: number
  readonly nodes: readonly {
    readonly name: string
    readonly op: string
    readonly gradientNorm: number
    readonly largest: readonly { readonly index: number[]; readonly gradient: number }[]
  }[]
  readonly weight: {
    readonly gradient: number
    readonly chain: readonly { readonly tensor: string; readonly sum: number }[]
    readonly nudges: readonly { readonly by: number; readonly loss: number; readonly promised: number }[]
  }
}

/** The checkpoints that come with the program, not those of whoever runs the tests. */
const explain = (...args: string[]) => chiffre('explain', '--storage', temporaryFolder(), ...args)

describe('explain', function () {
  this.timeout(30_000)

  it('shows the numbers of backward, to 1e-6', async () => {
    const { tensors } = (await readCheckpoint(join(pretrained, 'deepnet2.safetensors')))!
    const backend = cpu({ precision: 'float64' })
    const network = models.deepnet2().load(backend, tensors)
    const set = await loadDataset('mnist', 'test')
    const image = set.pixels.slice(8 * 784, 9 * 784)
    const [value, dw] = scope(() => {
      const y = ops.crossEntropy(network.forward(pixels(backend, image, [1, 28, 28])), [set.targets[8]])
      return [y, backward(y).get(network.parameters.get('1.dense.weight')!)!]
    })
    const gradient = Float32Array.from(await dw.download())
    const most = gradient.reduce((best, g, i) => (Math.abs(g) > Math.abs(gradient[best]) ? i : best), 0)
    const place = `1.dense.weight[${Math.floor(most / 128)},${most % 128}]`
    const { out } = await explain('--index', '8', '--json', '--weight', place)
    const { nodes, loss, weight } = JSON.parse(out) as Explained

    const close = (actual: number, expected: number) =>
      assert.ok(Math.abs(actual - expected) <= 1e-6 * Math.abs(expected), `${actual}, expected ${expected}`)
    close(loss, (await value.download())[0])
    const node = nodes.find(({ name }) => name === '1.dense.weight')!
    close(node.gradientNorm, Math.hypot(...gradient))
    for (const { index, gradient: g } of node.largest) close(g, gradient[index[0] * 128 + index[1]])
    close(weight.gradient, gradient[most])
    assert.equal(weight.chain.length, 6)
    for (const { sum } of weight.chain) close(sum, weight.gradient)
    const small = weight.nudges.find(({ by }) => by === 0.01)!
    assert.ok(Math.abs(small.loss - small.promised) < 0.01 * Math.abs(small.promised - loss))
  })

  it('fits 80 columns, in both languages, forward, backward and page by page', async () => {
    for (const args of [
      ['--index', '7', '--weight', '3.dense.weight[16,6]'],
      ['--step', '--lang', 'fr'],
      ['--model', 'convnet', '--index', '3', '--lang', 'fr'],
      ['--model', 'convnet', '--index', '3', '--step'],
      ['--model', 'convnet', '--weight', '0.conv2d.weight[0,2,0,0]'],
    ]) {
      const { code, out } = await explain(...args)
      assert.equal(code, 0)
      const wide = out.split('\n').find(line => line.length > 80 && !line.includes(root))
      assert.equal(wide, undefined)
    }
  })

  it('each page names its line of the source', async () => {
    const { out } = await explain('--step')
    const order = [...out.matchAll(/^(Forward|Backward) \d+ of 7 {3}(.*)\nengine\/(ops|losses)\/\w+\.ts:\d+$/gm)]
    assert.deepEqual(
      order.map(([, way, title]) => `${way[0]} ${title}`),
      [
        ...['0.flatten: reshape', '1.dense: matmul', '1.dense: bias', '2.relu: relu', '3.dense: matmul', '3.dense: bias'].map(title => `F ${title}`),
        'F crossEntropy',
        'B crossEntropy',
        ...['3.dense: bias', '3.dense: matmul', '2.relu: relu', '1.dense: bias', '1.dense: matmul', '0.flatten: reshape'].map(title => `B ${title}`),
      ], // prettier-ignore
    )
  })

  it('what cannot be is one line', async () => {
    for (const [args, line] of [
      [
        ['--index', '10000'],
        /^chiffre: there is no example 10000: the test set of mnist has 10,000, counted from 0\n$/,
      ],
      [['--weight', '1.dense.weight[784,0]'], /^chiffre: --weight cannot be .*, so 1\.dense\.weight\[0…783,127\]\n$/],
      [['--weight', '1.dens.weight[0,0]'], /; did you mean 1\.dense\.weight\?\n$/],
      [['--label', 'x'], /^chiffre: --label cannot be x, only 0, 1, 2/],
    ] as const) {
      const { code, err } = await explain(...args)
      assert.ok(code === 1 || code === 2)
      assert.match(err.split('\n').slice(-2).join('\n'), line)
    }
  })
})
