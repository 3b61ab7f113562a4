// The page's texts in the reader's language, and numbers as they are written there.
import { fill, type MessageValues } from '../engine/index.js'
import { withFrenchSpaces } from '../training/frenchSpaces.js'
import { en, type Message } from './messages/en.js'
import { fr } from './messages/fr.js'

const catalogue = { en, fr }
export type Language = keyof typeof catalogue
export const languages = Object.keys(catalogue) as Language[]

let language: Language = 'en'
let program = 'node cli'
/** Says how the reader calls the command line. */
export const setProgram = (name: string) => void (program = name)

/** A text, its {names} filled. */
export function t(key: Message, values: MessageValues = {}): string {
  const text = catalogue[language][key]
  return fill(language === 'fr' ? withFrenchSpaces(text) : text, { program, ...values })
}

export const integer = (value: number) => value.toLocaleString(language, { maximumFractionDigits: 0 })
export const decimal = (value: number, digits: number) =>
  value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits })
/** As many decimals as it has. */
export const figures = (value: number) => value.toLocaleString(language, { maximumSignificantDigits: 8 })
export const percent = (share: number, digits = 1) =>
  share.toLocaleString(language, { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits })

/** Puts the page into a language: every element that names its text in data-text, data-label or data-title. */
export function setLanguage(chosen: Language) {
  language = chosen
  document.documentElement.lang = chosen
  for (const element of document.querySelectorAll<HTMLElement>('[data-text]'))
    element.textContent = t(element.dataset.text as Message)
  for (const element of document.querySelectorAll<HTMLElement>('[data-label]'))
    element.setAttribute('aria-label', t(element.dataset.label as Message))
  for (const element of document.querySelectorAll<HTMLElement>('[data-title]')) {
    element.title = t(element.dataset.title as Message)
    if (!element.textContent.trim()) element.setAttribute('aria-label', element.title)
  }
}
