// The page's training step: its numbers are those of backward, and a weight that is moved moves the loss as its gradient says.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { readCheckpoint } from '../cli/checkpoint.js'
import { pretrained } from '../cli/trained.js'
import { backward, cpu, ops, scope, tensor } from '../engine/index.js'
import { models } from '../models/index.js'
import { descended, stepView, weightView } from '../web/backprop.js'
import { mnist } from './support/fixtures.js'
import { assertClose } from './support/numbers.js'
import { inChromium, openPage, type Opened } from './support/chromium.js'

const path = join(pretrained, 'deepnet2.safetensors')
const name = '3.dense.weight'

/** By backward itself, in double precision: deepnet2's loss for a 3, and the gradient of its last weights. */
async function byHand(seen: Float32Array) {
  const backend = cpu({ precision: 'float64' })
  const network = models.deepnet2().load(backend, (await readCheckpoint(path))!.tensors)
  const [loss, dw] = scope(() => {
    const loss = ops.crossEntropy(network.forward(tensor(backend, seen, [1, 28, 28])), [3])
    return [loss, backward(loss).get(network.parameters.get(name)!)!]
  })
  return { expected: (await loss.download())[0], dw: await dw.download() }
}

describe('the page’s training step, in its Worker', () => {
  it('has the numbers of backward, to 1e-6, and leaves the weights as they were', async () => {
    const { pixels } = mnist(5, 1)
    const x = Float32Array.from(pixels, v => v / 255)
    const { expected, dw } = await byHand(x)
    const backend = cpu({ precision: 'float64' })
    const network = models.deepnet2().load(backend, (await readCheckpoint(path))!.tensors)
    const live = backend.live
    const studied = { network, backend, x, label: 3, asItReads: <T>(fn: () => T) => fn() }
    const { loss, operations, parameters } = await stepView(studied)
    assertClose([loss], [expected], 1e-6, 'loss')
    const passed = operations.find(({ op, layer }) => op === 'matmul' && layer === '3.dense')!.inputs[1]
    assertClose(passed.dx.values, dw, 1e-6, 'gradient')
    assert.equal(parameters.length, 4)

    const place = parameters.find(parameter => parameter.name === name)!.largest
    const { gradient, losses } = await weightView(studied, name, place, [1e-5, -1e-5])
    assertClose([gradient, (losses[0] - losses[1]) / 2e-5], [dw[place], dw[place]], 1e-6, 'slope')
    const [down, none] = await descended(studied, [1e-3, 0])
    assert.ok(down < loss)
    assertClose([none], [expected], 1e-6, 'the loss without a step')
    assertClose([(await stepView(studied)).loss], [expected], 1e-12, 'the loss afterwards')
    assert.equal(backend.live, live)
  })
})

inChromium('the page’s training step', function () {
  this.timeout(60_000)
  let opened: Opened

  before(async () => {
    opened = await openPage({}, { deepnet2: ['', path] })
    await opened.page.click('#example')
    // What stands above grows meanwhile.
    const scrolled = "document.getElementById('backprop').scrollIntoView()"
    await opened.until(`(${scrolled}, document.getElementById('backprop-weight').dataset.gradient !== undefined)`)
  })
  after(() => opened?.close())

  const data = async (id: string, key: string) =>
    Number(await opened.page.locator(`#${id}`).getAttribute(`data-${key}`))

  it('shows the loss and the gradient that backward gives, for another label too', async () => {
    // What the network saw, off the page, whose picture of it has 256 levels of grey.
    const seen = await opened.page.evaluate<number[]>(`(() => {
      const canvas = document.querySelector('#steps li:has([data-text="steps.seen"]) canvas')
      return Array.from(canvas.getContext('2d').getImageData(0, 0, 28, 28).data).filter((_, i) => i % 4 === 0)
    })()`)
    await opened.page.selectOption('#backprop-label', '3')
    await opened.page.selectOption('#backprop-parameter', name)
    await opened.page.fill('#backprop-index', '16,3')
    await opened.page.locator('#backprop-index').blur()
    await opened.until("document.querySelector('#backprop-index').value === '16,3'")
    await opened.page.waitForTimeout(500)

    const { expected, dw } = await byHand(Float32Array.from(seen, v => v / 255))
    const close = (actual: number, expected: number, tolerance: number) =>
      assert.ok(Math.abs(actual - expected) <= tolerance * Math.max(Math.abs(expected), 1e-3), `${actual}, ${expected}`)
    close(await data('backprop-loss', 'loss'), expected, 1e-3)
    close(await data('backprop-weight', 'gradient'), dw[16 * 10 + 3], 5e-3)
  })

  it('moving a weight a little moves the loss as promised', async () => {
    await opened.page.locator('#backprop-nudge').fill('0.02')
    await opened.page.waitForTimeout(500)
    const [loss, measured, promised] = [
      await data('backprop-loss', 'loss'),
      await data('backprop-weight', 'measured'),
      await data('backprop-weight', 'promised'),
    ]
    assert.ok(
      Math.abs(measured - promised) <= 0.05 * Math.abs(promised - loss) + 1e-5,
      `${loss} ${measured} ${promised}`,
    )
  })

  it('goes forward and back by the arrow keys, each operation with its formula and line', async () => {
    await opened.page.locator('#backprop-next').focus()
    assert.match(await opened.text('backprop-position'), /^Forward, 1 of 7$/)
    for (let i = 0; i < 7; i++) await opened.page.keyboard.press('ArrowRight')
    assert.match(await opened.text('backprop-position'), /^Backward, 1 of 7$/)
    assert.match(
      await opened.text('backprop-operation'),
      /crossEntropy[^]*dlogits = \(p − onehot\(label\)\) \/ m[^]*engine\/losses\/crossEntropy\.ts:\d+/,
    )
    await opened.page.keyboard.press('ArrowRight')
    await opened.page.keyboard.press('ArrowRight')
    assert.match(
      await opened.text('backprop-operation'),
      /3\.dense: matmul[^]*dx = dy·wᵀ,[^]*engine\/ops\/matmul\.ts:\d+/,
    )
    await opened.page.keyboard.press('ArrowLeft')
    assert.match(await opened.text('backprop-operation'), /3\.dense: bias/)
  })

  it('fits a phone, and caused no error', async () => {
    await opened.page.setViewportSize({ width: 390, height: 844 })
    await opened.until('document.documentElement.scrollWidth <= 390', 5000)
    assert.deepEqual(opened.wrong, [])
  })
})
