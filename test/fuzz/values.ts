// The numbers that random networks compute with, drawn by style.
import { random, sizeOf, type Random, type Shape } from '../../engine/index.js'
import type { Style } from './program.js'

const integer = (rng: Random, low: number, high: number) => low + Math.floor(rng() * (high - low + 1))
const between = (rng: Random, low: number, high: number) => low + rng() * (high - low)
const either = (rng: Random, part: number, a: () => number) => (rng() < part ? a() : 0)

const draw: Readonly<Record<Style, (rng: Random) => number>> = {
  // Exact in float32, and full of ties
  integers: rng => integer(rng, -2, 2),
  sparse: rng => either(rng, 1 / 3, () => integer(rng, -3, 3)),
  bits: rng => integer(rng, 0, 1),
  signs: rng => integer(rng, -1, 1),
  mask: rng => either(rng, 0.5, () => 2),
  pruned: rng => either(rng, 0.2, () => integer(rng, -4, 4) / 2),
  // A filter that moves the image: one weight in nine
  shift: rng => either(rng, 1 / 9, () => 1),
  // Ordinary
  uniform: rng => between(rng, -1, 1),
  ties: rng => [-0.3, 0.1, 0.1, 0.7][integer(rng, 0, 3)],
  constant: () => 0.3,
  // Of any size
  denormal: rng => either(rng, 0.8, () => between(rng, -1e-39, 1e-39)),
  tiny: rng => between(rng, -1e-20, 1e-20),
  large: rng => between(rng, -1e15, 1e15),
  huge: rng => either(rng, 0.5, () => between(rng, -3e38, 3e38)),
  mixed: rng => between(rng, -1, 1) * 10 ** integer(rng, -12, 6),
  // Scores: large, of which only the differences count
  heights: rng => 3e4 + integer(rng, -2, 0),
  peaks: rng => either(rng, 0.7, () => 1e6 * integer(rng, 1, 2)),
  // Grey levels (`grey` makes them in strokes)
  ink: () => 255,
  digits: rng => integer(rng, 1, 255),
  noise: rng => integer(rng, 0, 255),
  blank: () => 0,
}

/** Numbers of a style, the same for the same seed and name. */
export function floats(style: Style, length: number, seed: number, name: string): Float32Array {
  const rng = random(seed, name)
  return Float32Array.from({ length }, () => draw[style](rng))
}

/**
 * Images [height,width,channels] with strokes of ink, noise, or nothing at all; half of them in a corner alone, as most of an image
 * of a digit is blank.
 */
export function grey(style: Style, images: number, shape: Shape, seed: number, name: string): Uint8Array {
  const rng = random(seed, name)
  const [size, rows] = [sizeOf(shape), shape.length > 1 ? shape[0] : 1]
  const row = size / rows
  const bytes = new Uint8Array(images * size)
  for (let i = 0; i < images; i++) {
    const empty = rng() < 0.15
    const corner = rng() < 0.5
    const [bottom, right] = corner ? [integer(rng, 1, rows), integer(rng, 1, row)] : [rows, row]
    for (let at = 0; at < size && !empty;) {
      if (style !== 'noise') at += integer(rng, 1, Math.max(2, Math.min(40, size / 3)))
      for (let run = integer(rng, 1, 6); run > 0 && at < size; run--, at++)
        if (at < bottom * row && at % row < right) bytes[i * size + at] = draw[style](rng)
    }
  }
  return bytes
}
