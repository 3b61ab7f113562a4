// The webgpu backend: the contract in hand-written WGSL, for graphics cards. Calls become a list, and the list a single submission to
// the card (queue.ts), in which kernels become one (fuse.ts); what is done again and again is sent again as it was (program.ts). Each
// family of kernels is a file: tiles.ts for products, which matmul.ts and conv2d.ts are; elementwise.ts, sums.ts, pool.ts, softmax.ts,
// optimizers.ts.
import type { AveragePool2dShape, Backend, Conv2dShape, Pool2dShape } from '../../backend.js'
import { gathered } from '../gathered.js'
import {
  conv2d,
  conv2dGradFilter,
  conv2dGradInput,
  isShort,
  linesOf,
  shortConv2d,
  shortConv2dGradFilter,
  sizesOf,
  type ConvChoice,
} from './conv2d.js'
import { Device, type Traffic } from './device.js'
import * as elementwise from './elementwise.js'
import { groupsFor, type Kernel } from './kernel.js'
import { blockMatmul, blocksOf, matmul } from './matmul.js'
import { problem } from './messages.js'
import * as optimizers from './optimizers.js'
import * as pool from './pool.js'
import { createPrograms, type Explained } from './program.js'
import { Block, Queue, type Call, type Numbers } from './queue.js'
import * as softmax from './softmax.js'
import { partsOf, sumParts, sumRows } from './sums.js'
import { planOf, type Epilogue, type Tile } from './tiles.js'

export interface WebgpuBackend extends Backend<Block> {
  readonly adapter: NonNullable<Backend['adapter']>
  /** What went to the card and came from it so far. */
  readonly traffic: Readonly<Traffic>
  /** How much of the card's memory is taken, whether in use or kept for later. */
  readonly memory: { readonly buffers: number; readonly bytes: number }
}

export interface WebgpuOptions {
  /** Hears of each program that is recorded (npm run bench -- --explain). */
  readonly explain?: (program: Explained) => void
}

/** open.ts says what it is. */
export async function webgpu({ explain }: WebgpuOptions = {}): Promise<WebgpuBackend> {
  const device = await Device.open(!!explain)
  const made = backend(device, explain)
  try {
    await verify(made)
    return made
  } catch (error) {
    await made.dispose()
    throw error
  }
}

/** A first sum shows that it computes. */
async function verify(b: WebgpuBackend) {
  const x = b.upload(Float32Array.of(1, -2, 3, 4))
  const y = b.add(x, x)
  const actual = [...(await b.download(y))].join()
  for (const one of [x, y]) b.free(one)
  const expected = '2,-4,6,8'
  if (actual !== expected) throw problem('webgpu.wrong', { adapter: b.adapter.name, actual, expected })
}

function backend(device: Device, explain: WebgpuOptions['explain']): WebgpuBackend {
  const queue = new Queue(device)

  /** The result of a kernel of which each thread computes one number. */
  function each(kernel: Kernel, reads: Block[], length: number, numbers: number[] = [], count = length): Block {
    const y = queue.make(length)
    queue.call({ kernel, reads, makes: [y], numbers: [count, ...numbers], groups: groupsFor(count) })
    return y
  }

  /** y[n] = Σm x[m,n], part by part if m is large */
  function sum(x: Block, m: number, n: number): Block {
    const parts = partsOf(m)
    const y = each(sumRows, [x], parts * n, [m * n])
    return parts === 1 ? y : used(sum(y, parts, n), y)
  }

  /** An intermediate result, once what came of it was called for. */
  function used(y: Block, ...intermediate: Block[]): Block {
    for (const x of intermediate) queue.free(x)
    return y
  }

  /** A product of m rows and n columns, and how bias, relu and the mask of relu's gradient become part of it. */
  function product(
    kernelOf: (epilogue: Epilogue) => Kernel,
    reads: Block[],
    [m, n]: readonly [number, number],
    { parts, numbers, groups }: Pick<Call, 'groups'> & { parts: number; numbers: number[] },
  ): Block {
    const last = (before: Call, epilogue: Epilogue, kernel: (epilogue: Epilogue) => Kernel): Call => ({
      ...before,
      kernel: kernel(epilogue),
      join(next) {
        const [other] = next.reads.filter(x => x !== before.makes[0])
        const joined = (then: Epilogue, reads = before.reads) =>
          last({ ...before, reads, makes: next.makes }, then, kernel)
        if (
          next.kernel === elementwise.addBias &&
          epilogue === '' &&
          other?.length === n &&
          next.reads[0] === before.makes[0]
        )
          // prettier-ignore
          return joined('bias', [...before.reads, other])
        if (next.kernel === reluKernel && !epilogue.includes('relu') && epilogue !== 'mask')
          return joined(epilogue === '' ? 'relu' : 'bias relu')
        if (next.kernel === maskKernel && epilogue === '' && other) return joined('mask', [...before.reads, other])
        return undefined
      },
    })
    const y = queue.make(parts * m * n)
    const whole: Call = { kernel: kernelOf(''), reads, makes: [y], numbers, groups }
    if (parts === 1) {
      queue.call(last(whole, '', kernelOf))
      return y
    }
    queue.call(whole)
    const total = queue.make(m * n)
    const summing = { reads: [y], makes: [total], numbers: [m * n, parts, n], groups: groupsFor(m * n) }
    queue.call(last({ ...summing, kernel: sumParts('') }, '', sumParts))
    return used(total, y)
  }

  /** A product in tiles. */
  function tiled(
    kernelOf: (tile: Tile, epilogue: Epilogue) => Kernel,
    reads: Block[],
    [m, k, n]: readonly [number, number, number],
    sizes: readonly number[] = [],
  ): Block {
    const { tile, part, parts } = planOf(m, k, n)
    const groups = Math.ceil(n / tile.columns) * Math.ceil(m / tile.rows) * parts
    const numbers = [m, k, n, part, ...sizes]
    return product(epilogue => kernelOf(tile, epilogue), reads, [m, n], { parts, numbers, groups })
  }

  const convolution = (
    kernelOf: (choice: ConvChoice) => Kernel,
    reads: Block[],
    s: Conv2dShape,
    size: readonly [number, number, number],
  ) => {
    const fours = { ci: s.ci % 4 === 0, co: s.co % 4 === 0 }
    const [dense, exact] = [s.stride === 1, Math.max(...size) >= 2 ** 22]
    return tiled((tile, epilogue) => kernelOf({ tile, fours, dense, exact, epilogue }), reads, size, sizesOf(s))
  }

  const window = (s: Omit<AveragePool2dShape, 'n'>) => [s.h, s.w, s.c, s.kh, s.kw, s.stride, s.oh, s.ow]
  const square = (s: Pool2dShape): AveragePool2dShape => ({ ...s, kh: s.size, kw: s.size })
  const [ofX, ofY] = [
    (s: Omit<Pool2dShape, 'size'>) => s.n * s.h * s.w * s.c,
    (s: Omit<Pool2dShape, 'size'>) => s.n * s.oh * s.ow * s.c,
  ]
  const pair = (op: 'add' | 'sub' | 'mul' | 'div', a: Block, b: Block) =>
    each(elementwise.pairs(op), [a, b], Math.max(a.length, b.length))

  /** Changes arrays where they are, but not for a loss that is no number. None may be read as dw, too: then that is copied. */
  function change(kernelOf: (guarded: boolean) => Kernel, dw: Block, changes: Block[], numbers: Numbers) {
    const read = changes.includes(dw) ? each(elementwise.repeat, [dw], dw.length) : dw
    const loss = queue.recorder?.loss
    const reads = loss ? [read, loss] : [read]
    queue.call({ kernel: kernelOf(!!loss), reads, makes: [], changes, numbers, groups: groupsFor(dw.length) })
    if (read !== dw) queue.free(read)
  }

  const unfolded = (bytes: Block, length: number) => used(each(elementwise.unfoldPixels, [bytes], length), bytes)

  return {
    name: 'webgpu',
    adapter: device.adapter,
    traffic: device.traffic,
    get memory() {
      return { buffers: device.buffers, bytes: device.bytes }
    },

    upload: values => queue.upload('upload', values instanceof Float32Array ? values : Float32Array.from(values)),
    uploadPixels: pixels => unfolded(queue.upload('uploadPixels', pixels), pixels.length),
    gather(examples, indices) {
      const length = indices.length * examples.size
      const copy = queue.copyOf(examples)
      const bytes = examples.values instanceof Uint8Array
      if (!copy) {
        const picked = queue.upload('gather', gathered(examples, indices))
        queue.recorder?.refuse()
        return bytes ? unfolded(picked, length) : picked
      }
      const places = queue.upload('gather', indices)
      const kernel = bytes ? elementwise.gatherPixels : elementwise.gatherNumbers
      return used(each(kernel, [copy, places], length, [examples.size]), places)
    },
    download: x => queue.download(x),
    free: x => queue.free(x),
    program: createPrograms(queue, explain),
    get live() {
      return queue.live.size
    },
    dispose: async () => queue.dispose(),

    matmul(x, w, m, k, n, transposed = {}) {
      const fours = { m: m % 4 === 0, n: n % 4 === 0 }
      const blocks = blocksOf(m, k, n)
      if (!blocks) return tiled((tile, epilogue) => matmul({ tile, transposed, fours, epilogue }), [x, w], [m, k, n])
      const { parts, part, count } = blocks
      const sizes = { parts, numbers: [count, m, k, n, part], groups: groupsFor(count) }
      return product(epilogue => blockMatmul({ ...blocks, transposed, epilogue }), [x, w], [m, n], sizes)
    },
    addBias: (x, b, m, n) => each(elementwise.addBias, [x, b], m * n),
    biasGrad: (dy, m, n) => sum(dy, m, n),

    unary: (f, x) => each(elementwise.unary(f), [x], x.length),
    unaryGrad(f, x, y, dy) {
      const reads = elementwise.gradientReads(f).map(name => ({ x, y, dy })[name])
      return each(elementwise.unaryGrad(f), reads, x.length)
    },
    add: (a, b) => pair('add', a, b),
    sub: (a, b) => pair('sub', a, b),
    mul: (a, b) => pair('mul', a, b),
    div: (a, b) => pair('div', a, b),
    repeat: (x, times) => each(elementwise.repeat, [x], x.length * times),
    dropoutMask(length, probability, kept, key) {
      const y = queue.make(length)
      const dropped = Math.floor(probability * 2 ** 32)
      const numbers = () => [length, dropped, key(), kept]
      queue.call({ kernel: elementwise.dropoutMask, reads: [], makes: [y], numbers, groups: groupsFor(length) })
      return y
    },

    conv2d(x, w, s) {
      const pixels = s.n * s.oh * s.ow
      if (!isShort(s)) return convolution(conv2d, [x, w], s, [pixels, s.kh * s.kw * s.ci, s.co])
      const count = (Math.ceil(pixels / 4) * s.co) / 4
      const sizes = { parts: 1, numbers: [count, pixels, s.kh, ...sizesOf(s)], groups: groupsFor(count) }
      const exact = pixels >= 2 ** 22
      return product(epilogue => shortConv2d({ exact, epilogue }), [x, w], [pixels, s.co], sizes)
    },
    conv2dGradInput: (dy, w, s) =>
      convolution(conv2dGradInput, [dy, w], s, [s.n * s.h * s.w, s.kh * s.kw * s.co, s.ci]),
    conv2dGradFilter(x, dy, s) {
      const taps = s.kh * s.kw * s.ci
      if (!isShort(s)) return convolution(conv2dGradFilter, [x, dy], s, [taps, s.n * s.oh * s.ow, s.co])
      const { part, parts } = linesOf(s)
      const count = (parts * s.kh * s.ci * s.co) / 4
      const sizes = [count, s.n * s.oh, part, s.kh, s.h, s.w, s.ci, s.co, s.stride, s.top, s.left, s.oh, s.ow]
      const kernelOf = (epilogue: Epilogue) => shortConv2dGradFilter({ kw: s.kw, dense: s.stride === 1, epilogue })
      return product(kernelOf, [x, dy], [taps, s.co], { parts, numbers: sizes, groups: groupsFor(count) })
    },
    maxPool: (x, s) => each(pool.maxPool, [x], ofY(s), window(square(s))),
    maxPoolGrad: (x, y, dy, s) => each(pool.maxPoolGrad, [x, y, dy], ofX(s), window(square(s))),
    averagePool: (x, s) => each(pool.averagePool, [x], ofY(s), window(s)),
    averagePoolGrad: (dy, s) => each(pool.averagePoolGrad, [dy], ofX(s), window(s)),

    softmax: (x, m, n) => each(softmax.softmax, [x], m * n, [n], m),
    softmaxGrad: (y, dy, m, n) => each(softmax.softmaxGrad, [y, dy], m * n, [n], m),
    crossEntropy(logits, labels, m, n, smoothing = 0) {
      const losses = each(softmax.crossEntropy, [logits, labels], m, [n, 1 - smoothing, smoothing / n])
      const loss = used(sum(losses, m, 1), losses)
      if (queue.recorder) queue.recorder.loss = loss
      return loss
    },
    crossEntropyGrad: (logits, labels, dy, m, n, smoothing = 0) =>
      each(softmax.crossEntropyGrad, [logits, labels, dy], m * n, [n, 1 - smoothing, smoothing / n], m),

    sgdStep(w, dw, v, step) {
      const numbers = () => [w.length, step.lr, 1 - step.lr * (step.decay ?? 0), ...(v ? [step.momentum] : [])]
      change(v ? optimizers.momentumStep : optimizers.sgdStep, dw, v ? [w, v] : [w], numbers)
      return v ? { w, v } : { w }
    },
    adamStep(w, dw, m, v, step) {
      change(optimizers.adamStep, dw, [w, m, v], () => {
        const { lr, beta1, beta2, epsilon, decay = 0 } = step
        const bias = [1 - beta1 ** step.step, 1 - beta2 ** step.step]
        return [w.length, lr, 1 - lr * decay, beta1, 1 - beta1, beta2, 1 - beta2, ...bias, epsilon]
      })
      return { w, m, v }
    },
  }
}

const [reluKernel, maskKernel] = [elementwise.unary('relu'), elementwise.unaryGrad('relu')]
