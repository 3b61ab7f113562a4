// Writes a row of digits as a hand might: one slant and size for all, each digit a little larger or smaller, higher or
// lower, nearer or farther. What it writes is read again by bench/codes.ts and test/codes.test.ts.
import type { Random } from '../engine/index.js'
import { bilinear, blank, crop, inkBox, type Image, type Pixels } from '../data/image.js'

export interface Writing {
  /** The least and largest gap between two digits, in heights of a digit. Below 0 they touch. */
  readonly gap?: readonly [number, number]
  /** The largest slant, in pixels sideways for each pixel up, either way. */
  readonly slant?: number
  /** The least and largest height of a digit, in pixels. */
  readonly height?: readonly [number, number]
}

/** A picture of the digits (28x28 each, light on dark) side by side: light ink on dark, or dark on light. */
export function writeCode(
  digits: readonly Pixels[],
  rng: Random,
  { gap = [0.08, 0.6], slant = 0.2, height = [24, 120] }: Writing = {},
): Image {
  const between = (from: number, to: number) => from + rng() * (to - from)
  const size = between(...height)
  const lean = between(-slant, slant)
  const margin = Math.ceil(0.5 * size)
  const placed: { ink: Pixels; scale: number; top: number; left: number }[] = []
  let left = margin + Math.abs(lean) * size
  for (const digit of digits) {
    const ink = crop(digit, inkBox(digit)!)
    const [h, w] = ink.shape as [number, number]
    const scale = (between(0.85, 1.15) * size) / Math.max(h, w)
    placed.push({ ink, scale, top: margin + (size - h * scale) / 2 + between(-0.1, 0.1) * size, left })
    left += w * scale + between(...gap) * size
  }
  const rows = Math.ceil(size + 2 * margin)
  const columns = Math.ceil(left + margin + Math.abs(lean) * size)
  const picture = blank(rows, columns)
  for (const { ink, scale, top, left } of placed)
    for (let i = 0; i < rows; i++) {
      const shift = lean * (rows / 2 - i)
      const v = (i + 0.5 - top) / scale - 0.5
      const [from, to] = [Math.floor(left + shift - scale), Math.ceil(left + shift + ink.shape[1] * scale + scale)]
      for (let j = Math.max(0, from); j < Math.min(columns, to); j++)
        picture.set(i, j, Math.max(picture.get(i, j), bilinear(ink, v, (j + 0.5 - left - shift) / scale - 0.5)))
    }
  const dark = rng() < 0.5
  for (let k = 0; k < picture.data.length; k++)
    picture.data[k] = Math.round(dark ? 250 - 0.9 * picture.data[k] : 12 + 0.9 * picture.data[k])
  return picture
}
