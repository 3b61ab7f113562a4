// What asks a command to stop at the next good moment: Ctrl-C, kill, a terminal that is closed, and a reader of its
// output that went away (cli/index.js says SIGPIPE then). Ctrl-C or kill a second time stops at once.

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGPIPE: 141 } as const
type Signal = keyof typeof exitCodes
const signals = Object.keys(exitCodes) as Signal[]

export interface Heard {
  /** 0 until somebody asks to stop. */
  readonly exitCode: number
  /** Whether nobody reads what is printed any more. */
  readonly unread: boolean
  off(): void
}

/** Listens until `off()` is called. When somebody who can read it asks to stop, onFirst runs. */
export function listenForStop(onFirst: () => void): Heard {
  let first: Signal | undefined
  function listener(signal: Signal) {
    // A terminal that closes may say so twice, and end the reader of our output as well: that is not impatience.
    if (signal === first && (signal === 'SIGINT' || signal === 'SIGTERM')) process.exit(exitCodes[signal])
    if (first) return
    first = signal
    if (signal !== 'SIGPIPE') onFirst()
  }
  for (const signal of signals) process.on(signal, listener)
  return {
    get exitCode() {
      return first ? exitCodes[first] : 0
    },
    get unread() {
      return first === 'SIGPIPE'
    },
    off: () => signals.forEach(signal => process.off(signal, listener)),
  }
}
