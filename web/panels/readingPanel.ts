// What the network says to an image: the winner, a bar for each answer and model, and the steps that led there.
import type { Answers, NetworkInfo, Photo, Reading } from '../api.js'
import { find, make } from '../dom.js'
import { percent, t } from '../language.js'
import { paint, paintColours } from '../picture.js'
import { readsDigits } from '../purpose.js'

/** From this probability on, the page is sure. */
const sure = 0.8
/** So many answers are shown: all, or those that are likeliest. */
const most = 10
const blank = { shape: [28, 28], values: new Float32Array(784) }

export class ReadingPanel {
  readonly #photo = (['paper', 'ink', 'cleaned'] as const).map(name => ({ name, ...stepOf(name, 'photo') }))
  readonly #upright = stepOf('upright', 'photo')
  readonly #steps = (['scaled', 'padded', 'centred', 'seen'] as const).map(name => ({ name, ...stepOf(name) }))

  /** Shows what the chosen model, and those beside it, read, and how a photograph got there; without that, says why there is nothing. */
  show(
    reading: Reading | Answers | undefined,
    info: Pick<NetworkInfo, 'model' | 'input' | 'classes'>,
    why: string,
    photo?: Photo['steps'],
  ) {
    const own = reading?.results.find(({ model }) => model === info.model)?.probabilities
    const rejected = reading !== undefined && 'rejected' in reading && reading.rejected === true
    this.#showWinner(own, info, why, rejected)
    this.#showBars(reading?.results ?? [], own, info.model, info.classes)
    for (const { name, canvas, item } of this.#photo) {
      item.hidden = !photo
      if (photo && name === 'paper') paintColours(canvas, photo.paper)
      else if (photo) paint(canvas, photo[name], 'ink', 255)
    }
    const steps = reading && 'scaled' in reading ? reading : undefined
    this.#upright.item.hidden = !steps?.upright
    if (steps?.upright) paint(this.#upright.canvas, steps.upright, 'ink', 255)
    for (const { name, canvas } of this.#steps) paint(canvas, steps?.[name] ?? blank, 'ink', name === 'seen' ? 1 : 255)
  }

  #showWinner(
    own: Float32Array | undefined,
    info: Parameters<ReadingPanel['show']>[1],
    why: string,
    rejected: boolean,
  ) {
    const winner = own?.indexOf(Math.max(...own))
    const answer = winner === undefined ? '–' : info.classes[winner]
    for (const id of ['winner', 'small-winner']) {
      find(id).textContent = answer
      find(id).classList.toggle('none', winner === undefined)
      find(id).classList.toggle('word', answer.length > 2)
    }
    const isSure = (own?.[winner!] ?? 0) >= sure
    const ofDigit = rejected ? 'verdict.rejected' : isSure ? 'verdict.sure' : 'verdict.unsure'
    const key = readsDigits(info) ? ofDigit : 'verdict.named'
    const verdict = own ? t(key, { answer, percent: percent(own[winner!]), model: info.model }) : why
    for (const id of ['verdict-text', 'small-verdict']) find(id).textContent = verdict
  }

  #showBars(results: Answers['results'], own: Float32Array | undefined, name: string, classes: readonly string[]) {
    const all = [...classes.keys()]
    const likeliest = own ? all.sort((a, b) => own[b] - own[a]) : all
    const shown = classes.length <= most ? [...classes.keys()] : likeliest.slice(0, most)
    const table = make('table', {}, make('caption', { className: 'unseen' }, t('bars.label')))
    const head = make('tr', {}, make('th', { scope: 'col' }, make('span', { className: 'unseen' }, t('bars.digit'))))
    for (const model of results.length > 0 ? results.map(({ model }) => model) : [name])
      head.append(make('th', { scope: 'col' }, model || '\u00a0'))
    table.append(make('thead', {}, head))
    const body = make('tbody')
    for (const label of shown) {
      const row = make('tr', {}, make('th', { scope: 'row' }, classes[label]))
      for (const { probabilities } of results) {
        const share = probabilities[label]
        const bar = make('span', { className: 'bar' })
        bar.style.setProperty('--share', String(share))
        const wins = share === Math.max(...probabilities)
        row.append(
          make('td', { className: wins ? 'wins' : '' }, bar, make('span', { className: 'share' }, percent(share))),
        )
      }
      if (results.length === 0) row.append(make('td', {}, make('span', { className: 'bar' })))
      body.append(row)
    }
    table.append(body)
    find('bars').classList.toggle(
      'named',
      classes.some(name => name.length > 2),
    )
    find('bars').replaceChildren(table)
  }
}

/** A step on the way to the network, at the end of the list: a canvas and its sentence. */
function stepOf(name: string, className = '') {
  const canvas = make('canvas', { className: 'tile' })
  canvas.setAttribute('aria-hidden', 'true')
  const text = make('span')
  text.dataset.text = `steps.${name}`
  const item = make('li', { className }, canvas, text)
  find('steps').append(item)
  return { canvas, item }
}
