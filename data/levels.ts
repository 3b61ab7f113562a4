// A picture's bytes, and the level that parts its light from its dark.

/** A picture's bytes, row by row, its channels side by side. */
export interface Levels {
  readonly values: Uint8Array
  readonly h: number
  readonly w: number
  readonly channels: number
}

/** The mean of each pixel's channels. */
export function greys({ values, h, w, channels }: Levels): Uint8Array {
  const light = new Uint8Array(h * w)
  for (let k = 0; k < light.length; k++) {
    let sum = 0
    for (let c = 0; c < channels; c++) sum += values[k * channels + c]
    light[k] = Math.round(sum / channels)
  }
  return light
}

/** What parts light from dark. */
export interface Parting {
  /** The least level that is light. */
  readonly threshold: number
  /** The share of the picture's variance that lies between light and dark: 1 if it has two levels and no others. */
  readonly explained: number
}

/** The threshold that leaves the least variance within light and dark (Otsu 1979), so the most between them. */
export function otsu(light: Uint8Array): Parting {
  const counts = new Float64Array(256)
  for (const v of light) counts[v]++
  const all = counts.reduce((sum, count, v) => sum + count * v, 0)
  const variance = counts.reduce((sum, count, v) => sum + count * (v - all / light.length) ** 2, 0)
  let [threshold, most, below, sum] = [128, 0, 0, 0]
  for (let v = 1; v < 256; v++) {
    below += counts[v - 1]
    sum += counts[v - 1] * (v - 1)
    const above = light.length - below
    if (below === 0 || above === 0) continue
    const between = ((below * above) / light.length) * (sum / below - (all - sum) / above) ** 2
    if (between > most) [threshold, most] = [v, between]
  }
  return { threshold, explained: variance > 0 ? most / variance : 0 }
}
