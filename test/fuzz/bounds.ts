// The reference with error bounds: every kernel of the contract in Float64 and, for each number of its result, how far a
// float32 backend may be from it, whatever order it sums in (running error analysis: Wilkinson 1963; Higham, "Accuracy
// and stability of numerical algorithms", 2002, chapter 3). With u = 2⁻²⁴, a sum of n products is off by at most
//    (n + 2) · u · Σ |x|·|w|   +   what the errors of x and w make of it.
// Three things are exact, and then demanded bit for bit:
//  - sums of which all terms are 0: a result that is 0 for want of ink or of weights has no error at all;
//  - sums on a grid: when all terms are multiples of 2^g and Σ|x|·|w| < 2^(g+24), float32 rounds nothing. Small whole
//    numbers stay exact through whole networks, and with them every tie, mask and argmax;
//  - decisions whose margin is larger than the error. Where it is not (relu near 0, almost equal cells of a pooling
//    window), either outcome is right, and what is behind it gets a bound that allows both; `undecided` counts these.
import { eager } from '../../engine/backends/gathered.js'
import { cpu, type AdamStep, type AveragePool2dShape, type Backend, type Buffer, type Conv2dShape, type Pool2dShape, type Values } from '../../engine/index.js' // prettier-ignore
import { FADED } from '../../engine/backend.js'

/** Numbers, their bounds, and the grid: a power of two that all of them are multiples of, 0 if there is none to speak of. */
export interface Bounded extends Buffer {
  readonly value: Float64Array
  /** Infinity where nothing can be said, for instance because a float32 sum may overflow. */
  readonly error: Float64Array
  readonly grid: number
  /** Whether these are pixels: a backend may keep grey levels, and divide where it likes. */
  readonly grey?: boolean
  /** Of sums: of how many products. A bias may be the first to be added, and then each sum rounds at its size. */
  readonly terms?: number
  /** Of what a 3x3 convolution made: how far off it may be, besides, if it is pooled and no gradient will be asked for. */
  readonly rough?: Float64Array
}

const U = 2 ** -24
/** Half the distance of the smallest numbers of float32, where errors are no longer relative. */
const TINY = 2 ** -149
/** Below this, exp may be 0. */
const SMALL = 2 ** -124
const LARGEST = (2 - 2 ** -23) * 2 ** 127

export interface Bounds extends Backend<Bounded> {
  /** How many decisions of relu and maxPool were closer than the error. */
  readonly undecided: number
}

export function bounds(): Bounds {
  const reference = cpu({ precision: 'float64' })
  let live = 0
  let undecided = 0

  /** A result of the Float64 reference, whose buffer nobody else needs. */
  function taken(buffer: Values): Float64Array {
    reference.free(buffer)
    return buffer as Float64Array
  }

  function make(value: Float64Array, error: Float64Array, grid: number): Bounded {
    for (let i = 0; i < value.length; i++) {
      const e = error[i]
      if (e < Infinity && Math.abs(value[i]) + e <= LARGEST) continue
      // A sum that overflows in any order is not a finite number: that can be demanded. Behind it, nothing can.
      const certain = e < Infinity && Math.abs(value[i]) - e > LARGEST
      value[i] = certain ? Math.sign(value[i]) * Infinity : 0
      error[i] = Infinity
    }
    live++
    return { length: value.length, value, error, grid }
  }

  /** A result that no rounding changes. */
  const same = (value: Float64Array, error: Float64Array, grid: number) => make(value, error, grid)

  /**
   * A kernel that sums products of x and w, `terms` at a time. `most` is the largest number that may occur on the way, on the
   * products' grid, if that is more than the sum of the products.
   */
  function products(
    x: Bounded,
    w: Bounded,
    terms: number,
    kernel: (x: Values, w: Values) => Values,
    most = 0,
  ): Bounded {
    const value = taken(kernel(x.value, w.value))
    const magnitude = taken(kernel(absolute(x.value), absolute(w.value)))
    const error = new Float64Array(value.length)
    if (largest(x.error) > 0 || largest(w.error) > 0) {
      const widest = taken(kernel(widened(x), widened(w)))
      for (let i = 0; i < error.length; i++) error[i] = beyond(widest[i] - magnitude[i], 1e-15 * magnitude[i])
    }
    const grid = x.grid * w.grid
    const exact = grid > 0 && Math.max(most, largest(magnitude) + largest(error)) <= grid * 2 ** 24
    if (!exact) round(value, magnitude, error, (terms + 2) * U, terms * TINY)
    return { ...make(value, error, exact ? grid : 0), ...(!exact && { terms }) }
  }

  /** As above, with zeros around an image, which may be multiplied or left out: 0 · ∞ is not a number. */
  const convolution: typeof products = (x, w, ...rest) => {
    const y = products(x, w, ...rest)
    return largest(x.error) < Infinity && largest(w.error) < Infinity ? y : unknown(y)
  }

  /** Sums of at most a window's numbers, divided by their count: exact if that is a power of two. */
  function averages(x: Bounded, { kh, kw }: AveragePool2dShape, kernel: (x: Values) => Values): Bounded {
    const count = kh * kw
    const part = Number.isInteger(Math.log2(count)) ? 1 / count : 0
    const y = products(x, { ...ones, grid: part }, count + 2, kernel)
    return count * largest(widened(x)) > LARGEST ? unknown(y) : y
  }

  /**
   * Adds the error of rounding: `relative` to the magnitude, and `tiny` where there is anything at all. Where the magnitude
   * overflows and the sum does not, it depends on the order whether the result is finite.
   */
  function round(value: Float64Array, magnitude: Float64Array, error: Float64Array, relative: number, tiny: number) {
    for (let i = 0; i < error.length; i++) {
      const m = magnitude[i] + error[i]
      if (m === 0) continue
      error[i] += relative * m + tiny
      if (m > LARGEST && !(Math.abs(value[i]) - error[i] > LARGEST)) error[i] = Infinity
    }
  }

  /** a + sign · b, the shorter repeated; rounded unless it is exact on the grid, or one of the two is exactly 0. */
  function sums(a: Bounded, b: Bounded, sign = 1): Bounded {
    const value = new Float64Array(Math.max(a.length, b.length))
    const error = new Float64Array(value.length)
    const grid = Math.min(a.grid, b.grid)
    const exact = grid > 0 && largest(widened(a)) + largest(widened(b)) <= grid * 2 ** 24
    for (let i = 0; i < value.length; i++) {
      const [p, ep] = [a.value[i % a.length], a.error[i % a.length]]
      const [q, eq] = [sign * b.value[i % b.length], b.error[i % b.length]]
      value[i] = p + q
      error[i] = ep + eq
      if (!exact && !(p === 0 && ep === 0) && !(q === 0 && eq === 0)) {
        error[i] += U * (Math.abs(p + q) + ep + eq + (a.terms ?? 0) * (Math.abs(q) + eq))
      }
    }
    const rough = b.length < a.length && a.rough?.map((r, i) => r + 2 * U * Math.abs(b.value[i % b.length]))
    return { ...make(value, error, exact ? grid : 0), ...(rough && { rough }) }
  }

  const relu = ({ value, error, grid, rough }: Bounded): Bounded => ({
    ...same(
      value.map(v => Math.max(v, 0)),
      error.map((e, i) => (value[i] + e <= 0 ? 0 : e)),
      grid,
    ),
    ...(rough && { rough }),
  })

  /** dx = dy where `switched` is above 0 and `below` · dy elsewhere. */
  function switchGrad(switched: Bounded, dy: Bounded, below: number): Bounded {
    const value = dy.value.map((v, i) => (switched.value[i] > 0 ? v : below * v))
    const error = dy.error.map((e, i) => {
      if (switched.value[i] > switched.error[i]) return e
      if (switched.value[i] + switched.error[i] <= 0) return below * e + 4 * U * Math.abs(value[i])
      undecided++
      return e + Math.abs(dy.value[i])
    })
    return same(value, error, below === 0 ? dy.grid : 0)
  }

  /** kept · w − rate · v for an optimizer's step. */
  function stepped(w: Bounded, v: Bounded, rate: number, kept = 1): Bounded {
    const grid = Math.min(w.grid, gridOf(Float64Array.of(rate)) * v.grid)
    const exact = kept === 1 && grid > 0 && largest(widened(w)) + Math.abs(rate) * largest(widened(v)) <= grid * 2 ** 24
    const value = w.value.map((x, i) => kept * x - rate * v.value[i])
    const error = w.error.map((e, i) => {
      const by = Math.abs(rate * v.value[i])
      const off = e + Math.abs(rate) * v.error[i]
      return exact || (kept === 1 && by === 0 && off === 0)
        ? off
        : off + 4 * U * (by + Math.abs(w.value[i]) + off) + TINY
    })
    return make(value, error, exact ? grid : 0)
  }

  /** Pixels. Ink of 0 and 255 is 0 and 1; 1/256 leaves room for sums of grey levels that are divided at the end. */
  function grey(value: Float64Array): Bounded {
    const ink = value.every(v => v === 0 || v === 1)
    const error = value.map(v => (ink ? 0 : 2 * U * v))
    return { ...make(value, error, ink ? 1 / 256 : 0), grey: true }
  }

  const b: Bounds = {
    name: 'bounds',
    get live() {
      return live
    },
    get undecided() {
      return undecided
    },
    program(fn) {
      return eager(this, fn)
    },
    async dispose() {
      await reference.dispose()
    },
    upload(values) {
      const value = Float64Array.from(values)
      return make(value, new Float64Array(value.length), gridOf(value))
    },
    uploadPixels: pixels => grey(taken(reference.uploadPixels(pixels))),
    gather(examples, indices) {
      const value = taken(reference.gather(examples, indices))
      if (examples.values instanceof Uint8Array) return grey(value)
      return same(value, new Float64Array(value.length), gridOf(value))
    },
    download: async x => x.value,
    free() {
      live--
    },

    matmul(x, w, m, k, n, t) {
      // A gradient of grey levels may be divided before it is summed: then ink is not exactly 1.
      const left = t?.x && x.grey ? { ...x, grid: 0 } : x
      const y = products(left, w, k, (x, w) => reference.matmul(x, w, m, k, n, t))
      // And a sum of grey levels may be 255 times as large before it is divided.
      return x.grey && 255 * k * largest(widened(w)) > LARGEST ? unknown(y) : y
    },
    addBias: (x, bias) => sums(x, bias),
    biasGrad: (dy, m, n) => products(dy, ones, m, dy => reference.biasGrad(dy, m, n)),

    unary(f, x) {
      if (f === 'relu') return relu(x)
      const at = (x: Float64Array) => taken(reference.unary(f, x))
      const value = at(x.value)
      const low = at(x.value.map((v, i) => v - x.error[i]))
      const high = at(x.value.map((v, i) => v + x.error[i]))
      const error = value.map((y, i) => {
        const e = x.error[i]
        if (e === Infinity) return e // which may be no number
        const off = f === 'gelu' ? 1.2 * e : Math.max(beyond(high[i] - y), beyond(y - low[i])) // gelu alone has a minimum
        const size = Math.abs(x.value[i])
        return off + 16 * U * (Math.abs(y) * (1 + size) + Math.min(1, size)) + SMALL
      })
      return make(value, error, 0)
    },
    unaryGrad(f, x, y, dy) {
      if (f === 'relu') return switchGrad(y, dy, 0)
      if (f === 'leakyRelu') return switchGrad(x, dy, 0.01)
      const one = new Float64Array(dy.length).fill(1)
      const at = (side: number, other: number) =>
        taken(
          reference.unaryGrad(
            f,
            x.value.map((v, i) => v + side * x.error[i]),
            y.value.map((v, i) => v + other * y.error[i]),
            one,
          ),
        )
      const slope = at(0, 0)
      const corners = [at(1, 1), at(1, -1), at(-1, 1), at(-1, -1)]
      const value = slope.map((g, i) => g * dy.value[i])
      const error = slope.map((g, i) => {
        const size = Math.abs(x.value[i])
        const off =
          Math.max(...corners.map(corner => beyond(2 * (corner[i] - g)))) + 16 * U * (1 + Math.abs(g) * (1 + size))
        return beyond(Math.abs(dy.value[i]) * off + dy.error[i] * (Math.abs(g) + off)) + SMALL
      })
      return make(value, error, 0)
    },
    add: (a, c) => sums(a, c),
    sub: (a, c) => sums(a, c, -1),
    mul(a, c) {
      const grid = a.grid * c.grid
      const exact = grid > 0 && largest(widened(a)) * largest(widened(c)) <= grid * 2 ** 24
      const value = taken(reference.mul(a.value, c.value))
      const error = value.map((v, i) => {
        const [p, ep] = [Math.abs(a.value[i % a.length]), a.error[i % a.length]]
        const [q, eq] = [Math.abs(c.value[i % c.length]), c.error[i % c.length]]
        const e = beyond(p * eq + q * ep + ep * eq)
        return exact || p + ep === 0 || q + eq === 0 ? e : e + U * (Math.abs(v) + e) + TINY
      })
      // A row may multiply the weights that a made its sums of: they stay sums.
      const y = make(value, error, exact ? grid : 0)
      if (c.length === a.length) return y
      const rough = a.rough?.map((r, i) => beyond(r * (Math.abs(c.value[i % c.length]) + c.error[i % c.length])))
      return { ...y, ...(a.terms && { terms: a.terms }), ...(rough && { rough }) }
    },
    div(a, c) {
      const value = taken(reference.div(a.value, c.value))
      const error = value.map((v, i) => {
        const [q, eq] = [Math.abs(c.value[i % c.length]), c.error[i % c.length]]
        const e = q > eq ? beyond((a.error[i % a.length] + Math.abs(v) * eq) / (q - eq)) : Infinity
        return e + 4 * U * (Math.abs(v) + e) + TINY
      })
      return make(value, error, 0)
    },
    dropoutMask(length, probability, kept, key) {
      const value = taken(reference.dropoutMask(length, probability, kept, key))
      return make(value.map(Math.fround), new Float64Array(length), 0)
    },
    repeat(x, times) {
      const long = (v: Float64Array) => taken(reference.repeat(v, times))
      return same(long(x.value), long(x.error), x.grid)
    },

    conv2d(x, w, s) {
      const most = transformed(x, w, s, i => i % s.co)
      const y = convolution(x, w, s.kh * s.kw * s.ci, (x, w) => reference.conv2d(x, w, s), most)
      return s.kh === 3 && s.kw === 3 && s.stride === 1 ? { ...y, rough: tiled(x, w, y, s) } : y
    },
    conv2dGradInput: (dy, w, s) =>
      convolution(
        dy,
        w,
        s.kh * s.kw * s.co,
        (dy, w) => reference.conv2dGradInput(dy, w, s),
        transformed(dy, w, s, i => Math.floor(i / s.co) % s.ci),
      ),
    conv2dGradFilter: (x, dy, s) =>
      convolution(x, dy, s.n * s.oh * s.ow, (x, dy) => reference.conv2dGradFilter(x, dy, s)),
    maxPool(x, s, last = false) {
      const value = taken(reference.maxPool(x.value, s))
      const within = (error: Float64Array) => {
        const high = taken(reference.maxPool(x.value.map((v, i) => v + error[i]), s)) // prettier-ignore
        const low = taken(reference.maxPool(x.value.map((v, i) => v - error[i]), s)) // prettier-ignore
        return value.map((v, i) => beyond(Math.max(high[i] - v, v - low[i])))
      }
      const error = within(x.error)
      const { rough } = x
      if (!last || !rough) return same(value, error, x.grid)
      const more = within(x.error.map((e, i) => e + rough[i]))
      return same(value, error.map((e, i) => (e === 0 && value[i] === 0 ? 0 : more[i])), 0) // prettier-ignore
    },
    maxPoolGrad(x, _y, dy, s) {
      const value = taken(reference.maxPoolGrad(x.value, x.value, dy.value, s))
      const error = new Float64Array(value.length)
      const times = new Float64Array(value.length)
      eachWindow(s, (at, cells) => {
        let floor = -Infinity
        for (const cell of cells) floor = Math.max(floor, x.value[cell] - x.error[cell])
        const able = cells.filter(cell => !(x.value[cell] + x.error[cell] < floor))
        const decided = able.length === 1 || able.every(cell => x.error[cell] === 0)
        if (!decided) undecided++
        for (const cell of decided ? [able[0]] : able) {
          error[cell] += dy.error[at] + (decided ? 0 : Math.abs(dy.value[at]))
          times[cell] += Math.abs(dy.value[at])
        }
      })
      const overlapping = s.stride < s.size
      const exact = dy.grid > 0 && largest(times) + largest(error) <= dy.grid * 2 ** 24
      if (overlapping && !exact) round(value, times, error, (s.size * s.size + 2) * U, TINY)
      return make(value, error, overlapping && !exact ? 0 : dy.grid)
    },

    averagePool: (x, s) => averages(x, s, x => reference.averagePool(x, s)),
    averagePoolGrad: (dy, s) => averages(dy, s, dy => reference.averagePoolGrad(dy, s)),

    softmax(x, m, n) {
      const value = taken(reference.softmax(x.value, m, n))
      return make(value, probable(x, value, m, n), 0)
    },
    softmaxGrad(y, dy, m, n) {
      const value = taken(reference.softmaxGrad(y.value, dy.value, m, n))
      const error = new Float64Array(value.length)
      for (let i = 0; i < m; i++) {
        let [dot, size, off] = [0, 0, 0]
        for (let j = i * n; j < (i + 1) * n; j++) {
          const [p, d] = [y.value[j], dy.value[j]]
          dot += p * d
          size += Math.abs(p * d)
          off += beyond(Math.abs(d) * y.error[j] + (p + y.error[j]) * dy.error[j])
        }
        off += (n + 2) * U * size
        for (let j = i * n; j < (i + 1) * n; j++) {
          const [p, d] = [y.value[j], dy.value[j]]
          const e = y.error[j] * (Math.abs(d - dot) + dy.error[j] + off) + p * (dy.error[j] + off)
          error[j] = beyond(e) + 4 * U * p * (Math.abs(d) + size) + TINY
        }
      }
      return make(value, error, 0)
    },
    crossEntropy(logits, labels, m, n, smoothing = 0) {
      const value = taken(reference.crossEntropy(logits.value, labels.value, m, n, smoothing))
      let off = 0
      for (let i = 0; i < m; i++) off += (2 * largest(logits.error.subarray(i * n, (i + 1) * n))) / m
      // A row's loss may be the difference of two of the largest numbers.
      const finite = 2 * largest(logits.value) <= LARGEST
      return make(
        value,
        Float64Array.of(finite ? off + (16 + (smoothing > 0 ? n : 0)) * U * (1 + Math.abs(value[0])) : Infinity),
        0,
      )
    },
    crossEntropyGrad(logits, labels, dy, m, n, smoothing = 0) {
      const value = taken(reference.crossEntropyGrad(logits.value, labels.value, dy.value, m, n, smoothing))
      const p = taken(reference.softmax(logits.value, m, n))
      const [size, off] = [Math.abs(dy.value[0]), dy.error[0]]
      const error = probable(logits, p, m, n).map((e, i) => {
        const target = (labels.value[Math.floor(i / n)] === i % n ? 1 - smoothing : 0) + smoothing / n
        const wrong = Math.abs(p[i] - target)
        return beyond((size * e + off * (wrong + e)) / m) + 4 * U * Math.abs(value[i]) + TINY
      })
      return make(value, error, 0)
    },

    sgdStep(w, dw, v, { lr, momentum, decay = 0 }) {
      const next = v && stepped(dw, v, -momentum)
      live -= v ? 2 : 1
      const moved = stepped(w, next ?? dw, lr, 1 - lr * decay)
      return next ? { w: moved, v: next } : { w: moved }
    },
    adamStep(w, dw, m, v, s: AdamStep) {
      const [mean, square] = [1 - s.beta1 ** s.step, 1 - s.beta2 ** s.step]
      const m1 = dw.value.map((d, i) => s.beta1 * m.value[i] + (1 - s.beta1) * d)
      // What is about to fade is 0, or is not.
      const fading = m1.map(v => (Math.abs(v) < 2 * FADED ? Math.abs(v) : 0))
      const v1 = dw.value.map((d, i) => s.beta2 * v.value[i] + (1 - s.beta2) * d * d)
      const em = dw.error.map((e, i) =>
        s.beta1 * m.error[i] + (1 - s.beta1) * e + 4 * U * (Math.abs(m.value[i]) + Math.abs(dw.value[i])) + some(m1[i]) + fading[i]) // prettier-ignore
      const ev = dw.error.map((e, i) => {
        const d = Math.abs(dw.value[i]) + e
        if (d * d > LARGEST) return Infinity
        return s.beta2 * v.error[i] + (1 - s.beta2) * e * (d + d - e) + 8 * U * v1[i] + some(v1[i])
      })
      const by = (m: number, v: number) => (s.lr * (m / mean)) / (Math.sqrt(Math.max(v, 0) / square) + s.epsilon)
      const kept = 1 - s.lr * (s.decay ?? 0)
      const value = w.value.map((x, i) => kept * x - by(m1[i], v1[i]))
      const error = w.error.map((e, i) => {
        const step = by(m1[i], v1[i])
        if (kept === 1 && step === 0 && em[i] === 0) return e
        // lr · m may be among the smallest numbers of float32 before it is divided.
        const rounding = 8 * U * Math.abs(step) + TINY / s.epsilon
        let off = rounding
        for (const a of [-1, 1])
          for (const c of [-1, 1])
            off = Math.max(off, Math.abs(by(m1[i] + a * em[i], v1[i] + c * ev[i]) - step) + rounding)
        return beyond(e + off + (kept === 1 ? 2 : 4) * U * (Math.abs(w.value[i]) + Math.abs(step)))
      })
      live -= 3
      return { w: make(value, error, 0), m: make(m1, em, 0), v: make(v1, ev, 0) }
    },
  }
  return b
}

const ones: Bounded = { length: 1, value: Float64Array.of(1), error: Float64Array.of(0), grid: 1 }
const some = (value: number) => (value === 0 ? 0 : TINY)

/** How far y = softmax(x) may be off: most, where one score is as high as its error allows and all others as low. */
function probable(x: Bounded, y: Float64Array, m: number, n: number): Float64Array {
  const error = new Float64Array(y.length)
  for (let i = 0; i < m * n; i += n) {
    const e = x.error.subarray(i, i + n)
    const scores = x.value.subarray(i, i + n)
    if (largest(e) === Infinity) {
      error.fill(Infinity, i, i + n)
      continue
    }
    for (let j = 0; j < n; j++) {
      let [least, most] = [0, 0]
      for (let k = 0; k < n; k++) {
        const [apart, off] = k === j ? [0, 0] : [scores[k] - scores[j], e[k] + e[j]]
        least += Math.exp(apart - off)
        most += Math.exp(apart + off)
      }
      const [p, high, low] = [y[i + j], 1 / least, 1 / most]
      error[i + j] = beyond(Math.max(high - p, p - low)) + 16 * U * (p + 0.1) + TINY
    }
  }
  return error
}

/** A result of which nothing can be demanded. */
function unknown(x: Bounded): Bounded {
  x.value.fill(0)
  x.error.fill(Infinity)
  return x
}

/** NaN, such as 0 · ∞, is a bound that says nothing; nor is a bound below the noise of Float64 itself. */
const beyond = (e: number, noise = 0) => (Number.isNaN(e) ? Infinity : Math.abs(e) + noise)

/**
 * The largest sum on the way of a 3x3 convolution by Winograd's algorithm, which a backend may use: 9 products of 4 inputs
 * and a whole filter, on a grid of quarters. `filter` says which filter a weight belongs to.
 */
function transformed(x: Bounded, w: Bounded, s: Conv2dShape, filter: (i: number) => number): number {
  if (s.kh !== 3 || s.kw !== 3 || s.stride !== 1) return 0
  const sums = new Float64Array(Math.max(s.ci, s.co))
  for (let i = 0; i < w.length; i++) sums[filter(i)] += Math.abs(w.value[i]) + w.error[i]
  return 4 * 9 * 4 * largest(widened(x)) * largest(sums)
}

/** How far off F(4x4, 3x3) may be, which a backend may use before the last pooling (engine/backends/wasm/assembly/winograd4.ts). */
function tiled(x: Bounded, w: Bounded, y: Bounded, s: Conv2dShape): Float64Array {
  const [pixels, weights] = [widened(x), widened(w)]
  const of = (values: Float64Array, from: number, step: number, end: number) => {
    let most = 0
    for (let i = from; i < end; i += step) most = Math.max(most, values[i])
    return most
  }
  const most = new Float64Array(s.n * s.co)
  for (let n = 0; n < s.n; n++)
    for (let c = 0; c < s.ci; c++) {
      const ink = of(pixels, n * s.h * s.w * s.ci + c, s.ci, (n + 1) * s.h * s.w * s.ci)
      for (let o = 0; o < s.co; o++)
        most[n * s.co + o] += ink * Math.max(1e-25, of(weights, c * s.co + o, s.ci * s.co, w.length))
    }
  return y.value.map((v, i) => {
    const image = Math.floor(i / (s.oh * s.ow * s.co))
    return beyond(U * (128 * most[image * s.co + (i % s.co)] + (700 + 8 * s.ci) * (Math.abs(v) + y.error[i])))
  })
}

const absolute = (x: Float64Array) => x.map(Math.abs)
const widened = ({ value, error }: Bounded) => value.map((v, i) => Math.abs(v) + error[i])

function largest(x: Float64Array): number {
  let most = 0
  for (const v of x) if (!(Math.abs(v) <= most)) most = Number.isNaN(v) ? Infinity : Math.abs(v)
  return most
}

/** The largest power of two that all values are multiples of, 0 if it is below 2⁻⁶⁴; a large one if all are 0. */
function gridOf(values: Float64Array): number {
  let grid = 2 ** 64
  for (const v of values) while (v % grid !== 0) if ((grid /= 2) < 2 ** -64 || Number.isNaN(v)) return 0
  return grid
}

/** Visits every pooling window of every channel: where its result is, and where its cells are, in row-major order. */
function eachWindow(s: Pool2dShape, visit: (at: number, cells: number[]) => void) {
  let at = 0
  for (let n = 0; n < s.n; n++)
    for (let i = 0; i < s.oh; i++)
      for (let j = 0; j < s.ow; j++)
        for (let c = 0; c < s.c; c++) {
          const cells: number[] = []
          for (let a = 0; a < s.size; a++)
            for (let b = 0; b < s.size; b++)
              cells.push(((n * s.h + i * s.stride + a) * s.w + j * s.stride + b) * s.c + c)
          visit(at++, cells)
        }
}
