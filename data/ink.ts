// What is ink in a picture, dark on light or light on dark: what differs from the paper at its place more than the paper's own
// grain does. Differences are shares of the paper's light, since a shadow takes the same share of paper and ink; and each colour
// counts by how much of the ink and how little of the grain it shows: blue ink is darkest in red, red ink on blue paper in blue.
import ndarray from 'ndarray'
import { paperOf, paperRow, thinSquare, thinSides, withEdges, type Side, type Surface } from './paper.js'
import { blank, cubic, eachPixel, inkBox, type Image, type Pixels } from './image.js'
import { greys, otsu, type Levels } from './levels.js'
import { rowMajor } from './rowMajor.js'
import { continued, onSheet, sheetOf } from './sheet.js'

/** What separates ink from its ground in a picture. */
export interface Ink {
  /** The ink alone: the ground is 0, the strongest ink 255. */
  readonly image: Image
  readonly ground: 'light' | 'dark'
  /** How light the paper is at every place, in each of the picture's channels. */
  readonly paper: Surface
}

/** What differs by more standard deviations of the grain is ink. */
const beyond = 2.5
/** Ink begins at this share of its typical contrast, so that paler lines and ripples are none. */
const begins = 0.12

/** What covers more than this share of a picture is its pattern, not writing. */
const mostInk = 0.45
/** Ink that differs from its paper by less than this share is none. */
const faintest = 0.06

/**
 * Finds the ink in a picture [h,w] of greys or [h,w,3] of red, green and blue, of any range up to `white`; undefined if it is
 * blank.
 */
export function findInk(picture: Pixels, white = 255): Ink | undefined {
  const [h, w, channels = 1] = picture.shape as [number, number, number?]
  if (Math.max(h, w) < tiny) return tinyInk({ values: bytesOf(picture, white), h, w, channels })
  const levels: Levels = { values: bytesOf(picture, white), h, w, channels }
  const sheet = sheetOf(levels)
  if (!sheet) return inkIn(levels)
  const ink = inkIn({ ...levels, values: continued(levels, sheet) })
  if (ink) onSheet(ink.image, sheet)
  return ink && inkBox(ink.image, strong) ? ink : sheet.narrow ? inkIn(levels) : undefined
}

/** The ink of a picture that is paper everywhere. */
function inkIn(levels: Levels): Ink | undefined {
  const { values, h, w, channels } = levels
  const unknown = Array<Side>(channels).fill(0)
  const bare = withoutWriting(levels)
  const found = bare && inkOn(levels, paperOf(bare, h, w, channels, unknown), unknown, mostWriting)
  if (found) return found
  const first = colourOf(levels, paperOf(values, h, w, channels, unknown), unknown)
  if (!first) return undefined
  const sides = Array.from(first.weights, weight => Math.sign(weight) as Side)
  const smooth = inkOn(levels, paperOf(values, h, w, channels, sides), sides, mostInk)
  if (!smooth) return thinInk(levels)
  const square = 2 * thicknessOf(smooth.image) + 3
  if (square > broad * Math.min(h, w)) return smooth
  return inkOn(levels, withEdges(levels, smooth.paper, sides, square), sides, mostInk) ?? smooth
}
/** Of writing so thick that the square would be larger than this share of the shorter side, the paper stays smooth. */
const broad = 0.25
/** Full ink, of 255. */
const full = 230

/**
 * How thick strokes are: of each pixel of full ink, which a shadow's edge mostly is not, the shorter of the runs of strong ink through it, across and down;
 * half of them are no longer.
 */
function thicknessOf(image: Image): number {
  const [h, w] = image.shape as [number, number]
  const across = new Uint32Array(h * w)
  const runs = (
    lines: number,
    length: number,
    step: number,
    stepAlong: number,
    visit: (k: number, run: number) => void,
  ) => {
    for (let line = 0; line < lines; line++)
      for (let k = 0, run = 0; k <= length; k++)
        if (k < length && image.data[line * step + k * stepAlong] >= strong) run++
        else {
          for (let q = k - run; q < k; q++) visit(line * step + q * stepAlong, run)
          run = 0
        }
  }
  runs(h, w, w, 1, (k, run) => (across[k] = run))
  const counts = new Uint32Array(Math.max(h, w) + 1)
  let all = 0
  runs(w, h, 1, w, (k, run) => {
    if (image.data[k] < full) return
    counts[Math.min(run, across[k])]++
    all++
  })
  let [thick, within] = [0, 0]
  while (within < 0.5 * all) within += counts[++thick]
  return thick
}

/** Ink where a shadow or a glare hid it: of what is thin its side, and a paper that has all light's edges. */
function thinInk(levels: Levels): Ink | undefined {
  const { values, h, w, channels } = levels
  const sides = thinSides(levels)
  const paper = withEdges(levels, paperOf(values, h, w, channels, sides), sides, thinSquare(levels))
  return inkOn(levels, paper, sides, mostInk)
}

/** The ink that stands out of a paper, if it covers no more than a share of it. */
function inkOn(levels: Levels, paper: Surface, sides: readonly Side[], most: number): Ink | undefined {
  const { h, w, channels } = levels
  const colour = colourOf(levels, paper, sides)
  if (!colour) return undefined
  const image = blank(h, w)
  eachDifference(levels, paper, 1, (k, difference) => {
    let contrast = 0
    for (let c = 0; c < channels; c++) contrast += colour.weights[c] * difference[c]
    image.data[k] = contrast
  })
  return stretch(image.data, most) && isSharp(image) ? { image, ground: colour.ground, paper } : undefined
}

/**
 * A picture of two levels and little else, of which one runs along its edges: that is paper, and the other writing, which may fill most of a picture that
 * is cropped to it. The picture with the paper's middle level in place of the writing; undefined if it is no such picture.
 */
function withoutWriting(levels: Levels): Uint8Array | undefined {
  const { values, h, w, channels } = levels
  const light = greys(levels)
  const { threshold, explained } = otsu(light)
  if (explained < twoLevels) return undefined
  let dark = 0
  for (let i = 0; i < h; i++)
    for (let j = 0; j < w; j += i === 0 || i === h - 1 ? 1 : Math.max(1, w - 1))
      if (light[i * w + j] < threshold) dark++
  const edge = 2 * (h + w) - 4
  if (Math.min(dark, edge - dark) > crossed * edge) return undefined
  const isPaper = (k: number) => light[k] < threshold === dark > edge / 2
  const bare = values.slice()
  for (let c = 0; c < channels; c++) {
    const counts = new Uint32Array(256)
    let all = 0
    for (let k = 0; k < h * w; k++)
      if (isPaper(k)) {
        counts[values[k * channels + c]]++
        all++
      }
    let [middle, below] = [0, counts[0]]
    while (2 * below < all) below += counts[++middle]
    for (let k = 0; k < h * w; k++) if (!isPaper(k)) bare[k * channels + c] = middle
  }
  return bare
}
/** So much of the variance lies between two levels; writing has so much of the picture's edge at most, and of the picture. */
const twoLevels = 0.94
const crossed = 0.2
const mostWriting = 0.7

/**
 * Whether ink ends within a small distance, as a pen's does and a shadow does not: of the strong ink in 150 rows made by script at least 23 % has
 * paper that near, in 19 of 23 blank sheets with a shadow less than 10 %.
 */
function isSharp(image: Pixels): boolean {
  const [h, w] = image.shape as [number, number]
  const away = Math.max(2, Math.round(fades * Math.min(h, w)))
  const weak = (i: number, j: number, v: number) => i >= 0 && i < h && j >= 0 && j < w && v - image.get(i, j) >= strong
  let [all, near] = [0, 0]
  eachPixel(image, (i, j, v) => {
    if (v < strong) return
    all++
    if (weak(i - away, j, v) || weak(i + away, j, v) || weak(i, j - away, v) || weak(i, j + away, v)) near++
  })
  return near >= fewest * all
}
const strong = 128
/** In shares of the shorter side; and of the strong ink. */
const fades = 0.02
const fewest = 0.1

/**
 * The ink of a picture as it is decoded: red, green, blue and alpha, row by row. What is transparent shows the paper: white, or black
 * if the ink is white.
 */
export function inkOf(picture: Uint8Array | Uint8ClampedArray, h: number, w: number): Ink | undefined {
  return findInk(onPaper(picture, h, w, 255)) ?? findInk(onPaper(picture, h, w, 0))
}

/** Red, green and blue of every pixel [h,w,3], as it looks on paper of the given grey. */
function onPaper(picture: Uint8Array | Uint8ClampedArray, h: number, w: number, paper: number): Pixels {
  const colours = new Uint8Array(h * w * 3)
  for (let k = 0, at = 0; at < colours.length; k += 4)
    for (let c = 0; c < 3; c++) colours[at++] = Math.round(paper + (picture[k + 3] / 255) * (picture[k + c] - paper))
  return ndarray(colours, [h, w, 3])
}

/** A picture of fewer pixels than a digit for the networks has on its longer side: its greys say where strokes are between its pixels. */
const tiny = 20
/** So many times it is enlarged, with a margin of half its side. */
const enlarged = 6

/** The ink of a tiny picture, which has no grain or shadow that one could see: what differs from the middle level of its edge. */
function tinyInk({ values, h, w, channels }: Levels): Ink | undefined {
  const isEdge = (k: number) => k < w || k >= (h - 1) * w || k % w === 0 || k % w === w - 1
  const contrast = blank(h, w)
  let light = 0
  const levels = new Float32Array(channels)
  for (let c = 0; c < channels; c++) {
    const level = (k: number) => values[k * channels + c]
    const edge = Uint8Array.from([...contrast.data.keys()].filter(isEdge), level).sort()
    const paper = edge[edge.length >> 1]
    levels[c] = paper
    for (let k = 0; k < h * w; k++) {
      contrast.data[k] += Math.abs(level(k) - paper) / channels
      light += level(k) - paper
    }
  }
  const most = contrast.data.reduce((a, b) => Math.max(a, b), 0)
  if (most < 255 * faintest) return undefined
  const margin = Math.max(h, w) / 2
  const image = blank(Math.ceil((h + 2 * margin) * enlarged), Math.ceil((w + 2 * margin) * enlarged))
  eachPixel(image, (i, j) => {
    const [row, column] = [i, j].map(place => (place + 0.5) / enlarged - 0.5 - margin)
    const share = cubic(contrast, row, column) / most
    image.set(i, j, 255 * Math.min(1, Math.max(0, share - begins) / (1 - begins)))
  })
  const paper = { rows: 1, columns: 1, size: Math.max(...image.shape), levels }
  return { image, ground: light < 0 ? 'light' : 'dark', paper }
}

function bytesOf(picture: Pixels, white: number): Uint8Array {
  const values = rowMajor(picture)
  if (white === 255 && values instanceof Uint8Array) return values
  return Uint8Array.from(values, v => Math.round((255 * v) / white))
}

/** Visits every step-th pixel of every step-th row with its difference from the paper in each channel, in shares of the paper's light. */
function eachDifference(
  { values, h, w, channels }: Levels,
  surface: Surface,
  step: number,
  visit: (k: number, difference: Float32Array) => void,
) {
  const paper = new Float32Array(w * channels)
  const difference = new Float32Array(channels)
  for (let i = 0; i < h; i += step) {
    paperRow(surface, i, w, channels, paper)
    for (let j = 0; j < w; j += step) {
      for (let c = 0; c < channels; c++) {
        const level = paper[j * channels + c]
        difference[c] = (values[(i * w + j) * channels + c] - level) / Math.max(darkest, level)
      }
      visit(i * w + j, difference)
    }
  }
}
/** Where the paper has less light than this, its grain is no large share of it. */
const darkest = 64

/**
 * How much each channel counts: the difference that ink makes in it, by the square of its grain (Fisher's linear discriminant
 * with a diagonal covariance). Where the ink's side is known, the other has no say: a glare beside dark ink. Undefined if nothing stands out of the grain.
 */
function colourOf(
  levels: Levels,
  paper: Surface,
  sides: readonly Side[],
): { weights: Float64Array; ground: Ink['ground'] } | undefined {
  const { h, w, channels } = levels
  const step = Math.max(1, Math.floor(Math.sqrt((h * w) / enough)))
  const seen = Array.from({ length: channels }, (): number[] => [])
  eachDifference(levels, paper, step, (_, difference) => difference.forEach((d, c) => seen[c].push(d)))
  const grain = seen.map(d => Math.hypot(leastGrain, grainOf(d)))
  const ink = new Float64Array(channels)
  for (let k = 0; k < seen[0].length; k++) {
    let out = 0
    for (let c = 0; c < channels; c++) if (sides[c] * seen[c][k] >= 0) out += (seen[c][k] / grain[c]) ** 2
    if (out > channels * beyond ** 2) for (let c = 0; c < channels; c++) ink[c] += out * seen[c][k]
  }
  if (ink.every(v => v === 0)) return undefined
  const weights = ink.map((v, c) => v / grain[c] ** 2)
  const size = weights.reduce((sum, v) => sum + Math.abs(v), 0)
  const light = ink.reduce((sum, v, c) => sum + v * (channels === 3 ? luma[c] : 1), 0)
  return { weights: weights.map(v => v / size), ground: light < 0 ? 'light' : 'dark' }
}
/** So many pixels tell the ink's colour. */
const enough = 1e5
/** Drawings have no grain, but channels do not differ by that. */
const leastGrain = 0.01
/** ITU-R BT.601. */
const luma = [0.299, 0.587, 0.114]

/** Turns contrasts into strengths, from 0 for paper to 255; false if nothing stands out, or more than a share of it. */
function stretch(contrast: Float32Array, mostInk: number): boolean {
  const most = contrast.reduce((a, b) => Math.max(a, b), 0)
  if (most < faintest) return false
  const scale = 1023 / most
  const counts = new Uint32Array(1024)
  for (const v of contrast) if (v > 0) counts[Math.round(v * scale)]++
  const floor = beyond * sideOf(contrast, -1) * scale
  let [first, second] = [0, 0]
  for (let v = Math.floor(floor) + 1; v < 1024; v++) {
    first += counts[v] * (v - floor)
    second += counts[v] * (v - floor) ** 2
  }
  if (first === 0) return false
  const typical = second / first // the mean contrast of ink, the stronger the heavier
  const [from, full] = [floor + begins * typical, floor + typical]
  let covered = 0
  for (let v = Math.ceil(from); v < 1024; v++) covered += counts[v]
  if (covered > mostInk * contrast.length) return false
  for (let k = 0; k < contrast.length; k++)
    contrast[k] = 255 * Math.min(1, Math.max(0, (contrast[k] * scale - from) / (full - from)))
  return true
}

/**
 * The standard deviation of the paper's grain. Ink is on one side of the paper's level: on the other, what differs is grain alone,
 * half of it by more than the median deviation, which is 1/1.48 of the standard deviation if the grain is normal.
 */
const grainOf = (differences: ArrayLike<number>) => Math.min(sideOf(differences, -1), sideOf(differences, 1))

function sideOf(differences: ArrayLike<number>, sign: number): number {
  const step = Math.max(1, Math.floor(differences.length / enough))
  const side: number[] = []
  for (let k = 0; k < differences.length; k += step) if (sign * differences[k] >= 0) side.push(sign * differences[k])
  return 1.48 * (Float32Array.from(side).sort()[side.length >> 1] ?? 0)
}
