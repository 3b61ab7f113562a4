// Numbers as they are printed beside their sum: rounded so that who adds them up comes to what stands there.

/**
 * Values in units of 10^-digits, which add up to `total` (in those units): each is rounded down, and what is then missing goes
 * to those of which rounding took most.
 */
export function roundTogether(values: readonly number[], total: number, digits: number): number[] {
  const scaled = values.map(v => v * 10 ** digits)
  const rounded = scaled.map(Math.floor)
  const missing = total - rounded.reduce((a, b) => a + b, 0)
  const order = [...scaled.keys()].sort((a, b) => scaled[b] - rounded[b] - (scaled[a] - rounded[a]))
  for (let i = 0; i < Math.abs(missing); i++) rounded[order[i % order.length]] += Math.sign(missing)
  return rounded
}
