// The curves of this page's trainings, over one another: a colour a run, dashes for the test images.
import uPlot from 'uplot'
import { find, make } from '../dom.js'
import { decimal, integer, percent, t } from '../language.js'

interface Points {
  readonly images: number[]
  readonly loss: number[]
  readonly accuracy: number[]
}

/** A training, and what it came to so far. */
export interface Run {
  readonly name: string
  readonly learned: Points
  readonly tested: Points
}

/** So many are shown; the oldest goes first. */
const most = 6
const noPoints = (): Points => ({ images: [], loss: [], accuracy: [] })

export class Curves {
  readonly #runs: Run[] = []
  #look = ''
  #plots: { readonly plot: uPlot; readonly what: 'loss' | 'accuracy' }[] = []

  constructor() {
    find('forget').addEventListener('click', () => {
      this.#runs.splice(0, this.#runs.length - 1)
      this.refresh()
    })
    new ResizeObserver(() => {
      for (const { plot } of this.#plots) plot.setSize(sizeOf(plot.root.parentElement!))
    }).observe(find('loss-curve'))
  }

  /** A run begins. */
  begin(name: string): Run {
    const run = { name, learned: noPoints(), tested: noPoints() }
    this.#runs.push(run)
    this.#runs.splice(0, this.#runs.length - most)
    this.#look = ''
    this.refresh()
    return run
  }

  /** Draws what has come to the runs. */
  update() {
    for (const { plot, what } of this.#plots) plot.setData(this.#data(what))
  }

  /** Draws everything anew, if the language, the colours or the runs are others. */
  refresh() {
    const { lang, dataset } = document.documentElement
    const look = [lang, dataset.theme, matchMedia('(prefers-color-scheme: dark)').matches, this.#runs.map(r => r.name)]
    if (`${look}` === this.#look) return
    this.#look = `${look}`
    const entries = this.#runs.map(({ name }, i) => {
      const swatch = make('span', { className: 'swatch' })
      swatch.style.color = `var(--run-${i})`
      return make('li', {}, swatch, name)
    })
    find('runs').replaceChildren(...entries)
    find('runs-note').hidden = this.#runs.length === 0
    find<HTMLButtonElement>('forget').disabled = this.#runs.length < 2
    const colours = entries.map(entry => getComputedStyle(entry.firstElementChild!).color)
    for (const { plot } of this.#plots) plot.destroy()
    this.#plots = (['loss', 'accuracy'] as const).map(what => ({ what, plot: this.#plot(what, colours) }))
  }

  #data(what: 'loss' | 'accuracy'): uPlot.AlignedData {
    const tables = this.#runs.flatMap(({ learned, tested }) => [learned, tested])
    if (tables.every(({ images }) => images.length === 0)) return [[], ...tables.map(() => [])]
    return uPlot.join(tables.map(points => [points.images, points[what]]))
  }

  #plot(what: 'loss' | 'accuracy', colours: readonly string[]): uPlot {
    const target = find(`${what}-curve`)
    const style = getComputedStyle(target)
    const axis = {
      stroke: style.color,
      grid: { stroke: style.borderTopColor, width: 1 },
      font: `12px ${style.fontFamily}`,
      labelFont: `12px ${style.fontFamily}`,
      labelSize: 18,
    }
    const written = (values: number[], step: number) => {
      const digits = decimalsOf(step)
      return values.map(v => (what === 'loss' ? decimal(v, digits) : percent(v, Math.max(0, digits - 2))))
    }
    const options: uPlot.Options = {
      ...sizeOf(target),
      cursor: { show: false },
      legend: { show: false },
      scales: { x: { time: false }, y: { range: (_, __, highest) => [0, what === 'accuracy' ? 1 : highest || 1] } },
      axes: [
        { ...axis, label: t('training.images'), values: (_, values) => values.map(v => integer(v)), space: 90 },
        {
          ...axis,
          label: t(`training.${what}`),
          size: 58,
          values: (_, values, __, ___, step) => written(values, step),
        },
      ],
      series: [
        {},
        ...colours.flatMap(stroke => {
          const line = { stroke, width: 2, spanGaps: true }
          return [
            { ...line, points: { show: false } },
            { ...line, dash: [5, 4], points: { show: true, size: 5, fill: stroke } },
          ]
        }),
      ],
    }
    return new uPlot(options, this.#data(what), target)
  }
}

/** How many decimals tell the ticks of an axis apart. */
function decimalsOf(step: number): number {
  let digits = 0
  while (digits < 8 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6) digits++
  return digits
}

const sizeOf = (element: Element) => ({
  width: Math.max(200, element.clientWidth),
  height: element.clientHeight || 220,
})
