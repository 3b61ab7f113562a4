// The exercises: each applies to today's source, fails before and passes with its solution; and mistakes are named by their cause.
import assert from 'node:assert/strict'
import { dropping, gradients, walk, type Check } from '../learn/check.js'
import { exercises, type Exercise } from '../learn/exercises.js'
import type { Cause } from '../learn/diagnosis.js'
import { begin, judge, solution } from '../learn/workshop.js'

/** What each exercise is diagnosed with as it is handed out; those left out have no cause that has a name. */
const named: Record<string, Cause> = {
  '01-product': 'other',
  '02-difference': 'sign',
  '03-quotient': 'other',
  '04-twice-used': 'assigned',
  '05-order': 'order',
  '06-every-road': 'order',
  '07-backward-twice': 'kept',
  '08-relu': 'mask',
  '09-sigmoid': 'dy',
  '10-tanh': 'nothing',
  '11-bias': 'assigned',
  '12-matmul-dx': 'transposed',
  '13-matmul-dw': 'transposed',
  '14-mean': 'factor',
  '15-softmax-overflow': 'overflow',
  '16-softmax-roads': 'roads',
  '17-p-minus-y': 'label',
  '18-mean-of-the-batch': 'factor',
  '20-filter-gradient': 'assigned',
  '21-picture-gradient': 'nothing',
  '22-max-pool': 'mask',
  '23-average-pool': 'factor',
  '24-descent': 'sign',
  '25-momentum': 'momentum',
  '26-adam': 'correction',
  '27-batch-norm': 'statistics',
  '28-dropout': 'factor',
  '29-stale-mask': 'stale',
}

describe('The exercises', function () {
  this.timeout(30_000)

  it('there are at least 24, from a product to a network', () => {
    assert.ok(exercises.length >= 24)
    assert.equal(new Set(exercises.map(({ id }) => id)).size, exercises.length)
  })
  for (const exercise of exercises)
    it(`${exercise.id} fails before, by its cause, and passes with its solution`, async () => {
      const finding = await judge(exercise, await begin(exercise, 'en'))
      assert.ok(finding, 'nothing is found wrong')
      assert.equal(finding.message !== undefined, exercise.id === '35-layer', JSON.stringify(finding))
      assert.equal(finding.cause?.cause, named[exercise.id], JSON.stringify(finding))
      assert.equal(await judge(exercise, await solution(exercise, 'fr')), undefined)
      if (!exercise.solution)
        for (const [there] of exercise.cuts) assert.ok((await solution(exercise, 'en')).includes(there))
    })
})

const cpu = 'engine/backends/cpu.ts'
const arithmetic = 'engine/ops/arithmetic.ts'
const unary = (name: 'relu' | 'leakyRelu' | 'tanh' | 'sigmoid' | 'softplus' | 'gelu' | 'exp' | 'log' | 'sqrt') =>
  gradients(name, (ops, [x]) => ops[name](x), { x: { shape: [2, 3], values: [0.5, 1.5, 0.7, 2, 0.3, 1.1] } })
const signed = (name: 'relu' | 'leakyRelu') => gradients(name, (ops, [x]) => ops[name](x), { x: [3, 4] })
const pairs = (name: 'add' | 'sub' | 'mul' | 'div') =>
  gradients(name, (ops, [a, b]) => ops[name](a, b), {
    a: { shape: [2, 2], values: [0.5, -1, 2, 3] },
    b: { shape: [2, 2], values: [1.5, 2, -0.7, 1] },
  })
const conv2d = gradients('conv2d', (ops, [x, w]) => ops.conv2d(x, w), { x: [1, 4, 4, 2], w: [2, 2, 2, 2] })
const maxPool = gradients('maxPool2d', (ops, [x]) => ops.maxPool2d(x, 2, 1), { x: [1, 4, 4, 1] })
const averagePool = gradients('averagePool2d', (ops, [x]) => ops.averagePool2d(x, 2, 1), { x: [1, 4, 4, 1] })
const crossEntropy = gradients('crossEntropy', (ops, [x]) => ops.crossEntropy(x, [2, 0, 1]), { logits: [3, 4] })
const used = walk(['y = a + a', (ops, a) => ops.add(a, a), 3, 2, 'assigned'])

/** Mistakes that are in no exercise: what stands in the source, what takes its place, and the cause to be named. */
const mutations: readonly [file: string, there: string, instead: string, check: Check, cause: Cause][] = [
  [arithmetic, "binary('add', a, b, [dy => dy, dy => dy])", "binary('add', a, b, [dy => dy, dy => a.backend.mul(dy, scalar(a.backend, -1).data)])", pairs('add'), 'sign'],
  [arithmetic, "[dy => dy, dy => k.mul(dy, scalar(k, -1).data)]", '[dy => k.mul(dy, scalar(k, -1).data), dy => k.mul(dy, scalar(k, -1).data)]', pairs('sub'), 'sign'],
  [arithmetic, '[dy => k.mul(dy, b.data), dy => k.mul(dy, a.data)]', '[dy => k.mul(dy, b.data), dy => k.mul(dy, b.data)]', pairs('mul'), 'other'],
  [cpu, 'relu: [x => Math.max(x, 0), (dy, _, y) => (y > 0 ? dy : 0)]', 'relu: [x => Math.max(x, 0), (dy, _, y) => (y > 0 ? dy : 0.1 * dy)]', signed('relu'), 'mask'],
  [cpu, 'relu: [x => Math.max(x, 0), (dy, _, y) => (y > 0 ? dy : 0)]', 'relu: [x => Math.max(x, 0), (dy, _, y) => (y > 0 ? -dy : 0)]', signed('relu'), 'sign'],
  [cpu, 'relu: [x => Math.max(x, 0), (dy, _, y) => (y > 0 ? dy : 0)]', 'relu: [x => Math.max(x, 0), (_dy, _, y) => (y > 0 ? 1 : 0)]', signed('relu'), 'dy'],
  [cpu, '(dy, x) => (x > 0 ? dy : 0.01 * dy)', '(_dy, x) => (x > 0 ? 1 : 0.01)', signed('leakyRelu'), 'dy'],
  [cpu, '(dy, _, y) => dy * (1 - y * y)', '(dy, _, y) => 2 * dy * (1 - y * y)', unary('tanh'), 'factor'],
  [cpu, '(dy, _, y) => dy * y * (1 - y)', '(dy, _, y) => dy * y * (y - 1)', unary('sigmoid'), 'sign'],
  [cpu, 'exp: [Math.exp, (dy, _, y) => dy * y]', 'exp: [Math.exp, (_dy, _, y) => y]', unary('exp'), 'dy'],
  [cpu, '(dy, x) => dy / x]', '(dy, x) => -dy / x]', unary('log'), 'sign'],
  [cpu, '(dy, _, y) => dy / (2 * y)', '(dy, _, y) => dy / y', unary('sqrt'), 'factor'],
  [cpu, 'return dy * 0.5 *', 'return 0.5 *', unary('gelu'), 'dy'],
  [cpu, 'db[j] += dy[i * n + j]', 'db[j] += dy[i * n + j] / m', gradients('bias', (ops, [x, b]) => ops.bias(x, b), { x: [4, 3], b: [3] }), 'factor'],
  [cpu, 'dx[xAt + c] += sum', 'dx[xAt + c] = sum', conv2d, 'assigned'],
  [cpu, 'dw[wAt + c * s.co + o] += a * dy[yAt + o]', 'dw[wAt + c * s.co + o] -= a * dy[yAt + o]', conv2d, 'sign'],
  [cpu, '(dx[winner(x, cells)] += dy[yAt])', '(dx[winner(x, cells)] = dy[yAt])', maxPool, 'assigned'],
  [cpu, '(dx[winner(x, cells)] += dy[yAt])', '(dx[winner(x, cells)] -= dy[yAt])', maxPool, 'sign'],
  [cpu, '(dx[cell] += dy[yAt] / cells.length)', '(dx[cell] = dy[yAt] / cells.length)', averagePool, 'assigned'],
  [cpu, '(dx[cell] += dy[yAt] / cells.length)', '(dx[cell] += 1 / cells.length)', averagePool, 'dy'],
  [cpu, 'y[i * n + j] * (dy[i * n + j] - dot)', 'y[i * n + j] * (dot - dy[i * n + j])', gradients('softmax', (ops, [x]) => ops.softmax(x), { x: [2, 4] }), 'sign'],
  [cpu, '- target(labels[i], j, n, smoothing))) / m', '- target(labels[i], j, n, smoothing))) / (m * m)', crossEntropy, 'factor'],
  [cpu, '(dy[0] * (Math.exp(row[j] - max)', '(1 * (Math.exp(row[j] - max)', crossEntropy, 'dy'],
  ['engine/backward.ts', 'backend.add(other.data, dinput.data)', 'backend.add(other.data, backend.upload(new Float64Array(dinput.data.length)))', used, 'assigned'],
  ['engine/layers/dropout.ts', 'const kept = 1 / (1 - probability)', 'const kept = 1 - probability', dropping, 'factor'],
] // prettier-ignore

describe('Mistakes are named by their cause, from the numbers alone', () => {
  for (const [file, there, instead, check, cause] of mutations)
    it(`${instead} is ${cause}`, async () => {
      const mistake: Exercise = { ...exercises[0], file, cuts: [[there, instead]], check }
      const finding = await judge(mistake, await begin(mistake, 'en'))
      assert.equal(finding?.cause?.cause, cause, JSON.stringify(finding))
    })
})
