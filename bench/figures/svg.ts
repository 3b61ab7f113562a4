// The few shapes that the guide's figures are drawn with. Coordinates are rounded, so that every machine writes the same bytes.

/** What is computed on the way forward, and on the way back (of Okabe and Ito's colours, which all eyes can tell apart). */
export const [forward, back] = ['#0072b2', '#d55e00']
/** More of them, for curves. */
export const [green, yellow, pink, sky] = ['#009e73', '#e69f00', '#cc79a7', '#56b4e9']
export const [ink, grey, pale] = ['#222222', '#999999', '#dddddd']

type Attributes = Readonly<Record<string, string | number>>

const written = (value: string | number) =>
  typeof value === 'number' ? `${Math.round(value * 10) / 10}` : value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const attributes = (all: Attributes) =>
  Object.entries(all)
    .map(([name, value]) => ` ${name}="${written(value).replaceAll('"', '&quot;')}"`)
    .join('')

/** A whole figure, on white: the page around it may be dark. */
export const svg = (width: number, height: number, ...shapes: readonly string[]) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
  `font-family="sans-serif" font-size="15" fill="${ink}">\n<rect width="100%" height="100%" fill="white"/>\n` +
  `${shapes.join('\n')}\n</svg>\n`

/** Text, centred on x unless `text-anchor` says otherwise; y is its middle. */
export const text = (x: number, y: number, words: string, more: Attributes = {}) =>
  `<text${attributes({ x, y: y + 5, 'text-anchor': 'middle', ...more })}>${written(words)}</text>`

export const rect = (x: number, y: number, width: number, height: number, more: Attributes = {}) =>
  `<rect${attributes({ x, y, width, height, fill: 'none', stroke: ink, ...more })}/>`

export const circle = (cx: number, cy: number, r: number, more: Attributes = {}) =>
  `<circle${attributes({ cx, cy, r, ...more })}/>`

type Point = readonly [x: number, y: number]

/** A line through points. */
export const line = (points: readonly Point[], more: Attributes = {}) =>
  `<polyline${attributes({ points: points.map(([x, y]) => `${written(x)},${written(y)}`).join(' '), fill: 'none', stroke: ink, 'stroke-width': '1.5', ...more })}/>`

/** A straight line with a head at its end. */
export function arrow([x1, y1]: Point, [x2, y2]: Point, colour = ink, more: Attributes = {}): string {
  const length = Math.hypot(x2 - x1, y2 - y1)
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length]
  const [bx, by] = [x2 - 9 * ux, y2 - 9 * uy]
  const head = [
    [x2, y2],
    [bx - 4 * uy, by + 4 * ux],
    [bx + 4 * uy, by - 4 * ux],
  ]
  const points = head.map(point => point.map(written).join(',')).join(' ')
  return `${line([[x1, y1], [bx, by]], { stroke: colour, ...more })}<polygon points="${points}" fill="${colour}"/>` // prettier-ignore
}

/** A number as the guide writes it: a real minus, and no more digits than say something. */
export const number = (value: number, digits = 3) => `${Number(value.toPrecision(digits))}`.replace('-', '−')

/** A colour between white and the given one. */
export function shade(colour: string, share: number): string {
  const channels = [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16))
  const mixed = channels.map(channel => Math.round(255 - (255 - channel) * Math.min(1, Math.max(0, share))))
  return `#${mixed.map(channel => channel.toString(16).padStart(2, '0')).join('')}`
}

/** Numbers in cells, row by row. */
export function cells(
  x: number,
  y: number,
  rows: readonly (readonly (number | string)[])[],
  {
    size = 36,
    colour = ink,
    fill = () => 'white',
  }: {
    size?: number
    colour?: string
    fill?: (value: number | string, row: number, column: number) => string
  } = {},
): string {
  return rows
    .flatMap((row, i) =>
      row.map((value, j) => {
        const [left, top] = [x + j * size, y + i * size]
        const words = typeof value === 'number' ? number(value) : value
        return (
          rect(left, top, size, size, { stroke: grey, fill: fill(value, i, j) }) +
          text(left + size / 2, top + size / 2, words, { fill: colour })
        )
      }),
    )
    .join('\n')
}

/**
 * A picture in sixteen tints, a row of `width` numbers below the other: 0 is white, `most` the colour, −`most` that of negative numbers. Without a
 * colour it has that of the <use> that shows it.
 */
export function picture(
  x: number,
  y: number,
  values: ArrayLike<number>,
  width: number,
  { size = 4, most = 1, colour, negative }: { size?: number; most?: number; colour?: string; negative?: string } = {},
): string {
  const tints = Array.from(values, value => Math.round(16 * Math.min(1, Math.abs(value) / most)) * (value < 0 ? -1 : 1))
  const runs = new Map<number, string>() // of each tint, what of it stands side by side
  for (let i = 0, end: number; i < tints.length; i = end) {
    const [row, column] = [Math.floor(i / width), i % width]
    for (end = i + 1; end % width > 0 && tints[end] === tints[i]; end++);
    const across = written((end - i) * size)
    const run = `M${written(x + column * size)},${written(y + row * size)}h${across}v${written(size)}h-${across}z`
    if (tints[i] !== 0) runs.set(tints[i], (runs.get(tints[i]) ?? '') + run)
  }
  const path = ([tint, d]: [number, string]) => {
    const fill = tint < 0 ? negative : colour
    return `<path${attributes({ d, opacity: (Math.abs(tint) / 16).toFixed(2), ...(fill && { fill }) })}/>`
  }
  return Array.from(runs, path).join('')
}

/** Two axes with lines at their ticks, and where a point of the data stands. */
export function chart({
  at: [left, top] = [60, 40],
  width,
  height,
  x,
  y,
}: {
  /** Of the upper left corner of the field. */
  readonly at?: Point
  /** Of the field, without the numbers beside it. */
  readonly width: number
  readonly height: number
  readonly x: Axis
  readonly y: Axis
}) {
  const scale = ({ from, to, log }: Axis) => {
    const f = log ? Math.log : (value: number) => value
    return (value: number) => (f(value) - f(from)) / (f(to) - f(from))
  }
  const [shareX, shareY] = [scale(x), scale(y)]
  const X = (value: number) => left + width * shareX(value)
  const Y = (value: number) => top + height * (1 - shareY(value))
  const point = (px: number, py: number): Point => [X(px), Y(py)]
  const [right, bottom] = [left + width, top + height]
  const rule = (from: Point, to: Point) => line([from, to], { stroke: pale, 'stroke-width': '1' })
  const field = [
    ...x.ticks.flatMap(tick => [rule([X(tick), top], [X(tick), bottom]), text(X(tick), bottom + 16, tickOf(x, tick))]),
    ...y.ticks.flatMap(tick => [
      rule([left, Y(tick)], [right, Y(tick)]),
      text(left - 8, Y(tick), tickOf(y, tick), { 'text-anchor': 'end' }),
    ]),
    rect(left, top, width, height, { stroke: grey }),
    text(right, bottom + 38, x.label, { 'text-anchor': 'end' }),
    text(left, top - 16, y.label),
  ].join('\n')
  return { field, X, Y, point }
}

export interface Axis {
  readonly from: number
  readonly to: number
  readonly ticks: readonly number[]
  readonly label: string
  readonly log?: boolean
  readonly format?: (tick: number) => string
}

const tickOf = ({ format }: Axis, tick: number) => (format ? format(tick) : number(tick))

/** A function's curve: its points between two numbers. */
export const curve = (f: (x: number) => number, from: number, to: number, steps = 100): readonly Point[] =>
  Array.from({ length: steps + 1 }, (_, i) => from + ((to - from) * i) / steps).map(x => [x, f(x)])
