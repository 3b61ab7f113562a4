// Training in the page: what to try, curves while it runs, and networks to and from files.
import { proxy, transfer, type Remote } from 'comlink'
import uPlot from 'uplot'
import type { Api, NetworkInfo, Past, TrainingReport } from '../api.js'
import { find } from '../dom.js'
import { decimal, figures, integer, percent, t } from '../language.js'

export interface TrainingHooks {
  /** The model to train, and what the address says about how. */
  readonly model: () => string
  readonly onSettings: (settings: { lr: string; optimizer: 'adam' | 'sgd'; seed: string }) => void
  /** How the model was trained so far. */
  readonly past: () => Past | undefined
  /** Whether MNIST can teach it. */
  readonly canLearn: () => boolean
  /** A network's weights have changed; at the end of a training, `over`. */
  readonly onLearned: (model: string, over: boolean) => void
  readonly onOpened: (info: NetworkInfo) => void
  readonly onError: (error: unknown) => void
}

export class TrainingPanel {
  #status: () => string = () => ''
  #paused = false
  #running = false
  readonly #points: [images: number[], loss: number[], accuracy: number[]] = [[], [], []]
  #plots: uPlot[] = []

  constructor(
    readonly api: Remote<Api>,
    readonly hooks: TrainingHooks,
  ) {
    find('training-form').addEventListener('submit', event => {
      event.preventDefault()
      this.#train().catch(hooks.onError)
    })
    find('training-form').addEventListener('change', event => {
      if (event.target === find('fresh') && !this.fresh) this.#takeUp()
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
    new ResizeObserver(() => this.#resize()).observe(find('loss-curve'))
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
    for (const plot of this.#plots) plot.destroy()
    this.#plots = [this.#plot('loss-curve', 1, v => decimal(v, 1)), this.#plot('accuracy-curve', 2, v => percent(v, 0))]
  }

  /** Sets the form to what the network was trained with, so that it goes on as it would have. */
  #takeUp() {
    const past = this.hooks.past()
    if (!past) return
    find<HTMLInputElement>('lr').value = String(past.lr)
    find<HTMLSelectElement>('optimizer').value = past.optimizer
    find<HTMLInputElement>('seed').value = String(past.seed)
    if (past.run) find<HTMLInputElement>('epochs').value = String(past.run.last - past.run.first)
  }

  #showPast() {
    const past = this.hooks.past()
    find('training-past').hidden = !past
    if (!this.hooks.canLearn()) {
      find('training-past').textContent = t('training.elsewhere', { model: this.hooks.model() })
      return
    }
    if (!past) return
    const { epoch, batch, optimizer, lr, seed, remembers } = past
    const done = t(batch ? 'training.past.within' : 'training.past', {
      model: this.hooks.model(),
      epoch: integer(batch ? epoch + 1 : epoch),
      batch: integer(batch),
      optimizer: optimizer === 'adam' ? 'Adam' : 'SGD',
      lr: figures(lr),
      seed,
    })
    const then = this.fresh ? 'training.anew' : remembers ? 'training.onward' : 'training.onward.forgetful'
    find('training-past').textContent = `${done} ${t(then)}`
  }

  async #train() {
    if (this.#running) return
    this.#running = true
    this.#paused = false
    const model = this.hooks.model()
    const { lr, optimizer, seed } = this.settings
    const { fresh } = this
    const epochs = find<HTMLInputElement>('epochs').valueAsNumber
    for (const list of this.#points) list.length = 0
    this.#say(() => t('training.loading'))
    this.#showButtons()
    try {
      const end = await this.api.train(
        { model, lr: Number(lr), optimizer, seed: Number(seed), epochs, fresh },
        proxy((report: TrainingReport) => this.#hear(model, report)),
      )
      this.#say(() => t(`training.${end}`, { model }))
      if (end !== 'diverged') find<HTMLInputElement>('fresh').checked = false
      this.hooks.onLearned(model, true)
    } catch (error) {
      this.#say(() => '')
      throw error
    } finally {
      this.#running = false
      this.#showButtons()
    }
  }

  #hear(model: string, report: TrainingReport) {
    const [images, loss, accuracy] = this.#points
    images.push(report.images)
    loss.push(report.loss)
    accuracy.push(report.accuracy)
    for (const plot of this.#plots) plot.setData([images, plot === this.#plots[0] ? loss : accuracy])
    find<HTMLProgressElement>('training-progress').value = report.batch / report.batches
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
  }

  #say(status: () => string) {
    this.#status = status
    find('training-status').textContent = status()
  }

  #showButtons() {
    find('pause').textContent = t(this.#paused ? 'training.resume' : 'training.pause')
    for (const id of ['pause', 'stop']) find<HTMLButtonElement>(id).disabled = !this.#running
    find<HTMLButtonElement>('train').disabled = this.#running || !this.hooks.canLearn()
  }

  #plot(id: string, series: 1 | 2, format: (value: number) => string): uPlot {
    const target = find(id)
    const style = getComputedStyle(target)
    const axis = {
      stroke: style.color,
      grid: { stroke: style.borderTopColor, width: 1 },
      font: `12px ${style.fontFamily}`,
    }
    const options: uPlot.Options = {
      ...sizeOf(target),
      cursor: { show: false },
      legend: { show: false },
      scales: { x: { time: false }, y: { range: (_, __, most) => [0, series === 2 ? 1 : most || 1] } },
      axes: [
        { ...axis, values: (_, values) => values.map(v => integer(v)), space: 80 },
        { ...axis, values: (_, values) => values.map(format), size: 56 },
      ],
      series: [{}, { stroke: style.caretColor, width: 2, points: { show: false } }],
    }
    return new uPlot(options, [this.#points[0], this.#points[series]], target)
  }

  #resize() {
    for (const plot of this.#plots) plot.setSize(sizeOf(plot.root.parentElement!))
  }

  async #save() {
    const model = this.hooks.model()
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

const sizeOf = (element: Element) => ({ width: Math.max(200, element.clientWidth), height: 200 })
