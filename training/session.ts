// A network in training: its weights, its optimizer, and how far it is. All of it goes into a checkpoint and comes back.
// The command line and the page train with this, so a network may go on learning in the other.
import {
  beginning,
  type Backend,
  type NamedTensors,
  type Network,
  type Progress,
  type Tensor,
} from '../engine/index.js'
import { learnedWeights, type Checkpoint, type Epoch, type Training } from './checkpoint.js'
import { problem } from './errors.js'
import { defaultEpochs } from './defaults.js'
import { average, Stepper } from './optimizer.js'
import { changes, reshuffles, sameExamples, type Settings } from './settings.js'

/** A training of which a run is under way. */
type Running = Training & { readonly run: NonNullable<Training['run']> }

/** A training under way, to begin, go on with, and save: network, optimizer, settings and history. */
export class Session {
  readonly optimizer: Stepper
  /** The weights of the best epoch, unless the present ones are. */
  #best: NamedTensors | undefined

  #training: Running
  /** How far training has come since that was written: a record of it all for every batch would take longer than a small step. */
  #ahead: (Progress & { readonly steps: number }) | undefined

  private constructor(
    readonly network: Network,
    training: Running,
  ) {
    this.#training = training
    this.optimizer = new Stepper(network, training)
  }

  get training(): Running {
    if (this.#ahead) this.training = { ...this.#training, ...this.#ahead }
    return this.#training
  }

  set training(training: Running) {
    this.#training = training
    this.#ahead = undefined
  }

  /**
   * A network with its first weights.
   * @param classes the names of what it is to tell apart; numbers, if nothing is said
   */
  static begin(
    model: string,
    network: Network,
    backend: Backend,
    settings: Settings,
    epochs: number,
    classes: readonly string[] = Array.from({ length: network.output[0] }, (_, i) => `${i}`),
  ): Session {
    network.init(backend, settings.seed)
    const run = { first: 0, last: epochs }
    const purpose = { model, input: network.input, classes }
    return new Session(network, {
      ...purpose,
      ...settings,
      ...beginning,
      steps: 0,
      history: [],
      changed: [],
      best: null,
      run,
    })
  }

  /**
   * A network as a checkpoint left it. A run that was stopped goes on to the end it was to have, unless another number
   * of epochs is asked for; the epoch under way begins again if its batches would be others. The optimizer starts without
   * memory if it is another one, or if the checkpoint holds weights alone, as those that come with the program do.
   * @throws ChiffreError naming the tensor that is missing or does not fit
   */
  static async resume(
    { training: saved, tensors }: Checkpoint,
    network: Network,
    backend: Backend,
    settings: Settings,
    epochs: number | undefined,
  ): Promise<Session> {
    const changed = changes(saved, settings)
    const stopped = saved.run && (epochs === undefined || epochs === saved.run.last - saved.run.first)
    const run = stopped ? saved.run : { first: saved.epoch, last: saved.epoch + (epochs ?? defaultEpochs) }
    const from = reshuffles(changed) ? { ...beginning, epoch: saved.epoch } : {}
    const best = settings.patience && sameExamples(saved, settings) ? saved.best : null

    // A schedule begins again with its run. (Without one, a second run is like the first one's going on.)
    const anew = [...changed, ...(!stopped && settings.schedule !== 'constant' ? ['schedule'] : [])]
    const marks = saved.epoch || saved.batch ? [...new Set([...saved.changed, ...anew])] : []

    network.load(backend, tensors)
    const session = new Session(network, { ...saved, ...settings, ...from, changed: marks, steps: 0, best, run })
    if (best) session.#best = session.#bestIn({ training: saved, tensors })
    session.optimizer.restoreAverages(tensors)
    if (changed.includes('optimizer')) return session
    const state = [...(await session.optimizer.inner.state()).keys()]
    if (state.length === 0 || state.some(name => tensors.has(name))) {
      if (saved.steps && !changed.includes('momentum')) for (const name of state) present(tensors, name)
      session.optimizer.inner.restore(tensors, saved.steps)
      session.training = { ...session.training, steps: saved.steps }
    }
    return session
  }

  /** Notes how far training is. */
  advance(progress: Progress) {
    this.#ahead = { ...progress, steps: this.optimizer.steps }
  }

  /** Notes what an epoch came to. @returns whether the last `patience` epochs were no better than one before them */
  async endEpoch(score: Epoch): Promise<boolean> {
    const { patience, best, changed } = this.training
    const history = [...this.training.history, { ...score, ...(changed.length > 0 && { changed }) }]
    this.training = { ...this.training, history, changed: [] }
    if (!patience || !score.validation) return false

    const { loss } = score.validation
    if (best && loss >= best.loss) {
      this.training = { ...this.training, best: { ...best, waited: best.waited + 1 } }
      return best.waited + 1 >= patience
    }
    this.training = { ...this.training, best: { epoch: history.length, loss, waited: 0 } }
    this.#best = await this.usingAverages(() => this.#weights())
    return false
  }

  /** Goes back to the weights of the best epoch. */
  restoreBest() {
    for (const [name, weight] of this.#kept()) {
      weight.backend.free(weight.data)
      weight.data = weight.backend.upload(this.#best!.get(name)!.values)
    }
    this.optimizer.restoreAverages(new Map([...this.#best!].map(([name, weight]) => [average + name, weight])))
    this.training = { ...this.training, best: { ...this.training.best!, waited: 0 } }
  }

  /** Waits for what fn makes of the network that has the averages of the weights, if any are kept. */
  async usingAverages<T>(fn: () => Promise<T>): Promise<T> {
    const back = this.optimizer.useAverages()
    try {
      return await fn()
    } finally {
      back()
    }
  }

  /**
   * All of it, to be kept.
   * @param done whether the run is over
   * @returns undefined if a value is no longer a finite number: there is nothing worth keeping
   */
  async checkpoint(done: boolean): Promise<Checkpoint | undefined> {
    const { best, run, batch } = this.training
    const apart = best && (best.waited > 0 || batch > 0)
    const kept = apart ? [...this.#best!].map(([name, tensor]) => [`best.${name}`, tensor] as const) : []
    const tensors = new Map([...(await this.#weights()), ...(await this.optimizer.state()), ...kept])
    if ([...tensors.values()].some(({ values }) => !values.every(Number.isFinite))) return undefined
    return { training: { ...this.training, run: done ? null : run }, tensors }
  }

  /** What makes the network what it is: what it learns, and what its layers keep up to date by themselves. */
  #kept(): (readonly [string, Tensor])[] {
    return [...this.network.parameters, ...this.network.state]
  }

  async #weights(): Promise<NamedTensors> {
    const weights = new Map()
    for (const [name, weight] of this.#kept())
      weights.set(name, { shape: weight.shape, values: Float32Array.from(await weight.download()) })
    return weights
  }

  /** The weights of the best epoch in a checkpoint. (Older ones lack them if they were written within the next epoch.) */
  #bestIn(checkpoint: Checkpoint): NamedTensors {
    const { training, tensors } = checkpoint
    const names = this.#kept().map(([name]) => name)
    const apart = training.best!.waited > 0 || (training.batch > 0 && tensors.has(`best.${names[0]}`))
    const learned = learnedWeights(checkpoint)
    return new Map(names.map(name => [name, apart ? present(tensors, `best.${name}`) : present(learned, name)]))
  }
}

function present(tensors: NamedTensors, name: string) {
  const tensor = tensors.get(name)
  if (!tensor) throw problem('engine.weights.missing', { name })
  return tensor
}
