// What can be wrong with a checkpoint, in one clear line each.
import { ChiffreError, messages as engine, type MessageValues } from '../engine/index.js'

/** The English text of every message about checkpoints; {name} stands for a value. */
export const messages = {
  'checkpoint.kind': 'not a checkpoint of chiffre',
  'checkpoint.version': 'its format is version {actual}; expected {expected}',
  'checkpoint.field': 'its metadata lacks a valid {field}',
  'checkpoint.model': 'it holds {actual}, not {expected}',
  'checkpoint.checksum': 'it is damaged: what it holds does not give its checksum, {expected}, but {actual}',
} as const

const texts = { ...engine, ...messages }

/** A ChiffreError about a checkpoint, by its key in `messages` or in the engine's. */
export const problem = (key: keyof typeof texts, values: MessageValues = {}) =>
  new ChiffreError(key, values, texts[key])
