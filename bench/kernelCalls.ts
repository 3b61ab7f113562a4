// What there is to measure: each kernel of the contract, what it costs, and the calls that the models make of it.
import {
  adam,
  backward,
  ops,
  pixels,
  scope,
  sizeOf,
  type AveragePool2dShape,
  type Backend,
  type Buffer,
  type Conv2dShape,
  type Pool2dShape,
} from '../engine/index.js'
import { eager } from '../engine/backends/gathered.js'
import { models } from '../models/index.js'

type NotKernel =
  'name' | 'adapter' | 'upload' | 'uploadPixels' | 'gather' | 'download' | 'program' | 'free' | 'live' | 'dispose'
export type Kernel = Exclude<keyof Backend, NotKernel>
type Args<K extends Kernel> = Parameters<Backend[K]>

/** A call of a kernel. Its buffers hold no numbers yet, only a length. */
export interface Call<K extends Kernel = Kernel> {
  readonly kernel: K
  readonly args: readonly unknown[]
  /** The models that make it. */
  readonly models: readonly string[]
}

interface Cost<K extends Kernel> {
  /** Additions, multiplications, comparisons, divisions, roots and exponentials, one each. */
  readonly flops: (...args: Args<K>) => number
  /** The length of the result. */
  readonly length: (...args: Args<K>) => number
}

const taps = (s: Conv2dShape) => 2 * s.n * s.oh * s.ow * s.co * s.kh * s.kw * s.ci
const pooled = (s: Pool2dShape) => s.n * s.oh * s.ow * s.c

const averaged = (_x: Buffer, s: AveragePool2dShape) => s.n * s.oh * s.ow * s.c * s.kh * s.kw
const longer = (a: Buffer, b: Buffer) => Math.max(a.length, b.length)

/** A kernel that is added to the contract is measured once it stands here, and does not compile before. */
export const kernels: { readonly [K in Kernel]: Cost<K> } = {
  matmul: { flops: (_x, _w, m, k, n) => 2 * m * k * n, length: (_x, _w, m, _k, n) => m * n },
  addBias: { flops: (_x, _b, m, n) => m * n, length: x => x.length },
  biasGrad: { flops: (_dy, m, n) => m * n, length: (_dy, _m, n) => n },
  unary: { flops: (_f, x) => x.length, length: (_f, x) => x.length },
  unaryGrad: { flops: (_f, x) => x.length, length: (_f, x) => x.length },
  add: { flops: longer, length: longer },
  sub: { flops: longer, length: longer },
  mul: { flops: longer, length: longer },
  div: { flops: longer, length: longer },
  dropoutMask: { flops: () => 0, length: length => length },
  repeat: { flops: () => 0, length: (x, times) => x.length * times },
  conv2d: { flops: (_x, _w, s) => taps(s), length: (_x, _w, s) => s.n * s.oh * s.ow * s.co },
  conv2dGradInput: { flops: (_dy, _w, s) => taps(s), length: (_dy, _w, s) => s.n * s.h * s.w * s.ci },
  conv2dGradFilter: { flops: (_x, _dy, s) => taps(s), length: (_x, _dy, s) => s.kh * s.kw * s.ci * s.co },
  maxPool: { flops: (_x, s) => pooled(s) * s.size ** 2, length: (_x, s) => pooled(s) },
  maxPoolGrad: { flops: (_x, _y, _dy, s) => pooled(s) * s.size ** 2, length: x => x.length },
  averagePool: { flops: averaged, length: (_x, s) => s.n * s.oh * s.ow * s.c },
  averagePoolGrad: { flops: averaged, length: (_dy, s) => s.n * s.h * s.w * s.c },
  softmax: { flops: x => 5 * x.length, length: x => x.length },
  softmaxGrad: { flops: y => 4 * y.length, length: y => y.length },
  crossEntropy: { flops: logits => 4 * logits.length, length: () => 1 },
  crossEntropyGrad: { flops: logits => 7 * logits.length, length: logits => logits.length },
  sgdStep: { flops: (w, _dw, v) => (v ? 4 : 2) * w.length, length: w => w.length },
  adamStep: { flops: w => 14 * w.length, length: w => w.length },
}

export const kernelNames = Object.keys(kernels) as Kernel[]

const isBuffer = (arg: unknown): arg is Buffer =>
  typeof arg === 'object' && arg !== null && Object.keys(arg).join() === 'length'

/** The places of a call's buffers among its arguments. */
export const bufferPlaces = ({ args }: Call) => args.flatMap((arg, i) => (isBuffer(arg) ? [i] : []))

/** How many numbers a call's result has. */
export const lengthOf = ({ kernel, args }: Call) => (kernels[kernel] as Cost<Kernel>).length(...(args as Args<Kernel>))

/** The arithmetic of a call, and the least traffic with memory: every operand and result once, 4 bytes a number. */
export function cost(call: Call): { flops: number; bytes: number } {
  const { flops } = kernels[call.kernel] as Cost<Kernel>
  const args = call.args as Args<Kernel>
  const operands = bufferPlaces(call).map(i => (args[i] as unknown as Buffer).length)
  const updated = call.kernel === 'adamStep' ? 3 : call.kernel === 'sgdStep' && call.args[2] ? 2 : 1
  return {
    flops: flops(...args),
    bytes: 4 * (operands.reduce((a, b) => a + b, 0) + updated * lengthOf(call)),
  }
}

/** The sizes of a call, such as `128·784·10`, to tell it from others of the same kernel. */
export function describe({ args }: Call): string {
  const sizes = args.filter(arg => typeof arg === 'number')
  const shape = args.find((arg): arg is object => typeof arg === 'object' && arg !== null && !isBuffer(arg))
  if (shape && 'co' in shape) {
    const s = shape as Conv2dShape
    return `${s.n}·${s.h}·${s.w}·${s.ci} ∗ ${s.kh}·${s.kw}·${s.ci}·${s.co}`
  }
  if (shape && 'size' in shape) {
    const s = shape as Pool2dShape
    return `${s.n}·${s.h}·${s.w}·${s.c}, ${s.size}·${s.size}`
  }
  const flags = Object.keys(shape ?? {}).filter(key => key === 'x' || key === 'w')
  const names = args.filter(arg => typeof arg === 'string')
  const numbers = sizes.every(Number.isInteger) && sizes.length > 0 ? sizes : [args.find(isBuffer)!.length]
  return [...names, numbers.join('·'), ...flags.map(name => `${name}ᵀ`)].join(' ')
}

/** All calls of one training step and one prediction: the model runs on a backend that only notes what it is asked. */
function callsOf(name: string, batch: number): Call[] {
  const calls: Call[] = []
  const buffer = (length: number): Buffer => ({ length })
  const note =
    (kernel: Kernel) =>
    (...args: Args<Kernel>) => {
      calls.push({ kernel, args, models: [name] })
      const [w, , m, v] = args as Buffer[]
      if (kernel === 'adamStep') return { w, m, v }
      return buffer((kernels[kernel] as Cost<Kernel>).length(...args))
    }
  const backend = {
    name: 'note',
    upload: values => buffer(values.length),
    uploadPixels: values => buffer(values.length),
    gather: ({ size }, indices) => buffer(indices.length * size),
    download: async x => new Float32Array(x.length),
    program(fn) {
      return eager(this, fn)
    },
    free() {},
    live: 0,
    async dispose() {},
    ...(Object.fromEntries(kernelNames.map(kernel => [kernel, note(kernel)])) as unknown as Pick<Backend, Kernel>),
  } satisfies Backend

  const network = models[name]().init(backend, 0)
  const optimizer = adam(network.parameters)
  scope(() => {
    const images = new Uint8Array(batch * sizeOf(network.input))
    const x = pixels(backend, images, [batch, ...network.input])
    optimizer.step(backward(ops.crossEntropy(network.forward(x), new Uint8Array(batch))), 0.001)
    network.predict(x)
  })
  return calls
}

/** What no model does: square matmuls, and the kernels of dropout, residual networks, softmax layers and SGD. */
function otherCalls(batch: number): Call[] {
  const of = (length: number): Buffer => ({ length })
  const squares = [64, 128, 256, 512, 1024].map(n => ['matmul', [of(n * n), of(n * n), n, n, n]] as const)
  const others = [
    ['add', [of(batch * 9216), of(batch * 9216)]],
    ['mul', [of(batch * 9216), of(batch * 9216)]],
    ...(['leakyRelu', 'tanh', 'sigmoid', 'gelu', 'exp', 'log'] as const).map(
      f => ['unary', [f, of(batch * 9216)]] as const,
    ),
    ['softmaxGrad', [of(batch * 10), of(batch * 10), batch, 10]],
    ['sgdStep', [of(9216 * 128), of(9216 * 128), of(9216 * 128), { lr: 0.01, momentum: 0.9 }]],
  ] as const
  return [...squares, ...others].map(([kernel, args]) => ({ kernel, args, models: [] }))
}

/** Every different call of the models and the others, in the order of the contract, from the cheapest to the dearest. */
export function allCalls(batch: number): Call[] {
  const found = new Map<string, Call>()
  for (const call of [...Object.keys(models).flatMap(name => callsOf(name, batch)), ...otherCalls(batch)]) {
    const key = `${call.kernel} ${describe(call)}`
    const names = new Set([...(found.get(key)?.models ?? []), ...call.models])
    found.set(key, { ...call, models: [...names] })
  }
  const place = ({ kernel }: Call) => kernelNames.indexOf(kernel)
  return [...found.values()].sort((a, b) => place(a) - place(b) || cost(a).flops - cost(b).flops)
}
