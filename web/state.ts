// What the page was set to, kept in the address's hash: a link or a bookmark brings it back.

export interface State {
  readonly model: string
  /** The models shown beside it. */
  readonly compare: readonly string[]
  readonly lr: string
  readonly optimizer: 'adam' | 'sgd'
  readonly seed: string
  readonly lang: 'en' | 'fr'
  /** Empty for the best that this browser has. */
  readonly backend: string
  /** The section that fills the screen, for a class to see; empty for all of them. */
  readonly show: string
}

export const sections = ['desk', 'inside', 'backprop', 'training', 'mistakes', 'code']

/** A learning rate as people write it, `0.01`, `0,01` or `1E-2`; undefined if it is none. */
export function parseRate(text: string): number | undefined {
  const isNumber = /^\s*(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?\s*$/i.test(text)
  const value = Number(text.replace(',', '.'))
  return isNumber && value > 0 && Number.isFinite(value) ? value : undefined
}

/** `#model=convnet&lr=0.001&…` → the state, with `defaults` for what is missing or makes no sense. */
export function parseHash(hash: string, defaults: State, models: readonly string[]): State {
  const given = new URLSearchParams(hash.replace(/^#/, ''))
  const pick = (key: keyof State, test: (value: string) => boolean, otherwise: string) => {
    const value = given.get(key)
    return value !== null && test(value) ? value : otherwise
  }
  return {
    model: pick('model', v => models.includes(v), defaults.model),
    compare:
      given
        .get('compare')
        ?.split(',')
        .filter(v => models.includes(v)) ?? defaults.compare,
    lr: pick('lr', v => parseRate(v) !== undefined, defaults.lr),
    optimizer: pick('optimizer', v => v === 'adam' || v === 'sgd', defaults.optimizer) as State['optimizer'],
    seed: pick('seed', v => /^\d{1,9}$/.test(v), defaults.seed),
    lang: pick('lang', v => v === 'en' || v === 'fr', defaults.lang) as State['lang'],
    show: pick('show', v => sections.includes(v), defaults.show),
    backend: pick('backend', v => /^[\w:-]+$/.test(v), defaults.backend),
  }
}

/** The state → `#model=convnet&…`; what is empty is left out. */
export const formatHash = (state: State) =>
  '#' +
  Object.entries(state)
    .map(([key, value]) => [key, Array.isArray(value) ? value.join(',') : String(value)] as const)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll('%2C', ',')}`)
    .join('&')
