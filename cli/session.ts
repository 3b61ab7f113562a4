// A network in training: its weights, its optimizer, and how far it is. All of it goes into a checkpoint and comes back.
import {
  adam,
  beginning,
  sgd,
  type Backend,
  type NamedTensors,
  type Optimizer,
  type Progress,
  type Sequential,
} from '../engine/index.js'
import type { Checkpoint, Epoch, Settings, Training } from '../data/index.js'
import { writeCheckpoint } from './checkpoint.js'
import { failure } from './errors.js'
import { changes, defaultEpochs, reshuffles } from './settings.js'

export const optimizers: Record<Settings['optimizer'], (network: Sequential, settings: Settings) => Optimizer> = {
  adam: ({ parameters }) => adam(parameters),
  sgd: ({ parameters }, { momentum }) => sgd(parameters, { momentum }),
}

export const optimizerNames: Record<Settings['optimizer'], string> = { adam: 'Adam', sgd: 'SGD' }

export class Session {
  readonly optimizer: Optimizer
  /** The weights of the best epoch, unless the present ones are. */
  #best: NamedTensors | undefined

  private constructor(
    readonly network: Sequential,
    public training: Training & { readonly run: NonNullable<Training['run']> },
  ) {
    this.optimizer = optimizers[training.optimizer](network, training)
  }

  /** A network with its first weights. */
  static begin(model: string, network: Sequential, backend: Backend, settings: Settings, epochs: number): Session {
    network.init(backend, settings.seed)
    const run = { first: 0, last: epochs }
    return new Session(network, { model, ...settings, ...beginning, steps: 0, history: [], best: null, run })
  }

  /**
   * A network as a checkpoint left it. A run that was stopped goes on to the end it was to have, unless another number
   * of epochs is asked for; the epoch under way begins again if its batches would be others.
   * @throws ChiffreError naming the tensor that is missing or does not fit
   */
  static async resume(
    { training: saved, tensors }: Checkpoint,
    network: Sequential,
    backend: Backend,
    settings: Settings,
    epochs: number | undefined,
  ): Promise<Session> {
    const changed = changes(saved, settings)
    const stopped = saved.run && (epochs === undefined || epochs === saved.run.last - saved.run.first)
    const run = stopped ? saved.run : { first: saved.epoch, last: saved.epoch + (epochs ?? defaultEpochs) }
    const from = reshuffles(changed) ? { ...beginning, epoch: saved.epoch } : {}
    const judged = settings.patience && !changed.some(key => ['data', 'examples', 'validation'].includes(key))
    const best = judged ? saved.best : null
    const steps = changed.includes('optimizer') ? 0 : saved.steps
    const session = new Session(network, { ...saved, ...settings, ...from, steps, best, run })

    network.load(backend, tensors)
    if (best) session.#best = session.#named(best.waited ? 'best.' : '', tensors)
    if (steps) {
      const state = await session.optimizer.state()
      if (!changed.includes('momentum')) for (const name of state.keys()) present(tensors, name)
      session.optimizer.restore(tensors, steps)
    }
    return session
  }

  /** Notes how far training is. */
  advance(progress: Progress) {
    this.training = { ...this.training, ...progress, steps: this.optimizer.steps }
  }

  /** Notes what an epoch came to. @returns whether the last `patience` epochs were no better than one before them */
  async endEpoch(score: Epoch): Promise<boolean> {
    const history = [...this.training.history, score]
    const { patience, best } = this.training
    this.training = { ...this.training, history }
    if (!patience || !score.validation) return false

    const { loss } = score.validation
    if (best && loss >= best.loss) {
      this.training = { ...this.training, best: { ...best, waited: best.waited + 1 } }
      return best.waited + 1 >= patience
    }
    this.training = { ...this.training, best: { epoch: history.length, loss, waited: 0 } }
    this.#best = await this.#weights()
    return false
  }

  /** Goes back to the weights of the best epoch. */
  restoreBest() {
    for (const [name, parameter] of this.network.parameters) {
      parameter.backend.free(parameter.data)
      parameter.data = parameter.backend.upload(this.#best!.get(name)!.values)
    }
    this.training = { ...this.training, best: { ...this.training.best!, waited: 0 } }
  }

  /**
   * Writes the checkpoint.
   * @param done whether the run is over
   * @returns the file's SHA-256; undefined if a value is no longer a finite number, and then nothing is written
   */
  async save(path: string, done: boolean): Promise<string | undefined> {
    const { best, run } = this.training
    const kept = best?.waited ? [...this.#best!].map(([name, tensor]) => [`best.${name}`, tensor] as const) : []
    const tensors = new Map([...(await this.#weights()), ...(await this.optimizer.state()), ...kept])
    if ([...tensors.values()].some(({ values }) => !values.every(Number.isFinite))) return undefined
    return writeCheckpoint(path, { training: { ...this.training, run: done ? null : run }, tensors })
  }

  async #weights(): Promise<NamedTensors> {
    const weights = new Map()
    for (const [name, parameter] of this.network.parameters)
      weights.set(name, { shape: parameter.shape, values: Float32Array.from(await parameter.download()) })
    return weights
  }

  /** The tensors of a checkpoint called like the parameters, but for a prefix. */
  #named(prefix: string, tensors: NamedTensors): NamedTensors {
    const names = [...this.network.parameters.keys()]
    return new Map(names.map(name => [name, present(tensors, prefix + name)]))
  }
}

function present(tensors: NamedTensors, name: string) {
  const tensor = tensors.get(name)
  if (!tensor) throw failure('engine.weights.missing', { name })
  return tensor
}
