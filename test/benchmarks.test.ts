// What the benchmarks say about their samples: medians, ratios and goals, computed by hand here.
import assert from 'node:assert/strict'
import { comparisonTable, differs, type Turn } from '../bench/comparison.js'
import { explain } from '../bench/explain.js'
import { explainWebgpu, linesOf, type Row } from '../bench/explainWebgpu.js'
import { goals } from '../bench/goals.js'
import { median } from '../bench/measure.js'
import type { PeerResults } from '../bench/peers.js'
import type { Outcome } from '../bench/rounds.js'
import { duration, peerTable, speedrunTable } from '../bench/tables.js'
import { withoutWebgpu as skip } from './support/webgpu.js'

const outcome = (secondsPerEpoch: number, inferenceSeconds: number, peakMemory = 1e8): Outcome => ({
  ran: 'it',
  secondsPerEpoch,
  inferenceSeconds,
  share: 1,
  peakMemory,
})

/** Medians of an epoch: ours 3 s, theirs 5 s; of a test: 2 s and 1 s. */
const results = {
  backend: 'wasm',
  rows: [
    {
      name: 'wasm',
      model: 'convnet',
      threads: 2,
      outcomes: [outcome(9, 1), outcome(3, 2, 7e8), outcome(1, 4)],
    },
    { name: 'wasm', model: 'convnet', threads: 1, outcomes: [outcome(50, 50)] },
    { name: 'pytorch', model: 'convnet', threads: 2, outcomes: [outcome(5, 1), outcome(4, 1), outcome(6, 1)] },
    { name: 'onnxruntime', model: 'convnet', threads: 2, outcomes: [{ ran: 'it', share: 1, inferenceSeconds: 2.5 }] },
    { name: 'tfjs-wasm', model: 'convnet', threads: 1, outcomes: [], failure: 'no Conv2DBackpropFilter' },
  ],
} as unknown as PeerResults

describe('What the benchmarks say', () => {
  it('medians of an odd and an even number of samples', () => {
    assert.equal(median([9, 1, 3]), 3)
    assert.equal(median([9, 1, 3, 4]), 3.5)
  })

  it('durations in a unit that suits them', () => {
    assert.deepEqual([2e-6, 0.0123, 0.4567, 12, 345].map(duration), ['2.00 µs', '12.3 ms', '457 ms', '12.0 s', '345 s'])
  })

  it('ratios of ours to theirs, for equal numbers of threads', () => {
    const [ours, , torch, onnxruntime, tfjs] = peerTable(results).rows
    assert.equal(ours[3], '3.00 s (1.00 s – 9.00 s)')
    assert.deepEqual([torch[4], torch[6]], ['0.60', '2.0'])
    assert.deepEqual(onnxruntime.slice(3, 7), ['–', '', '2.50 s (one round)', '0.80'])
    assert.equal(tfjs.at(-1), 'no Conv2DBackpropFilter')
  })

  it('which goals are reached, which are missed, and which were not measured', () => {
    const found = (goal: string) =>
      goals(results)
        .rows.filter(([what]) => what === goal)
        .map(([, , , threads, measured, reached]) => [threads, measured, reached])
    assert.deepEqual(found('convnet, an epoch'), [['2', '0.600', 'no']])
    assert.deepEqual(found('convnet, 10,000 images'), [['2', '2.00', 'no']])
    assert.deepEqual(found('convnet, an epoch on one thread over it'), [['2', '16.7', 'yes, the aim too']])
    assert.deepEqual(found('deepnet1, an epoch'), [['', 'not yet', '']])
    // The best of each row counts: an engine with an epoch of 8 s and a test of 3 s changes neither, one of 4 s and 0.5 s both.
    const beside = (name: string, ...of: [number, number]) =>
      goals({ ...results, rows: [...results.rows, { name, model: 'convnet', threads: 2, outcomes: [outcome(...of)] }] })
        .rows.filter(([what]) => what.startsWith('convnet, an epoch') || what.startsWith('convnet, 10,000'))
        .map(row => row[4])
    assert.deepEqual(beside('keras', 8, 3), ['0.600', '2.00', '16.7'])
    assert.deepEqual(beside('keras', 4, 0.5), ['0.750', '4.00', '16.7'])
    // tfjs runs in JavaScript, and is no native engine.
    assert.deepEqual(beside('tfjs-cpu', 4, 0.5), ['0.600', '2.00', '16.7'])
  })

  it('whether the mean of the seeds reached what was to be reached', () => {
    const entry = (...accuracies: number[]) => ({
      name: 'wasm',
      model: 'deepnet2',
      threads: 2,
      threshold: 0.97,
      outcomes: accuracies.map((accuracy, i) => ({ ran: 'wasm', seconds: i + 1, accuracy })),
    })
    const rows = speedrunTable([entry(0.96, 0.985, 0.971), entry(0.96, 0.98, 0.969)]).rows
    assert.deepEqual(rows[0].slice(4, 7), ['2.00 s (1.00 s – 3.00 s)', '97.20 % of 3', 'yes'])
    assert.deepEqual(rows[1].slice(5, 7), ['96.97 % of 3', 'no'])
  })

  it('the program of a step: its kernels with shapes, layouts, times and arithmetic', async function () {
    this.timeout(60_000)
    const lines = await explain('deepnet2', 32, 2, { gflops: 100, gbytes: 5 })
    assert.match(lines[0], /deepnet2, 32 examples, on 2 threads: (\d+) records, one call/)
    const at = lines.findIndex(line => /^ *\d+[& ] spmm x/.test(line))
    assert.match(
      lines[at + 1],
      /starts csr\[32,784\]#\d+, grey 1, panels packed\[784,128\]#\d+, y #\d+, m 32, k 784, n 128/,
    )
    const found = /thread 0 .* · thread 1 .* · ([\d.]+) µs · ([\d.]+) GFLOP\/s · (\d+) % of the roof/.exec(lines[at])
    assert.ok(found, lines[at])
    const [seconds, gflops, share] = [Number(found[1]) / 1e6, Number(found[2]), Number(found[3])]
    // 2·32·784·128 operations; with 100 GFLOP/s and 5 GB/s a product of (32·784 + 784·128 + 32·128) numbers waits for memory.
    assert.ok(Math.abs((seconds * gflops * 1e9) / 6_422_528 - 1) < 0.02)
    assert.ok(Math.abs((seconds * share) / ((100 * (4 * 129_536)) / 5e9) - 1) < 0.02 + 0.6 / share)
    assert.ok(lines.some(line => /spmmAdam \(adam in panels\)/.test(line)))
    assert.ok(lines.some(line => line.includes('rate live')))
  })

  it('the program of a step on a card: a row a dispatch, with sizes, workgroups, bytes, arithmetic, and times if there are any', () => {
    const kernel = (op: string, reads: string[], writes: string[], epilogue?: string): Row['kernel'] => ({
      op,
      reads: Object.fromEntries(reads.map(name => [name, 'f32'])),
      writes: Object.fromEntries(writes.map(name => [name, 'f32'])),
      sizes: '',
      threads: 64,
      body: '',
      ...(epilogue ? { epilogue } : {}),
    })
    const rows: Row[] = [
      { kernel: kernel('gather', ['pixels', 'indices'], ['y']), sizes: { count: 1568, n: 784 }, lengths: [47_040_000, 2, 1568], groups: [25, 1] }, // prettier-ignore
      { kernel: kernel('matmul', ['x', 'w', 'bias'], ['y'], 'bias relu'), sizes: { m: 2, k: 784, n: 128 }, lengths: [1568, 100_352, 128, 256], groups: [4, 2] }, // prettier-ignore
      { kernel: kernel('adamStep', ['dw', 'loss'], ['w', 'm', 'v']), sizes: { count: 10 }, lengths: [10, 1, 10, 10, 10], groups: [1, 1] }, // prettier-ignore
    ]
    const traffic = { submits: 1, dispatches: 3, replays: 1, written: 1040, read: 84 }
    const [head, gather, matmul, adam, , sums, ...more] = linesOf(rows, [1e-4, 2e-3, 1e-5], traffic)
    const cells = (line: string) => line.trim().split(/ {2,}/)
    assert.deepEqual(cells(head), ['kernel', 'sizes', 'arrays', 'workgroups', 'bytes', 'flops', 'time', 'GFLOP/s'])
    // 1568 bytes of the set, 2 indices, 1568 numbers.
    assert.deepEqual(cells(gather), ['1', 'gather', 'count 1568 n 784', 'pixels[47040000] indices[2] → y[1568]', '25 of 64', '7,848', '100 µs']) // prettier-ignore
    // 4·(1568 + 100352 + 128 + 256) bytes, 2·2·784·128 operations in 2 ms.
    assert.deepEqual(cells(matmul), ['2', 'matmul bias relu', 'm 2 k 784 n 128', 'x[1568] w[100352] bias[128] → y[256]', '4·2 of 64', '409,216', '401,408', '2.00 ms', '0.201']) // prettier-ignore
    // dw and the loss are read; w, m and v read and written.
    assert.deepEqual(cells(adam).slice(2), ['count 10', 'dw[10] loss[1] → w[10] m[10] v[10]', '1 of 64', '284', '10.0 µs']) // prettier-ignore
    assert.equal(sums, '3 dispatches in 1 submit: 417,348 bytes and 401,408 operations on the card, 2.11 ms one by one; 1,040 bytes to it, 84 back.') // prettier-ignore
    assert.deepEqual(more, [])
    assert.match(linesOf(rows, undefined, traffic).at(-1)!, /no timestamp queries/)
  })
  ;(skip ? it.skip : it)(
    `the program of deepnet2's step, on a device${skip ? `: SKIPPED, ${skip}` : ''}`,
    async function () {
      this.timeout(60_000)
      const lines = await explainWebgpu('deepnet2', 16)
      assert.match(lines[0], /deepnet2, 16 examples, on /)
      assert.ok(
        lines.some(line => /^ *\d+ +matmul .*\bm 16 k 784 n 128\b/.test(line)),
        lines.join('\n'),
      )
      const rows = lines.filter(line => /^ *\d+ {2}/.test(line)).length
      // Indices, labels and Adam's constants, four times; the loss and the scores.
      const sums = /^(\d+) dispatches in 1 submit: .*; 1,152 bytes to it, 644 back\.$/
      assert.equal(Number(sums.exec(lines.at(-1)!)?.[1]), rows, lines.at(-1))
    },
  )

  it('ratios of two versions within each round, beside those of one version with itself', () => {
    const turn = (step: number, memory = 2e8, loss = 0.5): Turn => ({ step, image: step / 1000, memory, loss })
    // NEW takes 0.5, 0.6 and 0.7 of OLD, though the machine is twice as slow in the last round; OLD takes 1.1, 0.9 and 1 of itself.
    const rounds = [
      { old: turn(1), new: turn(0.5, 3e8), again: turn(1.1) },
      { old: turn(1), new: turn(0.6, 3e8), again: turn(0.9) },
      { old: turn(2), new: turn(1.4, 3e8), again: turn(2) },
    ]
    const [step, image, memory] = comparisonTable([{ model: 'convnet', threads: 2, rounds }]).rows
    const times = ['0.600', '1.000', '0.900', '1.100', 'less']
    assert.deepEqual(step, ['convnet', '2', 'a step', '1.05 s', '600 ms', ...times])
    assert.deepEqual(image, ['convnet', '2', 'an image', '1.05 ms', '600 µs', ...times])
    assert.deepEqual(memory.slice(2), ['peak memory', '200 MB', '300 MB', '1.500', '1.000', '1.000', '1.000', 'more'])
    const same = rounds.map(round => ({ ...round, new: round.old }))
    assert.equal(comparisonTable([{ model: 'convnet', threads: 2, rounds: same }]).rows[0].at(-1), '')
  })

  it('whether two versions did the same work', () => {
    const turn = (loss: number): Turn => ({ step: 1, image: 1, memory: 1, loss })
    const round = (loss: number) => ({
      model: 'convnet',
      threads: 1,
      rounds: [{ old: turn(0.5), again: turn(0.5), new: turn(loss) }],
    })
    assert.deepEqual([0.5001, 0.51, 0.49].map(round).map(differs), [false, true, true])
  })
})
