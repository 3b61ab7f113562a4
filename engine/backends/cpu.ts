// The reference backend: every kernel of the contract (engine/backend.ts) as the plainest loops that compute it. It is
// the specification that the fast backends are tested against, and the place to look up what a kernel does. A buffer
// is a typed array. In double precision it is also where gradients are checked (test/gradients.test.ts).
import {
  FADED,
  type AdamStep,
  type AveragePool2dShape,
  type Backend,
  type Conv2dShape,
  type Pool2dShape,
  type Transposed,
  type Unary,
  type Values,
} from '../backend.js'
import { eager, gathered, maskOf } from './gathered.js'

/** The reference backend, in Float32 unless asked otherwise. */
export function cpu({ precision = 'float32' }: { precision?: 'float32' | 'float64' } = {}): Backend<Values> {
  const zeros = (length: number): Values =>
    precision === 'float64' ? new Float64Array(length) : new Float32Array(length)
  const inUse = new Set<Values>()

  /** A new buffer of n numbers, each computed from its index; zeros if there is no rule. */
  function make(n: number, rule?: (i: number) => number): Values {
    const y = zeros(n)
    if (rule) for (let i = 0; i < n; i++) y[i] = rule(i)
    inUse.add(y)
    return y
  }

  /** f of each number of the longer one with its counterpart in the shorter, which is repeated. */
  const pairs = (a: Values, b: Values, f: (a: number, b: number) => number) =>
    make(Math.max(a.length, b.length), i => f(a[i % a.length], b[i % b.length]))

  const upload = (values: Values) => make(values.length, i => values[i])

  return {
    name: precision === 'float64' ? 'cpu:float64' : 'cpu',

    upload,
    uploadPixels: pixels => make(pixels.length, i => pixels[i] / 255),
    gather(examples, indices) {
      const values = gathered(examples, indices)
      const scale = values instanceof Uint8Array ? 255 : 1
      return make(values.length, i => values[i] / scale)
    },
    download: async x => x.slice(),
    program(fn) {
      return eager(this, fn)
    },
    free(x) {
      if (!inUse.delete(x)) throw new Error('cpu: freed a buffer that is not in use')
    },
    get live() {
      return inUse.size
    },
    async dispose() {
      inUse.clear()
    },

    matmul(x, w, m, k, n, transposed: Transposed = {}) {
      const y = make(m * n)
      const [xRow, xColumn] = transposed.x ? [1, m] : [k, 1]
      const [wRow, wColumn] = transposed.w ? [1, k] : [n, 1]
      for (let i = 0; i < m; i++)
        for (let l = 0; l < k; l++) {
          const a = x[i * xRow + l * xColumn]
          for (let j = 0; j < n; j++) y[i * n + j] += a * w[l * wRow + j * wColumn]
        }
      return y
    },
    addBias: (x, b, m, n) => make(m * n, i => x[i] + b[i % n]),
    biasGrad(dy, m, n) {
      const db = make(n)
      for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) db[j] += dy[i * n + j]
      return db
    },

    unary: (f, x) => make(x.length, i => unary[f][0](x[i])),
    unaryGrad: (f, x, y, dy) => make(x.length, i => unary[f][1](dy[i], x[i], y[i])),
    add: (a, b) => pairs(a, b, (a, b) => a + b),
    sub: (a, b) => pairs(a, b, (a, b) => a - b),
    mul: (a, b) => pairs(a, b, (a, b) => a * b),
    div: (a, b) => pairs(a, b, (a, b) => a / b),
    dropoutMask: (length, probability, kept, key) => upload(maskOf(length, probability, kept, key())),
    repeat: (x, times) => make(x.length * times, i => x[i % x.length]),

    conv2d(x, w, s) {
      const y = make(s.n * s.oh * s.ow * s.co)
      eachTap(s, (xAt, wAt, yAt) => {
        for (let c = 0; c < s.ci; c++) {
          const a = x[xAt + c]
          for (let o = 0; o < s.co; o++) y[yAt + o] += a * w[wAt + c * s.co + o]
        }
      })
      return y
    },
    conv2dGradInput(dy, w, s) {
      const dx = make(s.n * s.h * s.w * s.ci)
      eachTap(s, (xAt, wAt, yAt) => {
        for (let c = 0; c < s.ci; c++) {
          let sum = 0
          for (let o = 0; o < s.co; o++) sum += dy[yAt + o] * w[wAt + c * s.co + o]
          dx[xAt + c] += sum
        }
      })
      return dx
    },
    conv2dGradFilter(x, dy, s) {
      const dw = make(s.kh * s.kw * s.ci * s.co)
      eachTap(s, (xAt, wAt, yAt) => {
        for (let c = 0; c < s.ci; c++) {
          const a = x[xAt + c]
          for (let o = 0; o < s.co; o++) dw[wAt + c * s.co + o] += a * dy[yAt + o]
        }
      })
      return dw
    },
    averagePool(x, s) {
      const y = make(s.n * s.oh * s.ow * s.c)
      eachWindow(s, (yAt, cells) => cells.forEach(cell => (y[yAt] += x[cell] / cells.length)))
      return y
    },
    averagePoolGrad(dy, s) {
      const dx = make(s.n * s.h * s.w * s.c)
      eachWindow(s, (yAt, cells) => cells.forEach(cell => (dx[cell] += dy[yAt] / cells.length)))
      return dx
    },
    maxPool(x, s) {
      const y = make(s.n * s.oh * s.ow * s.c)
      eachWindow(square(s), (yAt, cells) => (y[yAt] = x[winner(x, cells)]!))
      return y
    },
    maxPoolGrad(x, _y, dy, s) {
      const dx = make(x.length)
      eachWindow(square(s), (yAt, cells) => (dx[winner(x, cells)] += dy[yAt]))
      return dx
    },

    softmax(x, m, n) {
      const y = make(m * n)
      for (let i = 0; i < m; i++) {
        const { max, others } = exponentials(x.subarray(i * n, (i + 1) * n))
        for (let j = 0; j < n; j++) y[i * n + j] = Math.exp(x[i * n + j] - max) / (1 + others)
      }
      return y
    },
    softmaxGrad(y, dy, m, n) {
      const dx = make(m * n)
      for (let i = 0; i < m; i++) {
        let dot = 0
        for (let j = 0; j < n; j++) dot += dy[i * n + j] * y[i * n + j]
        for (let j = 0; j < n; j++) dx[i * n + j] = y[i * n + j] * (dy[i * n + j] - dot)
      }
      return dx
    },
    crossEntropy(logits, labels, m, n, smoothing = 0) {
      const loss = make(1)
      let sum = 0
      for (let i = 0; i < m; i++) {
        const row = logits.subarray(i * n, (i + 1) * n)
        const { max, others } = exponentials(row)
        const log = Math.log1p(others)
        for (let j = 0; j < n; j++) sum += target(labels[i], j, n, smoothing) * (log + (max - row[j]))
      }
      loss[0] = sum / m
      return loss
    },
    crossEntropyGrad(logits, labels, dy, m, n, smoothing = 0) {
      const dlogits = make(m * n)
      for (let i = 0; i < m; i++) {
        const row = logits.subarray(i * n, (i + 1) * n)
        const { max, others } = exponentials(row)
        for (let j = 0; j < n; j++)
          dlogits[i * n + j] =
            (dy[0] * (Math.exp(row[j] - max) / (1 + others) - target(labels[i], j, n, smoothing))) / m
      }
      return dlogits
    },

    sgdStep(w, dw, v, { lr, momentum, decay = 0 }) {
      for (let i = 0; i < w.length; i++) {
        if (v) v[i] = momentum * v[i] + dw[i]
        w[i] -= lr * ((v ?? dw)[i] + decay * w[i])
      }
      return v ? { w, v } : { w }
    },
    adamStep(w, dw, m, v, { lr, beta1, beta2, epsilon, step, decay = 0 }: AdamStep) {
      for (let i = 0; i < w.length; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * dw[i]
        if (Math.abs(m[i]) < FADED) m[i] = 0
        v[i] = beta2 * v[i] + (1 - beta2) * dw[i] ** 2
        const mean = m[i] / (1 - beta1 ** step)
        const square = v[i] / (1 - beta2 ** step)
        w[i] -= lr * (mean / (Math.sqrt(square) + epsilon) + decay * w[i])
      }
      return { w, m, v }
    },
  }
}

/** Each function of ops/elementwise.ts: y from x, and dx from dy, x and y. */
const unary: Readonly<
  Record<Unary, readonly [f: (x: number) => number, gradient: (dy: number, x: number, y: number) => number]>
> = {
  relu: [x => Math.max(x, 0), (dy, _, y) => (y > 0 ? dy : 0)],
  leakyRelu: [x => (x > 0 ? x : 0.01 * x), (dy, x) => (x > 0 ? dy : 0.01 * dy)],
  tanh: [Math.tanh, (dy, _, y) => dy * (1 - y * y)],
  sigmoid: [x => 1 / (1 + Math.exp(-x)), (dy, _, y) => dy * y * (1 - y)],
  softplus: [x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), (dy, x) => dy / (1 + Math.exp(-x))],
  gelu: [
    x => 0.5 * x * (1 + Math.tanh(bend(x))),
    (dy, x) => {
      const t = Math.tanh(bend(x))
      return dy * 0.5 * (1 + t + x * (1 - t * t) * ROOT * (1 + 3 * 0.044715 * x * x))
    },
  ],
  exp: [Math.exp, (dy, _, y) => dy * y],
  log: [Math.log, (dy, x) => dy / x],
  sqrt: [Math.sqrt, (dy, _, y) => dy / (2 * y)],
}

const ROOT = Math.sqrt(2 / Math.PI)
/** What gelu takes the tanh of. */
const bend = (x: number) => ROOT * (x + 0.044715 * x ** 3)

/**
 * Visits every pair of an output pixel and a weight position that meet inside the image: `xAt` is where the ci input
 * channels begin, `wAt` the ci x co weights, `yAt` the co output channels. All three convolution kernels are this walk.
 */
function eachTap(s: Conv2dShape, visit: (xAt: number, wAt: number, yAt: number) => void) {
  for (let n = 0; n < s.n; n++)
    for (let i = 0; i < s.oh; i++)
      for (let j = 0; j < s.ow; j++)
        for (let a = 0; a < s.kh; a++)
          for (let b = 0; b < s.kw; b++) {
            const row = i * s.stride + a - s.top
            const column = j * s.stride + b - s.left
            if (row < 0 || row >= s.h || column < 0 || column >= s.w) continue
            const xAt = ((n * s.h + row) * s.w + column) * s.ci
            const wAt = (a * s.kw + b) * s.ci * s.co
            visit(xAt, wAt, ((n * s.oh + i) * s.ow + j) * s.co)
          }
}

const square = (s: Pool2dShape): AveragePool2dShape => ({ ...s, kh: s.size, kw: s.size })

/** Visits every pooling window of every channel: where its result is, and where its cells are, in row-major order. */
function eachWindow(s: AveragePool2dShape, visit: (yAt: number, cells: readonly number[]) => void) {
  const cells = new Array<number>(s.kh * s.kw)
  for (let n = 0; n < s.n; n++)
    for (let i = 0; i < s.oh; i++)
      for (let j = 0; j < s.ow; j++)
        for (let c = 0; c < s.c; c++) {
          for (let a = 0; a < s.kh; a++)
            for (let b = 0; b < s.kw; b++)
              cells[a * s.kw + b] = ((n * s.h + i * s.stride + a) * s.w + j * s.stride + b) * s.c + c
          visit(((n * s.oh + i) * s.ow + j) * s.c + c, cells)
        }
}

/** The cell with the largest number: the first, if several are equal. */
function winner(x: Values, cells: readonly number[]): number {
  let best = cells[0]
  for (const cell of cells) if (x[cell] > x[best]) best = cell
  return best
}

/** What crossEntropy wants the probability of class j to be. */
const target = (label: number, j: number, n: number, smoothing: number) =>
  (label === j ? 1 - smoothing : 0) + smoothing / n

/**
 * A row's maximum and Σ exp(v − max) over all others: the maximum is taken out so that exp cannot overflow, and its own
 * exp(0) = 1 so that log1p loses nothing of a small rest. The loss never adds log(sum) to max, which rounds at max's size.
 */
function exponentials(row: Values): { max: number; others: number } {
  let best = 0
  for (let j = 0; j < row.length; j++) if (row[j] > row[best]) best = j
  let others = 0
  for (let j = 0; j < row.length; j++) if (j !== best) others += Math.exp(row[j] - row[best])
  return { max: row[best], others }
}
