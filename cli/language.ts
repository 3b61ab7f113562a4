// What is said, in the reader's language: sentences from the catalogue (messages/), numbers as they are written there.
import { ChiffreError, fill, type MessageValues } from '../engine/index.js'
import { withFrenchSpaces } from '../training/frenchSpaces.js'
import { en, type Message } from './messages/en.js'
import { fr } from './messages/fr.js'
import type { Language } from './messages/start.js'
import { visible } from './visible.js'

const catalogue: Record<Language, Readonly<Record<string, string>>> = { en, fr }
let language: Language = 'en'

export const languages = Object.keys(catalogue) as Language[]
export const setLanguage = (chosen: Language) => void (language = chosen)
export const currentLanguage = () => language

/** A sentence of the catalogue, its {names} filled. */
export const t = (key: Message, values: MessageValues = {}) => sentence(key, values) ?? key

/** An error's message; one that the catalogue does not know stays as it is. */
export const translate = (error: ChiffreError): string => sentence(error.key, error.values) ?? visible(error.message)

function sentence(key: string, values: MessageValues): string | undefined {
  const template = catalogue[language][key]
  if (template === undefined) return undefined
  const translated: Record<string, string | number> = {}
  for (const [name, v] of Object.entries(values))
    translated[name] = v instanceof ChiffreError ? translate(v) : typeof v === 'string' ? visible(v) : v
  const text = withPlurals(template, translated)
  return fill(language === 'fr' ? withFrenchSpaces(text) : text, translated)
}

/** `{n} example[s]` has its plural's ending unless n is 1; in French, 0 is singular too. */
const withPlurals = (text: string, values: Readonly<Record<string, string | number>>) =>
  text.replace(/(\{(\w+)\}[^{}[\]]*)\[([a-z]+)\]/g, (_, before: string, name: string, ending: string) => {
    const count = String(values[name])
    return count === '1' || (language === 'fr' && count === '0') ? before : before + ending
  })

const number = (value: number, options: Intl.NumberFormatOptions) => value.toLocaleString(language, options)

/** 60000 → 60,000 or 60 000 */
export const integer = (value: number) => number(value, { maximumFractionDigits: 0 })
/** 0.25 → 0.2500 or 0,2500 */
export const decimal = (value: number, digits: number) =>
  number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits })
/** 0.9781 → 97.81% or 97,81 % */
export const percent = (share: number) =>
  number(share, { style: 'percent', minimumFractionDigits: 2, maximumFractionDigits: 2 })
/** 95 → 1:35 */
export const minutes = (seconds: number) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
