// Half precision (IEEE 754 binary16): a sign, 5 bits of exponent, 10 of fraction. JavaScript has no such array everywhere yet.

/** The bits of the nearest half; of two as near, the even one. From 65520 on that is infinity. */
export function toHalf(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0
  const size = Math.abs(x)
  if (!(size < 65520)) return sign | (Number.isNaN(x) ? 0x7e00 : 0x7c00)
  // Numbers from 2^e to 2^(e+1) are multiples of 2^(e-10); those below 2^-14, of 2^-24.
  const e = Math.max(-14, Math.floor(Math.log2(size)))
  const steps = size / 2 ** (e - 10)
  const below = Math.floor(steps)
  const rest = steps - below
  const rounded = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
  return sign | ((e + 14) * 1024 + rounded) // a fraction that is full carries into the exponent
}

/** The number that 16 bits stand for. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24)
}
