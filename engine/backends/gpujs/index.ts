// The gpu.js backend: tensors are GL textures (or WebGPU buffers) from the upload of a batch to the download of its
// loss, and each kernel of the contract is one or a few gathers (kernels.ts; packed.ts for four numbers at a time).
//
// gpu.js is a large library and few runs need it: it is loaded only when this backend is asked for.
import { FADED, type AdamStep, type Backend, type Conv2dShape, type Pool2dShape, type Transposed, type Values } from '../../backend.js' // prettier-ignore
import { ChiffreError } from '../../errors.js'
import { eager, gathered, maskOf } from '../gathered.js'
import type { Adapter } from '../webgpu/adapter.js'
import { Device, type DeviceBuffer } from './device.js'
import * as kernels from './kernels.js'
import { modes, type Mode } from './library.js'
import { problem } from './messages.js'
import * as packed from './packed.js'
import { unary } from './unary.js'

/** open.ts says what it is. */
export async function gpujs(mode?: string): Promise<Backend<DeviceBuffer>> {
  if (mode !== undefined && !isMode(mode)) throw problem('gpujs.unknown', { mode, modes: modes.join(', ') })
  const inBrowser = 'document' in globalThis || 'importScripts' in globalThis
  const device = mode || inBrowser ? await Device.open(mode ?? 'webgl2') : await openInNode()
  try {
    return backend(device, await verify(device))
  } catch (error) {
    await device.dispose()
    throw error
  }
}

/** The first way to a graphics card, or why there is none. */
async function openInNode(): Promise<Device> {
  const without = async (webgpu: unknown) => {
    if (!(webgpu instanceof ChiffreError)) throw webgpu
    return Device.open('headlessgl').catch((gl: unknown) => {
      throw gl instanceof ChiffreError ? problem('gpujs.none', { webgpu, gl }) : gl
    })
  }
  return Device.open('webgpu').catch(without)
}

const isMode = (mode: string): mode is Mode => (modes as readonly string[]).includes(mode)

/** A first run shows what runs and that it computes; on GL it also writes and reads the first whole texels. */
async function verify(device: Device): Promise<Adapter | undefined> {
  const x = device.upload(copy(4), Float32Array.of(1, -2, 3, 4))
  const turned = device.packed ? device.consume(packed.transpose('verify', 4, 1)!, x) : x
  const y = device.consume(kernels.elementwise('verify', 'x', '', 4, 'x + x', device.packed), turned)
  const actual = [...(await device.download(y))].join()
  const expected = '2,-4,6,8'
  const adapter = device.adapterOf(y)
  device.free(y)
  if (actual === expected) return adapter
  throw problem('gpujs.wrong', { mode: device.mode, actual, expected })
}

/** y = x: what brings numbers to the device. */
const copy = (length: number) => kernels.elementwise('upload', 'x', '', length, 'x', false)

function backend(device: Device, adapter: Adapter | undefined): Backend<DeviceBuffer> {
  /** y = formula of the arrays' numbers, place by place. */
  const each = (
    op: string,
    names: string,
    formula: string,
    arrays: DeviceBuffer[],
    scalars: Record<string, number> = {},
  ) =>
    device.run(
      kernels.elementwise(op, names, Object.keys(scalars).join(', '), arrays[0].length, formula, device.packed),
      ...arrays,
      ...Object.values(scalars),
    )
  /** y = formula of a and b, the shorter of which is repeated. */
  const pairs = (op: string, a: DeviceBuffer, b: DeviceBuffer, formula: string) =>
    a.length === b.length
      ? each(op, 'a, b', formula, [a, b])
      : device.run(kernels.pairs(op, a.length, b.length, formula), a, b)
  /** The packed kernel if the device has texels and the shape fits into them, else the general one. */
  const pick = <Shape extends unknown[]>(
    four: (...shape: Shape) => kernels.Kernel | undefined,
    one: (...shape: Shape) => kernels.Kernel,
    ...shape: Shape
  ) => (device.packed ? four(...shape) : undefined) ?? one(...shape)

  /** db[n] = Σm x[m,n], in two stages if m is large: √m sums of √m rows, and their sum. */
  function sumRows(op: string, x: DeviceBuffer, m: number, n: number): DeviceBuffer {
    const sum = (rows: number, parts: number) => pick(packed.sumRows, kernels.sumRows, op, rows, n, parts)
    if (m <= 256) return device.run(sum(m, 1), x)
    const parts = Math.ceil(Math.sqrt(m))
    return device.consume(sum(parts, 1), device.run(sum(m, parts), x))
  }

  /** Gives back what a step used up. */
  function replace<T>(successor: T, ...used: DeviceBuffer[]): T {
    used.forEach(x => device.free(x))
    return successor
  }

  const upload = (values: Values) =>
    device.upload(copy(values.length), values instanceof Float32Array ? values : Float32Array.from(values))
  const uploadPixels = (pixels: Uint8Array) => upload(Float32Array.from(pixels, p => p / 255))

  return {
    name: `gpujs:${device.mode}`,
    adapter,

    upload,
    uploadPixels,
    gather(examples, indices) {
      const picked = gathered(examples, indices)
      return picked instanceof Uint8Array ? uploadPixels(picked) : upload(picked)
    },
    download: x => device.download(x),
    program(fn) {
      return eager(this, fn)
    },
    free: x => device.free(x),
    get live() {
      return device.live.size
    },
    dispose: () => device.dispose(),

    matmul(x, w, m, k, n, transposed: Transposed = {}) {
      if (!device.packed) return device.run(kernels.matmul(m, k, n, transposed), x, w)
      const four = packed.matmul(m, k, n, transposed)
      if (four) return device.run(four, x, w)
      // What is stored the other way is turned, if it fits into fours then.
      const rows = packed.transpose('matmul', n, k)
      if (rows && transposed.w && !transposed.x) {
        const ws = device.run(rows, w)
        return replace(device.run(packed.matmul(m, k, n, {})!, x, ws), ws)
      }
      const columns = packed.dots(m, k, n)
      if (!columns) return device.run(kernels.matmul(m, k, n, transposed), x, w)
      const xs = transposed.x ? device.run(packed.transpose('matmul', k, m)!, x) : x
      const ws = transposed.w ? w : device.run(packed.transpose('matmul', k, n)!, w)
      const used = [xs, ws].filter(turned => turned !== x && turned !== w)
      return replace(device.run(columns, xs, ws), ...used)
    },
    addBias: (x, b, m, n) => device.run(pick(packed.addBias, kernels.addBias, m, n), x, b),
    biasGrad: (dy, m, n) => sumRows('biasGrad', dy, m, n),

    unary: (f, x) => each(f, 'x', unary[f][0], [x]),
    unaryGrad(f, x, y, dy) {
      const formula = unary[f][1]
      const arrays = Object.entries({ x, y, dy }).filter(([name]) => new RegExp(`\\b${name}\\b`).test(formula))
      return each(`${f}Grad`, arrays.map(([name]) => name).join(', '), formula, arrays.map(([, array]) => array)) // prettier-ignore
    },
    add: (a, b) => pairs('add', a, b, 'a + b'),
    sub: (a, b) => pairs('sub', a, b, 'a - b'),
    mul: (a, b) => pairs('mul', a, b, 'a * b'),
    div: (a, b) => pairs('div', a, b, 'a / b'),
    dropoutMask: (length, probability, kept, key) => upload(maskOf(length, probability, kept, key())),
    repeat: (x, times) => device.run(kernels.repeat(times, x.length), x),

    conv2d: (x, w, s: Conv2dShape) => device.run(pick(packed.conv2d, kernels.conv2d, s), x, w),
    conv2dGradInput: (dy, w, s: Conv2dShape) =>
      device.run(pick(packed.conv2dGradInput, kernels.conv2dGradInput, s), dy, w),
    conv2dGradFilter(x, dy, s: Conv2dShape) {
      const parts = Math.max(1, Math.min(s.n, Math.floor(sumsAtOnce / (s.kh * s.kw * s.ci * s.co))))
      const kernel = pick(packed.conv2dGradFilter, kernels.conv2dGradFilter, s, parts)
      const sums = device.run(kernel, x, dy)
      if (parts === 1) return sums
      return replace(sumRows(kernel.op, sums, parts, s.kh * s.kw * s.ci * s.co), sums)
    },
    maxPool: (x, s: Pool2dShape) => device.run(kernels.maxPool(s), x),
    maxPoolGrad: (x, y, dy, s: Pool2dShape) => device.run(kernels.maxPoolGrad(s), x, y, dy),

    averagePool: (x, s) => device.run(kernels.averagePool(s), x),
    averagePoolGrad: (dy, s) => device.run(kernels.averagePoolGrad(s), dy),

    softmax: (x, m, n) => device.run(kernels.softmax(m, n), x),
    softmaxGrad: (y, dy, m, n) => device.run(kernels.softmaxGrad(m, n), y, dy),
    crossEntropy(logits, labels, m, n, smoothing = 0) {
      const losses = device.run(kernels.crossEntropy(m, n, smoothing), logits, labels)
      return replace(sumRows('crossEntropy', losses, m, 1), losses)
    },
    crossEntropyGrad: (logits, labels, dy, m, n, smoothing = 0) =>
      device.run(kernels.crossEntropyGrad(m, n, smoothing), logits, labels, dy),

    sgdStep(w, dw, v, { lr, momentum, decay = 0 }) {
      const kept = 1 - lr * decay
      const move = (by: DeviceBuffer) => each('sgdStep', 'w, dw', 'kept * w - lr * dw', [w, by], { kept, lr })
      if (!v) return replace({ w: move(dw) }, w)
      const velocity = each('sgdStep', 'v, dw', 'momentum * v + dw', [v, dw], { momentum })
      return replace({ w: move(velocity), v: velocity }, w, v)
    },
    adamStep(w, dw, m, v, { lr, beta1, beta2, epsilon, step, decay = 0 }: AdamStep) {
      const next = 'beta * m + rest * dw'
      const mean = each('adamStep', 'm, dw', `Math.abs(${next}) < faded ? 0 : ${next}`, [m, dw], { beta: beta1, rest: 1 - beta1, faded: FADED }) // prettier-ignore
      const square = each('adamStep', 'v, dw', 'beta * v + rest * dw * dw', [v, dw], { beta: beta2, rest: 1 - beta2 })
      const moved = each(
        'adamStep',
        'w, m, v',
        'kept * w - lr * (m / bias1) / (Math.sqrt(v / bias2) + epsilon)',
        [w, mean, square],
        { kept: 1 - lr * decay, lr, bias1: 1 - beta1 ** step, bias2: 1 - beta2 ** step, epsilon },
      )
      return replace({ w: moved, m: mean, v: square }, w, m, v)
    },
  }
}

/**
 * A filter's gradient is summed image by image, and then over the images, unless that were more numbers than this: short
 * sums keep more of a card busy, and what they read stays in its caches.
 */
const sumsAtOnce = 2 ** 22
