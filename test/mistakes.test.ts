// What `test` makes of an evaluation, on four answers that can be checked by eye.
import assert from 'node:assert/strict'
import { confusion, mistakes } from '../data/index.js'

const evaluation = {
  loss: 0,
  metrics: {},
  targets: Uint8Array.of(0, 1, 1, 2, 2, 2),
  // prettier-ignore
  outputs: Float32Array.of(
    0.75, 0.25, 0,     // a 0, read as 0
    0.5, 0.25, 0.25,   // a 1, read as 0
    0, 0.125, 0.875,   // a 1, read as 2, surely
    0, 0.5, 0.5,       // a 2: of equal answers the first counts, 1
    0.0625, 0, 0.9375, // a 2, read as 2
    0, 0.5, 0.5,       // a 2, read as 1
  ),
}

describe('confusion', () => {
  it('counts the answers [label][answer]', () =>
    assert.deepEqual(confusion(evaluation), [
      [1, 0, 0],
      [1, 0, 1],
      [0, 2, 1],
    ]))
})

describe('mistakes', () => {
  it('lists what was read wrong, the surest first, equally sure ones in the set’s order', () =>
    assert.deepEqual(mistakes(evaluation), [
      { index: 2, label: 1, answer: 2, probability: 0.875 },
      { index: 1, label: 1, answer: 0, probability: 0.5 },
      { index: 3, label: 2, answer: 1, probability: 0.5 },
      { index: 5, label: 2, answer: 1, probability: 0.5 },
    ]))

  it('is empty where nothing is wrong', () =>
    assert.deepEqual(mistakes({ ...evaluation, targets: Uint8Array.of(0, 0, 2, 1, 2, 1) }), []))
})
