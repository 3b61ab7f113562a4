// Grids of numbers as pictures.
import type { Grid } from './api.js'

/** `ink`: 0 is black and 1 white. `signed`: blue below 0, orange above, the strongest brightest. */
export type Scheme = 'ink' | 'signed'

/** How the channels of a grid [h,w,c] lie beside each other in its picture, with a pixel between them. */
export interface Layout {
  readonly h: number
  readonly w: number
  readonly channels: number
  readonly columns: number
  readonly rows: number
  readonly gap: number
}

/** Lays out a grid: [h,w] is one picture, [h,w,c] c of them, and [n] n single cells. */
export function layoutOf({ shape }: Pick<Grid, 'shape'>, columns?: number): Layout {
  const [h = 1, w = 1, channels = 1] = shape.length === 1 ? [1, 1, shape[0]] : shape
  const perRow = Math.min(channels, columns ?? (h === 1 && w === 1 ? 32 : 16))
  return { h, w, channels, columns: perRow, rows: Math.ceil(channels / perRow), gap: channels > 1 && h > 1 ? 1 : 0 }
}

/** A picture's size in pixels, a number each. */
export function sizeOfPicture(grid: Pick<Grid, 'shape'>, columns?: number): { width: number; height: number } {
  const { h, w, columns: perRow, rows, gap } = layoutOf(grid, columns)
  return { width: perRow * (w + gap) - gap, height: rows * (h + gap) - gap }
}

/** Paints a grid, a pixel a number; style sheets make it larger. `most` is the number that is brightest. */
export function paint(canvas: HTMLCanvasElement, grid: Grid, scheme: Scheme, most = strongest(grid), columns?: number) {
  const { h, w, channels, columns: perRow, gap } = layoutOf(grid, columns)
  Object.assign(canvas, sizeOfPicture(grid, columns))
  const context = canvas.getContext('2d')!
  const image = context.createImageData(canvas.width, canvas.height)
  for (let c = 0; c < channels; c++) {
    const [top, left] = [Math.floor(c / perRow) * (h + gap), (c % perRow) * (w + gap)]
    for (let i = 0; i < h; i++)
      for (let j = 0; j < w; j++) {
        const colour = colourOf(grid.values[(i * w + j) * channels + c] / (most || 1), scheme)
        image.data.set(colour, 4 * ((top + i) * canvas.width + left + j))
      }
  }
  context.putImageData(image, 0, 0)
}

/** Paints colours [h,w,3] of 0 to 255. */
export function paintColours(canvas: HTMLCanvasElement, { shape: [height, width], values }: Grid) {
  Object.assign(canvas, { width, height })
  const context = canvas.getContext('2d')!
  const image = context.createImageData(width, height)
  for (let k = 0; k < width * height; k++) image.data.set([...values.subarray(3 * k, 3 * k + 3), 255], 4 * k)
  context.putImageData(image, 0, 0)
}

export const strongest = ({ values }: Grid) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0)

type Colour = readonly [number, number, number, number]

function colourOf(share: number, scheme: Scheme): Colour {
  const t = Math.min(1, Math.abs(share))
  if (scheme === 'ink') return [255 * t, 255 * t, 255 * t, 255]
  const [middle, end] = share > 0 ? [orange, paleOrange] : [blue, paleBlue]
  return t < 0.7 ? between(black, middle, t / 0.7) : between(middle, end, (t - 0.7) / 0.3)
}

const black = [0, 0, 0] as const
const orange = [255, 122, 60] as const
const paleOrange = [255, 232, 210] as const
const blue = [64, 132, 255] as const
const paleBlue = [214, 230, 255] as const

const between = (a: readonly number[], b: readonly number[], t: number): Colour => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
  255,
]
