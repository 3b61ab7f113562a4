// Networks that read digits, as the models do, for which backends have paths of their own: what is blank, what is pruned, what
// relu and pooling leave at 0. Free drafts (program.ts) hardly ever come to the end of such a path; these mostly do, with
// changes of each part: now and then another size, a reshape in between, no bias, no relu.
import type { Shape } from '../../engine/index.js'
import { rows, type Draft, type Style } from './program.js'

type Recipe = (d: Draft, next: () => void) => void

const batches = [2, 1, 3, 8, 9, 17, 33, 65, 129]

/** Images, one after the other or picked from a set. */
function images(d: Draft, [n, ...shape]: Shape) {
  const set = d.once(2) ? d.choose([7, 1, 40]) : undefined
  d.add({ op: 'pixels', shape: [n, ...shape], style: d.style('pixels'), ...(set && { set }) })
}

/** A convolution with what follows it, as a rule bias and relu. */
function convolve(d: Draft, [kh, kw]: readonly number[], co: number, style?: Style) {
  const x = d.values.length - 1
  const [n, h, w, ci] = d.shapeOf(x)
  const shape = [n, h - kh + 1, w - kw + 1, co]
  if (kh > h || kw > w || !d.affords(shape.reduce((a, b) => a * b) * kh * kw * ci, 0)) return false
  const weights = d.add({ op: 'parameter', shape: [kh, kw, ci, co], style: style ?? d.style('weights') })
  d.add({ op: 'conv2d', inputs: [x, weights], shape, stride: 1, padding: 'valid' })
  finish(d)
  return true
}

/** A dense layer. */
function dense(d: Draft, n: number) {
  const x = d.values.length - 1
  const [m, k] = d.shapeOf(x)
  if (!d.affords(m * k * n, 0)) return false
  const weights = d.add({ op: 'parameter', shape: [k, n], style: d.style('weights') })
  d.add({ op: 'matmul', inputs: [x, weights], shape: [m, n] })
  return true
}

/** Bias and relu, but for exceptions; read in between once in a while. */
function finish(d: Draft) {
  const read = () => {
    const last = d.values.at(-1)!
    if (d.once(12) && 'inputs' in last) last.read = d.choose(['early', 'late'] as const)
  }
  read()
  if (!d.once(8)) bias(d)
  read()
  const x = d.values.length - 1
  if (!d.once(8)) d.add({ op: 'relu', inputs: [x], shape: d.shapeOf(x) })
  read()
}

function bias(d: Draft) {
  const x = d.values.length - 1
  const shape = d.shapeOf(x)
  const b = d.add({ op: 'parameter', shape: [shape.at(-1)!], style: d.style('weights') })
  d.add({ op: 'bias', inputs: [x, b], shape })
}

/** Images under another height, width or number of channels. */
function turn(d: Draft) {
  const x = d.values.length - 1
  const [n, h, w, c] = d.shapeOf(x)
  const shapes = [[n, h, 2 * w, c / 2], [n, 2 * h, w, c / 2], [n, w, h, c], [n, 1, h * w, c], [n, h, w / 2, 2 * c], [n, h / 2, w, 2 * c], [1, n * h, w, c], [n, h, 4 * w, c / 4]] // prettier-ignore
  d.reshape(x, d.choose(shapes.filter(shape => shape.every(Number.isInteger))))
}

function flatten(d: Draft) {
  const x = d.values.length - 1
  const shape = d.shapeOf(x)
  d.reshape(x, [shape[0], shape.slice(1).reduce((a, b) => a * b, 1)])
}

function pool(d: Draft) {
  const x = d.values.length - 1
  const [n, h, w, c] = d.shapeOf(x)
  if (h < 2 || w < 2) return
  d.add({ op: 'maxPool2d', inputs: [x], shape: [n, h >> 1, w >> 1, c], size: 2, stride: 2 })
}

/** The loss, or none: then gradients begin with data. */
function lose(d: Draft, certain = false) {
  const logits = d.values.length - 1
  if (!certain && d.once(3)) return
  const smoothing = d.choose([undefined, undefined, undefined, 0.125])
  const loss = (of: number) => d.add({ op: 'crossEntropy', inputs: [of], shape: [], ...(smoothing && { smoothing }) })
  loss(logits)
  // The same scores under the same shape, or another.
  if (d.once(certain ? 2 : 4)) loss(d.once(2) ? logits : d.reshape(logits, d.factors(logits, 2)))
}

/** The largest batch that leaves so many multiplications of the budget to each image. */
const batch = (d: Draft, work: number) => Math.max(1, Math.min(d.choose(batches), Math.floor(d.budget / work)))

export const recipes: Readonly<Record<string, Recipe>> = {
  /** Pixels through two convolutions, pooling and two dense layers. */
  convnet(d, next) {
    const side = d.choose([8, 10, 7, 12, 9, 14])
    const other = d.choose([side, side + 1, side])
    const co = d.usual(32, [32, 64, 8])
    const n = batch(d, 9 * side * other * co * 9)
    images(d, [n, side, other, 1])
    next()
    if (!convolve(d, d.usual([3, 3], [[3, 3], [2, 2], [3, 4], [1, 1]]), co)) return // prettier-ignore
    next()
    if (d.once(2)) turn(d)
    if (!convolve(d, d.usual([3, 3], [[3, 3], [2, 2]]), d.choose([8, 16, 4, 3, 32]))) return // prettier-ignore
    next()
    if (d.once(6)) turn(d)
    if (!d.once(6)) pool(d)
    flatten(d)
    next()
    if (dense(d, d.choose([32, 10, 33, 4]))) finish(d)
    next()
    if (d.once(2) && dense(d, 10)) bias(d)
    lose(d)
  },

  /** Numbers through a convolution with weights that are mostly 0, and pooling: what Winograd's algorithm is for. */
  pooled(d, next) {
    const side = d.choose([6, 8, 5, 7, 11])
    const ci = d.usual(8, [8, 4, 16, 24, 3])
    const co = d.choose([8, 4, 16, 3, 9])
    const n = batch(d, 4 * side * side * ci * co * 9)
    d.add({ op: 'data', shape: [n, side, side, ci], style: d.style('data'), wanted: d.once(2) })
    if (d.once(3)) finish(d)
    next()
    const sparse = d.kind === 'exact' ? 'pruned' : d.choose(['shift', 'pruned', 'shift', undefined] as const)
    if (!convolve(d, [3, 3], co, sparse)) return
    pool(d)
    next()
    if (d.once(2)) {
      flatten(d)
      if (dense(d, d.choose([10, 32]))) lose(d)
    } else if (convolve(d, [3, 3], 8)) pool(d)
  },

  /** Pixels through dense layers. */
  dense(d, next) {
    const [side, n] = [d.choose([8, 28, 14, 5, 16]), d.choose([16, 32, 33, 64, 5, 128])]
    images(d, [batch(d, 4 * side * side * n), side, side])
    if (d.once(4)) finish(d)
    flatten(d)
    next()
    if (!dense(d, n)) return
    finish(d)
    next()
    if (d.once(4)) d.reshape(d.values.length - 1, d.factors(d.values.length - 1, 2))
    if (dense(d, d.choose([10, 32, 3]))) bias(d)
    next()
    lose(d)
  },

  /** Losses of scores of any size. */
  scores(d, next) {
    const [m, n] = [batch(d, 100), d.choose([3, 10, 1, 7, 16])]
    d.add({ op: 'data', shape: [m, n], style: d.choose(['heights', 'peaks', d.style('data')]), wanted: true })
    if (d.once(3)) bias(d)
    next()
    lose(d, true)
  },

  /** Functions of one number, one after the other. */
  functions(d, next) {
    const names = 'exp log sqrt tanh sigmoid softplus gelu leakyRelu softmax'.split(' ')
    d.add({ op: 'data', shape: [batch(d, 1000), d.choose([10, 3, 33])], style: d.style('data'), wanted: true })
    d.within = true
    for (let i = 0; i < 3; i++) {
      next()
      rows[d.choose(names)].draw(d)
    }
  },

  /** So many of relu's numbers that their zeros are listed. */
  wide(d, next) {
    const m = d.choose([128, 129, 130])
    const x = d.add({ op: 'data', shape: [m, 3], style: d.style('data') })
    const w = d.add({ op: 'parameter', shape: [3, 2048], style: d.style('weights') })
    d.add({ op: 'matmul', inputs: [x, w], shape: [m, 2048] })
    finish(d)
    next()
    if (d.once(4)) d.reshape(d.values.length - 1, [2 * m, 1024])
    const y = d.values.length - 1
    if (!dense(d, d.usual(32, [32, 33, 40, 31]))) return
    finish(d)
    next()
    if (d.once(4)) {
      // The same zeros as lists of other rows.
      d.reshape(y, [m / 2, 4096].every(Number.isInteger) ? [m / 2, 4096] : [m, 2048])
      dense(d, 32)
    } else if (d.once(2) && dense(d, 10)) lose(d)
  },

  /** As many behind a convolution and its pooling. */
  widePooled(d, next) {
    const m = d.choose([128, 129])
    if (d.once(2)) {
      images(d, [m, 20, 21, 1])
      next()
      if (!convolve(d, [3, 3], 32)) return
    } else {
      d.add({ op: 'data', shape: [m, 14, 14, 8], style: d.style('data') })
      next()
      if (!convolve(d, [3, 3], 64)) return
    }
    pool(d)
    next()
    flatten(d)
    if (dense(d, d.usual(32, [33, 31, 40]))) finish(d)
    next()
    if (d.once(2) && dense(d, 10)) lose(d)
  },
}

/** Which of these need a large budget. */
export const wide: ReadonlySet<string> = new Set(['wide', 'widePooled'])
