// The fifteen corruptions of MNIST-C (Mu & Gilmer 2019, "MNIST-C: A Robustness Benchmark for Computer Vision", arXiv:1906.02337), written anew
// from what the paper says; their constants are those of https://github.com/google-research/mnist-c. They differ from that
// data set in the numbers that are drawn. Of what it was made with (scikit-image, ImageMagick) the formulas stand below.
import { normal, type Random } from '../engine/index.js'
import { bilinear, blank, eachPixel, type Image } from '../data/image.js'

export interface Corruption {
  /** What is done, with its constants. */
  readonly constants: string
  /** From an image [28,28] of 0 to 1 to another one. */
  readonly apply: (x: Image, rng: Random) => Image
}

const side = 28
const middle = (side - 1) / 2

/** y = rule(x, row, column), cut to 0 to 1. */
function map(x: Image, rule: (v: number, i: number, j: number) => number): Image {
  const y = blank(side, side)
  eachPixel(x, (i, j, v) => y.set(i, j, Math.min(1, Math.max(0, rule(v, i, j)))))
  return y
}

const pixels = (rule: (i: number, j: number) => number) => {
  const y = blank(side, side)
  eachPixel(y, (i, j) => y.set(i, j, rule(i, j)))
  return y
}
const clamp = (i: number) => Math.min(side - 1, Math.max(0, i))
const sign = (rng: Random) => (rng() < 0.5 ? -1 : 1)
/** A whole number from `from` to before `to`. */
const whole = (rng: Random, from: number, to: number) => from + Math.floor(rng() * (to - from))

/** How often something happens that happens `mean` times on average (Knuth 1969). */
function poisson(mean: number, rng: Random): number {
  const least = Math.exp(-mean)
  let [count, product] = [-1, 1]
  do {
    count++
    product *= rng()
  } while (product > least)
  return count
}

/** A Gaussian blur, cut off at four standard deviations; beyond the edge it goes on as at the edge, or is 0. */
function blur(x: Image, sigma: number, outside: 'edge' | 'zero' = 'edge'): Image {
  const reach = Math.floor(4 * sigma + 0.5)
  const weights = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-((k - reach) ** 2) / (2 * sigma ** 2)))
  const sum = weights.reduce((a, b) => a + b)
  const along = (at: (k: number) => number) =>
    weights.reduce((total, weight, k) => total + (weight / sum) * at(k - reach), 0)
  const at = (image: Image, i: number, j: number) =>
    outside === 'zero' && (i !== clamp(i) || j !== clamp(j)) ? 0 : image.get(clamp(i), clamp(j))
  const rows = pixels((i, j) => along(k => at(x, i + k, j)))
  return pixels((i, j) => along(k => at(rows, i, j + k)))
}

/** y(column, row) = x(matrix · (column, row)), both counted from the middle; between pixels the bilinear mean, outside 0. */
const affine = (x: Image, [a, b, c, d]: readonly [number, number, number, number]) =>
  map(x, (_, i, j) => {
    const [u, v] = [j - middle, i - middle]
    return bilinear(x, middle + c * u + d * v, middle + a * u + b * v)
  })

/** Fog: the diamond-square algorithm (Fournier, Fussell & Carpenter 1982) on a torus of `size`², a power of 2, from 0 to 1. */
function plasma(size: number, decay: number, rng: Random): (i: number, j: number) => number {
  const map = new Float64Array(size * size)
  const at = (i: number, j: number) => map[(i & (size - 1)) * size + (j & (size - 1))]
  let wobble = 100
  const set = (i: number, j: number, sum: number) => (map[i * size + j] = sum / 4 + wobble ** 2 * (2 * rng() - 1))
  for (let step = size; step >= 2; step /= 2, wobble /= decay) {
    const half = step / 2
    for (let i = half; i < size; i += step)
      for (let j = half; j < size; j += step)
        set(i, j, at(i - half, j - half) + at(i - half, j + half) + at(i + half, j - half) + at(i + half, j + half))
    for (let i = 0; i < size; i += half)
      for (let j = (i + half) % step; j < size; j += step)
        set(i, j, at(i - half, j) + at(i + half, j) + at(i, j - half) + at(i, j + half))
  }
  const [least, most] = [map.reduce((a, b) => Math.min(a, b)), map.reduce((a, b) => Math.max(a, b))]
  return (i, j) => (at(i, j) - least) / (most - least)
}

/** Light along a line from one column to another: 1 + ln(1 − distance / 2.3), the distance taken down the column. */
function line([fromColumn, fromRow]: readonly [number, number], [toColumn, toRow]: readonly [number, number]): Image {
  return pixels((i, j) => {
    if (toColumn === fromColumn || j < Math.floor(fromColumn) || j >= Math.ceil(toColumn)) return 0
    const row = fromRow + ((toRow - fromRow) * (j - fromColumn)) / (toColumn - fromColumn)
    const distance = Math.min(2.3 - 1e-10, Math.abs(i - row))
    return Math.max(0, Math.log(1 - distance / 2.3) + 1)
  })
}

function zigzag(x: Image, rng: Random): Image {
  const [length, width, from, to] = [2, 2, 2, 25]
  const row = whole(rng, 0, 27)
  const angle = Math.atan(whole(rng, -5, 5) / (to - from))
  const whole_ = (to - from) / Math.cos(angle)
  const corners: [number, number][] = [[0, 0]]
  for (let i = 0; i <= Math.floor((whole_ - length) / (2 * length)); i++)
    corners.push([(2 * i + 1) * length, i % 2 === 0 ? width : -width])
  const rest = whole_ - 2 * length * Math.floor(whole_ / (2 * length))
  if (rest > 0) corners.push([whole_, corners.at(-1)![1] / (2 * rest)])
  const turned = corners.map(([u, v]): [number, number] => [
    from + u * Math.cos(angle) - v * Math.sin(angle),
    row + u * Math.sin(angle) + v * Math.cos(angle),
  ])
  let y = x
  for (let k = 1; k < turned.length; k++) {
    const stroke = line(turned[k - 1], turned[k])
    y = map(y, (v, i, j) => v + stroke.get(i, j))
  }
  return y
}

/**
 * Pixels are swapped with a neighbour above or left of them, or not, between two blurs.
 */
function glass(x: Image, rng: Random): Image {
  const [sigma, reach, times] = [0.7, 1, 2]
  const y = map(blur(x, sigma), v => Math.floor(255 * v) / 255)
  for (let n = 0; n < times; n++)
    for (let i = side - reach; i > reach; i--)
      for (let j = side - reach; j > reach; j--) {
        if (rng() < 0.5) continue
        const [k, l] = [i + whole(rng, -reach, reach), j + whole(rng, -reach, reach)]
        const swapped = y.get(i, j)
        y.set(i, j, y.get(k, l))
        y.set(k, l, swapped)
      }
  return blur(y, sigma)
}

/** The trail of a moving camera: half a Gaussian along a direction, as ImageMagick's -motion-blur has it. */
function motion(x: Image, rng: Random): Image {
  const [radius, sigma] = [10, 3]
  const angle = (Math.PI / 180) * (90 * rng() - 45)
  const weights = Array.from({ length: 2 * radius + 1 }, (_, k) => Math.exp(-(k ** 2) / (2 * sigma ** 2)))
  const sum = weights.reduce((a, b) => a + b)
  const [down, right] = [Math.sin, Math.cos].map(f => weights.map((_, k) => Math.ceil(k * f(angle) - 0.5)))
  return map(x, (_, i, j) =>
    weights.reduce((y, weight, k) => y + (weight / sum) * x.get(clamp(i + down[k]), clamp(j + right[k])), 0),
  )
}

/** Drops of mud: where blurred noise is high. */
function spatter(x: Image, rng: Random): Image {
  const noise = blur(
    pixels(() => 0.65 + 0.3 * normal(rng)),
    1,
  )
  const mud = blur(
    pixels((i, j) => (noise.get(i, j) > 0.65 ? 1 : 0)),
    1.5,
  )
  return map(x, (v, i, j) => {
    const m = mud.get(i, j) < 0.8 ? 0 : mud.get(i, j)
    return v * (1 - m) + (m * 63) / 255
  })
}

/**
 * Edges (Canny 1986): of the blurred image's gradient, where it is largest across the edge, what is at least `high`, and what is at least
 * `low` and joined to that.
 */
function canny(x: Image): Image {
  const [low, high] = [0.1, 0.2]
  const part = blur(
    pixels(() => 1),
    1,
    'zero',
  )
  const smooth = blur(x, 1, 'zero')
  const at = (i: number, j: number) => smooth.get(clamp(i), clamp(j)) / part.get(clamp(i), clamp(j))
  const sobel = (i: number, j: number, di: number, dj: number) => {
    const across = (k: number) => at(i + di + k * dj, j + dj + k * di) - at(i - di + k * dj, j - dj + k * di)
    return across(-1) + 2 * across(0) + across(1)
  }
  const down = pixels((i, j) => sobel(i, j, 1, 0))
  const right = pixels((i, j) => sobel(i, j, 0, 1))
  const size = pixels((i, j) => Math.hypot(down.get(i, j), right.get(i, j)))
  /** The gradient's size one pixel away along its direction, between the two pixels that are next to that. */
  const beyond = (i: number, j: number, way: 1 | -1) => {
    const [v, u] = [down.get(i, j), right.get(i, j)]
    const [di, dj] = [way * Math.sign(v), way * Math.sign(u)]
    const [far, near] = [Math.max(Math.abs(v), Math.abs(u)), Math.min(Math.abs(v), Math.abs(u))]
    const straight = Math.abs(v) > Math.abs(u) ? size.get(i + di, j) : size.get(i, j + dj)
    return straight + (near / far) * (size.get(i + di, j + dj) - straight)
  }
  const isInside = (i: number, j: number) => i > 0 && j > 0 && i < side - 1 && j < side - 1
  const edges = pixels((i, j) => {
    const v = isInside(i, j) ? size.get(i, j) : 0
    return v >= low && v >= beyond(i, j, 1) && v >= beyond(i, j, -1) ? v : 0
  })
  const joined = blank(side, side)
  const visit = (i: number, j: number) => {
    if (!isInside(i, j) || joined.get(i, j) || !edges.get(i, j)) return
    joined.set(i, j, 1)
    for (let di = -1; di <= 1; di++) for (let dj = -1; dj <= 1; dj++) visit(i + di, j + dj)
  }
  eachPixel(edges, (i, j, v) => v >= high && visit(i, j))
  return joined
}

/** In the paper's order. */
export const corruptions: Readonly<Record<string, Corruption>> = {
  'shot noise': {
    constants: 'each pixel of level v becomes Poisson(3 v) / 3',
    apply: (x, rng) => map(x, v => poisson(3 * v, rng) / 3),
  },
  'impulse noise': {
    constants: '17 % of the pixels become 0 or 1, half of them each',
    apply: (x, rng) => map(x, v => (rng() < 0.17 ? Math.round(rng()) : v)),
  },
  'glass blur': {
    constants: 'σ = 0.7 before and after; twice, half of the pixels swap with one at most 1 above or left',
    apply: glass,
  },
  'motion blur': { constants: 'radius 10, σ = 3, from −45° to 45°', apply: motion },
  'shear': {
    constants: '±0.4 radians',
    apply: (x, rng) => {
      const c = 0.4 * sign(rng)
      return affine(x, [1, -Math.sin(c), 0, Math.cos(c)])
    },
  },
  'scale': { constants: 'to 0.7 of its size', apply: x => affine(x, [1 / 0.7, 0, 0, 1 / 0.7]) },
  'rotate': {
    constants: '±0.4 radians (23°)',
    apply: (x, rng) => {
      const c = 0.4 * sign(rng)
      return affine(x, [Math.cos(c), -Math.sin(c), Math.sin(c), Math.cos(c)])
    },
  },
  'brightness': { constants: '+0.5, cut off at 1', apply: x => map(x, v => v + 0.5) },
  'translate': {
    constants: '±3 pixels down, ±3 across',
    apply: (x, rng) => {
      const [down, right] = [3 * sign(rng), 3 * sign(rng)]
      return map(x, (_, i, j) => bilinear(x, i + down, j + right))
    },
  },
  'stripe': {
    constants: '7 columns on either side inverted',
    apply: x => map(x, (v, _, j) => (j < 7 || j >= 21 ? 1 - v : v)),
  },
  'fog': {
    constants: 'x + 3 × a plasma of 256² whose wobble falls by 1.4 a level; then × max / (max + 3)',
    apply: (x, rng) => {
      const cloud = plasma(256, 1.4, rng)
      const most = x.data.reduce((a, b) => Math.max(a, b))
      return map(x, (v, i, j) => ((v + 3 * cloud(i, j)) * most) / (most + 3))
    },
  },
  'spatter': {
    constants: 'noise of 0.65 ± 0.3, blurred with σ = 1; above 0.65, blurred with σ = 1.5, mud of 63/255 where that is 0.8',
    apply: spatter,
  },
  'dotted line': {
    constants: 'from edge to edge, every other pair of columns',
    apply: (x, rng) => {
      const dots = line([0, whole(rng, 0, 27)], [27, whole(rng, 0, 27)])
      return map(x, (v, i, j) => v + (j % 4 < 2 && j < 28 ? 0 : dots.get(i, j)))
    },
  },
  'zigzag': { constants: 'from column 2 to 25, 2 wide, turning every 4', apply: zigzag },
  'canny edges': { constants: 'σ = 1, thresholds 0.1 and 0.2', apply: canny },
} // prettier-ignore
