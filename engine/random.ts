// The one source of randomness: initial weights, shuffling and dropout all draw from a seeded generator, so the same
// seed gives the same network, byte for byte.

/** Gives the next number, uniform in [0, 1), with 32 random bits. */
export type Random = () => number

/**
 * A generator for one purpose. Different purposes (`random(seed, 'shuffle', epoch)`) give unrelated streams, so nothing
 * about the generator needs to be saved with a network: its seed and the epoch's number say it all.
 *
 * The generator is Chris Doty-Humphrey's sfc32 (PractRand), its state filled by FNV-1a hashes of the purpose.
 */
export function random(seed: number, ...purpose: (string | number)[]): Random {
  const text = [seed, ...purpose].join(' ')
  let a = fnv1a(text, 0x811c9dc5)
  let b = fnv1a(text, a)
  let c = fnv1a(text, b)
  let counter = 1
  const next = () => {
    const t = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    return (t >>> 0) / 2 ** 32
  }
  for (let i = 0; i < 12; i++) next()
  return next
}

function fnv1a(text: string, basis: number): number {
  let hash = basis
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}

/** Normally distributed, mean 0 and deviation 1 (Box & Muller 1958). */
export function normal(rng: Random): number {
  return Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng())
}

/** The numbers 0 … n−1 in random order (Fisher & Yates; Durstenfeld 1964). */
export function shuffle(n: number, rng: Random): Uint32Array {
  const order = new Uint32Array(n)
  for (let i = 0; i < n; i++) order[i] = i
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(rng() * (i + 1))
    const swapped = order[i]
    order[i] = order[j]!
    order[j] = swapped
  }
  return order
}
