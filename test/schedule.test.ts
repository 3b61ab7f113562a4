import assert from 'node:assert/strict'
import { schedules, type Schedule } from '../engine/index.js'

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual}, expected ${expected}`)

describe('schedules', () => {
  it('constant', () => {
    assert.equal(schedules.constant(), 1)
  })
  it('step: a tenth from the half on, a hundredth in the last quarter', () => {
    const values = [0, 0.49, 0.5, 0.74, 0.75, 0.99].map(t => schedules.step(t))
    assert.deepEqual(values, [1, 1, 0.1, 0.1, 0.01, 0.01])
  })
  it('cosine: ½(1 + cos πt)', () => {
    near(schedules.cosine(0), 1)
    near(schedules.cosine(1 / 3), 0.75)
    near(schedules.cosine(0.5), 0.5)
    near(schedules.cosine(2 / 3), 0.25)
    near(schedules.cosine(1), 0)
  })
  // The factors 25 and 10,000 are those of PyTorch's OneCycleLR.
  it('onecycle: from 1/25 to 1 at 30 %, then to 1/250,000', () => {
    near(schedules.onecycle(0), 0.04)
    near(schedules.onecycle(0.15), 0.52)
    near(schedules.onecycle(0.3), 1)
    near(schedules.onecycle(0.65), (1 + 4e-6) / 2)
    near(schedules.onecycle(1), 4e-6)
  })
  it('stay within (0, 1] before the end, and onecycle is continuous', () => {
    for (const [name, schedule] of Object.entries<Schedule>(schedules))
      for (let t = 0; t < 1; t += 0.001) {
        const v = schedule(t)
        assert.ok(v > 0 && v <= 1, `${name} at ${t}`)
        if (name === 'onecycle' || name === 'cosine') assert.ok(Math.abs(schedule(t + 0.001) - v) < 0.01)
      }
  })
})
