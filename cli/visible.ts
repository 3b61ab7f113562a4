// Where text that comes from elsewhere goes to the terminal: names, paths, metadata and messages may hold what a terminal obeys.

/** Control characters, the ends of lines among them, and those that turn the direction of writing. */
const commands = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** Text in which such characters can be seen: an escape is `\x1b`. */
export const visible = (text: string) =>
  text.replace(commands, c => {
    const code = c.charCodeAt(0).toString(16)
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`
  })

/** A line of JSON in which no such character is left: JSON says them by their numbers. */
export const jsonLine = (value: unknown) =>
  JSON.stringify(value).replace(commands, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`) + '\n'
