// Which records of a program may run at the same time.
import assert from 'node:assert/strict'
import { levelsOf } from '../engine/backends/wasm/levels.js'

const range = (at: number, size = 8) => ({ at, size })

describe('the levels of a program', () => {
  it('are how many calls wait for each other, by what they read and write', () => {
    const [a, b, c] = [range(0), range(64), range(128)]
    const calls = [
      { reads: [a], writes: [b] },
      { reads: [a], writes: [c] }, // with the first: both only read a
      { reads: [b], writes: [] },
      { reads: [b, c], writes: [] }, // with the one before
      { reads: [], writes: [range(4)] }, // a again, at its end, when two have read it
      { reads: [], writes: [range(68, 2)] }, // over b, in the midst of it, when two have read that
      { reads: [range(12, 52), range(72, 56)], writes: [] }, // what lies in between: waits for none
    ]
    assert.deepEqual(levelsOf(calls), [0, 0, 1, 1, 1, 2, 0])
  })
})
