// Ctrl-C and kill: the first asks to stop at the next good moment, the second stops at once.

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const
const signals = Object.keys(exitCodes) as (keyof typeof exitCodes)[]

/** Listens until `off()` is called. `exitCode` is 0 until somebody asks to stop; then onFirst runs. */
export function listenForStop(onFirst: () => void) {
  const heard = {
    exitCode: 0,
    off: () => signals.forEach(signal => process.off(signal, listener)),
  }
  function listener(signal: keyof typeof exitCodes) {
    if (heard.exitCode) process.exit(exitCodes[signal])
    heard.exitCode = exitCodes[signal]
    onFirst()
  }
  for (const signal of signals) process.on(signal, listener)
  return heard
}
