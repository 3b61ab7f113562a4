// What a decoder makes of a picture file, and how much of it.
import { failure } from './errors.js'
import { integer } from './language.js'

/** Red, green, blue and alpha, row by row. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

const mostSide = 32767

/** @throws ChiffreError if a picture has more than `most` megapixels, or is too long */
export function checkSize(width: number, height: number, most: number) {
  if (Math.max(width, height) > mostSide || width * height > 1e6 * most)
    throw failure('image.large', { width, height, most, side: integer(mostSide) })
}
