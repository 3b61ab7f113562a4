// The way of a drawing through the layers, and what a unit computes when one points at it.
import type { Api, Grid, NetworkInfo, UnitView } from '../api.js'
import type { Remote } from 'comlink'
import { find, latest, make } from '../dom.js'
import { decimal, integer, t } from '../language.js'
import type { Message } from '../messages/en.js'
import { layoutOf, paint, strongest } from '../picture.js'

/** A layer on the page: its place in the network, what it gave, and where the pointer is. */
interface Row {
  readonly index: number
  readonly kind: string
  readonly name: string
  readonly frame: HTMLElement
  readonly canvas: HTMLCanvasElement
  readonly cursor: HTMLElement
  grid?: Grid
  unit: number
  place: number
}

const texts: Readonly<Record<string, Message>> = {
  conv2d: 'inside.conv2d',
  relu: 'inside.relu',
  maxPool2d: 'inside.maxPool2d',
  dense: 'inside.dense',
  softmax: 'inside.softmax',
}
const formulas: Readonly<Record<string, Message>> = {
  conv2d: 'unit.sum',
  dense: 'unit.sum',
  relu: 'unit.relu',
  maxPool2d: 'unit.max',
}

export class InsidePanel {
  #model = ''
  #rows: Row[] = []
  #chosen: Row | undefined

  constructor(readonly api: Remote<Api>) {}

  /** Lays out the layers of a network. */
  layOut({ model, layers }: NetworkInfo) {
    this.#model = model
    this.#chosen = undefined
    const articles: HTMLElement[] = []
    this.#rows = layers.flatMap(({ name, output, parameters }, index) => {
      const kind = name.replace(/^\d+\./, '')
      if (kind === 'flatten') return [] // the same numbers, in a row
      const canvas = make('canvas', { className: 'maps', tabIndex: 0 })
      const cursor = make('span', { className: 'cursor', hidden: true })
      const size = parameters > 0 ? t('inside.parameters', { count: integer(parameters) }) : t('inside.none')
      const heading = make('h3', {}, name, make('small', {}, `${output.join(' × ')} · ${size}`))
      const note = make('p', { className: 'small' }, t(texts[kind] ?? 'inside.other'))
      const frame = make('div', { className: 'frame' }, canvas, cursor)
      const row: Row = { index, kind, name, frame, canvas, cursor, unit: 0, place: 0 }
      canvas.setAttribute('role', 'application')
      canvas.setAttribute(
        'aria-label',
        `${t('inside.layer', { name, shape: output.join(' × ') })}. ${t('unit.choose')}`,
      )
      canvas.addEventListener('pointermove', event => this.#point(row, event))
      canvas.addEventListener('pointerdown', event => this.#point(row, event))
      canvas.addEventListener('keydown', event => this.#key(row, event))
      canvas.addEventListener('focus', () => {
        if (row.grid) void this.#choose(row, row.unit, row.place)
      })
      articles.push(make('article', {}, heading, note, frame))
      return [row]
    })
    find('layers').replaceChildren(make('p', { className: 'small' }, t('inside.legend')), ...articles)
    this.#explain()
  }

  /** Shows what the layers make of the last drawing; nothing if it is blank. */
  readonly show = latest(async (blank: boolean) => {
    find('inside').classList.toggle('blank', blank)
    if (blank) {
      for (const row of this.#rows) {
        delete row.grid
        row.canvas.width = row.canvas.height = 1
        row.cursor.hidden = true
      }
      this.#chosen = undefined
      return this.#explain()
    }
    const model = this.#model
    const activations = await this.api.activations(model)
    if (model !== this.#model) return
    for (const row of this.#rows) {
      row.grid = activations[row.index + 1]!
      paint(row.canvas, row.grid, 'signed', strongest(row.grid))
      const { columns, h } = layoutOf(row.grid)
      row.frame.classList.toggle('cells', h === 1)
      row.frame.style.setProperty('--columns', String(columns))
    }
    if (this.#chosen) await this.#choose(this.#chosen, this.#chosen.unit, this.#chosen.place)
    else this.#explain()
  })

  #point(row: Row, event: PointerEvent) {
    if (!row.grid) return
    const { left, top, width, height } = row.canvas.getBoundingClientRect()
    const { h, w, channels, columns, gap } = layoutOf(row.grid)
    const x = Math.floor(((event.clientX - left) * row.canvas.width) / width)
    const y = Math.floor(((event.clientY - top) * row.canvas.height) / height)
    const unit = Math.floor(y / (h + gap)) * columns + Math.floor(x / (w + gap))
    if (x < 0 || y < 0 || unit >= channels) return
    void this.#choose(row, unit, Math.min(h - 1, y % (h + gap)) * w + Math.min(w - 1, x % (w + gap)))
  }

  /** Arrow keys go from unit to unit; with shift, from place to place within a map. */
  #key(row: Row, event: KeyboardEvent) {
    if (!row.grid) return
    const { h, w, channels, columns } = layoutOf(row.grid)
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -2, ArrowDown: 2 }[event.key]
    if (!step) return
    event.preventDefault()
    const by = Math.sign(step) * (Math.abs(step) === 1 ? 1 : event.shiftKey ? w : columns)
    const [unit, place] = event.shiftKey ? [row.unit, row.place + by] : [row.unit + by, row.place]
    if (unit >= 0 && unit < channels && place >= 0 && place < h * w) void this.#choose(row, unit, place)
  }

  async #choose(row: Row, unit: number, place: number) {
    row.unit = unit
    row.place = place
    this.#chosen = row
    for (const other of this.#rows) other.cursor.hidden = other !== row
    const { h, w, columns, gap } = layoutOf(row.grid!)
    const { width, height } = row.canvas
    Object.assign(row.cursor.style, {
      left: `${(100 * (unit % columns) * (w + gap)) / width}%`,
      top: `${(100 * Math.floor(unit / columns) * (h + gap)) / height}%`,
      width: `${(100 * w) / width}%`,
      height: `${(100 * h) / height}%`,
    })
    await this.#ask(row)
  }

  readonly #ask = latest(async (row: Row) => {
    const { channels } = layoutOf(row.grid!)
    const view = await this.api.unit(this.#model, row.index, row.place * channels + row.unit)
    if (this.#chosen === row && row.grid) this.#explain(row, view)
  })

  #explain(row?: Row, view?: UnitView) {
    if (!row || !view || !row.grid) {
      const text = find('inside').classList.contains('blank') ? t('inside.blank') : t('unit.choose')
      return find('unit').replaceChildren(make('p', {}, text))
    }
    const { w, h } = layoutOf(row.grid)
    const place = t('unit.place', { row: Math.floor(row.place / w), column: row.place % w })
    const products = { shape: view.inputs.shape, values: view.inputs.values.map((x, i) => x * view.weights.values[i]) }
    const sum = decimal(
      products.values.reduce((a, b) => a + b, 0),
      3,
    )
    const bias = view.bias === undefined ? '' : `${view.bias < 0 ? '−' : '+'} ${decimal(Math.abs(view.bias), 3)} `
    const given = Array.from(view.inputs.values, x => decimal(x, 3))
    const numbers = row.kind === 'dense' || row.kind === 'conv2d' ? `${sum} ${bias}= ` : filledIn(row.kind, given)
    const weighted = view.bias !== undefined
    find('unit').replaceChildren(
      make('h3', {}, t('unit.title', { layer: row.name, unit: row.unit })),
      h * w > 1 ? make('p', { className: 'small' }, place) : '',
      make('p', { className: 'formula' }, t(formulas[row.kind] ?? 'unit.other')),
      make('p', { className: 'formula' }, `y = ${numbers}${decimal(view.value, 3)}`),
      picture(t('unit.inputs'), view.inputs),
      ...(weighted ? [picture(t('unit.weights'), view.weights), picture(t('unit.products'), products)] : []),
    )
  }
}

/** A formula of few numbers with these filled in. */
function filledIn(kind: string, numbers: readonly string[]): string {
  if (kind === 'relu') return `max(0; ${numbers.join('; ')}) = `
  return kind === 'maxPool2d' && numbers.length <= 4 ? `max(${numbers.join('; ')}) = ` : ''
}

function picture(title: string, grid: Grid): HTMLElement {
  const canvas = make('canvas', { className: 'tile' })
  paint(canvas, grid, 'signed', strongest(grid), Math.ceil(Math.sqrt(layoutOf(grid).channels)))
  canvas.style.aspectRatio = `${canvas.width} / ${canvas.height}`
  return make('figure', {}, make('figcaption', {}, title), canvas)
}
