// The page: what it shows follows from its state (the address's hash), the drawing, and what the Worker answers.
import { transfer, wrap } from 'comlink'
import { defaults as usual } from '../training/defaults.js'
import type { Answers, Api, NetworkInfo, PageSettings, Photo, Reading } from './api.js'
import { find, latest, make } from './dom.js'
import { isolate } from './isolation.js'
import { decimal, setLanguage, setProgram, t } from './language.js'
import { BackpropPanel } from './panels/backpropPanel.js'
import { CodePanel } from './panels/codePanel.js'
import { InsidePanel } from './panels/insidePanel.js'
import { MistakesPanel } from './panels/mistakesPanel.js'
import { OwnPanel } from './panels/ownPanel.js'
import { pasted, takePhotos } from './panels/photo.js'
import { PicturePanel } from './panels/picturePanel.js'
import { ReadingPanel } from './panels/readingPanel.js'
import { TrainingPanel } from './panels/trainingPanel.js'
import { isDrawing, Pen } from './pen.js'
import { paint } from './picture.js'
import { areAlike, readsDigits, readsDrawings, type Purpose } from './purpose.js'
import { recall, remember } from './memory.js'
import { formatHash, parseHash, parseRate, sections, type State } from './state.js'

/** Drawings are read while the pointer moves as long as that takes less than a frame, most of the last five times. */
const frameTime = 16
const times: number[] = []
/** Where that takes longer, they are read only so often, in milliseconds. */
const pause = 200
let waiting: ReturnType<typeof setTimeout> | undefined
const isQuick = () => times.filter(time => time > frameTime).length < 3

const worker = new Worker(new URL('network.js', import.meta.url), { type: 'module' })
worker.addEventListener('error', event => fail(new Error(event.message)))
const api = wrap<Api>(worker)
const reading = new ReadingPanel()
const inside = new InsidePanel(api)
const networks = new Map<string, NetworkInfo>()
const sliders = ['right', 'down', 'turn', 'scale'] as const
const deslants = ['deslant', 'strip-deslant']

/** What is shown before it is known what the network reads. */
const digits = { input: [28, 28], classes: Array.from('0123456789') }

let models: readonly string[] = []
let defaults: State = {
  model: '',
  compare: [],
  lr: `${usual.lr}`,
  optimizer: usual.optimizer,
  seed: `${usual.seed}`,
  lang: navigator.language.startsWith('fr') ? 'fr' : 'en',
  backend: '',
  show: '',
}
let state = parseHash(location.hash, defaults, models)
let last: Reading | Answers | undefined
let insideSeen = false
/** What became of the photograph on the board, if there is one. */
let photo: Photo['steps'] | undefined

const pen = new Pen(find<HTMLCanvasElement>('pen'), drawing => {
  find('hint').hidden = !pen.blank
  if (pen.blank) photo = undefined
  if (!drawing) remember('session', 'drawing', pen.drawing)
  if (!drawing || isQuick()) run(read())
  else
    waiting ??= setTimeout(() => {
      waiting = undefined
      run(read())
    }, pause)
})
pen.mirror(find<HTMLCanvasElement>('small-pen'))
const isReady = (model: string) => networks.get(model)?.weights !== 'none' && networks.has(model)
/** Whether a network, once it is known, tells something else apart than the chosen one. */
const isOther = (model: string) => {
  const [info, other] = [networks.get(state.model), networks.get(model)]
  return info !== undefined && other !== undefined && model !== state.model && !areAlike(info, other)
}
/** The networks that are shown: the chosen one, and those beside it. */
const shown = () =>
  [state.model, ...state.compare.filter(model => model !== state.model && !isOther(model))].filter(isReady)
const picture = new PicturePanel(() => run(read()), fail)
const own = new OwnPanel(
  () => (last && 'centred' in last ? Uint8Array.from(last.centred.values, Math.round) : undefined),
  () => {
    showOwn()
    training.refresh()
  },
  fail,
)
const showOwn = () => own.refresh(readsDigits(networks.get(state.model) ?? digits))
const training = new TrainingPanel(api, {
  network: () => networks.get(state.model),
  onSettings: ({ lr, ...settings }) => {
    const rate = parseRate(lr)
    change({ ...settings, ...(rate !== undefined && { lr: `${rate}` }) })
  },
  own: () => own.examples,
  canLearn: () => readsDigits(networks.get(state.model) ?? digits),
  onLearned: (model, over) => {
    const info = networks.get(model)
    if (info) networks.set(model, { ...info, weights: 'trained here' })
    if (over) run(learned(model))
    else run(read())
  },
  onOpened: info => {
    networks.set(info.model, info)
    change({ model: info.model })
  },
  onError: fail,
})
const mistakes = new MistakesPanel(
  api,
  () => networks.get(state.model)!,
  fail,
  pixels => {
    pen.clear()
    pen.put(pixels)
    goTo('desk')
  },
)
const backprop = new BackpropPanel(
  api,
  () => {
    const info = networks.get(state.model)
    const own = last?.results.find(({ model }) => model === state.model)?.probabilities
    return info && own && { info, answer: own.indexOf(Math.max(...own)) }
  },
  fail,
)
const code = new CodePanel(api, () => (isReady(state.model) ? networks.get(state.model) : undefined), fail)

/** Reads the drawing with the chosen model and those beside it, and shows all that follows. */
const read = latest(async () => {
  const info = networks.get(state.model)
  const names = shown()
  if (!info) last = undefined
  else if (!readsDrawings(info)) {
    const bytes = names.length > 0 ? picture.pixels(info) : undefined
    last = bytes && (await api.look(transfer(bytes, [bytes.buffer]), info.model))
  } else if (pen.blank) last = undefined
  else {
    const { bytes, width } = pen.pixels()
    const begun = performance.now()
    last = await api.read(transfer(bytes, [bytes.buffer]), width, disturbance(), names, isOn('deslant'))
    performance.clearMeasures('read')
    times.unshift(performance.measure('read', { start: begun }).duration)
    times.length = Math.min(times.length, 5)
  }
  showReading()
  backprop.refresh()
  if (insideSeen) await inside.show(!last || !isReady(state.model))
  await showSaliency()
})

/** Takes note of what a training made of a network. */
async function learned(model: string) {
  networks.set(model, await api.open(model))
  await follow()
}

function showReading() {
  const info = networks.get(state.model)
  showOwn()
  const none = info && !readsDrawings(info) ? 'picture.none' : 'verdict.blank'
  const why = !info ? 'notice.starting' : isReady(state.model) ? none : 'verdict.untrained'
  reading.show(last, info ?? { model: state.model, ...digits }, t(why, { model: state.model }), photo)
}

async function showSaliency() {
  const canvas = find<HTMLCanvasElement>('saliency')
  const wanted = isOn('show-saliency')
  find('saliency-note').hidden = !wanted
  canvas.hidden = !wanted || !isReady(state.model) || !last || !('frame' in last)
  if (canvas.hidden || !last || !('frame' in last)) return
  const small = make('canvas')
  paint(small, await api.saliency(state.model), 'signed')
  // Back from what the network saw to the drawing: lean it as it leant, and undo the disturbance about the frame's middle.
  const { top, left, height, width } = last.frame
  const { right, down, turn, scale } = disturbance()
  const context = canvas.getContext('2d')!
  context.resetTransform()
  context.clearRect(0, 0, canvas.width, canvas.height)
  context.scale(2, 2) // the networks get the board at half its size
  const { slant } = last
  const middle = canvas.height / 4
  context.transform(1, 0, -slant, 1, slant * middle - Math.ceil(Math.abs(slant) * middle), 0)
  context.translate(left + width / 2, top + height / 2)
  context.rotate((-turn * Math.PI) / 180)
  context.scale(1 / scale, 1 / scale)
  context.translate((-right * width) / 28, (-down * height) / 28)
  context.drawImage(small, -width / 2, -height / 2, width, height)
}

function disturbance() {
  const [right, down, turn, scale] = sliders.map(id => find<HTMLInputElement>(id).valueAsNumber)
  return { right: right, down: down, turn: turn, scale: scale }
}

const isOn = (id: string) => find<HTMLInputElement>(id).checked
const isTheme = (value: unknown): value is 'light' | 'dark' => value === 'light' || value === 'dark'
const isBoolean = (value: unknown) => typeof value === 'boolean'
const areNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length === sliders.length && value.every(Number.isFinite)

/** Takes up what was there before the page was loaded again. */
function takeUp() {
  const theme = recall('local', 'theme', isTheme)
  if (theme) document.documentElement.dataset.theme = theme
  const set = recall('session', 'sliders', areNumbers)
  sliders.forEach((id, i) => set && (find<HTMLInputElement>(id).value = `${set[i]}`))
  for (const id of deslants) find<HTMLInputElement>(id).checked = recall('session', id, isBoolean) ?? false
  pen.drawing = recall('session', 'drawing', isDrawing) ?? []
}

function showSliders() {
  remember(
    'session',
    'sliders',
    sliders.map(id => find<HTMLInputElement>(id).valueAsNumber),
  )
  for (const id of sliders) {
    const slider = find<HTMLInputElement>(id)
    const value = slider.valueAsNumber
    const text = id === 'scale' ? `× ${decimal(value, 2)}` : id === 'turn' ? `${decimal(value, 0)}°` : decimal(value, 1)
    slider.nextElementSibling!.textContent = text
  }
}

/** Changes the state, and the address with it; whatever depends on it follows. */
function change(changes: Partial<State>) {
  showNotice('')
  const before = state
  state = { ...state, ...changes }
  // “Back” undoes the choice of another model or section; other changes are made where they are undone.
  if (state.model === before.model && state.show === before.show) history.replaceState(null, '', formatHash(state))
  else history.pushState(null, '', formatHash(state))
  run(follow())
}

/** Brings the page in line with the state. */
const follow = latest(async () => {
  setLanguage(state.lang)
  showSections()
  const rate = find<HTMLInputElement>('lr')
  if (rate.value === '' || rate.validity.valid) rate.value = state.lang === 'fr' ? state.lr.replace('.', ',') : state.lr
  find<HTMLSelectElement>('optimizer').value = state.optimizer
  find<HTMLInputElement>('seed').value = state.seed
  find<HTMLSelectElement>('model').value = state.model
  showSliders()
  for (const model of [state.model, ...state.compare])
    if (!networks.has(model)) networks.set(model, await api.open(model))
  const info = networks.get(state.model)!
  showPurpose(info)
  showCompare()
  picture.refresh(info)
  mistakes.refresh()
  code.refresh()
  training.refresh()
  inside.layOut(info)
  await Promise.all([read(), code.read()])
})

/** Shows one section in large type, for a class to see, or all of them. */
function showSections() {
  const root = document.documentElement
  if (state.show) root.dataset.show = state.show
  else delete root.dataset.show
  for (const id of sections) find(id).hidden = state.show !== '' && state.show !== id
  for (const link of document.querySelectorAll<HTMLAnchorElement>('nav a'))
    if (link.hash === `#${state.show}`) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  find('classroom').setAttribute('aria-pressed', String(state.show !== ''))
}

/** The section that takes most of the screen's upper half. */
const sectionInView = () =>
  [...sections].reverse().find(id => find(id).getBoundingClientRect().top < innerHeight / 2) ?? sections[0]

/** Says what the network reads. */
function showPurpose(info: Purpose & { readonly model: string }) {
  const { classes } = info
  const list = classes.length > 5 ? `${classes.slice(0, 3).join(', ')}, … ${classes.at(-1)}` : classes.join(', ')
  const key = readsDigits(info) ? 'read.invite' : readsDrawings(info) ? 'read.invite.other' : 'read.invite.picture'
  find('read-title').textContent = t(key, { classes: list })
  find('hint').textContent = t('pen.hint', { classes: list })
  find('example').hidden = !readsDigits(info)
}

/** The boxes stay the same elements, so that the one that has the focus keeps it. */
const compared = new Map<string, HTMLLabelElement>()
function showCompare() {
  for (const model of models) {
    compared.get(model)!.hidden = model === state.model
    find<HTMLInputElement>(`compare-${model}`).checked = state.compare.includes(model)
  }
  const others = state.compare.filter(isOther)
  find('compare-other').textContent = t('compare.other', { models: others.join(', ') })
  find('compare-other').hidden = others.length === 0
}

function compareBox(model: string) {
  const box = make('input', { type: 'checkbox', id: `compare-${model}` })
  box.addEventListener('change', () =>
    change({ compare: models.filter(m => (m === model ? box.checked : state.compare.includes(m))) }),
  )
  const label = make('label', { className: 'switch' }, box, model)
  find('compare').append(label)
  return label
}

function showNotice(text: string) {
  find('notice-text').textContent = text
  find('notice').hidden = text === ''
}

function fail(error: unknown) {
  const show = (reason: string) => showNotice(t('notice.failed', { reason }))
  const text = error instanceof Error ? error.message : String(error)
  if (state.lang !== 'fr') show(text)
  else
    import('../training/french.js').then(
      ({ inFrench }) => show(inFrench(error) ?? text),
      () => show(text),
    )
}
const run = (work: Promise<void>) => void work.catch(fail)

function goTo(id: string) {
  const section = find(id)
  if (state.show) change({ show: id })
  if (section.hidden) showSections()
  section.scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' })
  section.focus({ preventScroll: true })
  stayAt(section)
}

/** What stands above a section may still grow, now that it is seen: for a moment, it is kept where it was aimed at. */
function stayAt(section: HTMLElement) {
  let before = document.body.clientHeight
  const keeper = new ResizeObserver(() => {
    const now = document.body.clientHeight
    if (now !== before) section.scrollIntoView()
    before = now
  })
  keeper.observe(document.body)
  const letGo = () => keeper.disconnect()
  setTimeout(letGo, 3000)
  for (const type of ['wheel', 'pointerdown', 'keydown']) addEventListener(type, letGo, { once: true })
}

function listen() {
  const take = takePhotos('photo', pen, 1, api, fail, steps => (photo = steps))
  document.addEventListener('paste', event => {
    // On the strip if one is at it, else on the board.
    if (find('code').contains(document.activeElement)) code.take(pasted(event))
    else take(pasted(event))
  })
  find('notice-close').addEventListener('click', () => showNotice(''))
  find('undo').addEventListener('click', () => pen.undo())
  for (const id of ['clear', 'small-clear']) find(id).addEventListener('click', () => pen.clear())
  let example = 0
  find('example').addEventListener('click', () => {
    run(
      api.example(example++).then(({ pixels }) => {
        pen.clear()
        pen.put(pixels)
      }),
    )
  })
  find('pen-width').addEventListener('input', event => {
    pen.width = (event.target as HTMLInputElement).valueAsNumber
  })
  for (const id of deslants) find(id).addEventListener('change', () => remember('session', id, isOn(id)))
  find('deslant').addEventListener('change', () => run(read()))
  find('show-saliency').addEventListener('change', () => run(showSaliency()))
  for (const id of sliders)
    find(id).addEventListener('input', () => {
      showSliders()
      run(read())
    })
  find('calm').addEventListener('click', () => {
    for (const id of sliders) find<HTMLInputElement>(id).value = id === 'scale' ? '1' : '0'
    showSliders()
    run(read())
  })
  find('model').addEventListener('change', event => change({ model: (event.target as HTMLSelectElement).value }))
  find('language').addEventListener('click', () => change({ lang: state.lang === 'en' ? 'fr' : 'en' }))
  find('classroom').addEventListener('click', () => {
    const at = state.show || sectionInView()
    change({ show: state.show ? '' : at })
    showSections()
    find(at).scrollIntoView()
  })
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape' && state.show && event.target === document.body) change({ show: '' })
  })
  find('theme').addEventListener('click', () => {
    const dark = matchMedia('(prefers-color-scheme: dark)').matches
    const root = document.documentElement
    const now = root.dataset.theme ?? (dark ? 'dark' : 'light')
    root.dataset.theme = now === 'dark' ? 'light' : 'dark'
    remember('local', 'theme', root.dataset.theme)
    training.refresh()
  })
  // The sections are reached without touching the hash, which holds the state.
  for (const link of document.querySelectorAll<HTMLAnchorElement>('nav a, .skip'))
    link.addEventListener('click', event => {
      event.preventDefault()
      goTo(link.hash.slice(1))
    })
  addEventListener('hashchange', () => {
    state = parseHash(location.hash, defaults, models)
    run(follow())
  })
  new IntersectionObserver(
    ([entry]) => {
      insideSeen = entry.isIntersecting
      find('inside').classList.toggle('seen', insideSeen)
      if (insideSeen) run(inside.show(!last || !isReady(state.model)))
    },
    { rootMargin: '200px' },
  ).observe(find('inside'))
}

function showModels(names: readonly string[]) {
  find('model').replaceChildren(...names.map(model => make('option', {}, model)))
  for (const model of names) if (!compared.has(model)) compared.set(model, compareBox(model))
}

async function start() {
  if (await isolate()) return
  setLanguage(state.lang)
  takeUp()
  showReading()
  showPurpose({ ...digits, model: state.model })
  listen()
  const settings = (await (await fetch('settings.json')).json()) as PageSettings
  showModels(settings.models ?? [])
  document.body.hidden = false // now that nothing will move any more
  defaults = { ...defaults, ...settings }
  if (settings.program) setProgram(settings.program)
  const started = await api.start(parseHash(location.hash, defaults, models).backend)
  models = started.models
  state = parseHash(location.hash, defaults, models)
  showModels(models)
  document.documentElement.dataset.backend = started.backend
  await follow()
  showBackends(started.backend, await api.card())
}

/** Where there is a graphics card, what computes is shown, and can be changed: the page then begins again, on the other. */
function showBackends(backend: string, card: string | undefined) {
  if (card === undefined) return
  const chosen = find<HTMLSelectElement>('backend')
  chosen.replaceChildren(
    make('option', { value: 'wasm' }, 'wasm'),
    make('option', { value: 'webgpu' }, `webgpu: ${card}`),
  )
  chosen.value = backend
  chosen.addEventListener('change', () => {
    change({ backend: chosen.value })
    location.reload()
  })
  find('computes').hidden = false
}

run(start())
