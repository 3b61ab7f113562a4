// The way of a drawing through the layers, and what a unit computes when one points at it, or pins it with a click.
import type { Remote } from 'comlink'
import type { Api, Grid, NetworkInfo, UnitView } from '../api.js'
import { find, latest, make } from '../dom.js'
import { decimal, integer, t } from '../language.js'
import type { Message } from '../messages/en.js'
import { layoutOf, paint, sizeOfPicture, strongest } from '../picture.js'
import { roundTogether } from '../rounding.js'

/** What is shown of one step: the image, a layer, or the probabilities. */
interface Row {
  /** Its place in the network: −1 for the image, behind the last layer for the probabilities. */
  readonly index: number
  readonly kind: string
  readonly name: string
  readonly shape: Grid['shape']
  readonly canvas: HTMLCanvasElement
  readonly cursor: HTMLElement
  /** Where on it lies what the chosen unit looks at. */
  readonly windows: HTMLElement
  grid?: Grid
  unit: number
  place: number
}

const texts: Readonly<Record<string, Message>> = {
  input: 'inside.input',
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
  softmax: 'unit.softmax',
}
/** So many decimals are printed of a number, and so many numbers are printed at all. */
const digits = 3
const mostNumbers = 9
/** So many units have their names under them. */
const mostNames = 32

export class InsidePanel {
  #model = ''
  #classes: readonly string[] = []
  #rows: Row[] = []
  #chosen: Row | undefined
  #pinned = false
  #laidOut = ''

  constructor(readonly api: Remote<Api>) {
    find('unit').addEventListener('click', event => {
      if ((event.target as Element).closest('button')) this.#close()
    })
  }

  /** Lays out the layers of a network, if it is not the one that is there: all sizes are known before there is a drawing. */
  layOut({ model, layers, input, classes }: NetworkInfo) {
    const key = JSON.stringify([model, layers, input, classes, document.documentElement.lang])
    if (key === this.#laidOut) return
    this.#laidOut = key
    this.#model = model
    this.#classes = classes
    const last = { name: 'softmax', output: [classes.length], parameters: 0 }
    const steps = [{ name: 'input', output: input, parameters: 0 }, ...layers, last]
    const articles: HTMLElement[] = []
    this.#rows = steps.flatMap(({ name, output, parameters }, i) => {
      const kind = name.replace(/^\d+\./, '')
      if (kind === 'flatten') return [] // the same numbers, in a row
      const [article, row] = this.#row(i - 1, kind, name, output, parameters)
      articles.push(article)
      return [row]
    })
    find('layers').replaceChildren(...articles)
    this.#close()
  }

  #row(index: number, kind: string, name: string, shape: Row['shape'], parameters: number): [HTMLElement, Row] {
    const canvas = make('canvas', { className: 'maps', ...sizeOfPicture({ shape }) })
    const { columns, h, channels } = layoutOf({ shape })
    const cursor = make('span', { className: 'cursor', hidden: true })
    const windows = make('span', { className: 'windows' })
    const size = parameters > 0 ? t('inside.parameters', { count: integer(parameters) }) : ''
    const title = kind === 'input' || kind === 'softmax' ? t(`inside.title.${kind}`) : name
    const heading = make(
      'h3',
      {},
      title,
      make('small', {}, [shape.join(' × '), size].filter(text => text !== '').join(' · ')),
    )
    const note = make('p', { className: 'small' }, t(texts[kind] ?? 'inside.other'))
    const frame = make('div', { className: `frame ${h === 1 ? 'cells' : ''}` }, canvas, windows, cursor)
    frame.style.setProperty('--columns', String(columns))
    const row: Row = { index, kind, name: title, shape, canvas, cursor, windows, unit: 0, place: 0 }
    if (kind !== 'input') {
      canvas.tabIndex = 0
      canvas.setAttribute('role', 'application')
      canvas.setAttribute(
        'aria-label',
        `${t('inside.layer', { name: title, shape: shape.join(' × ') })}. ${t('unit.choose')}`,
      )
      canvas.addEventListener('pointermove', event => {
        if (event.pointerType === 'mouse' && !this.#pinned) this.#point(row, event)
      })
      canvas.addEventListener('click', event => this.#pin(row, event))
      canvas.addEventListener('keydown', event => this.#key(row, event))
      canvas.addEventListener('focus', () => {
        if (row.grid && !this.#pinned && canvas.matches(':focus-visible')) void this.#choose(row, row.unit, row.place)
      })
    } else {
      canvas.setAttribute('role', 'img')
      canvas.setAttribute('aria-label', title)
    }
    return [make('article', {}, heading, note, frame, ...this.#names(shape, index, channels, columns)), row]
  }

  /** The names of the classes, under the scores and the probabilities. */
  #names(shape: Row['shape'], index: number, channels: number, columns: number): HTMLElement[] {
    if (index < 0 || shape.length !== 1 || channels !== this.#classes.length || channels > mostNames) return []
    const names = make('p', { className: 'names' }, ...this.#classes.map(name => make('span', { title: name }, name)))
    names.style.setProperty('--columns', String(columns))
    return [names]
  }

  /** Shows what the layers make of the last drawing; nothing if it is blank. */
  readonly show = latest(async (blank: boolean) => {
    find('inside').classList.toggle('blank', blank)
    if (blank) {
      for (const row of this.#rows) {
        delete row.grid
        row.canvas.getContext('2d')!.clearRect(0, 0, row.canvas.width, row.canvas.height)
      }
      return this.#close()
    }
    const model = this.#model
    const activations = await this.api.activations(model)
    if (model !== this.#model) return
    for (const row of this.#rows) {
      row.grid = { ...activations[row.index + 1], shape: row.shape }
      paint(row.canvas, row.grid, row.kind === 'input' ? 'ink' : 'signed', strongest(row.grid))
    }
    if (this.#chosen) await this.#choose(this.#chosen, this.#chosen.unit, this.#chosen.place)
    else this.#explain()
  })

  #close() {
    this.#pinned = false
    this.#chosen = undefined
    for (const row of this.#rows) {
      row.cursor.hidden = true
      row.windows.replaceChildren()
    }
    this.#explain()
  }

  /** @returns whether there is a unit where the pointer is */
  #point(row: Row, event: MouseEvent): boolean {
    if (!row.grid) return false
    const { left, top, width, height } = row.canvas.getBoundingClientRect()
    const { h, w, channels, columns, gap } = layoutOf(row.grid)
    const x = Math.floor(((event.clientX - left) * row.canvas.width) / width)
    const y = Math.floor(((event.clientY - top) * row.canvas.height) / height)
    const unit = Math.floor(y / (h + gap)) * columns + Math.floor(x / (w + gap))
    if (x < 0 || y < 0 || unit >= channels) return false
    void this.#choose(row, unit, Math.min(h - 1, y % (h + gap)) * w + Math.min(w - 1, x % (w + gap)))
    return true
  }

  /** A click holds on to a unit; on the one that is held, it lets go. */
  #pin(row: Row, event: MouseEvent) {
    const before = this.#pinned && this.#chosen === row ? `${row.unit},${row.place}` : ''
    if (this.#point(row, event)) this.#pinned = before !== `${row.unit},${row.place}`
  }

  /** Arrow keys go from unit to unit; with shift, from place to place within a map. */
  #key(row: Row, event: KeyboardEvent) {
    if (!row.grid) return
    if (event.key === 'Escape') return this.#close()
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault()
      this.#pinned = this.#chosen !== row || !this.#pinned
      return void this.#choose(row, row.unit, row.place)
    }
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
    const { w } = layoutOf(row)
    placeOn(row, row.cursor, unit, { top: Math.floor(place / w), left: place % w, height: 1, width: 1 })
    await this.#ask(row)
  }

  readonly #ask = latest(async (row: Row) => {
    const { channels } = layoutOf(row)
    const view =
      row.kind === 'softmax'
        ? this.#softmax(row)
        : await this.api.unit(this.#model, row.index, row.place * channels + row.unit)
    if (this.#chosen !== row || !row.grid) return
    this.#markWindow(row, view)
    this.#explain(row, view)
  })

  /** The share of one score's power in those of all. */
  #softmax(row: Row): UnitView {
    const inputs = this.#rows.at(-2)!.grid!
    return { value: row.grid!.values[row.unit], bias: undefined, inputs, weights: inputs }
  }

  /** Marks what a unit looks at, on the row that it looks at. */
  #markWindow(row: Row, { window }: UnitView) {
    for (const other of this.#rows) other.windows.replaceChildren()
    if (!window) return
    const before = this.#rows.slice(0, this.#rows.indexOf(row)).reverse()
    const seen = before.find(({ shape }) => `${layoutKey(shape)}` === `${layoutKey(window.of)}`)
    if (!seen) return
    const { channels } = layoutOf(seen)
    for (let channel = 0; channel < channels; channel++) {
      if (window.channel !== undefined && window.channel !== channel) continue
      const mark = make('span', { className: 'window' })
      placeOn(seen, mark, channel, window)
      seen.windows.append(mark)
    }
  }

  #explain(row?: Row, view?: UnitView) {
    const card = find('unit')
    card.classList.toggle('open', row !== undefined)
    if (!row || !view || !row.grid) {
      const text = find('inside').classList.contains('blank') ? t('inside.blank') : t('unit.choose')
      return card.replaceChildren(make('p', {}, text))
    }
    const { w, h } = layoutOf(row)
    const name = row.shape.length === 1 && row.shape[0] === this.#classes.length ? this.#classes[row.unit] : ''
    const title =
      t('unit.title', { layer: row.name, unit: row.unit }) + (name && name !== `${row.unit}` ? `: ${name}` : '')
    const place = t('unit.place', { row: Math.floor(row.place / w), column: row.place % w })
    const close = make('button', { type: 'button', className: 'close', title: t('unit.close') }, '×')
    close.setAttribute('aria-label', t('unit.close'))
    const weighted = row.kind === 'dense' || row.kind === 'conv2d'
    const sum = weighted ? sumOf(view) : undefined
    card.replaceChildren(
      make('div', { className: 'head' }, make('h3', {}, title), close),
      make('p', { className: 'small' }, [h * w > 1 ? place : '', t(this.#pinned ? 'unit.pinned' : 'unit.pin')].filter(text => text !== '').join('. ')), // prettier-ignore
      make('p', { className: 'formula' }, t(formulas[row.kind] ?? 'unit.other')),
      make('p', { className: 'formula' }, sum ? sum.text : filledIn(row.kind, view)),
      picture(t('unit.inputs'), view.inputs),
      ...(sum
        ? [picture(t('unit.weights'), view.weights), picture(t('unit.products'), sum.products, sum.printed)]
        : []),
    )
  }
}

/** [h,w] and [h,w,1] are the same picture. */
const layoutKey = (shape: Grid['shape']) => (shape.length === 2 ? [...shape, 1] : shape)

/** Puts a mark over a part of one of a row's maps. */
function placeOn(
  row: Pick<Row, 'shape'>,
  mark: HTMLElement,
  channel: number,
  box: NonNullable<UnitView['window']> | { top: number; left: number; height: number; width: number },
) {
  const { h, w, columns, gap } = layoutOf(row)
  const { width, height } = sizeOfPicture(row)
  Object.assign(mark.style, {
    left: `${(100 * ((channel % columns) * (w + gap) + box.left)) / width}%`,
    top: `${(100 * (Math.floor(channel / columns) * (h + gap) + box.top)) / height}%`,
    width: `${(100 * box.width) / width}%`,
    height: `${(100 * box.height) / height}%`,
  })
}

/** y = Σ x·w + b with numbers that add up as they are printed. */
function sumOf(view: UnitView) {
  const unit = 10 ** digits
  const printedOf = (n: number) => decimal(n / unit, digits)
  const [y, b] = [view.value, view.bias ?? 0].map(v => Math.round(v * unit))
  const products = { shape: view.inputs.shape, values: view.inputs.values.map((x, i) => x * view.weights.values[i]) }
  const printed = roundTogether([...products.values], y - b, digits).map(printedOf)
  const bias = view.bias === undefined ? '' : `${b < 0 ? '−' : '+'} ${printedOf(Math.abs(b))} `
  return { text: `y = ${printedOf(y - b)} ${bias}= ${printedOf(y)}`, products, printed }
}

/** A formula of few numbers with these filled in. */
function filledIn(kind: string, { value, inputs }: UnitView): string {
  const numbers = Array.from(inputs.values, x => decimal(x, digits))
  const y = decimal(value, digits)
  if (kind === 'relu') return `y = max(0; ${numbers.join('; ')}) = ${y}`
  return kind === 'maxPool2d' && numbers.length <= 4 ? `y = max(${numbers.join('; ')}) = ${y}` : `y = ${y}`
}

/** A grid as a picture and, if it is small, as numbers. */
function picture(title: string, grid: Grid, printed = Array.from(grid.values, v => decimal(v, digits))): HTMLElement {
  const canvas = make('canvas', { className: 'tile' })
  canvas.setAttribute('aria-hidden', 'true')
  paint(canvas, grid, 'signed', strongest(grid), Math.ceil(Math.sqrt(layoutOf(grid).channels)))
  canvas.style.aspectRatio = `${canvas.width} / ${canvas.height}`
  const figure = make('figure', {}, make('figcaption', {}, title), canvas)
  const { w, channels } = layoutOf(grid)
  if (channels > 1 || grid.values.length > mostNumbers) return figure
  const rows = Array.from({ length: grid.values.length / w }, (_, i) =>
    make('tr', {}, ...printed.slice(i * w, (i + 1) * w).map(text => make('td', {}, text))),
  )
  figure.append(make('table', { className: 'numbers' }, make('tbody', {}, ...rows)))
  return figure
}
