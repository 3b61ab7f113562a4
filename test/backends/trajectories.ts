// The golden trajectories: from the same weights and the same batches of MNIST, each model computes the logits, the loss,
// the gradients, ten losses and ten optimizer steps that PyTorch computed in double precision (test/fixtures/make.py).
import assert from 'node:assert/strict'
import { adam, backward, ops, pixels, scope, sgd, tensor, type Backend, type Network } from '../../engine/index.js'
import { models } from '../../models/index.js'
import { fixture, initial, mnist, summaryError, type Summary } from '../support/fixtures.js'
import { assertClose } from '../support/numbers.js'

interface Trajectory {
  model: string
  optimizer: 'sgd' | 'momentum' | 'adam'
  lr: number
  batch: number
  losses: number[]
  logits: number[]
  gradients: Record<string, Summary>
  changes: Record<string, Summary>
}

const optimizers = {
  sgd,
  momentum: (parameters: Network['parameters']) => sgd(parameters, { momentum: 0.9 }),
  adam: (parameters: Network['parameters']) => adam(parameters, { epsilon: 1e-7 }),
}

export interface TrajectoryOptions {
  /** The largest relative error allowed of any of these numbers. */
  readonly tolerance?: number
  /** Batches above this size are left out. */
  readonly largest?: number
  readonly skip?: string | undefined
}

export function testTrajectories(
  name: string,
  makeBackend: () => Backend | Promise<Backend>,
  { tolerance = 1e-4, largest = Infinity, skip }: TrajectoryOptions = {},
) {
  if (skip) {
    describe.skip(`PyTorch's trajectories on ${name}: SKIPPED, ${skip}`, () => it('agree'))
    return
  }

  describe(`PyTorch's trajectories on ${name}, to ${tolerance}`, function () {
    this.timeout(600_000) // drawn in software, convnet's batches of 17 take a slow processor minutes
    let backend: Backend
    before(async () => {
      backend = await makeBackend()
    })
    after(() => backend.dispose())

    for (const expected of fixture('trajectories.json') as Trajectory[]) {
      const { batch, lr, losses } = expected
      if (expected.model !== 'convnet' || batch <= largest)
        it(`${expected.model}, ${expected.optimizer}, batches of ${batch}`, async () => {
          const live = backend.live
          const network = models[expected.model]()
          for (const [i, [key, { shape }]] of [...network.declared()].entries()) {
            const parameter = tensor(backend, initial(i, shape), shape)
            parameter.requiresGrad = true
            network.parameters.set(key, parameter)
          }
          const optimizer = optimizers[expected.optimizer](network.parameters)

          for (const [t, loss] of losses.entries()) {
            const examples = mnist(t * batch, batch)
            const results = scope(() => {
              const logits = network.forward(pixels(backend, examples.pixels, [batch, ...network.input]))
              const loss = ops.crossEntropy(logits, examples.labels)
              const gradients = backward(loss)
              const first = t === 0 ? [...network.parameters.values()].map(p => gradients.get(p)!.download()) : []
              optimizer.step(gradients, lr)
              return { loss: loss.download(), logits: logits.download(), gradients: Promise.all(first) }
            })
            assertClose(await results.loss, [loss], tolerance, `loss of step ${t + 1}`)
            if (t > 0) continue
            assertClose(await results.logits, expected.logits, tolerance, 'logits')
            for (const [i, values] of (await results.gradients).entries()) {
              const key = [...network.parameters.keys()][i]
              assertAgrees(`gradient of ${key}`, summaryError(values, expected.gradients[key]), tolerance)
            }
          }
          for (const [i, [key, parameter]] of [...network.parameters].entries()) {
            const before = initial(i, parameter.shape)
            const change = Float64Array.from(await parameter.download(), (w, i) => w - before[i])
            assertAgrees(`change of ${key} in ten steps`, summaryError(change, expected.changes[key]), tolerance)
          }
          optimizer.free()
          network.free()
          assert.equal(backend.live, live, 'buffers in use at the end')
        })
    }
  })
}

function assertAgrees(what: string, error: number, tolerance: number) {
  assert.ok(error <= tolerance, `${what}: relative error ${error.toExponential(2)} is above ${tolerance}`)
}
