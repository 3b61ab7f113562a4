// What the page prints of a sum adds up, whatever the numbers are.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { roundTogether } from '../web/rounding.js'

describe('numbers that are rounded together', () => {
  it('three thirds are 0.34, 0.33 and 0.33', () =>
    assert.deepEqual(roundTogether([1 / 3, 1 / 3, 1 / 3], 100, 2), [34, 33, 33]))
  it('add up, and none is a unit or more away from what it was', () => {
    const values = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(values, list => {
        const total = Math.round(list.reduce((a, b) => a + b, 0) * 1000) + 0 // not −0
        const rounded = roundTogether(list, total, 3)
        assert.equal(
          rounded.reduce((a, b) => a + b, 0),
          total,
        )
        for (const [i, v] of list.entries()) assert.ok(Math.abs(rounded[i] - 1000 * v) <= 1 + 1e-6)
      }),
    )
  })
})
