// What a network gets wrong of the test set: its confusion matrix, and the mistakes behind each cell.
import { proxy, type Remote } from 'comlink'
import type { Api, NetworkInfo, PicturedMistake, TestResult } from '../api.js'
import { find, make } from '../dom.js'
import { integer, percent, t } from '../language.js'
import { paint } from '../picture.js'
import { readsDigits } from '../purpose.js'

/** The matrix before a test: it takes its place, so that nothing moves when the numbers come. */
const untested = Array.from({ length: 10 }, () => Array<number>(10).fill(0))
/** So many mistakes are shown at once. */
const shown = 60

export class MistakesPanel {
  #result: (TestResult & { readonly model: string }) | undefined
  #testing = false
  #filter: { readonly label: number; readonly answer: number } | undefined

  constructor(
    readonly api: Remote<Api>,
    readonly network: () => NetworkInfo,
    readonly onError: (error: unknown) => void,
    /** Puts a mistake on the board. */
    readonly onChosen: (pixels: Uint8Array) => void,
  ) {
    find('test').addEventListener('click', () => void this.#test().catch(onError))
  }

  /** Says everything anew, in the present language. */
  refresh() {
    const known = readsDigits(this.network())
    find<HTMLButtonElement>('test').disabled = this.#testing || !known
    find('test-elsewhere').hidden = known
    find('test-elsewhere').textContent = t('mistakes.elsewhere', { model: this.network().model })
    if (!this.#result) return this.#showConfusion(untested)
    const { model, accuracy, mistakes } = this.#result
    find('test-status').textContent = t('mistakes.result', {
      model,
      accuracy: percent(accuracy, 2),
      errors: integer(mistakes.length),
    })
    this.#showConfusion(this.#result.confusion)
    this.#showGallery(this.#result)
  }

  async #test() {
    this.#testing = true
    this.refresh()
    try {
      const { model } = this.network()
      // Its messages come on a way of their own: the last may arrive after the result.
      const onProgress = (done: number) => {
        if (this.#testing) find('test-status').textContent = t('mistakes.running', { done: integer(done) })
      }
      const result = await this.api.test(model, proxy(onProgress))
      this.#result = { ...result, model }
      this.#filter = undefined
    } finally {
      this.#testing = false
      this.refresh()
    }
  }

  #showConfusion(confusion: TestResult['confusion']) {
    const caption = make('caption', {}, t('mistakes.confusion'))
    const head = make('tr', {}, make('td'))
    confusion.forEach((_, answer) => head.append(make('th', { scope: 'col' }, String(answer))))
    const table = make('table', {}, caption, make('thead', {}, head))
    const worst = Math.max(...confusion.flatMap((row, label) => row.filter((_, answer) => answer !== label)))
    confusion.forEach((row, label) => {
      const line = make('tr', {}, make('th', { scope: 'row' }, String(label)))
      row.forEach((count, answer) => line.append(make('td', {}, this.#cell(label, answer, count, worst))))
      table.append(line)
    })
    find('confusion').replaceChildren(table)
  }

  #cell(label: number, answer: number, count: number, worst: number): HTMLElement {
    if (label === answer) return make('span', { className: 'right' }, count > 0 ? String(count) : '')
    if (count === 0) return make('span', { className: 'zero' }, '0')
    const cell = make('button', { type: 'button' }, String(count))
    cell.style.setProperty('--share', String(count / worst))
    cell.title = t('mistakes.cell', { count, label, answer })
    cell.setAttribute('aria-label', cell.title)
    const chosen = this.#filter?.label === label && this.#filter.answer === answer
    cell.setAttribute('aria-pressed', String(chosen))
    cell.addEventListener('click', () => {
      this.#filter = chosen ? undefined : { label, answer }
      this.refresh()
      find('confusion').querySelector<HTMLElement>('[aria-pressed="true"]')?.focus()
    })
    return cell
  }

  #showGallery({ mistakes }: TestResult) {
    const filter = this.#filter
    const chosen = mistakes.filter(m => !filter || (m.label === filter.label && m.answer === filter.answer))
    find('gallery-title').textContent = filter
      ? t('mistakes.filtered', { ...filter, count: chosen.length })
      : t('mistakes.all')
    find('gallery').replaceChildren(...chosen.slice(0, shown).map(mistake => this.#card(mistake)))
  }

  #card({ pixels, label, answer, probability }: PicturedMistake): HTMLElement {
    const canvas = make('canvas', { className: 'tile' })
    paint(canvas, { shape: [28, 28], values: Float32Array.from(pixels) }, 'ink', 255)
    canvas.setAttribute('aria-hidden', 'true')
    const text = make(
      'span',
      {},
      make('b', { className: 'truth' }, String(label)),
      ' → ',
      make('b', { className: 'wrong' }, String(answer)),
    )
    const title = t('mistakes.one', { label, answer, percent: percent(probability) })
    const card = make('button', { type: 'button', title }, canvas, text, make('small', {}, percent(probability)))
    card.addEventListener('click', () => this.onChosen(pixels))
    return make('li', {}, card)
  }
}
