// Pictures of digits as people have them, made by script: the paper, its light, its lines, the pen and the camera.
import { decode, encode } from 'jpeg-js'
import { normal, type Random } from '../engine/index.js'
import { bilinear, blank, eachPixel, type Image, type Pixels } from '../data/image.js'

/** Red, green, blue and alpha, row by row. */
export interface Colours {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

type Colour = readonly [red: number, green: number, blue: number]

/** What a picture is made of. */
export interface Scene {
  readonly paper: Colour
  readonly ink: Colour
  /** The share of the light that is left in the picture's darkest corner. */
  readonly gradient?: number
  /** The share of the light that is left in the shadow of a hand, whose edge crosses the picture. */
  readonly shadow?: number
  /** The standard deviation of the paper's and the sensor's grain, of 255. */
  readonly grain?: number
  /** Lines across the paper, or also down, and how far apart in shares of the side. */
  readonly lines?: { readonly colour: Colour; readonly every: number; readonly down?: boolean; readonly turn?: number }
  /** A table around the sheet, as wide on each side as this share of the picture. */
  readonly desk?: { readonly colour: Colour; readonly width: number }
  /** How much of the paper shows through the ink, from place to place: a pencil. */
  readonly patchy?: number
  /** JPEG's quality. */
  readonly quality?: number
}

const white: Colour = [248, 247, 243]
const black: Colour = [35, 34, 40]
const blue: Colour = [40, 60, 150]

/** The scenes that the preparation is developed with. */
export const scenes: Readonly<Record<string, Scene>> = {
  'drawn': { paper: [255, 255, 255], ink: [0, 0, 0] },
  'slate': { paper: [20, 28, 24], ink: [225, 228, 220], grain: 4 },
  'gradient': { paper: white, ink: black, gradient: 0.45, grain: 3 },
  'shadow': { paper: white, ink: black, shadow: 0.55, grain: 3 },
  'grain': { paper: [222, 214, 196], ink: black, grain: 14 },
  'ruled': { paper: white, ink: blue, grain: 3, lines: { colour: [165, 190, 225], every: 0.17, turn: 0.02 } },
  'graph': { paper: white, ink: blue, grain: 3, lines: { colour: [160, 165, 190], every: 0.09, down: true, turn: -0.015 } },
  'dark lines': { paper: white, ink: black, grain: 3, lines: { colour: [70, 70, 80], every: 0.24, turn: 0.01 } },
  'pencil': { paper: [238, 236, 230], ink: [120, 120, 122], grain: 6, patchy: 0.5 },
  'red on blue': { paper: [105, 140, 225], ink: [223, 105, 105], grain: 4 },
  'desk': { paper: white, ink: black, grain: 3, gradient: 0.8, desk: { colour: [95, 66, 44], width: 0.12 } },
  'quality 30': { paper: white, ink: blue, grain: 5, gradient: 0.7, quality: 30 },
  'quality 60': { paper: [200, 196, 188], ink: black, grain: 8, gradient: 0.6, quality: 60 },
} // prettier-ignore

/** A scene with an image of ink [h,w], 0–255, written on it. */
export function photograph(ink: Pixels, scene: Scene, rng: Random): Colours {
  const [height, width] = ink.shape as [number, number]
  const side = Math.max(height, width)
  const data = new Uint8Array(4 * height * width).fill(255)
  const angle = 2 * Math.PI * rng()
  const [across, down] = [Math.cos(angle), Math.sin(angle)]
  const edge = (0.3 + 0.4 * rng()) * side
  const phase = rng()
  const patches = scene.patchy ? noise(height, width, Math.max(2, side / 90), rng) : undefined
  const { lines, desk } = scene
  const isLine = (along: number) => {
    const place = along / (lines!.every * side) + phase
    return Math.abs(place - Math.round(place)) * lines!.every * side < Math.max(0.5, side / 300)
  }
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) {
      const [y, x] = [i - height / 2, j - width / 2]
      let ground = scene.paper
      if (lines) {
        const slope = lines.turn ?? 0
        if (isLine(i + slope * j) || (lines.down && isLine(j - slope * i))) ground = lines.colour
      }
      const fromEdge = Math.min(i, j, height - 1 - i, width - 1 - j) + 0.1 * (desk ? i - j : 0)
      const isDesk = desk && fromEdge < desk.width * side
      if (isDesk) ground = desk.colour
      const through = patches ? scene.patchy! * patches.data[i * width + j] : 0
      const share = isDesk ? 0 : (ink.get(i, j) / 255) * (1 - through)
      let light = 1
      const along = (x * across + y * down) / side // −0.7 … 0.7
      if (scene.gradient) light *= 1 - (1 - scene.gradient) * Math.min(1, Math.max(0, along / 1.4 + 0.5))
      if (scene.shadow) {
        const into = (x * across + y * down + side / 2 - edge) / (0.04 * side)
        light *= 1 - (1 - scene.shadow) / (1 + Math.exp(-into))
      }
      for (let c = 0; c < 3; c++) {
        const level = (ground[c] + (scene.ink[c] - ground[c]) * share) * light + (scene.grain ?? 0) * normal(rng)
        data[4 * (i * width + j) + c] = Math.min(255, Math.max(0, Math.round(level)))
      }
    }
  const picture = { width, height, data }
  return scene.quality
    ? { ...decode(encode(picture, scene.quality).data, { useTArray: true }), width, height }
    : picture
}

/** So many times as high and wide, with the edges that a pen leaves: ink or ground, and little in between. */
export function blownUp(digit: Pixels, times = 10): Image {
  const large = blank(28 * times, 28 * times)
  eachPixel(large, (i, j) => {
    const v = bilinear(digit, (i + 0.5) / times - 0.5, (j + 0.5) / times - 0.5)
    large.set(i, j, Math.min(255, Math.max(0, (v - 96) * 0.8 * times)))
  })
  return large
}

/** A digit [28,28] as a pen would write it, larger: ink or none, and little in between; somewhere on a sheet of side². */
export function written(digit: Pixels, side: number, rng: Random, { pen = 96, share = 0.55 } = {}): Image {
  const sheet = blank(side, side)
  const scale = (share * (0.8 + 0.4 * rng()) * side) / 20
  const [top, left] = [0.5 + 0.12 * (rng() - 0.5), 0.5 + 0.12 * (rng() - 0.5)].map(middle => middle * side - 14 * scale)
  eachPixel(sheet, (i, j) => {
    const v = bilinear(digit, (i - top) / scale - 0.5, (j - left) / scale - 0.5)
    sheet.set(i, j, Math.min(255, Math.max(0, (v - pen) * 8 * Math.min(1, scale / 4))))
  })
  return sheet
}

/** Smooth noise from 0 to 1 in patches of some `size` pixels. */
function noise(h: number, w: number, size: number, rng: Random): Image {
  const [rows, columns] = [Math.ceil(h / size) + 2, Math.ceil(w / size) + 2]
  const points = blank(rows, columns)
  for (let k = 0; k < points.data.length; k++) points.data[k] = rng()
  const image = blank(h, w)
  eachPixel(image, (i, j) => image.set(i, j, bilinear(points, i / size, j / size)))
  return image
}
