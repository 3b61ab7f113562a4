// Training in the page: what to try, what it comes to while it runs, and networks to and from files.
import { proxy, transfer, type Remote } from 'comlink'
import type { Api, NetworkInfo, Past, TrainingOptions, TrainingReport } from '../api.js'
import { find, latest, make } from '../dom.js'
import { decimal, figures, integer, percent, t } from '../language.js'
import { layoutOf, paint, sizeOfPicture } from '../picture.js'
import { parseRate } from '../state.js'
import { Curves, type Run } from './curves.js'

export interface TrainingHooks {
  /** The network to train; undefined before it is known. */
  readonly network: () => NetworkInfo | undefined
  readonly onSettings: (settings: { lr: string; optimizer: 'adam' | 'sgd'; seed: string }) => void
  /** Drawings of one's own. */
  readonly own: () => { readonly pixels: Uint8Array; readonly labels: Uint8Array }
  /** Whether MNIST can teach it. */
  readonly canLearn: () => boolean
  /** A network's weights have changed; at the end of a training, `over`. */
  readonly onLearned: (model: string, over: boolean) => void
  readonly onOpened: (info: NetworkInfo) => void
  readonly onError: (error: unknown) => void
}

/** Whoever learned anything is right more often than this: who guesses is in 10 % of all cases. */
const learnedNothing = 0.2

export class TrainingPanel {
  #status: () => string = () => ''
  #paused = false
  #running = false
  #handsFocusOn = false
  /** The model of which the weights are shown. */
  #pictured: string | undefined
  readonly #curves = new Curves()

  constructor(
    readonly api: Remote<Api>,
    readonly hooks: TrainingHooks,
  ) {
    find('training-form').addEventListener('submit', event => {
      event.preventDefault()
      this.#train().catch(hooks.onError)
    })
    const rate = find<HTMLInputElement>('lr')
    const check = () => {
      rate.setCustomValidity(parseRate(rate.value) === undefined ? t('training.lr.wrong') : '')
    }
    rate.addEventListener('input', check)
    find('training-form').addEventListener('change', event => {
      if (event.target === find('fresh') && !this.fresh) this.#takeUp()
      check()
      hooks.onSettings(this.settings)
    })
    find('pause').addEventListener('click', () => {
      this.#paused = !this.#paused
      void api.pause(this.#paused)
      if (this.#paused) this.#say(() => t('training.paused'))
      this.#showButtons()
    })
    find('stop').addEventListener('click', () => void api.stop())
    find('save').addEventListener('click', () => void this.#save().catch(hooks.onError))
    find('open').addEventListener('click', () => find('file').click())
    find('file').addEventListener('change', () => void this.#open().catch(hooks.onError))
    addEventListener('beforeunload', event => {
      if (this.#running) event.preventDefault() // the browser asks
    })
  }

  get settings() {
    return {
      lr: find<HTMLInputElement>('lr').value,
      optimizer: find<HTMLSelectElement>('optimizer').value as 'adam' | 'sgd',
      seed: find<HTMLInputElement>('seed').value,
    }
  }

  /** Whether training is to begin with new weights. */
  get fresh() {
    return find<HTMLInputElement>('fresh').checked
  }

  /** Says everything anew, in the present language and colours. */
  refresh() {
    find('training-status').textContent = this.#status()
    this.#showPast()
    this.#showButtons()
    this.#curves.refresh()
    this.#showTemplates()
  }

  get #model() {
    return this.hooks.network()?.model ?? ''
  }

  get #past(): Past | undefined {
    return this.hooks.network()?.past
  }

  /** Sets the form to what the network was trained with, so that it goes on as it would have. */
  #takeUp() {
    const past = this.#past
    if (!past) return
    find<HTMLInputElement>('lr').value = String(past.lr)
    find<HTMLSelectElement>('optimizer').value = past.optimizer
    find<HTMLInputElement>('seed').value = String(past.seed)
    if (past.run) find<HTMLInputElement>('epochs').value = String(past.run.last - past.run.first)
  }

  #showPast() {
    const past = this.#past
    const line = find('training-past')
    if (!this.hooks.canLearn()) return void (line.textContent = t('training.elsewhere', { model: this.#model }))
    if (!past) return void (line.textContent = '')
    const { epoch, batch, optimizer, lr, seed, remembers } = past
    const done = t(batch ? 'training.past.within' : 'training.past', {
      model: this.#model,
      epoch: integer(batch ? epoch + 1 : epoch),
      batch: integer(batch),
      optimizer: nameOf(optimizer),
      lr: figures(lr),
      seed,
    })
    const then = this.fresh ? 'training.anew' : remembers ? 'training.onward' : 'training.onward.forgetful'
    line.textContent = `${done} ${t(then)}`
  }

  async #train() {
    if (this.#running) return
    this.#running = true
    this.#paused = false
    const model = this.#model
    const { lr, optimizer, seed } = this.settings
    const rate = parseRate(lr)!
    const { fresh } = this
    const epochs = find<HTMLInputElement>('epochs').valueAsNumber
    const run = this.#curves.begin(`${model}, ${nameOf(optimizer)} ${figures(rate)}, ${t('training.seed')} ${seed}`)
    // A disabled button cannot keep the focus. Later, so that the key that began this does not press the next one, too.
    this.#handsFocusOn = document.activeElement === find('train')
    this.#say(() => t('training.loading'))
    this.#showButtons()
    try {
      const end = await this.api.train(
        { model, lr: rate, optimizer, seed: Number(seed), epochs, fresh, ...this.#own() },
        proxy((report: TrainingReport) => this.#hear(model, run, report)),
      )
      const accuracy = run.learned.accuracy.at(-1) ?? 0
      if (end === 'over' && accuracy < learnedNothing)
        this.#say(() => t('training.nothing', { model, accuracy: percent(accuracy), lr: figures(0.001) }))
      else this.#say(() => t(`training.${end}`, { model }))
      if (end !== 'diverged') find<HTMLInputElement>('fresh').checked = false
      this.hooks.onLearned(model, true)
    } catch (error) {
      this.#say(() => '')
      throw error
    } finally {
      this.#running = false
      const focused = [find('pause'), find('stop')].includes(document.activeElement as HTMLElement)
      this.#showButtons()
      if (focused) find('train').focus()
    }
  }

  #own(): Pick<TrainingOptions, 'own'> {
    const from = find<HTMLSelectElement>('from').value
    return from === 'mnist' ? {} : { own: { ...this.hooks.own(), alone: from === 'own' } }
  }

  #hear(model: string, { learned, tested }: Run, report: TrainingReport) {
    const add = (points: Run['learned'], { loss, accuracy }: { loss: number; accuracy: number }) => {
      points.images.push(report.images)
      points.loss.push(loss)
      points.accuracy.push(accuracy)
    }
    if (this.#handsFocusOn && [document.body, find('train')].includes(document.activeElement as HTMLElement))
      find('pause').focus()
    this.#handsFocusOn = false
    add(learned, report)
    if (report.test) add(tested, report.test)
    this.#curves.update()
    find<HTMLProgressElement>('training-progress').value = report.batch / report.batches
    if (!this.#paused)
      this.#say(() =>
        t('training.running', {
          model,
          epoch: report.epoch,
          loss: decimal(report.loss, 4),
          accuracy: percent(report.accuracy),
          speed: integer(report.imagesPerSecond),
        }),
      )
    this.hooks.onLearned(model, false)
    this.#showTemplates()
  }

  #say(status: () => string) {
    this.#status = status
    find('training-status').textContent = status()
  }

  #showButtons() {
    const from = find<HTMLSelectElement>('from')
    const none = this.hooks.own().labels.length === 0
    for (const option of from.options) option.disabled = option.value !== 'mnist' && none
    if (none) from.value = 'mnist'
    find('pause').textContent = t(this.#paused ? 'training.resume' : 'training.pause')
    for (const id of ['pause', 'stop']) find<HTMLButtonElement>(id).disabled = !this.#running
    find<HTMLButtonElement>('train').disabled = this.#running || !this.hooks.canLearn()
  }

  /** The weights of a network that has but one dense layer: a picture for each class, of what speaks for it. */
  #showTemplates() {
    const info = this.hooks.network()
    const counting = info?.layers.filter(({ parameters }) => parameters > 0) ?? []
    const [rows, columns, channels = 1] = info?.input ?? [0, 0]
    const isPlain = counting.length === 1 && counting[0].name.endsWith('dense') && channels === 1
    find('templates').hidden = !isPlain || !info || info.classes.length > 16
    if (find('templates').hidden || !info) return
    const canvas = find<HTMLCanvasElement>('template-maps')
    const shape = [rows, columns, info.classes.length]
    if (this.#pictured !== info.model) {
      this.#pictured = info.model
      Object.assign(canvas, sizeOfPicture({ shape }))
      const names = find('template-names')
      names.style.setProperty('--columns', String(layoutOf({ shape }).columns))
      names.replaceChildren(...info.classes.map(name => make('span', {}, name)))
    }
    if (info.weights !== 'none') void this.#paintTemplates(info.model, shape).catch(this.hooks.onError)
  }

  readonly #paintTemplates = latest(async (model: string, shape: readonly number[]) => {
    const values = await this.api.weights(model)
    if (model === this.#model) paint(find<HTMLCanvasElement>('template-maps'), { shape, values }, 'signed')
  })

  async #save() {
    const model = this.#model
    const bytes = await this.api.save(model)
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([bytes as BlobPart], { type: 'application/octet-stream' }))
    link.download = `${model}.safetensors`
    link.click()
    URL.revokeObjectURL(link.href)
  }

  async #open() {
    const input = find<HTMLInputElement>('file')
    const file = input.files?.[0]
    input.value = ''
    if (!file) return
    const bytes = new Uint8Array(await file.arrayBuffer())
    const info = await this.api.load(transfer(bytes, [bytes.buffer]))
    this.#say(() => t('file.opened', { model: info.model, file: file.name }))
    this.hooks.onOpened(info)
    find<HTMLInputElement>('fresh').checked = false
    this.#takeUp()
    this.hooks.onSettings(this.settings)
  }
}

const nameOf = (optimizer: 'adam' | 'sgd') => (optimizer === 'adam' ? 'Adam' : 'SGD')
