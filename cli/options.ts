// The options of the commands, and what makes a value of one good. yargs hands over the text that was typed; parse()
// turns it into a value or says what would be right.
import { closestMatch } from 'leven'
import { existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Options } from 'yargs'
import { augmentations } from '../data/index.js'
import type { MessageValues } from '../engine/index.js'
import { backendNames, createBackend, defaultBackend, nameAdapter, offeredBackends } from './backends.js'
import { checkpointPath } from './checkpoint.js'
import { failure, misuse } from './errors.js'
import { integer, t } from './language.js'
import type { Message } from './messages/en.js'
import { isModelFile, modelName } from './modelFile.js'
import { modelNames } from './network.js'

/** An option that takes a value. */
export interface Valued<T> extends Options {
  readonly parse: (typed: string) => T
}
/** An option that is given or not. */
export interface Flag extends Options {
  readonly type: 'boolean'
}
/** An option that takes one value or more. */
export interface Listed extends Options {
  readonly type: 'array'
}
export type OptionsOf = Readonly<Record<string, Valued<unknown> | Flag | Listed>>

/** What a command gets: the value of each option, undefined if it was not given and has no default. */
export type Values<O extends OptionsOf> = {
  readonly [K in keyof O]: O[K] extends Valued<infer T>
    ? O[K] extends { default: string }
      ? T
      : T | undefined
    : O[K] extends Listed
      ? readonly string[] | undefined
      : boolean
}

/**
 * The values of the options in what yargs has read.
 * @throws UsageError naming an option that nobody knows, or whose value is not a good one
 */
export function parse<O extends OptionsOf>(argv: Readonly<Record<string, unknown>>, options: O): Values<O> {
  const known = Object.entries(options).flatMap(([name, { alias = [] }]) => [name, ...[alias].flat()])
  const unknown = Object.keys(argv).find(name => !['_', '$0', 'help', 'h', 'version', ...known].includes(name))
  if (unknown !== undefined) throw misuse('usage.option', { actual: unknown, hint: hint(unknown, known, '--') })
  const values = Object.entries(options).map(([name, option]) => {
    const typed = argv[name]
    if (option.type === 'boolean') return [name, typed === true]
    if (typed === undefined) return [name, undefined]
    if (Array.isArray(typed) && typed.length > 0 && option.type === 'array') return [name, typed.map(String)]
    if (typeof typed !== 'string' || !('parse' in option)) throw misuse('usage.missing', { option: name })
    return [name, option.parse(typed)]
  })
  return Object.fromEntries(values) as Values<O>
}

/** “; did you mean …?” if a name comes close to what was typed, else nothing. */
export function hint(typed: string, names: readonly string[], prefix = '') {
  const maxDistance = Math.max(1, Math.floor(typed.length / 2))
  const nearest = closestMatch(typed.toLowerCase(), names, { maxDistance })
  return nearest === undefined ? '' : failure('usage.hint', { nearest: prefix + nearest })
}

/** batchSize → batch-size */
export const optionName = (name: string) => name.replace(/[A-Z]/, letter => `-${letter.toLowerCase()}`)

/** An option that takes a value. @param shown what the help gives as its default */
export const valued = <T>(describe: string, parse: (typed: string) => T, shown?: string | number): Valued<T> => ({
  describe,
  parse,
  ...(shown !== undefined && { defaultDescription: `${shown}` }),
})

/** An option that takes one of the choices. @param offered which of them the help names */
export const chosen = <T extends string>(name: string, choices: readonly T[], shown?: T, offered = choices) => {
  const describe = t('help.choices', { what: t(`option.${name}` as Message), choices: offered.join(', ') })
  return valued(describe, typed => choose(name, typed, choices), shown)
}

export const listed = (describe: string): Listed => ({ describe, type: 'array', string: true })
export const flag = (describe: string): Flag => ({ describe, type: 'boolean' })

/** Puts options under a heading of the help. */
export function grouped<O extends OptionsOf>(heading: Message, options: O): O {
  const group = t(heading)
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, { ...option, group }]),
  ) as unknown as O
}

function choose<T extends string>(option: string, typed: string, choices: readonly T[]): T {
  const found = choices.find(choice => choice === typed)
  if (found !== undefined) return found
  throw misuse('usage.choice', {
    option,
    actual: quoted(typed),
    hint: hint(typed, choices),
    choices: choices.join(', '),
  })
}

/** A value that must be a number which passes the test. */
const numeric =
  (test: (value: number) => boolean, expected: Message, most = Infinity) =>
  (option: string) =>
  (typed: string) => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(typed) ? Number(typed) : NaN
    if (Number.isFinite(value) && test(value)) return value
    throw unfit(option, typed, expected, { most: integer(most) })
  }

export const positive = numeric(v => v > 0, 'expected.positive')
export const notNegative = numeric(v => v >= 0, 'expected.notNegative')
/** What a checkpoint can hold. */
const mostCount = 1e9
const mostEpochs = 1e6
const isCount = (most: number) => (v: number) => Number.isSafeInteger(v) && v > 0 && v <= most
export const count = numeric(isCount(mostCount), 'expected.count', mostCount)
export const epochCount = numeric(isCount(mostEpochs), 'expected.count', mostEpochs)
const isIndex = (value: number) => Number.isSafeInteger(value) && value >= 0
export const index = numeric(isIndex, 'expected.index')
export const indexOrAll = (option: string) => (typed: string) =>
  typed === 'all' ? typed : numeric(isIndex, 'expected.indexOrAll')(option)(typed)
export const port = numeric(v => Number.isInteger(v) && v >= 1 && v <= 65535, 'expected.port')
export const fraction = numeric(v => v >= 0 && v < 1, 'expected.fraction')

/** Ways in which images vary, as a checkpoint holds them: in their order, with commas between. */
export function augmentation(typed: string): string {
  const names = typed === 'all' ? augmentations : typed === 'none' ? [] : typed.split(',')
  const unknown = names.find(name => !(augmentations as readonly string[]).includes(name))
  if (unknown === undefined) return augmentations.filter(way => names.includes(way)).join(',')
  const choices = [...augmentations, 'all', 'none']
  throw misuse('usage.choice', {
    option: 'augment',
    actual: quoted(unknown),
    hint: hint(unknown, choices),
    choices: choices.join(', '),
  })
}

export const filePath = (option: string) => (typed: string) => {
  if (typed === '' || typed.includes('\0')) throw unfit(option, typed, 'expected.path')
  return typed
}

const unfit = (option: string, typed: string, expected: Message, values: MessageValues = {}) =>
  misuse('usage.value', { option, actual: quoted(typed), expected: failure(expected, values) })
const quoted = (typed: string) => typed || "''"

export const deslantOption = () => ({ deslant: flag(t('option.deslant')) })
export const jsonOption = () => ({ json: flag(t('option.json')) })
const defaultStorage = 'storage'
export const storageOption = () => ({
  storage: { ...valued(t('option.storage'), filePath('storage')), default: defaultStorage },
})
export const transposeOption = () => ({ transpose: flag(t('option.transpose')) })
export const dataOption = () => ({ ...transposeOption(), data: valued(t('option.data'), filePath('data'), 'mnist') })

/** Which network, from which checkpoint, on which backend: what every command that runs a network asks. */
export const networkOptions = async () => ({
  ...(await checkpointOptions()),
  ...grouped('help.network', {
    backend: { ...chosen('backend', backendNames, undefined, offeredBackends()), default: defaultBackend() },
    threads: valued(t('option.threads'), count('threads'), t('option.threads.default')),
    'strict-float': flag(t('option.strict-float')),
  }),
})

/** Which network, from which checkpoint. */
export const checkpointOptions = async () =>
  grouped('help.network', {
    ...(await modelOptions()),
    name: valued(t('option.name'), typed => fileName('name', typed), t('option.name.default')),
    ...storageOption(),
    out: valued(t('option.out'), filePath('out')),
  })

/** Which network. */
export async function modelOptions() {
  const models = await modelNames()
  return { model: { ...modelOption(models), default: models.includes('deepnet2') ? 'deepnet2' : models[0] } }
}

/** A model's name, or a file that exports one: by its path, or by what it is called if it is here. */
function modelOption(names: readonly string[]) {
  const named = chosen('model', names)
  const parse = (typed: string) => {
    if (isModelFile(typed) || names.includes(typed)) return typed
    const file = ['.ts', '.js', '.mjs'].map(end => `./${typed}${end}`).find(path => existsSync(path))
    return file ?? named.parse(typed)
  }
  return { ...named, parse }
}

export type NetworkValues = Values<Awaited<ReturnType<typeof networkOptions>>>

/** The backend that --backend, --threads and --strict-float describe; whoever asks for it disposes of it. */
export async function backendOf(values: Pick<NetworkValues, 'backend' | 'threads' | 'strict-float'>) {
  const backend = await createBackend(values.backend, { threads: values.threads, strictFloat: values['strict-float'] })
  nameAdapter(backend)
  return backend
}

/** Where the checkpoint of --model, --name and --storage, or of --out, is. */
export function pathOf({
  model,
  name,
  storage,
  out,
}: Pick<NetworkValues, 'model' | 'name' | 'storage' | 'out'>): string {
  if (out === undefined) return checkpointPath(storage, name ?? modelName(model))
  if (name !== undefined) throw misuse('usage.conflict', { first: 'out', second: 'name' })
  return checkpointPath(/[/\\]/.test(out) ? dirname(out) : storage, fileName('out', basename(out)))
}

/** The options, as one would type them, that lead another command to the same checkpoint. */
export const repeated = (values: Pick<NetworkValues, 'model' | 'name' | 'storage' | 'out'>) =>
  (['model', 'name', 'storage', 'out'] as const).flatMap(name => {
    const value = values[name]
    return value === undefined || (name === 'storage' && value === defaultStorage) ? [] : [`--${name}`, value]
  })

function fileName(option: string, typed: string): string {
  const name = typed.replace(/\.safetensors$/, '')
  if (/^[^./\\\0][^/\\\0]*$/.test(name)) return name
  throw unfit(option, typed, 'expected.name')
}
