// What the network says to the drawing: the winner, ten bars for each model, and the steps that led there.
import type { Reading } from '../api.js'
import { find, make } from '../dom.js'
import { percent, t } from '../language.js'
import { paint } from '../picture.js'

/** From this probability on, the page is sure. */
const sure = 0.8

export class ReadingPanel {
  readonly #steps = (['scaled', 'padded', 'centred', 'seen'] as const).map(name => {
    const canvas = make('canvas', { className: 'tile' })
    canvas.setAttribute('aria-hidden', 'true')
    const text = make('span')
    text.dataset.text = `steps.${name}`
    find('steps').append(make('li', {}, canvas, text))
    return { name, canvas }
  })

  /** Shows a reading by the chosen model and those beside it; without one, says why there is none. */
  show(reading: Reading | undefined, model: string, why: string) {
    this.#showWinner(reading, model, why)
    this.#showBars(reading?.results ?? [])
    for (const { name, canvas } of this.#steps)
      paint(
        canvas,
        reading?.[name] ?? { shape: [28, 28], values: new Float32Array(784) },
        'ink',
        name === 'seen' ? 1 : 255,
      )
  }

  #showWinner(reading: Reading | undefined, model: string, why: string) {
    const probabilities = reading?.results.find(result => result.model === model)?.probabilities
    const winner = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : undefined
    find('winner').textContent = winner === undefined ? '–' : String(winner)
    find('winner').classList.toggle('none', winner === undefined)
    if (winner === undefined) return void (find('verdict-text').textContent = why)
    const share = probabilities![winner]
    find('verdict-text').textContent = t(share >= sure ? 'verdict.sure' : 'verdict.unsure', {
      digit: winner,
      percent: percent(share),
      model,
    })
  }

  #showBars(results: Reading['results']) {
    const table = make('table', {}, make('caption', { className: 'unseen' }, t('bars.label')))
    const head = make('tr', {}, make('th', { scope: 'col' }, make('span', { className: 'unseen' }, t('bars.digit'))))
    for (const { model } of results) head.append(make('th', { scope: 'col' }, model))
    table.append(make('thead', {}, head))
    const body = make('tbody')
    for (let digit = 0; digit < 10; digit++) {
      const row = make('tr', {}, make('th', { scope: 'row' }, String(digit)))
      for (const { probabilities } of results) {
        const share = probabilities[digit]
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
    find('bars').replaceChildren(table)
  }
}
