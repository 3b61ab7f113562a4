// Letters for pictures: the few that figures need.
export const letterHeight = 7

/** Each character's rows, from top to bottom; # is ink. */
const glyphs: Readonly<Record<string, readonly string[]>> = {
  '0': [' ### ', '#   #', '#   #', '#   #', '#   #', '#   #', ' ### '],
  '1': ['  #  ', ' ##  ', '  #  ', '  #  ', '  #  ', '  #  ', ' ### '],
  '2': [' ### ', '#   #', '    #', '   # ', '  #  ', ' #   ', '#####'],
  '3': [' ### ', '#   #', '    #', '  ## ', '    #', '#   #', ' ### '],
  '4': ['   # ', '  ## ', ' # # ', '#  # ', '#####', '   # ', '   # '],
  '5': ['#####', '#    ', '#### ', '    #', '    #', '#   #', ' ### '],
  '6': [' ### ', '#    ', '#    ', '#### ', '#   #', '#   #', ' ### '],
  '7': ['#####', '    #', '   # ', '   # ', '  #  ', '  #  ', '  #  '],
  '8': [' ### ', '#   #', '#   #', ' ### ', '#   #', '#   #', ' ### '],
  '9': [' ### ', '#   #', '#   #', ' ####', '    #', '    #', ' ### '],
  '.': [' ', ' ', ' ', ' ', ' ', ' ', '#'],
  ',': ['  ', '  ', '  ', '  ', '  ', ' #', '# '],
  '%': ['##  #', '##  #', '   # ', '  #  ', ' #   ', '#  ##', '#  ##'],
  '→': ['       ', '    #  ', '     # ', '#######', '     # ', '    #  ', '       '],
  ' ': ['  ', '  ', '  ', '  ', '  ', '  ', '  '],
}

/** Whether the font has all letters of a text. */
export const canWrite = (text: string) => Array.from(text).every(letter => letter in glyphs)

/** The rows of a line of text, a character a pixel; any white space is a space. @throws Error for other characters */
export function write(text: string): string[] {
  const letters = Array.from(text.replace(/\s/g, ' '), letter => {
    const glyph = glyphs[letter]
    if (!glyph) throw new Error(`the font has no ${letter}`)
    return glyph
  })
  return Array.from({ length: letterHeight }, (_, row) => letters.map(glyph => glyph[row]).join(' '))
}
