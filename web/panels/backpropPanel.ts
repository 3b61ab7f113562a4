// One training step, made visible: operation by operation to the loss, and back with the gradients; a weight that one picks,
// and what becomes of the loss when it moves.
import type { Remote } from 'comlink'
import type { Api, Grid, NetworkInfo, OperationView, StepView, TensorView } from '../api.js'
import { find, latest, make } from '../dom.js'
import { t } from '../language.js'
import { layoutOf, paint, strongest } from '../picture.js'

/** How far a weight can be moved, to either side. */
const reach = 0.5
const rates = [0.001, 0.01, 0.1, 1]

export class BackpropPanel {
  #step: StepView | undefined
  #model = ''
  #classes: readonly string[] = []
  /** What it shows: by default, what the network takes it for. */
  #label = 0
  /** Which operation: forward from 0 on, then backward. */
  #at = 0
  #weight: { parameter: string; index: number } | undefined
  #isNear = false
  #waiting: ReturnType<typeof setTimeout> | undefined

  constructor(
    readonly api: Remote<Api>,
    /** The chosen network and what it reads now; undefined if there is nothing to read. */
    readonly reading: () => { readonly info: NetworkInfo; readonly answer: number } | undefined,
    readonly onError: (error: unknown) => void,
  ) {
    find('backprop-back').addEventListener('click', () => this.#turn(-1))
    find('backprop-next').addEventListener('click', () => this.#turn(1))
    find('backprop').addEventListener('keydown', event => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
      if (!by || event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return
      event.preventDefault()
      this.#turn(by)
    })
    find('backprop-label').addEventListener('change', event => {
      this.#label = (event.target as HTMLSelectElement).selectedIndex
      this.#run(this.#ask())
    })
    find('backprop-parameter').addEventListener('change', event => {
      const { name, largest } = this.#step!.parameters[(event.target as HTMLSelectElement).selectedIndex]
      this.#weight = { parameter: name, index: largest }
      this.#run(this.#showWeight())
    })
    find('backprop-index').addEventListener('change', () => this.#pick())
    find('backprop-nudge').addEventListener('input', () => this.#run(this.#showWeight()))
    new IntersectionObserver(
      ([entry]) => {
        this.#isNear = entry.isIntersecting
        this.refresh()
      },
      { rootMargin: '200px' },
    ).observe(find('backprop'))
  }

  /** Shows the step of what was last read, if the section is seen or near. */
  refresh() {
    clearTimeout(this.#waiting)
    // A pause later, so that drawing is never kept waiting for it.
    if (this.#isNear) this.#waiting = setTimeout(() => this.#run(this.#follow()), 250)
  }

  readonly #follow = latest(async () => {
    const now = this.reading()
    if (now && (now.info.model !== this.#model || `${now.info.classes}` !== `${this.#classes}`)) {
      this.#model = now.info.model
      this.#classes = now.info.classes
      this.#at = 0
      this.#weight = undefined
      find('backprop-label').replaceChildren(...this.#classes.map(name => make('option', {}, name)))
    }
    if (!now) {
      this.#step = undefined
      this.#showBody(false)
    } else {
      this.#label = now.answer
      await this.#ask()
    }
  })

  readonly #ask = latest(async () => {
    find<HTMLSelectElement>('backprop-label').selectedIndex = this.#label
    const [model, label] = [this.#model, this.#label]
    const [step, after] = await Promise.all([this.api.step(model, label), this.api.descend(model, label, rates)])
    if (model !== this.#model) return
    this.#step = step
    const rows = rates.map((lr, i) => [String(lr), figure(after[i])])
    find('backprop-loss').replaceChildren(
      make('p', {}, t('backprop.loss', { loss: figure(step.loss) })),
      smallTable([t('backprop.rate'), t('backprop.after')], rows),
    )
    find('backprop-loss').dataset.loss = String(step.loss)
    const known = step.parameters.find(({ name }) => name === this.#weight?.parameter)
    if (!known && step.parameters.length > 0)
      this.#weight = { parameter: step.parameters[0].name, index: step.parameters[0].largest }
    const options = find<HTMLSelectElement>('backprop-parameter')
    const names = step.parameters.map(({ name }) => name)
    if (`${Array.from(options.options, ({ text }) => text)}` !== `${names}`)
      options.replaceChildren(...names.map(name => make('option', {}, name)))
    this.#showBody(true)
    this.#showOperation()
    await this.#showWeight()
  })

  #showBody(isShown: boolean) {
    find('backprop-body').classList.toggle('blank', !isShown)
    find('backprop-blank').hidden = isShown
  }

  #turn(by: number) {
    if (!this.#step) return
    this.#at = Math.max(0, Math.min(2 * this.#step.operations.length - 1, this.#at + by))
    this.#showOperation()
  }

  #showOperation() {
    const { operations } = this.#step!
    const n = operations.length
    this.#at = Math.min(this.#at, 2 * n - 1)
    const isBack = this.#at >= n
    const index = isBack ? 2 * n - 1 - this.#at : this.#at
    const shown = operations[index]
    const position = t(isBack ? 'backprop.backward' : 'backprop.forward', {
      step: isBack ? this.#at - n + 1 : index + 1,
      steps: n,
    })
    find('backprop-position').textContent = position
    find<HTMLButtonElement>('backprop-back').disabled = this.#at === 0
    find<HTMLButtonElement>('backprop-next').disabled = this.#at === 2 * n - 1
    find('backprop-way').replaceChildren(
      ...operations.map((operation, i) => {
        const reached = isBack && i >= index
        const button = make('button', { type: 'button', className: i === index ? 'here' : reached ? 'reached' : '' })
        button.append(titleOf(operation), make('small', {}, reached ? `‖dy‖ ${figure(operation.dy.norm)}` : ''))
        button.addEventListener('click', () => {
          this.#at = isBack ? 2 * n - 1 - i : i
          this.#showOperation()
        })
        if (i === index) button.setAttribute('aria-current', 'step')
        return make('li', {}, button)
      }),
    )
    // The one that is shown comes into sight, without moving the page.
    const way = find('backprop-way')
    const here = way.children[index] as HTMLElement
    way.scrollLeft = here.offsetLeft - way.offsetLeft - (way.clientWidth - here.offsetWidth) / 2
    const given = shown.inputs.flatMap(({ name, x, dx }) => picture(isBack ? `∂L/∂ ${name}` : name, isBack ? dx : x))
    const result = isBack ? picture(`∂L/∂y (dy)`, shown.dy) : picture('y', shown.y)
    find('backprop-operation').replaceChildren(
      make('h3', {}, titleOf(shown)),
      make('p', { className: 'formula' }, isBack ? shown.backward : shown.forward),
      make('p', { className: 'small' }, ...(shown.shapes ? [shown.shapes, ' · '] : []), make('code', {}, shown.source)),
      make('p', { className: 'small' }, t(isBack ? 'backprop.passes' : 'backprop.makes')),
      make('div', { className: 'grids' }, ...(isBack ? [result, ...given] : [...given, result])),
    )
  }

  /** Takes the weight that was typed. */
  #pick() {
    const parameter = this.#step?.parameters.find(({ name }) => name === this.#weight?.parameter)
    const typed = find<HTMLInputElement>('backprop-index')
    if (!parameter) return
    const places = typed.value.split(',').map(Number)
    const fits =
      places.length === parameter.shape.length &&
      places.every((at, i) => Number.isInteger(at) && at >= 0 && at < parameter.shape[i])
    typed.setCustomValidity(fits ? '' : t('backprop.place', { last: `${parameter.shape.map(size => size - 1)}` }))
    if (!typed.reportValidity()) return
    const index = places.reduce((sum, at, i) => sum * parameter.shape[i] + at, 0)
    this.#weight = { parameter: parameter.name, index }
    this.#run(this.#showWeight())
  }

  readonly #showWeight = latest(async () => {
    const [step, weight] = [this.#step, this.#weight]
    if (!step) return
    const { parameters, loss } = step
    const parameter = parameters.find(({ name }) => name === weight?.parameter)
    if (!weight || !parameter) return
    find<HTMLSelectElement>('backprop-parameter').selectedIndex = parameters.indexOf(parameter)
    const typed = find<HTMLInputElement>('backprop-index')
    if (document.activeElement !== typed) typed.value = placeOf(weight.index, parameter.shape).join(',')
    const distance = reach * find<HTMLInputElement>('backprop-nudge').valueAsNumber
    const { value, gradient, losses } = await this.api.weight(
      this.#model,
      this.#label,
      weight.parameter,
      weight.index,
      [distance],
    )
    const box = find('backprop-weight')
    box.dataset.gradient = String(gradient)
    box.replaceChildren(
      smallTable(
        ['', ''],
        [
          ['w', figure(value)],
          ['∂L/∂w', figure(gradient)],
          ['w − 0.01 · ∂L/∂w', figure(value - 0.01 * gradient)],
        ],
      ),
      make('p', {}, t('backprop.moved', { distance: figure(distance) })),
      smallTable(
        [t('backprop.measured'), t('backprop.promised')],
        [[figure(losses[0]), figure(loss + distance * gradient)]],
      ),
    )
    box.dataset.measured = String(losses[0])
    box.dataset.promised = String(loss + distance * gradient)
  })

  #run(work: Promise<void>) {
    work.catch(this.onError)
  }
}

const titleOf = ({ op, layer }: OperationView) => (layer === undefined ? op : `${layer}: ${op}`)

/** Four digits that say something, however small the number is. */
function figure(value: number): string {
  const small = value !== 0 && Math.abs(value) < 1e-3
  return value.toLocaleString(document.documentElement.lang, {
    maximumSignificantDigits: 4,
    notation: small ? 'scientific' : 'standard',
  })
}

function placeOf(index: number, shape: readonly number[]): number[] {
  const place: number[] = []
  for (const size of [...shape].reverse()) {
    place.unshift(index % size)
    index = Math.floor(index / size)
  }
  return place
}

/** Numbers as a picture, with their shape and their norm. */
function picture(title: string, grid: TensorView): HTMLElement {
  const shape = grid.whole.join(' × ') || '1'
  const caption = make('figcaption', {}, title, make('small', {}, ` ${shape} · ‖·‖ ${figure(grid.norm)}`))
  if (grid.values.length === 1)
    return make('figure', {}, caption, make('p', { className: 'formula' }, figure(grid.values[0])))
  const canvas = make('canvas', { className: 'tile' })
  const drawn = drawable(grid)
  paint(canvas, drawn, 'signed', strongest(drawn), Math.ceil(Math.sqrt(layoutOf(drawn).channels)))
  canvas.style.aspectRatio = `${canvas.width} / ${canvas.height}`
  canvas.setAttribute('role', 'img')
  canvas.setAttribute('aria-label', `${title}, ${shape}`)
  return make('figure', {}, caption, canvas)
}

/** A grid that can be drawn: images, channels or a matrix; of filters [kh,kw,ci,co], all channels side by side. */
function drawable({ shape, values }: Grid): Grid {
  if (shape.length === 4) return { shape: [shape[0], shape[1], shape[2] * shape[3]], values }
  if (shape.length === 2 && shape[0] > 4 * shape[1]) {
    // A tall matrix lies on its side.
    const [rows, columns] = shape
    const turned = Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)])
    return { shape: [columns, rows], values: turned }
  }
  return { shape, values }
}

function smallTable(head: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  const table = make('table', { className: 'figures' })
  if (head.some(Boolean)) table.append(make('tr', {}, ...head.map(text => make('th', { scope: 'col' }, text))))
  for (const row of rows) table.append(make('tr', {}, ...row.map(text => make('td', {}, text))))
  return table
}
