// Errors of the command line. What the user can mend is one line and an exit code: 2 for how the command was written,
// 1 for everything else.
import { ChiffreError, type MessageValues } from '../engine/index.js'
import { en, type Message } from './messages/en.js'

/** The command asks for something that cannot be, such as an unknown option. */
export class UsageError extends ChiffreError {}

export const failure = (key: Message, values: MessageValues = {}) => new ChiffreError(key, values, en[key])
export const misuse = (key: Message, values: MessageValues = {}) => new UsageError(key, values, en[key])

/** Runs fn; if something is wrong with the file or folder that it works on, says of which path, and what. */
export async function about<T>(path: string, fn: () => T | Promise<T>): Promise<T> {
  try {
    return await fn()
  } catch (error) {
    const reason = error instanceof ChiffreError ? error : isRefusal(error) && refusalReason(error)
    throw reason ? failure('file', { path, reason }) : error
  }
}

/** What to tell the user of an error; undefined if the user can do nothing about it. */
export function explain(error: unknown): ChiffreError | undefined {
  if (error instanceof ChiffreError) return error
  return isRefusal(error)
    ? failure('file', { path: error.path ?? error.syscall, reason: refusalReason(error) })
    : undefined
}

/** The system refused what was asked of it: the disk is full, or the file is not there. */
type Refusal = NodeJS.ErrnoException & { readonly code: string; readonly syscall: string }

const isRefusal = (error: unknown): error is Refusal => error instanceof Error && 'syscall' in error && 'code' in error

function refusalReason({ code }: Refusal): ChiffreError {
  const key = `system.${code}`
  return key in en ? failure(key as Message) : failure('system', { code })
}
