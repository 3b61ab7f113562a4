// What the differential tests run: small random networks, as data. A network is a list of values (leaves and results of
// operations, each made from earlier ones), trained for a few steps. It prints as a program:
//
//    exact, batch 3, sgd 0.5, 2 steps, by hand
//    v0 = pixels [3,12,12,1] ink of a set of 7
//    v1 = parameter [3,3,1,8] signs
//    v2 = conv2d(v0, v1) [3,10,10,8] stride 1 valid, read early
//
// A draft grows from numbers that fast-check draws (arbitrary.ts): each is a choice, 0 being the simplest, and whatever the
// numbers are, the shapes fit. So what fast-check shrinks stays a network.
import { losses, ops, sizeOf, type Shape, type Tensor } from '../../engine/index.js'
import type { Padding } from '../../engine/index.js'
import { conv2dShape } from '../../engine/ops/conv2d.js'

/** Whole numbers that float32 computes with exactly; ordinary numbers; or tiny, huge and mixed ones. */
export const kinds = ['exact', 'rounded', 'hostile'] as const
export type Kind = (typeof kinds)[number]

/** How the numbers of a leaf are drawn (values.ts). */
const styles = {
  exact: { pixels: ['ink', 'blank'], data: ['integers', 'sparse', 'bits'], weights: ['signs', 'pruned', 'integers'] },
  rounded: {
    pixels: ['digits', 'noise', 'blank', 'ink'],
    data: ['uniform', 'sparse', 'ties', 'constant'],
    weights: ['uniform', 'pruned', 'ties', 'uniform'],
  },
  hostile: {
    pixels: ['digits', 'noise'],
    data: ['denormal', 'tiny', 'large', 'huge', 'mixed', 'uniform'],
    weights: ['uniform', 'denormal', 'tiny', 'large', 'huge', 'mixed', 'pruned'],
  },
} as const
export type Style =
  (typeof styles)[Kind]['pixels' | 'data' | 'weights'][number] | 'mask' | 'shift' | 'heights' | 'peaks'

export interface Leaf {
  readonly op: 'pixels' | 'data' | 'parameter'
  readonly shape: Shape
  readonly style: Style
  /** Of pixels: picked from a set of so many images, of which each step takes others. */
  readonly set?: number
  /** Of data: whether its gradient is wanted. */
  readonly wanted?: boolean
}

export interface Result {
  readonly op: string
  readonly inputs: readonly number[]
  readonly shape: Shape
  readonly stride?: number
  readonly size?: number
  readonly padding?: Padding
  readonly smoothing?: number
  /** Downloaded as soon as it is made, which may keep kernels from joining; or at the end, though something was made of it. */
  read?: 'early' | 'late'
}

export type Value = Leaf | Result

export interface Network {
  readonly kind: Kind
  readonly seed: number
  readonly values: readonly Value[]
  readonly optimizer: 'sgd' | 'momentum' | 'adam'
  readonly lr: number
  readonly decay: number
  /** Clips gradients at this norm. */
  readonly clip: number
  readonly steps: number
  /** A step is one scope(); or its buffers are freed by hand, in any order. */
  readonly scoped: boolean
  /** Evaluates other data between steps, without recording. */
  readonly evaluates: boolean
}

export const isLeaf = (value: Value): value is Leaf => !('inputs' in value)

/** The results that nothing is made of: losses, mostly. Gradients flow back from each. */
export function sinksOf({ values }: Network): number[] {
  const used = new Set(values.flatMap(value => (isLeaf(value) ? [] : value.inputs)))
  return values.flatMap((value, id) => (isLeaf(value) || used.has(id) ? [] : [id]))
}

export function show(network: Network): string {
  const { kind, seed, optimizer, lr, decay, clip, steps, scoped, evaluates, values } = network
  const owner = scoped ? 'in scopes' : 'by hand'
  const options = `${decay ? ` decay ${decay}` : ''}${clip < Infinity ? ` clip ${clip}` : ''}`
  const head = `${kind}, seed ${seed}, ${optimizer} ${lr}${options}, ${steps} steps, ${owner}${evaluates ? ', evaluates' : ''}`
  return [head, ...values.map((value, id) => `v${id} = ${showValue(value)}`)].join('\n')
}

function showValue(value: Value): string {
  if (isLeaf(value)) {
    const { op, shape, style, set, wanted } = value
    return `${op} [${shape}] ${style}${set ? ` of a set of ${set}` : ''}${wanted ? ', with gradient' : ''}`
  }
  const { op, inputs, shape, stride, size, padding, smoothing, read } = value
  const options = [
    size && `size ${size}`,
    stride && `stride ${stride}`,
    padding,
    smoothing && `smoothing ${smoothing}`,
    read && `read ${read}`,
  ].filter(Boolean)
  return `${op}(${inputs.map(id => `v${id}`).join(', ')}) [${shape}] ${options.join(', ')}`.trim()
}

/** A network in the making. */
export class Draft {
  readonly values: Value[] = []
  within = false
  #choices: readonly number[] = []
  #next = 0
  #work = 0

  /**
   * @param budget how many multiplications it may take forwards
   * @param typical whether sizes are mostly those of digits' networks, for which backends have kernels of their own
   */
  constructor(
    readonly kind: Kind,
    readonly budget: number,
    readonly typical: boolean,
  ) {}

  /** Takes the next choices from these numbers; 0 when they are used up. */
  with(choices: readonly number[]) {
    this.#choices = choices
    this.#next = 0
  }

  choose<T>(options: readonly T[]): T {
    const choice = this.#choices[this.#next++] ?? 0
    return options[choice % options.length]
  }
  /** The typical one, seven times in eight, if the network is to be so; else any. */
  usual<T>(typical: T, options: readonly T[]): T {
    const any = this.choose(options)
    return this.typical && !this.once(8) ? typical : any
  }
  /** Once in so many times. */
  once(times: number): boolean {
    const choice = this.#choices[this.#next++] ?? 0
    return choice % times === times - 1
  }

  shapeOf = (id: number) => this.values[id].shape

  /** Adds a value: returns its number. */
  add(value: Value): number {
    return this.values.push(value) - 1
  }

  /** Whether so many more multiplications, and a result of that size, are within the budget: then they are taken. */
  affords(work: number, size: number): boolean {
    if (this.#work + work > this.budget || size > this.budget / 4) return false
    this.#work += work
    return true
  }

  style(what: 'pixels' | 'data' | 'weights'): Style {
    return this.choose<Style>(styles[this.kind][what])
  }

  /** A value to go on from: the latest, as a rule, and always within a motif. */
  pick(): number {
    const back = this.within ? 0 : this.choose([0, 0, 0, 0, 0, 1, 2, 3])
    const candidates = this.values.flatMap(({ shape }, id) => (shape.length > 0 ? [id] : []))
    return candidates.at(-1 - (back % candidates.length))!
  }

  /** The same numbers under another shape. */
  reshape(id: number, shape: Shape): number {
    if (`${shape}` === `${this.shapeOf(id)}`) return id
    return this.add({ op: 'reshape', inputs: [id], shape })
  }

  /** A value of so many dimensions: the given one, reshaped if it must be, and now and then though it need not. */
  ranked(id: number, rank: number): number {
    const shape = this.shapeOf(id)
    if (shape.length === rank && !this.once(8)) return id
    return this.reshape(id, this.factors(id, rank))
  }

  /** Another shape of as many numbers: as a rule the batch stays. */
  factors(id: number, rank: number): Shape {
    const shape = this.shapeOf(id)
    let rest = sizeOf(shape)
    const sizes: number[] = []
    if (rank > 1 && rest % shape[0] === 0 && !this.once(4)) sizes.push(shape[0])
    rest /= sizes[0] ?? 1
    while (sizes.length < rank - 1) {
      const divisors = Array.from({ length: Math.min(rest, 40) }, (_, i) => i + 1).filter(d => rest % d === 0)
      sizes.push(this.choose(divisors.reverse()))
      rest /= sizes.at(-1)!
    }
    return [...sizes, rest]
  }

  /** Weights of a shape: new ones, or any value of that size, a second time. */
  weights(shape: Shape): number {
    if (this.once(7)) {
      const found = this.other(sizeOf(shape))
      if (found !== undefined) return this.reshape(found, shape)
    }
    return this.add({ op: 'parameter', shape, style: this.style('weights') })
  }

  /** Any value of that size. */
  other(size: number): number | undefined {
    const found = this.values.flatMap(({ shape }, id) => (sizeOf(shape) === size ? [id] : []))
    return found.length > 0 ? this.choose(found) : undefined
  }

  /** A value of the same shape as another: that one, one like it, or new data. */
  like(id: number): number {
    const shape = this.shapeOf(id)
    if (this.once(3)) return this.add({ op: 'data', shape, style: this.choose<Style>(['mask', this.style('data')]) })
    return this.reshape(this.other(sizeOf(shape))!, shape)
  }
}

/** An operation: how one is added to a draft, and how it runs. A new operation of engine/ops is one more row here. */
interface Row {
  /** @returns whether it fits */
  readonly draw: (d: Draft) => boolean
  readonly run: (result: Result, inputs: Tensor[], labels: (n: number, classes: number) => number[]) => Tensor
}

/** An operation on two tensors: of one shape, or the second a row or a number. */
const pairwise = (op: string, run: (a: Tensor, b: Tensor) => Tensor, within?: string): Row => ({
  draw(d) {
    const a = d.pick()
    const shape = d.shapeOf(a)
    const small = d.choose([undefined, undefined, [shape.at(-1)!], []])
    const like = small ? d.weights(small) : d.like(a)
    const b = within ? d.add({ op: within, inputs: [like], shape: d.shapeOf(like) }) : like
    d.add({ op, inputs: [a, b], shape })
    return true
  },
  run: (_, [a, b]) => run(a, b),
})

/** A function of one number, of the result of another that keeps it in range, if one is named. */
const unary = (op: string, run: (x: Tensor) => Tensor, within?: string): Row => ({
  draw(d) {
    const x = d.pick()
    const shape = d.shapeOf(x)
    d.add({ op, inputs: [within ? d.add({ op: within, inputs: [x], shape }) : x], shape })
    return true
  },
  run: (_, [x]) => run(x),
})

/** A pooling of square windows. */
const pooling = (op: string, run: (x: Tensor, size: number, stride?: number) => Tensor): Row => ({
  draw(d) {
    const x = d.ranked(d.pick(), 4)
    const [n, h, w, c] = d.shapeOf(x)
    const size = Math.min(d.usual(2, [2, 1, 3]), h, w)
    const stride = d.usual(size, [size, 1, 2, 3])
    const shape = [n, Math.floor((h - size) / stride) + 1, Math.floor((w - size) / stride) + 1, c]
    d.add({ op, inputs: [x], shape, size, stride })
    return true
  },
  run: ({ size, stride }, [x]) => run(x, size!, stride),
})

/** Sums over all numbers, or over rows. */
const summed = (op: string, run: (x: Tensor, over: 'all' | 'rows') => Tensor): Row => ({
  draw(d) {
    const x = d.pick()
    d.add({ op, inputs: [x], shape: d.once(2) ? [] : [d.shapeOf(x).at(-1)!] })
    return true
  },
  run: ({ shape }, [x]) => run(x, shape.length === 0 ? 'all' : 'rows'),
})

/** Of so many rows of weights, one number a channel. */
const normalized = (op: string, count: number, run: (inputs: Tensor[]) => Tensor): Row => ({
  draw(d) {
    const x = d.pick()
    const shape = d.shapeOf(x)
    const weights = Array.from({ length: count }, () => d.weights([shape.at(-1)!]))
    d.add({ op, inputs: [x, ...weights], shape })
    return true
  },
  run: (_, inputs) => run(inputs),
})

export const rows: Readonly<Record<string, Row>> = {
  relu: unary('relu', ops.relu),
  reshape: {
    draw(d) {
      const x = d.pick()
      d.reshape(x, d.factors(x, d.choose([2, 4, 1, 3])))
      return true
    },
    run: ({ shape }, [x]) => ops.reshape(x, shape),
  },
  bias: {
    draw(d) {
      const x = d.pick()
      const shape = d.shapeOf(x)
      const b = d.weights([shape.at(-1)!])
      d.add({ op: 'bias', inputs: [x, b], shape })
      return true
    },
    run: (_, [x, b]) => ops.bias(x, b),
  },
  matmul: {
    draw(d) {
      const x = d.ranked(d.pick(), 2)
      const [m, k] = d.shapeOf(x)
      const n = d.choose([4, 1, 2, 3, 8, 10, 16, 17, 32, 33, 64, 2048])
      if (!d.affords(m * k * n, m * n)) return false
      const w = d.weights([k, n])
      d.add({ op: 'matmul', inputs: [x, w], shape: [m, n] })
      return true
    },
    run: (_, [x, w]) => ops.matmul(x, w),
  },
  conv2d: {
    draw(d) {
      const x = d.ranked(d.pick(), 4)
      const [n, h, width, ci] = d.shapeOf(x)
      const windows = [[3, 3], [1, 1], [2, 2], [5, 5], [3, 1], [1, 3], [4, 2]] // prettier-ignore
      const [kh, kw] = d.usual([3, 3], windows)
      const co = d.usual(d.choose([8, 16]), [4, 1, 32, 3, 5, 33, 24])
      const stride = d.usual(1, [1, 2, 3])
      const padding = d.usual(false, [false, true]) || kh > h || kw > width ? 'same' : 'valid'
      const s = conv2dShape([n, h, width, ci], [kh, kw, ci, co], stride, padding)
      const shape = [n, s.oh, s.ow, co]
      if (!d.affords(sizeOf(shape) * kh * kw * ci, sizeOf(shape))) return false
      const w = d.weights([kh, kw, ci, co])
      d.add({ op: 'conv2d', inputs: [x, w], shape, stride, padding })
      return true
    },
    run: ({ stride, padding }, [x, w]) => ops.conv2d(x, w, stride, padding),
  },
  maxPool2d: pooling('maxPool2d', ops.maxPool2d),
  averagePool2d: pooling('averagePool2d', ops.averagePool2d),
  globalAveragePool2d: {
    draw(d) {
      const x = d.ranked(d.pick(), 4)
      const [n, , , c] = d.shapeOf(x)
      d.add({ op: 'globalAveragePool2d', inputs: [x], shape: [n, c] })
      return true
    },
    run: (_, [x]) => ops.globalAveragePool2d(x),
  },
  add: pairwise('add', ops.add),
  mul: pairwise('mul', ops.mul),
  sub: pairwise('sub', ops.sub),
  div: pairwise('div', ops.div, 'sigmoid'),
  leakyRelu: unary('leakyRelu', ops.leakyRelu),
  tanh: unary('tanh', ops.tanh),
  sigmoid: unary('sigmoid', ops.sigmoid),
  softplus: unary('softplus', ops.softplus),
  gelu: unary('gelu', ops.gelu),
  exp: unary('exp', ops.exp, 'tanh'),
  log: unary('log', ops.log, 'sigmoid'),
  sqrt: unary('sqrt', ops.sqrt, 'sigmoid'),
  sum: summed('sum', ops.sum),
  mean: summed('mean', ops.mean),
  softmax: unary('softmax', ops.softmax),
  batchNorm: normalized('batchNorm', 2, ([x, gamma, beta]) => ops.batchNorm(x, gamma, beta).y),
  normalize: normalized('normalize', 3, ([x, gamma, beta, mean]) =>
    ops.normalize(x, gamma, beta, { mean, variance: ops.sigmoid(mean) }),
  ),
  crossEntropy: {
    draw(d) {
      const logits = d.ranked(d.pick(), 2)
      if (d.values[logits].op === 'softmax') return false
      const smoothing = d.choose([undefined, undefined, undefined, 0.125])
      d.add({ op: 'crossEntropy', inputs: [logits], shape: [], ...(smoothing && { smoothing }) })
      return true
    },
    run: ({ smoothing = 0 }, [logits], labels) =>
      losses.crossEntropy(logits, labels(logits.shape[0], logits.shape[1]), { smoothing }),
  },
  binaryCrossEntropy: {
    draw(d) {
      const logits = d.pick()
      if (d.values[logits].op === 'sigmoid') return false
      const targets = d.add({ op: 'data', shape: d.shapeOf(logits), style: 'bits' })
      d.add({ op: 'binaryCrossEntropy', inputs: [logits, targets], shape: [] })
      return true
    },
    run: (_, [logits, targets]) => losses.binaryCrossEntropy(logits, targets),
  },
  mse: {
    draw(d) {
      const y = d.pick()
      d.add({ op: 'mse', inputs: [y, d.like(y)], shape: [] })
      return true
    },
    run: (_, [y, targets]) => losses.mse(y, targets),
  },
}

/** After these, numbers are no longer whole: exact networks have few of them. */
const inexact = new Set(
  'div leakyRelu tanh sigmoid softplus gelu exp log sqrt mean softmax batchNorm normalize crossEntropy binaryCrossEntropy mse'.split(
    ' ',
  ),
)

/** How networks begin that read digits: what backends join, and keep sparse. */
export const beginnings: readonly (readonly string[])[] = [
  ['matmul', 'bias', 'relu', 'matmul', 'bias'],
  ['conv2d', 'bias', 'relu', 'maxPool2d'],
  ['conv2d', 'bias', 'relu', 'conv2d', 'bias', 'relu', 'maxPool2d'],
  ['conv2d', 'bias', 'relu', 'conv2d', 'bias', 'relu', 'maxPool2d', 'matmul', 'bias'],
  ['conv2d', 'bias', 'relu', 'maxPool2d', 'conv2d', 'bias', 'relu', 'maxPool2d'],
]

/** What is drawn at a time: single operations, and those that backends join. Anything may come between them. */
export const motifs: readonly (readonly string[])[] = [
  ...Object.keys(rows).map(op => [op]),
  ['conv2d'],
  ['matmul'],
  ['reshape'],
  ['crossEntropy'],
  ['matmul', 'bias', 'relu'],
  ['matmul', 'bias', 'crossEntropy'],
  ['matmul', 'crossEntropy', 'crossEntropy'],
  ['conv2d', 'bias', 'relu'],
  ['conv2d', 'relu', 'maxPool2d'],
  ['conv2d', 'maxPool2d', 'relu'],
  ['conv2d', 'relu', 'add', 'maxPool2d'],
  ['conv2d', 'bias', 'relu', 'mul', 'maxPool2d'],
  ...beginnings,
]

/** Adds a motif's operations to a draft; now and then with a reshape between two, or a reading. */
export function extend(d: Draft, motif: readonly string[], choices: readonly (readonly number[])[]) {
  for (const [i, op] of motif.entries()) {
    d.with(choices[i % choices.length])
    d.within = i > 0
    if (i > 0 && d.once(10)) {
      const last = d.values.length - 1
      if (d.shapeOf(last).length > 0) d.reshape(last, d.factors(last, op === 'matmul' ? 2 : 4))
    }
    const before = d.values.length
    if (d.kind === 'exact' && inexact.has(op) && !d.once(8)) return
    if (!rows[op].draw(d)) return
    const last = d.values.at(-1)!
    const read = d.choose([...Array<undefined>(10).fill(undefined), 'early', 'late'] as const)
    if (read && !isLeaf(last) && d.values.length > before) last.read = read
  }
}
