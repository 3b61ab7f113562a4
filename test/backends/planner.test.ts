// What the wasm backend's planner decides, without memory or kernels: blocks here have layouts whose addresses are nowhere.
import assert from 'node:assert/strict'
import { Block, type ActiveMask, type Csr, type LazyOp } from '../../engine/backends/wasm/layout.js'
import * as planner from '../../engine/backends/wasm/planner.js'
import type { Conv2dShape, Pool2dShape } from '../../engine/index.js'

const plans = planner.createPlanner(2)
const y = { size: 0, at: 0 }

const dense = (length: number, rectified = false) => {
  const block = new Block(length)
  block.layouts.push({ kind: 'dense', at: 0 })
  block.rectified = rectified
  return block
}
const bytes = (length: number) => {
  const block = new Block(length)
  block.layouts.push({ kind: 'bytes', at: 0 })
  return block
}
const lazy = (length: number, op: LazyOp) => {
  const block = new Block(length)
  block.layouts.push({ kind: 'lazy', op })
  return block
}
const csr = (block: Block, m: number, n: number, full: boolean) => {
  const rows: Csr = { kind: 'csr', m, n, starts: 0, grey: false, shift: 0, full, owned: [0] }
  block.layouts.push(rows)
  return block
}
const product = (x: Block, w: Block, m: number, k: number, n: number, t = {}) =>
  lazy(m * n, { op: 'matmul', x, w, m, k, n, t })

/** The kernels of a plan; or what has to be there first. */
const kernelsOf = (plan: planner.Plan | planner.First) =>
  'first' in plan ? `first ${plan.first.as}` : plan.steps.map(({ kernel }) => kernel)

const conv = (n: number, h: number, ci: number, co: number): Conv2dShape => ({ n, h, w: h, ci, kh: 3, kw: 3, co, stride: 1, top: 0, left: 0, oh: h - 2, ow: h - 2 }) // prettier-ignore
const pooling = ({ n, oh, ow, co }: Conv2dShape): Pool2dShape => ({ n, h: oh, w: ow, c: co, size: 2, stride: 2, oh: oh / 2, ow: ow / 2 }) // prettier-ignore

describe('the planner of wasm', () => {
  describe('what joins an operation that waits', () => {
    const waiting = () => product(dense(30), dense(40), 6, 5, 8)
    it('a bias, if its length is that of a row of the result, and then a relu', () => {
      const b = dense(8)
      const op = planner.fuseBias(waiting(), b, 8)!
      assert.equal(op.op === 'matmul' && op.b, b)
      const both = planner.fuseRelu(lazy(48, op))
      assert.ok(both?.op === 'matmul' && both.rectify && both.b === b)
      assert.equal(planner.fuseBias(waiting(), dense(4), 4), undefined, 'after a reshape to rows of 4')
      assert.equal(planner.fuseBias(lazy(48, both), b, 8), undefined, 'after a relu')
    })
    it('nothing behind a mask, and nothing if it is computed already', () => {
      const masked = planner.fuseReluGrad(dense(48, true), product(dense(30), dense(40), 6, 5, 8, { w: true }))!
      assert.ok(masked.op === 'matmul' && masked.mask)
      assert.equal(planner.fuseRelu(lazy(48, masked)), undefined)
      assert.equal(planner.fuseBias(lazy(48, masked), dense(8), 8), undefined)
      assert.equal(planner.fuseRelu(dense(48)), undefined)
    })
    it('the gradient of a pooling waits unless a cell may win two windows', () => {
      assert.ok(planner.poolGradWaits(pooling(conv(1, 6, 4, 4))))
      assert.ok(!planner.poolGradWaits({ ...pooling(conv(1, 6, 4, 4)), size: 3 }))
    })
  })

  describe('products', () => {
    it('of numbers: dense', () => {
      const block = product(dense(128 * 784), dense(784 * 128), 128, 784, 128)
      assert.deepEqual(kernelsOf(plans.compute(block, y)), ['packColumns', 'multiply'])
    })
    it('of pixels: as full as they are decides', () => {
      const x = bytes(128 * 784)
      const block = product(x, dense(784 * 10), 128, 784, 10)
      assert.equal(kernelsOf(plans.compute(block, y)), 'first csr')
      csr(x, 128, 784, false)
      assert.deepEqual(kernelsOf(plans.compute(block, y)), ['spmmBlock', 'sumBlocks'])
      const wide = product(x, dense(784 * 13), 128, 784, 13)
      assert.deepEqual(kernelsOf(plans.compute(wide, y)), ['spmm'])
      const full = csr(bytes(128 * 784), 128, 784, true)
      assert.deepEqual(kernelsOf(plans.compute(product(full, dense(7840), 128, 784, 10), y)), [
        'packColumns',
        'multiply',
      ])
      const other = csr(bytes(128 * 784), 64, 1568, false)
      assert.equal(
        kernelsOf(plans.compute(product(other, dense(7840), 128, 784, 10), y)),
        'first csr',
        'of another shape',
      )
    })
    it("behind relu, of what is large enough; and relu's gradient where that is not 0", () => {
      const [m, k, n] = [128, 9216, 128]
      const x = csr(dense(m * k, true), m, k, false)
      assert.deepEqual(kernelsOf(plans.compute(product(x, dense(k * n), m, k, n), y)), ['spmm'])
      assert.deepEqual(kernelsOf(plans.compute(product(x, dense(m * n), k, m, n, { x: true }), y)), [
        'spmmTransposed',
        'unpack',
      ])
      const dx = product(dense(m * n), dense(k * n), m, n, k, { w: true })
      const masked = lazy(m * k, planner.fuseReluGrad(x, dx)!)
      assert.deepEqual(kernelsOf(plans.sampledProduct(masked, m, k, y)!), ['sddmm'])
      assert.equal(plans.sampledProduct(masked, 2 * m, k / 2, y), undefined, 'of another shape')
      const small = dense(128 * 128, true)
      assert.deepEqual(kernelsOf(plans.compute(product(small, dense(1280), 128, 128, 10), y)), [
        'packColumns',
        'multiply',
      ])
    })
    it("Adam's step in panels: of the gradient of such a product that waits, and of no other", () => {
      const x = csr(bytes(128 * 784), 128, 784, false)
      const dw = product(x, dense(1280), 784, 128, 10, { x: true })
      const panels = plans.adamPanels(dw)
      assert.ok('shape' in panels && panels.shape?.m === 784 && panels.shape.n === 10)
      assert.deepEqual(plans.adamPanels(dense(7840)), {})
      assert.deepEqual(plans.adamPanels(product(dense(128 * 128), dense(1280), 128, 128, 10, { x: true })), {})
    })
  })

  describe('convolutions', () => {
    const s = conv(2, 28, 1, 32)
    const s2 = conv(2, 26, 32, 64)
    const p = pooling(s2)
    const image = bytes(2 * 784)
    const seen = (h: number): ActiveMask => ({ at: 0, n: 2, h, w: h, image, s })
    const layer = (x: Block, of: Conv2dShape) => lazy(of.n * of.oh * of.ow * of.co, { op: 'conv2d', x, w: dense(9), s: of, b: dense(of.co), rectify: true }) // prettier-ignore

    it('of pixels: what is blank once, and a note of where that is', () => {
      const plan = plans.compute(layer(image, s), y)
      assert.deepEqual(kernelsOf(plan), ['activeMask', 'pack', 'convolveActive'])
      assert.ok('active' in plan && plan.active?.image === image && plan.active.h === 26)
      assert.deepEqual(kernelsOf(plans.compute(layer(dense(2 * 784), s), y)), ['packColumns', 'convolve'])
    })
    it('that are pooled: by Winograd, once the image is there, with its mask if that is of its shape', () => {
      assert.equal(kernelsOf(plans.pool(layer(layer(image, s), s2), p, y)), 'first dense')
      const x = dense(2 * 26 * 26 * 32, true)
      assert.deepEqual(kernelsOf(plans.pool(layer(x, s2), p, y)), ['transformFilters', 'convolvePool'])
      x.active = seen(26)
      assert.deepEqual(kernelsOf(plans.pool(layer(x, s2), p, y)), ['activeMask', 'transformFilters', 'convolvePool'])
      x.active = seen(13)
      assert.deepEqual(
        kernelsOf(plans.pool(layer(x, s2), p, y)),
        ['transformFilters', 'convolvePool'],
        'of another shape',
      )
      assert.deepEqual(kernelsOf(plans.pool(layer(x, s2), { ...p, size: 3 }, y)), ['maxPool'])
    })
    it('that are pooled for the last time: by larger tiles, where these fit', () => {
      const x = dense(2 * 26 * 26 * 32, true)
      const last = (of: Conv2dShape, p = pooling(of)) => plans.pool(layer(x, of), p, y, true)
      const plan = last(s2)
      assert.deepEqual(kernelsOf(plan), ['transformFilters4', 'inferPooled'])
      assert.ok('steps' in plan && !plan.argmax)
      assert.deepEqual(kernelsOf(last(conv(2, 24, 32, 64))), ['transformFilters', 'convolvePool'], '11 windows a row')
      assert.deepEqual(kernelsOf(last(s2, { ...p, size: 3 })), ['maxPool'])
    })
    it('gradients of what was pooled: of the winners alone, and lumped where only sums are wanted', () => {
      const x = dense(2 * 26 * 26 * 32, true)
      x.active = seen(26)
      const pooled = dense(2 * 12 * 12 * 64, true)
      pooled.active = { ...seen(12), s: undefined }
      pooled.pooled = { argmax: 0, source: layer(x, s2), shape: p, image: x, s: s2 }
      const dy = lazy(2 * 24 * 24 * 64, { op: 'unpool', dy: dense(2 * 12 * 12 * 64), y: pooled, masked: false })
      assert.deepEqual(kernelsOf(plans.biasGrad(dy, 1152, 64, y)), ['sparseBiasGrad', 'sumParts'])
      assert.deepEqual(kernelsOf(plans.biasGrad(dy, 2304, 32, y)), ['biasGrad', 'sumParts'], 'of other channels')
      assert.deepEqual(kernelsOf(plans.filterGrad(x, dy, s2, y)), ['sparseFilterGrad', 'sumTransposed'])
      const dx = lazy(x.length, planner.fuseInputGrad(dy, dense(9), s2)!)
      const sumsOf = (plan: planner.Plan | planner.First, kernel: string) =>
        'first' in plan ? [] : plan.steps.find(one => one.kernel === kernel)!.args.map(arg => typeof arg === 'object' && 'as' in arg && arg.as) // prettier-ignore
      assert.deepEqual(sumsOf(plans.biasGrad(dx, 1352, 32, y), 'sumParts')[0], 'totals')
      assert.deepEqual(sumsOf(plans.biasGrad(dx, 676, 64, y), 'biasGrad')[0], 'dense', 'of other channels')
      assert.deepEqual(sumsOf(plans.filterGrad(image, dx, s, y), 'activeFilterGrad')[1], 'lumped')
      assert.deepEqual(sumsOf(plans.filterGrad(bytes(1568), dx, s, y), 'filterGrad')[1], 'dense', 'of another image')
    })
  })
})
