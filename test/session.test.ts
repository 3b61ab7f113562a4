// A network in training: what is kept when it goes on, and what begins anew.
import assert from 'node:assert/strict'
import {
  changes,
  checkFit,
  decodeCheckpoint,
  defaults,
  encodeCheckpoint,
  learnedWeights,
  reshuffles,
  Session,
  settle,
  type Checkpoint,
  type Epoch,
  type Settings,
  type Training,
} from '../training/index.js'
import {
  cpu,
  dense,
  fit,
  flatten,
  network,
  ops,
  schedules,
  sequential,
  tensor,
  zeros,
  type Layer,
  type Network,
} from '../engine/index.js'
import { digits } from './support/examples.js'

const backend = cpu()
const small = () => sequential([28, 28], flatten(), dense(10))
const settings: Settings = { ...defaults, lr: 0.01, batchSize: 4, examples: 10, optimizer: 'adam' }
const patient: Settings = { ...settings, validation: 0.5, patience: 2 }
const begin = (given: Settings = settings, epochs = 3) => Session.begin('small', small(), backend, given, epochs)

/** Trains as the command line does, for so many batches of 4 of ten examples: an epoch has 3. */
async function train(session: Session, batches: number) {
  const { run, lr, batchSize, seed, schedule, ...from } = session.training
  const options = { lr, batchSize, seed, schedule: schedules[schedule], from, first: run.first, epochs: run.last }
  let done = 0
  const rates = []
  for await (const step of fit(session.network, session.optimizer, backend, digits(10), options)) {
    session.advance(step.progress)
    rates.push(step.lr)
    if (++done === batches) break
  }
  return rates
}

/** What a file of the session holds, as somebody reads it who finds it. */
const saved = async (session: Session, done = false): Promise<Checkpoint> =>
  decodeCheckpoint(encodeCheckpoint((await session.checkpoint(done))!))
const resume = (checkpoint: Checkpoint, given: Settings = settings, epochs?: number) =>
  Session.resume(checkpoint, small(), backend, given, epochs)

const weightsOf = async (network: Network) => {
  const all = []
  for (const parameter of network.parameters.values()) all.push([...(await parameter.download())])
  return all.flat()
}
const scored = (...validation: number[]): Epoch[] =>
  validation.map(loss => ({ loss: 1, accuracy: 0.5, validation: { loss, accuracy: 0.5 } }))
/** Ends epochs of these validation losses. @returns what endEpoch said of each */
async function endEpochs(session: Session, ...validation: number[]) {
  const said = []
  for (const score of scored(...validation)) said.push(await session.endEpoch(score))
  return said
}
/** Sets every weight to a number by which it is known again. */
function setWeights(session: Session, value: number) {
  for (const parameter of session.network.parameters.values()) {
    parameter.backend.free(parameter.data)
    parameter.data = parameter.backend.upload(new Float32Array(parameter.data.length).fill(value))
  }
}
const isEverywhere = async (session: Session, value: number) =>
  (await weightsOf(session.network)).every(weight => weight === value)

describe('the settings of a training', () => {
  const before: Settings = { ...settings, optimizer: 'sgd', momentum: 0.9, validation: 0.2, patience: 3, seed: 7 }

  it('are what is said now, else what they were, else the defaults', () => {
    const { examples } = before
    assert.deepEqual(settle({}, undefined), defaults)
    assert.deepEqual({ ...settle({}, before), examples }, before)
    assert.deepEqual({ ...settle({ lr: 0.5, seed: undefined }, before), examples }, { ...before, lr: 0.5 })
    assert.deepEqual({ ...settle({ seed: 0, batchSize: 9 }, before), examples }, { ...before, seed: 0, batchSize: 9 })
  })
  it('momentum is SGD’s alone, and patience needs validation', () => {
    assert.equal(settle({ optimizer: 'adam' }, before).momentum, 0)
    assert.equal(settle({ validation: 0 }, before).patience, 0)
    assert.equal(settle({ optimizer: 'adam' }, before).patience, 3)
    assert.equal(settle({ patience: 4 }, undefined).patience, 0)
  })
  it('that differ are named, the number of examples too', () => {
    assert.deepEqual(changes(before, before), [])
    assert.deepEqual(changes(before, { ...before, lr: 1, examples: 11 }), ['lr', 'examples'])
  })
  it('of the batches begin the epoch under way again, others do not', () => {
    const keys = Object.keys(settings) as (keyof Settings)[]
    const those = keys.filter(key => reshuffles([key]))
    assert.deepEqual(those.sort(), ['augment', 'batchSize', 'data', 'examples', 'seed', 'validation'])
    assert.equal(reshuffles([]), false)
    assert.equal(reshuffles(['lr', 'seed']), true)
  })
})

describe('a session', () => {
  it('begins with the first weights of its seed, and nothing done', async () => {
    const session = begin({ ...settings, seed: 5 })
    assert.deepEqual(await weightsOf(session.network), await weightsOf(small().init(backend, 5)))
    assert.deepEqual(session.training, {
      ...{
        ...settings,
        seed: 5,
        model: 'small',
        steps: 0,
        history: [],
        changed: [],
        best: null,
        run: { first: 0, last: 3 },
      },
      ...{ epoch: 0, batch: 0, lossSum: 0, sums: {}, input: [28, 28], classes: Array.from('0123456789') },
    })
    assert.equal(session.optimizer.name, 'adam')
    assert.equal(begin({ ...settings, optimizer: 'sgd' }).optimizer.name, 'sgd')
  })

  for (const given of [
    settings,
    { ...settings, optimizer: 'sgd', momentum: 0.9 } as const,
    { ...settings, schedule: 'cosine' } as const,
    { ...settings, weightDecay: 0.1, clip: 0.5, ema: 0.9 },
  ])
    it(`stopped after any batch, saved and read again, ends as if it had never stopped: ${given.optimizer}, ${given.schedule}, ${given.ema}`, async () => {
      const whole = begin(given, 2)
      const rates = await train(whole, Infinity)
      assert.equal(rates.length, 6)
      for (let stop = 1; stop < 6; stop++) {
        const first = begin(given, 2)
        const before = await train(first, stop)
        const second = await resume(await saved(first), given)
        assert.deepEqual([...before, ...(await train(second, Infinity))], rates, `stopped after ${stop}`)
        assert.deepEqual((await saved(second)).tensors, (await saved(whole)).tensors)
        assert.deepEqual(second.training, whole.training)
        assert.equal(second.optimizer.steps, 6)
      }
    })

  it('goes on to the end its run was to have, if the same is asked for; another number of epochs counts from here', async () => {
    const session = begin()
    await train(session, 4)
    const stopped = await saved(session)
    assert.deepEqual(stopped.training.run, { first: 0, last: 3 })
    assert.deepEqual((await resume(stopped)).training.run, { first: 0, last: 3 })
    assert.deepEqual((await resume(stopped, settings, 3)).training.run, { first: 0, last: 3 })
    assert.deepEqual((await resume(stopped, settings, 2)).training.run, { first: 1, last: 3 })
    assert.deepEqual((await resume(stopped, settings, 4)).training.run, { first: 1, last: 5 })
    const done = await saved(session, true)
    assert.equal(done.training.run, null)
    assert.deepEqual((await resume(done)).training.run, { first: 1, last: 2 })
    assert.deepEqual((await resume(done, settings, 3)).training.run, { first: 1, last: 4 })

    const second = await resume(done, settings, 3)
    const later = await saved(second)
    assert.deepEqual((await resume(later, settings, 3)).training.run, { first: 1, last: 4 }, 'as long as it was to be')
    assert.deepEqual((await resume(later, settings, 4)).training.run, { first: 1, last: 5 })
    await train(second, 4)
    const within = await saved(second)
    assert.equal(within.training.epoch, 2)
    assert.deepEqual(
      (await resume(within, settings, 3)).training.run,
      { first: 1, last: 4 },
      'the run that was stopped',
    )
    assert.deepEqual((await resume(within, settings, 5)).training.run, { first: 2, last: 7 })
  })

  it('begins the epoch under way again if its batches would be others, and keeps the rest', async () => {
    const session = begin()
    await train(session, 4)
    const checkpoint = await saved(session)
    const { lossSum, sums } = checkpoint.training
    assert.ok(lossSum > 0)
    const progress = ({ epoch, batch, lossSum, sums, steps }: Training) => [epoch, batch, lossSum, sums, steps]
    const same = await resume(checkpoint, { ...settings, lr: 0.5 })
    assert.deepEqual(progress(same.training), [1, 1, lossSum, sums, 4])
    assert.equal(same.training.lr, 0.5)
    const other = await resume(checkpoint, { ...settings, seed: 1 })
    assert.deepEqual(progress(other.training), [1, 0, 0, {}, 4])
    assert.deepEqual(await weightsOf(other.network), await weightsOf(session.network))
  })

  it('notes in its history from where on something was another', async () => {
    const session = begin()
    await train(session, 3)
    await endEpochs(session, 1)
    const same = await resume(await saved(session, true))
    assert.deepEqual(same.training.changed, [])
    const other = await resume(await saved(session, true), { ...settings, lr: 0.5, seed: 1 })
    await train(other, 1)
    const resumed = await resume(await saved(other), { ...settings, lr: 0.25, seed: 1 })
    await train(resumed, 2)
    await endEpochs(resumed, 1, 1)
    assert.deepEqual(
      resumed.training.history.map(({ changed }) => changed),
      [undefined, ['lr', 'seed'], undefined],
    )
    const cosine = { ...settings, schedule: 'cosine' } as const
    const first = begin(cosine)
    await train(first, 3)
    assert.deepEqual((await resume(await saved(first), cosine)).training.changed, [], 'the run goes on')
    assert.deepEqual((await resume(await saved(first, true), cosine)).training.changed, ['schedule'])
  })
  it('another optimizer starts without memory', async () => {
    const session = begin()
    await train(session, 4)
    const other = await resume(await saved(session), { ...settings, optimizer: 'sgd', momentum: 0.5 })
    assert.deepEqual([other.training.steps, other.optimizer.steps, other.optimizer.name], [0, 0, 'sgd'])
    for (const { values } of (await other.optimizer.state()).values()) assert.ok(values.every(v => v === 0))
    const plain = await resume(await saved(session), { ...settings, optimizer: 'sgd' })
    assert.deepEqual([plain.training.steps, plain.optimizer.steps], [0, 0])
  })
  it('SGD without momentum remembers its steps', async () => {
    const plain: Settings = { ...settings, optimizer: 'sgd' }
    const session = begin(plain)
    await train(session, 4)
    const again = await resume(await saved(session), plain)
    assert.deepEqual([again.training.steps, again.optimizer.steps], [4, 4])
  })
  it('momentum that comes later starts at 0, momentum that changes keeps the velocity', async () => {
    const sgd = (momentum: number): Settings => ({ ...settings, optimizer: 'sgd', momentum })
    const plain = begin(sgd(0))
    await train(plain, 4)
    const later = await resume(await saved(plain), sgd(0.9))
    assert.equal((await later.optimizer.state()).size, 2, 'a velocity for each parameter')
    for (const { values } of (await later.optimizer.state()).values()) assert.ok(values.every(v => v === 0))
    const moving = begin(sgd(0.9))
    await train(moving, 4)
    const slower = await resume(await saved(moving), sgd(0.5))
    assert.deepEqual([slower.training.steps, slower.optimizer.steps], [4, 4])
    assert.deepEqual(await slower.optimizer.state(), await moving.optimizer.state())
  })
  it('weights alone go on: the optimizer starts without memory; half a memory is refused', async () => {
    const session = begin()
    await train(session, 4)
    const { training, tensors } = await saved(session)
    const only = new Map([...tensors].filter(([name]) => !name.startsWith('adam')))
    const resumed = await resume({ training, tensors: only })
    assert.deepEqual([resumed.training.steps, resumed.optimizer.steps], [0, 0])
    const half = new Map([...tensors].filter(([name]) => name !== 'adam.v.1.dense.bias'))
    await assert.rejects(resume({ training, tensors: half }), { message: 'tensor adam.v.1.dense.bias is missing' })
    const untouched = new Map([...tensors].filter(([name]) => name !== '1.dense.bias'))
    await assert.rejects(resume({ training, tensors: untouched }), { message: 'tensor 1.dense.bias is missing' })
  })
})

describe('patience', () => {
  it('ends a training after as many epochs in a row as were no better than the best', async () => {
    assert.deepEqual(
      await endEpochs(begin(patient), 3, 2, 2.5, 2),
      [false, false, false, true],
      'as good is not better',
    )
    assert.deepEqual(await endEpochs(begin(patient), 3, 4, 2, 4, 1, 2), [false, false, false, false, false, false])
    assert.deepEqual(await endEpochs(begin({ ...patient, patience: 1 }), 3, 2, 2.5), [false, false, true])
    assert.deepEqual(await endEpochs(begin({ ...patient, patience: 3 }), 3, 4, 4, 4), [false, false, false, true])
  })
  it('of 0, or without a validation, never ends it', async () => {
    const none = begin({ ...patient, patience: 0 })
    assert.deepEqual(await endEpochs(none, 1, 2, 3, 4), [false, false, false, false])
    assert.equal(none.training.best, null)
    const blind = begin(patient)
    for (const loss of [1, 2, 3, 4]) assert.equal(await blind.endEpoch({ loss, accuracy: 0 }), false)
    assert.equal(blind.training.best, null)
    assert.equal(blind.training.history.length, 4)
  })
  it('notes which epoch was best, and how many came since', async () => {
    const session = begin(patient)
    await endEpochs(session, 3)
    assert.deepEqual(session.training.best, { epoch: 1, loss: 3, waited: 0 })
    await endEpochs(session, 2, 2.5)
    assert.deepEqual(session.training.best, { epoch: 2, loss: 2, waited: 1 })
    assert.deepEqual(session.training.history, scored(3, 2, 2.5))
  })
  it('restores the weights of the best epoch, and gives back the memory of those it leaves', async () => {
    const session = begin(patient)
    const live = backend.live
    for (const [value, loss] of [
      [0.25, 3],
      [0.5, 2],
      [0.75, 2.5],
    ]) {
      setWeights(session, value)
      await endEpochs(session, loss)
    }
    session.restoreBest()
    assert.ok(await isEverywhere(session, 0.5))
    assert.deepEqual(session.training.best, { epoch: 2, loss: 2, waited: 0 })
    assert.equal(backend.live, live)
    const { tensors } = await saved(session)
    assert.ok(![...tensors.keys()].some(name => name.startsWith('best.')), 'these are the best')
  })

  /** A session whose best weights are 0.5 and whose present ones, an epoch later, are 0.75; or which is at its best. */
  async function waiting(epochsSince = 1) {
    const session = begin(patient)
    setWeights(session, 0.5)
    await endEpochs(session, 2)
    if (epochsSince === 0) return session
    setWeights(session, 0.75)
    await endEpochs(session, 2.5)
    return session
  }
  it('goes on in another session, the best weights being in the checkpoint beside the present ones', async () => {
    const checkpoint = await saved(await waiting())
    const names = [...checkpoint.tensors.keys()].filter(name => name.startsWith('best.'))
    assert.deepEqual(names, ['best.1.dense.weight', 'best.1.dense.bias'])
    const session = await resume(checkpoint, patient)
    assert.ok(await isEverywhere(session, 0.75))
    assert.deepEqual(await endEpochs(session, 2.5), [true])
    session.restoreBest()
    assert.ok(await isEverywhere(session, 0.5))

    const atBest = await resume(await saved(await waiting(0)), patient)
    setWeights(atBest, 0.75)
    assert.deepEqual(await endEpochs(atBest, 2.5, 2.5), [false, true])
    atBest.restoreBest()
    assert.ok(await isEverywhere(atBest, 0.5))
  })
  it('that is stopped within the next epoch keeps the weights of the best one all the same', async () => {
    const session = await waiting(0)
    await train(session, 1)
    const resumed = await resume(await saved(session), patient)
    setWeights(resumed, 0.75)
    assert.deepEqual(await endEpochs(resumed, 2.5, 2.5), [false, true])
    resumed.restoreBest()
    assert.ok(await isEverywhere(resumed, 0.5))
  })
  it('refuses a checkpoint that lacks one of its best weights', async () => {
    const { training, tensors } = await saved(await waiting())
    const without = new Map([...tensors].filter(([name]) => name !== 'best.1.dense.bias'))
    await assert.rejects(resume({ training, tensors: without }, patient), {
      message: 'tensor best.1.dense.bias is missing',
    })
  })
  it('judges anew on other data, and forgets the best when it is switched off', async () => {
    const checkpoint = await saved(await waiting())
    for (const other of [{ data: 'mnist-10k' }, { examples: 9 }, { validation: 0.1 }, { patience: 0 }]) {
      const session = await resume(checkpoint, { ...patient, ...other })
      assert.equal(session.training.best, null, Object.keys(other)[0])
      assert.ok(![...(await saved(session)).tensors.keys()].some(name => name.startsWith('best.')))
    }
    for (const other of [{ lr: 1 }, { seed: 3 }, { patience: 5 }])
      assert.deepEqual((await resume(checkpoint, { ...patient, ...other })).training.best, {
        epoch: 1,
        loss: 2,
        waited: 1,
      })
  })
})

describe('weight decay, clipping and averages', () => {
  // A bias of two steps by hand: sgd without gradients would only decay it, so its gradients are (1, 0, … 0) here.
  const bias = '1.dense.bias'
  const stepping = async (given: Partial<Settings>, from: number) => {
    const session = begin({ ...settings, optimizer: 'sgd', lr: 0.5, ...given })
    setWeights(session, from)
    const parameter = session.network.parameters.get(bias)!
    const dw = tensor(backend, Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0), [10])
    for (let i = 0; i < 2; i++) session.optimizer.step(new Map([[parameter, dw]]), 0.5)
    return session
  }
  const near = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-6, `${actual}`)
  const first = async (session: Session) => (await session.network.parameters.get(bias)!.download())[0]

  it('are what their formulas say', async () => {
    // w ← w − 0.5 · 1 − 0.5 · 0.2 · w = 0.9 w − 0.5, twice from 1: 0.4, −0.14
    near(await first(await stepping({ weightDecay: 0.2 }, 1)), -0.14)
    // A gradient of length 1, shortened to 0.1 (less 1e-6 of it): 1 − 2 · 0.05
    near(await first(await stepping({ clip: 0.1 }, 1)), 0.9)
    // 1 → 0.5 → 0; the averages begin at 0.5, then 0.75 · 0.5 + 0.25 · 0
    const session = await stepping({ ema: 0.75 }, 1)
    near(await first(session), 0)
    near(await session.usingAverages(() => first(session)), 0.375)
    near(await first(session), 0)
    const checkpoint = await saved(session)
    near(checkpoint.tensors.get(`ema.${bias}`)!.values[0], 0.375)
    near(checkpoint.tensors.get(bias)!.values[0], 0)
    near(learnedWeights(checkpoint).get(bias)!.values[0], 0.375)
  })
  it('averages are what patience judges and restores, and what it goes on from', async () => {
    const session = begin({ ...patient, ema: 0.5 })
    await train(session, 3)
    const averages = () => session.usingAverages(() => weightsOf(session.network))
    const then = await averages()
    await endEpochs(session, 2)
    await train(session, 3)
    await endEpochs(session, 2.5)
    const resumed = await resume(await saved(session), { ...patient, ema: 0.5 })
    for (const one of [session, resumed]) {
      one.restoreBest()
      assert.deepEqual(await weightsOf(one.network), then)
      assert.deepEqual(await one.usingAverages(() => weightsOf(one.network)), then)
    }
  })
  it('averages may be asked for later, or no longer', async () => {
    const plain = begin()
    await train(plain, 4)
    const later = await resume(await saved(plain), { ...settings, ema: 0.9 })
    assert.deepEqual(await later.usingAverages(() => weightsOf(later.network)), await weightsOf(plain.network))
    await train(later, 2)
    const without = await resume(await saved(later), settings)
    assert.deepEqual(await weightsOf(without.network), await weightsOf(later.network))
    assert.ok(![...(await saved(without)).tensors.keys()].some(name => name.startsWith('ema')))
  })
  it('averages outlive another optimizer', async () => {
    const session = begin({ ...settings, ema: 0.5 })
    await train(session, 4)
    const other = await resume(await saved(session), { ...settings, ema: 0.5, optimizer: 'sgd' })
    const read = (one: Session) => one.usingAverages(() => weightsOf(one.network))
    assert.deepEqual(await read(other), await read(session))
    assert.notDeepEqual(await read(other), await weightsOf(other.network))
  })
})

describe('what is kept of a session', () => {
  it('is the weights, what the optimizer remembers, and how far it is', async () => {
    const session = begin()
    await train(session, 4)
    const { tensors, training } = (await session.checkpoint(false))!
    const names = ['1.dense.weight', '1.dense.bias']
    const all = [...names, ...names.map(name => `adam.m.${name}`), ...names.map(name => `adam.v.${name}`)]
    assert.deepEqual([...tensors.keys()], all)
    assert.deepEqual([...tensors.get('1.dense.weight')!.shape], [784, 10])
    assert.deepEqual(training, session.training)
    assert.deepEqual([training.epoch, training.batch, training.steps], [1, 1, 4])
  })
  it('is nothing if a single value is no longer a finite number', async () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      const session = begin()
      const bias = session.network.parameters.get('1.dense.bias')!
      const values = Float32Array.from(await bias.download())
      bias.backend.free(bias.data)
      values[9] = value
      bias.data = bias.backend.upload(values)
      assert.equal(await session.checkpoint(false), undefined)
    }
  })
})

describe('a session of a network with a skip, two results, and state that is not learned', () => {
  /** Adds a row that moves a tenth of the way to 1 with every batch, as running statistics do. */
  const running = (): Layer => ({
    name: 'running',
    size: input => ({
      output: input,
      parameters: { row: { ...zeros(input), trained: false } },
      forward(x, { row }, { training }) {
        const target = tensor(x.backend, new Float32Array(row.data.length).fill(1), row.shape)
        if (training)
          row.data = x.backend.sgdStep(row.data, ops.sub(row, target).data, undefined, { lr: 0.1, momentum: 0 }).w
        return ops.add(x, row)
      },
    }),
  })
  const graph = () =>
    network(
      [28, 28],
      (x, { layer }) => {
        const h = layer('hidden', dense(6), layer('row', flatten(), x))
        const sum = ops.add(h, layer('skipped', dense(6), layer('running', running(), h)))
        return { digit: layer('digit', dense(10), sum), parity: layer('parity', dense(2), sum) }
      },
      {
        loss: ({ digit, parity }, labels) => {
          const classes = Array.from(labels as ArrayLike<number>)
          const even = classes.map(c => c % 2)
          return ops.add(ops.crossEntropy(digit, classes), ops.crossEntropy(parity, even))
        },
      },
    )
  const stateOf = async (session: Session) => [...(await session.network.state.get('running.row')!.download())]

  it('ends with the same bytes, whole or in parts', async () => {
    const whole = Session.begin('graph', graph(), backend, settings, 2)
    await train(whole, Infinity)
    const first = Session.begin('graph', graph(), backend, settings, 2)
    await train(first, 4)
    assert.ok(Math.abs((await stateOf(first))[0] - (1 - 0.9 ** 4)) < 1e-6) // four batches
    const checkpoint = await saved(first)
    checkFit(checkpoint, 'graph', graph())
    const second = await Session.resume(checkpoint, graph(), backend, settings, undefined)
    await train(second, Infinity)
    const bytes = async (session: Session) => encodeCheckpoint((await session.checkpoint(true))!)
    assert.deepEqual(await bytes(second), await bytes(whole))
  })

  it('goes back to the state of its best epoch too', async () => {
    const session = Session.begin('graph', graph(), backend, patient, 3)
    await train(session, 3)
    await endEpochs(session, 0.5)
    const then = await stateOf(session)
    await train(session, 3)
    await endEpochs(session, 0.6)
    const resumed = await Session.resume(await saved(session), graph(), backend, patient, undefined)
    for (const one of [session, resumed]) {
      assert.notDeepEqual(await stateOf(one), then)
      one.restoreBest()
      assert.deepEqual(await stateOf(one), then)
    }
  })
})
