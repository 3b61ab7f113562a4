// What `fit` does at each step: which units dropout drops, and the learning rate, also of a training that goes on.
import assert from 'node:assert/strict'
import {
  beginning,
  cpu,
  dense,
  dropout,
  fit,
  flatten,
  schedules,
  sequential,
  sgd,
  type FitOptions,
  type Progress,
} from '../engine/index.js'
import { digits } from './support/examples.js'
import { assertClose } from './support/numbers.js'

const backend = cpu()

describe('dropout while learning', () => {
  const units = 64

  /**
   * Which units each step dropped: no gradient reaches the weights behind a unit that was dropped, so SGD leaves their row as it
   * was. Steps of one example; it stops after so many, and says how far it is.
   */
  async function dropped(count: number, from: Progress = beginning, taken = 0) {
    const network = sequential([28, 28], flatten(), dense(units), dropout(0.5), dense(10)).init(backend, 1)
    const optimizer = sgd(network.parameters)
    optimizer.restore(new Map(), taken)
    const options = { lr: 0.01, epochs: 2, batchSize: 1, seed: 5, from }
    const weight = network.parameters.get('3.dense.weight')!
    const masks: boolean[][] = []
    let progress = from
    let before = [...(await weight.download())]
    for await (const step of fit(network, optimizer, backend, digits(4), options)) {
      const after = [...(await weight.download())]
      const stands = (unit: number) =>
        after.slice(10 * unit, 10 * unit + 10).every((w, i) => w === before[10 * unit + i])
      masks.push(Array.from({ length: units }, (_, unit) => stands(unit)))
      before = after
      progress = step.progress
      if (masks.length === count) break
    }
    return { masks, progress }
  }

  it('drops about as many units as it is asked to, others at each step, in the next epoch too', async () => {
    const { masks } = await dropped(8)
    for (const mask of masks) {
      const share = mask.filter(Boolean).length / units
      assert.ok(share > 0.3 && share < 0.7, `${share} of the units`) // 0.5 ± 3.2 standard deviations
    }
    assert.equal(new Set(masks.map(String)).size, 8)
  })
  it('drops the same when a training goes on as if it had not stopped', async () => {
    const { masks } = await dropped(8)
    const { progress } = await dropped(3)
    assert.deepEqual((await dropped(5, progress, 3)).masks, masks.slice(3))
  })
})

describe('the learning rate of a step', () => {
  const options: FitOptions = { lr: 1, epochs: 4, batchSize: 4, schedule: t => 1 - t }
  async function rates(more: Partial<FitOptions>) {
    const network = sequential([28, 28], flatten(), dense(10)).init(backend, 1)
    const found = []
    for await (const { lr } of fit(network, sgd(network.parameters), backend, digits(8), { ...options, ...more }))
      found.push(lr)
    return found
  }
  const eighths = (...numbers: number[]) => numbers.map(n => n / 8)

  it('falls over all batches of all epochs', async () => {
    assertClose(await rates({}), eighths(8, 7, 6, 5, 4, 3, 2, 1), 1e-12, 'lr')
  })
  it('of a run that was stopped goes on where it was, in an epoch and between two', async () => {
    const within = { ...beginning, epoch: 1, batch: 1 }
    assertClose(await rates({ from: within, first: 0 }), eighths(5, 4, 3, 2, 1), 1e-12, 'lr')
    assertClose(await rates({ from: { ...beginning, epoch: 2 }, first: 0 }), eighths(4, 3, 2, 1), 1e-12, 'lr')
  })
  it('of a new run begins with the run, whatever was learned before it', async () => {
    assertClose(await rates({ from: { ...beginning, epoch: 2 } }), [1, 0.75, 0.5, 0.25], 1e-12, 'lr')
    const stopped = { from: { ...beginning, epoch: 3 }, first: 2 }
    assertClose(await rates(stopped), [0.5, 0.25], 1e-12, 'lr')
  })
  it('stays as it is without a schedule', async () => {
    assert.deepEqual(await rates({ schedule: undefined! }), Array(8).fill(1))
    assert.deepEqual(await rates({ schedule: schedules.constant }), Array(8).fill(1))
  })
})
