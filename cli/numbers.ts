// How single numbers of a tensor are written.
import { decimal } from './language.js'

/** 0.00123456 → 0.001235, 1.5e-7 → 1.500e-7: four digits that say something. */
export function significant(value: number): string {
  const size = Math.abs(value)
  if (value === 0 || !Number.isFinite(value)) return String(value)
  if (size >= 1e-3 && size < 1e5) return decimal(value, Math.max(0, 3 - Math.floor(Math.log10(size))))
  const [digits, exponent] = value.toExponential().split('e')
  return `${decimal(Number(digits), 3)}e${exponent.replace('+', '')}`
}

/** The indices of a number in a tensor: number 7 of [2,5] → 1,2 */
export function placeOf(index: number, shape: readonly number[]): number[] {
  const place: number[] = []
  for (const size of [...shape].reverse()) {
    place.unshift(index % size)
    index = Math.floor(index / size)
  }
  return place
}

/** The length of a vector. */
export const norm = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, v) => sum + v * v, 0))

/** The smallest and the largest of some numbers. */
export function range(values: ArrayLike<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity]
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i])
    high = Math.max(high, values[i])
  }
  return [low, high]
}

/** Where the largest absolute values are, the largest first; zeros are left out. */
export function largest(values: ArrayLike<number>, count: number): number[] {
  const places: number[] = []
  for (let i = 0; i < values.length; i++) {
    if (values[i] === 0 || (places.length === count && Math.abs(values[i]) <= Math.abs(values[places[count - 1]])))
      continue
    const at = places.findIndex(place => Math.abs(values[place]) < Math.abs(values[i]))
    places.splice(at < 0 ? places.length : at, 0, i)
    places.length = Math.min(places.length, count)
  }
  return places
}
