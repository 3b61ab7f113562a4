// A run of a session, batch by batch: what it says of each, and when it is over.
import assert from 'node:assert/strict'
import { cpu, dense, evaluate, flatten, sequential } from '../engine/index.js'
import { defaults, Session, train, type Advance, type Settings } from '../training/index.js'
import { digits } from './support/examples.js'

const backend = cpu()
const settings: Settings = { ...defaults, lr: 0.01, batchSize: 4, examples: 10 }
const begin = (given: Settings, epochs: number) =>
  Session.begin('small', sequential([28, 28], flatten(), dense(10)), backend, given, epochs)
async function all(run: AsyncIterable<Advance>) {
  const steps: Advance[] = []
  for await (const step of run) steps.push(step)
  return steps
}

describe('a run', () => {
  it('says after each batch whether it goes on, and after each epoch what it came to', async () => {
    const session = begin(settings, 2)
    const steps = await all(train(session, backend, digits(10)))
    assert.deepEqual(steps.map(({ state }) => state), ['on', 'on', 'on', 'on', 'on', 'over']) // prettier-ignore
    assert.deepEqual(steps.map(({ score }) => score !== undefined), [false, false, true, false, false, true]) // prettier-ignore
    for (const i of [2, 5]) {
      const { step, score } = steps[i]
      assert.deepEqual(score, { loss: step.loss, accuracy: step.metrics['accuracy'] })
      assert.ok(!('restored' in steps[i]))
    }
    assert.deepEqual(session.training.history, [steps[2].score, steps[5].score])
    assert.deepEqual([session.training.epoch, session.training.batch, session.training.steps], [2, 0, 6])
    assert.deepEqual(await all(train(session, backend, digits(10))), [], 'there is nothing left to do')
  })
  it('can be left after any batch: the session knows how far it is', async () => {
    const session = begin(settings, 2)
    for await (const { step } of train(session, backend, digits(10))) if (step.epoch === 2 && step.batch === 1) break
    const { epoch, batch, steps, history } = session.training
    assert.deepEqual([epoch, batch, steps, history.length], [1, 1, 4, 1])
  })
  it('judges each epoch by the examples that are kept apart', async () => {
    const session = begin({ ...settings, validation: 0.3, patience: 9 }, 1)
    const apart = digits(5, 10)
    const score = (await all(train(session, backend, digits(10), apart))).at(-1)!.score!
    const { loss, metrics } = await evaluate(session.network, backend, apart)
    assert.deepEqual(score.validation, { loss, accuracy: metrics['accuracy'] })
  })
  it('ends when patience does, and goes back to the best weights', async () => {
    // Steps so large that what is kept apart is soon read worse and worse.
    const session = begin({ ...settings, lr: 1, validation: 0.3, patience: 2 }, 50)
    const apart = digits(5, 10)
    const steps = await all(train(session, backend, digits(10), apart))
    const losses = session.training.history.map(({ validation }) => validation!.loss)
    const best = losses.indexOf(Math.min(...losses)) + 1
    assert.ok(losses.length < 50)
    assert.equal(losses.length, best + 2)
    const { state, restored } = steps.at(-1)!
    assert.deepEqual([state, restored], ['over', best])
    assert.ok(steps.slice(0, -1).every(step => step.state === 'on' && !('restored' in step)))
    assert.equal((await evaluate(session.network, backend, apart)).loss, losses[best - 1])
  })
  it('stops at a loss that is no number, and notes nothing of that batch', async () => {
    const session = begin({ ...settings, optimizer: 'sgd', lr: 1e38 }, 9)
    const steps = await all(train(session, backend, digits(10)))
    assert.ok(steps.length > 1)
    assert.deepEqual(steps.map(({ state }) => state), [...Array(steps.length - 1).fill('on'), 'diverged']) // prettier-ignore
    assert.ok(!Number.isFinite(steps.at(-1)!.step.loss))
    assert.equal(session.training.steps, steps.length - 1)
  })
  it('goes along its schedule from its own beginning', async () => {
    const session = begin({ ...settings, schedule: 'cosine' }, 1)
    const steps = await all(train(session, backend, digits(10)))
    // ½ (1 + cos πt) at 0, ⅓ and ⅔.
    steps.forEach(({ step }, i) => assert.ok(Math.abs(step.lr / 0.01 - [1, 0.75, 0.25][i]) < 1e-12))
  })
})
