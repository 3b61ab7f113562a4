// Sets of other images than MNIST's are learned, gone on with, tested and read from the command line.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { deserialize, random } from '../../engine/index.js'
import { chiffre, temporaryFolder } from './chiffre.js'

function idx(shape: number[], numbers: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length)
  header.set([0, 0, 8, shape.length])
  shape.forEach((size, d) => header.writeUInt32BE(size, 4 + 4 * d))
  return Buffer.concat([header, numbers])
}

/** n images of `size` bytes in a number of classes: each class has a place of its own that is white, on a dark ground. */
function patterns(n: number, size: number, classes: number, seed: number) {
  const rng = random(seed, 'patterns')
  const labels = Uint8Array.from({ length: n }, (_, i) => i % classes)
  const pixels = Uint8Array.from({ length: n * size }, () => 20 * rng())
  const place = Math.floor(size / classes)
  labels.forEach((label, i) => pixels.fill(255, i * size + label * place, i * size + (label + 1) * place))
  return { labels, pixels }
}

describe('other sets than MNIST', function () {
  this.timeout(60_000)
  const storage = temporaryFolder()
  const run = async (...args: string[]) => {
    const outcome = await chiffre(...args, '--storage', storage, '--threads', '1')
    assert.deepEqual([outcome.code, outcome.err], [0, ''], args.join(' '))
    return outcome.out
  }
  const train = (name: string, data: string, ...more: string[]) =>
    run('train', '--name', name, '--data', data, '--lr', '0.003', '--batch-size', '16', ...more)
  const metadata = (name: string) => deserialize(readFileSync(join(storage, `${name}.safetensors`))).metadata
  /** Two epochs and one after one give the same file. */
  async function learns(name: string, data: string, model = 'deepnet2') {
    await train(name, data, '--model', model, '--epochs', '1')
    await train(name, data, '--model', model, '--epochs', '1')
    await train(`${name}2`, data, '--model', model, '--epochs', '2')
    const weights = (name: string) => [
      ...deserialize(readFileSync(join(storage, `${name}.safetensors`))).tensors.values(),
    ]
    assert.deepEqual(weights(name), weights(`${name}2`))
    const tested = await run('test', '--model', model, '--name', name, '--data', data)
    assert.match(tested, /Accuracy 100\.00%/)
    return tested
  }

  it('EMNIST’s letters: stored by columns, 26 classes that have names', async () => {
    const folder = temporaryFolder()
    for (const [part, n] of [
      ['train', 520],
      ['test', 52],
    ] as const) {
      // prettier-ignore
      const { labels, pixels } = patterns(n, 784, 26, n)
      writeFileSync(join(folder, `emnist-letters-${part}-images-idx3-ubyte`), idx([n, 28, 28], pixels))
      writeFileSync(
        join(folder, `emnist-letters-${part}-labels-idx1-ubyte`),
        idx(
          [n],
          labels.map(label => label + 1),
        ),
      )
    }
    const tested = await learns('letters', folder)
    assert.match(tested, /│ +│ a │ b │.*│ z │/)
    assert.equal(metadata('letters').classes, JSON.stringify(Array.from('abcdefghijklmnopqrstuvwxyz')))
    assert.equal(metadata('letters').input, '[28,28,1]')
    const refused = await chiffre('train', '--name', 'letters', '--data', 'mnist-10k', '--storage', storage)
    assert.match(refused.err, /it learned from images \[28,28,1\] in 26 classes; mnist-10k has images \[28,28\] in 10/)
  })

  it('colours, 32x32x3, in a folder a class, by a network of convolutions', async () => {
    const folder = temporaryFolder()
    const colours = { red: [250, 10, 10], green: [10, 250, 10], blue: [10, 10, 250] }
    for (const [name, colour] of Object.entries(colours)) {
      mkdirSync(join(folder, name))
      for (let i = 0; i < 20; i++) {
        const png = new PNG({ width: 32, height: 32 })
        for (let at = 0; at < 1024; at++)
          png.data.set([...colour.map(level => Math.max(0, level - ((at * (i + 1)) % 7))), 255], 4 * at)
        writeFileSync(join(folder, name, `${i}.png`), PNG.sync.write(png))
      }
    }
    await learns('colours', folder, 'convnet')
    assert.deepEqual([metadata('colours').input, metadata('colours').classes], ['[32,32,3]', '["blue","green","red"]'])
    const read = (...more: string[]) =>
      run('use', '--model', 'convnet', '--name', 'colours', '--image', join(folder, 'green/3.png'), ...more)
    assert.match(await read(), /green\/3\.png │ – +│ +green │ green\u00a0[\d.]+%, (red|blue)\u00a0/)
    assert.equal((JSON.parse(await read('--json')) as { name: string }).name, 'green')

    const small = new PNG({ width: 28, height: 28 })
    small.data.fill(255, 4 * 28 * 10, 4 * 28 * 12)
    writeFileSync(join(folder, 'small.png'), PNG.sync.write(small))
    const args = ['--model', 'convnet', '--name', 'colours', '--storage', storage, '--image', join(folder, 'small.png')]
    assert.match((await chiffre('use', ...args)).err, /it has 28x28 pixels; this network takes images of 32x32\n$/)
    assert.match(
      (await chiffre('read', ...args)).err,
      /this network does not read drawn digits: it takes images \[32,32,3\]\n$/,
    )
    const other = await chiffre(
      'train',
      '--model',
      'convnet',
      '--name',
      'colours',
      '--storage',
      storage,
      '--data',
      'mnist-10k',
    )
    assert.match(other.err, /it learned from images \[32,32,3\] in 3 classes; mnist-10k has images \[28,28\] in 10\n$/)
  })

  it('Fashion-MNIST’s form with names, dark on light: that is noticed', async () => {
    const folder = temporaryFolder()
    for (const [part, n] of [
      ['train', 200],
      ['t10k', 40],
    ] as const) {
      // prettier-ignore
      const { labels, pixels } = patterns(n, 784, 10, n)
      writeFileSync(
        join(folder, `${part}-images-idx3-ubyte`),
        idx(
          [n, 28, 28],
          pixels.map(v => 255 - v),
        ),
      )
      writeFileSync(join(folder, `${part}-labels-idx1-ubyte`), idx([n], labels))
    }
    const names = 'T-shirt Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Boot'
    writeFileSync(join(folder, 'classes.txt'), names.replaceAll(' ', '\n'))
    assert.match(await train('fashion', folder, '--model', 'deepnet1'), /these images are dark on light/)
    assert.match(await run('test', '--model', 'deepnet1', '--name', 'fashion', '--data', folder), /Sneaker/)
  })
})
