// Drawings made by script: strokes, with the variation of a hand.
import { type Random } from '../engine/index.js'
import { blank, type Image } from './image.js'

/** A stroke through these places, x and y from 0 to 1. */
export type Stroke = readonly (readonly [x: number, y: number])[]

/** Points on an ellipse, from one angle to another, in turns; 0 is on its right and a quarter below. */
export function arc(x: number, y: number, rx: number, ry: number, from: number, to: number): Stroke {
  return Array.from({ length: 17 }, (_, k) => {
    const angle = 2 * Math.PI * (from + ((to - from) * k) / 16)
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)] as const
  })
}

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
