// Digits as people in much of Europe write them, and what is no digit: letters, scribbles, dots and pairs. All are drawn by script
// from strokes, with a hand's variation.
import { type Random } from '../engine/index.js'
import { blank, type Image } from '../data/image.js'

/** A stroke through these places, x and y from 0 to 1. */
export type Stroke = readonly (readonly [x: number, y: number])[]

/** Points on an ellipse, from one angle to another, in turns; 0 is on its right and a quarter below. */
export function arc(x: number, y: number, rx: number, ry: number, from: number, to: number): Stroke {
  return Array.from({ length: 17 }, (_, k) => {
    const angle = 2 * Math.PI * (from + ((to - from) * k) / 16)
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)] as const
  })
}
export const oval = arc(0.5, 0.5, 0.3, 0.45, -0.25, 0.75)

/** Digits by their label. */
export const european: readonly { readonly name: string; readonly label: number; readonly strokes: readonly Stroke[] }[] = [
  { name: 'a 1 with a long upstroke', label: 1, strokes: [[[0.2, 0.45], [0.62, 0.05], [0.6, 0.95]]] },
  { name: 'a crossed 7', label: 7, strokes: [[[0.2, 0.08], [0.8, 0.08], [0.42, 0.95]], [[0.3, 0.5], [0.75, 0.47]]] },
  { name: 'a slashed 0', label: 0, strokes: [oval, [[0.75, 0.1], [0.25, 0.9]]] },
  { name: 'a closed 4', label: 4, strokes: [[[0.68, 0.95], [0.66, 0.05], [0.18, 0.62], [0.85, 0.62]]] },
  { name: 'an open 4', label: 4, strokes: [[[0.25, 0.05], [0.2, 0.55], [0.8, 0.55]], [[0.65, 0.2], [0.63, 0.95]]] },
] // prettier-ignore

/** Digits as they are mostly written, by their label. */
export const usual: readonly { readonly label: number; readonly strokes: readonly Stroke[] }[] = [
  { label: 0, strokes: [oval] },
  { label: 0, strokes: [arc(0.5, 0.5, 0.42, 0.45, -0.2, 0.85)] },
  { label: 1, strokes: [[[0.5, 0.05], [0.5, 0.95]]] },
  { label: 1, strokes: [[[0.35, 0.2], [0.55, 0.05], [0.55, 0.95]], [[0.3, 0.95], [0.78, 0.95]]] },
  { label: 2, strokes: [[...arc(0.5, 0.3, 0.3, 0.25, -0.5, 0.08), [0.2, 0.93], [0.85, 0.93]]] },
  { label: 2, strokes: [[...arc(0.5, 0.3, 0.28, 0.25, -0.55, 0.1), [0.25, 0.85], ...arc(0.27, 0.82, 0.1, 0.09, 0.3, 1), [0.8, 0.95]]] },
  { label: 3, strokes: [[...arc(0.45, 0.28, 0.28, 0.23, -0.45, 0.2), ...arc(0.45, 0.72, 0.33, 0.24, -0.2, 0.42)]] },
  { label: 3, strokes: [[[0.2, 0.07], [0.78, 0.07], [0.45, 0.42], ...arc(0.45, 0.68, 0.32, 0.26, -0.25, 0.42)]] },
  { label: 4, strokes: [[[0.3, 0.05], [0.28, 0.5], [0.75, 0.48]], [[0.78, 0.05], [0.7, 0.95]]] },
  { label: 5, strokes: [[[0.78, 0.06], [0.3, 0.06], [0.26, 0.45], ...arc(0.46, 0.68, 0.32, 0.27, -0.33, 0.4)]] },
  { label: 5, strokes: [[[0.3, 0.08], [0.26, 0.45], ...arc(0.46, 0.68, 0.3, 0.26, -0.33, 0.42)], [[0.3, 0.08], [0.82, 0.05]]] },
  { label: 6, strokes: [[[0.65, 0.05], [0.35, 0.4], ...arc(0.48, 0.7, 0.25, 0.24, -0.5, 0.5)]] },
  { label: 6, strokes: [[...arc(0.62, 0.45, 0.4, 0.42, 0.78, 0.5), ...arc(0.48, 0.7, 0.26, 0.24, -0.5, 0.5)]] },
  { label: 7, strokes: [[[0.18, 0.08], [0.8, 0.08], [0.42, 0.95]]] },
  { label: 7, strokes: [[[0.18, 0.2], [0.18, 0.08], [0.8, 0.1], [0.55, 0.5], [0.48, 0.95]]] },
  { label: 8, strokes: [arc(0.5, 0.27, 0.23, 0.21, 0.25, 1.25), arc(0.5, 0.72, 0.29, 0.24, -0.25, 0.75)] },
  { label: 8, strokes: [[...arc(0.5, 0.28, 0.24, 0.22, -0.1, -0.72), ...arc(0.5, 0.72, 0.27, 0.22, -0.22, 0.75), [0.72, 0.15]]] },
  { label: 9, strokes: [[...arc(0.5, 0.3, 0.25, 0.24, 0, -1), [0.72, 0.95]]] },
  { label: 9, strokes: [[...arc(0.5, 0.3, 0.26, 0.24, 0, -1), ...arc(0.4, 0.6, 0.34, 0.35, -0.05, 0.3)]] },
] // prettier-ignore

/** Capital letters that look like no digit. */
export const letters: Readonly<Record<string, readonly Stroke[]>> = {
  A: [[[0.15, 0.95], [0.5, 0.05], [0.85, 0.95]], [[0.3, 0.6], [0.7, 0.6]]],
  E: [[[0.75, 0.05], [0.25, 0.05], [0.25, 0.95], [0.78, 0.95]], [[0.25, 0.5], [0.65, 0.5]]],
  F: [[[0.75, 0.05], [0.25, 0.05], [0.25, 0.95]], [[0.25, 0.48], [0.65, 0.48]]],
  H: [[[0.2, 0.05], [0.2, 0.95]], [[0.8, 0.05], [0.8, 0.95]], [[0.2, 0.5], [0.8, 0.5]]],
  K: [[[0.25, 0.05], [0.25, 0.95]], [[0.75, 0.05], [0.27, 0.52], [0.8, 0.95]]],
  M: [[[0.12, 0.95], [0.2, 0.05], [0.5, 0.65], [0.8, 0.05], [0.88, 0.95]]],
  N: [[[0.2, 0.95], [0.2, 0.05], [0.8, 0.95], [0.8, 0.05]]],
  R: [[[0.25, 0.95], [0.25, 0.05]], [...arc(0.28, 0.28, 0.42, 0.23, -0.25, 0.25)], [[0.35, 0.5], [0.8, 0.95]]],
  T: [[[0.15, 0.06], [0.85, 0.06]], [[0.5, 0.06], [0.5, 0.95]]],
  W: [[[0.08, 0.05], [0.28, 0.95], [0.5, 0.35], [0.72, 0.95], [0.92, 0.05]]],
  X: [[[0.15, 0.05], [0.85, 0.95]], [[0.85, 0.05], [0.15, 0.95]]],
} // prettier-ignore

/** Strokes as a hand draws them on a sheet [side,side]: turned, sheared, shaken, and of some thickness. */
export function drawn(strokes: readonly Stroke[], side: number, rng: Random): Image {
  const between = (from: number, to: number) => from + rng() * (to - from)
  const [turn, lean, wide] = [between(-0.12, 0.12), between(-0.2, 0.25), between(0.8, 1.1)]
  const thick = between(0.02, 0.045) * side
  const shaken = strokes.map(stroke => {
    const [a, b, phase] = [between(-0.02, 0.02), between(-0.02, 0.02), 7 * rng()]
    return stroke.map(([x, y], k): [number, number] => {
      const [u, v] = [
        wide * (x - 0.5) - lean * (y - 0.5) + a * Math.sin(phase + k),
        y - 0.5 + b * Math.cos(phase + 2 * k),
      ]
      return [
        0.5 + 0.6 * (u * Math.cos(turn) - v * Math.sin(turn)),
        0.5 + 0.6 * (u * Math.sin(turn) + v * Math.cos(turn)),
      ]
    })
  })
  const sheet = blank(side, side)
  for (const stroke of shaken) for (let k = 1; k < stroke.length; k++) line(sheet, stroke[k - 1], stroke[k], thick)
  return sheet
}

/** A line with round ends, its edge grey over one pixel. */
function line(sheet: Image, [x0, y0]: readonly [number, number], [x1, y1]: readonly [number, number], thick: number) {
  const side = sheet.shape[0]
  const [ax, ay, dx, dy] = [x0 * side, y0 * side, (x1 - x0) * side, (y1 - y0) * side]
  const reach = thick + 1
  const rows = [Math.min(ay, ay + dy) - reach, Math.max(ay, ay + dy) + reach].map(v =>
    Math.min(side, Math.max(0, Math.round(v))),
  )
  const columns = [Math.min(ax, ax + dx) - reach, Math.max(ax, ax + dx) + reach].map(v =>
    Math.min(side, Math.max(0, Math.round(v))),
  )
  for (let i = rows[0]; i < rows[1]; i++)
    for (let j = columns[0]; j < columns[1]; j++) {
      const along = Math.min(1, Math.max(0, ((j - ax) * dx + (i - ay) * dy) / (dx * dx + dy * dy || 1)))
      const away = Math.hypot(j - ax - along * dx, i - ay - along * dy)
      sheet.set(i, j, Math.max(sheet.get(i, j), 255 * Math.min(1, Math.max(0, thick + 0.5 - away))))
    }
}
