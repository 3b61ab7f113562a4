// One gpu.js instance: its kernels, each compiled once, and the arrays that it holds on the device.
import type { Buffer } from '../../backend.js'
import { ChiffreError } from '../../errors.js'
import type { Adapter } from '../webgpu/adapter.js'
import { glAdapter } from './adapter.js'
import { exactTexels, glslReads } from './glsl.js'
import type { Kernel } from './kernels.js'
import { kernelClass, loadLibrary, type Argument, type Context, type Gpu, type KernelRun } from './library.js'
import type {
  KernelClass,
  KernelMapRun,
  KernelSettings,
  Library,
  Mode,
  Result,
  Texture,
  TextureClass,
} from './library.js'
import { problem } from './messages.js'
import { share, type Share } from './share.js'

/** Numbers on the device. On WebGPU they are a promise: every call there is one. */
export interface DeviceBuffer extends Buffer {
  readonly held: Held | Promise<Held>
}

/** A GL texture in both of its readings (number by number, texel by texel), or a plain array of the other modes. */
type Held = { readonly numbers: Result; readonly texels?: Texture }

/** An index above 2^24 is not exact in float32, in which a GPU may compute it. */
const largest = 2 ** 24

export class Device {
  /** Whether arrays are textures, four numbers a texel. */
  readonly packed: boolean
  readonly live = new Set<DeviceBuffer>()
  readonly #kernels = new Map<string, KernelRun | KernelMapRun>()
  readonly #library: Library
  readonly #kind: KernelClass
  readonly #gpu: Gpu
  readonly #limit: number
  #numbersClass: TextureClass | undefined
  #texelsClass: TextureClass | undefined
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(
    readonly mode: Mode,
    library: Library,
    /** What it has of WebGPU's device, if that is what runs it. */
    readonly shared?: Share,
  ) {
    this.#library = library
    this.#kind = kernelClass(library, mode)
    this.#gpu = new library.GPU({ mode })
    this.packed = mode === 'headlessgl' || mode === 'webgl2'
    this.#limit = Math.min(largest, shared?.limit ?? 4 * (this.#kind.features?.maxTextureSize ?? Infinity) ** 2)
  }

  /** @throws ChiffreError if the mode does not run on this machine */
  static async open(mode: Mode): Promise<Device> {
    const library = await loadLibrary()
    if (mode === 'webgpu') return new Device(mode, library, await share(library))
    if (!kernelClass(library, mode).isSupported)
      throw mode === 'headlessgl' ? problem('gpujs.missing', {}) : problem('gpujs.unsupported', { mode })
    return new Device(mode, library)
  }

  /** The result of a kernel that copies its argument. */
  upload(copy: Kernel, values: Float32Array): DeviceBuffer {
    const input =
      this.mode === 'cpu' || this.mode === 'webasm' ? values : new this.#library.Input(values.slice(), [values.length])
    return this.#keep(copy, () => this.#call(copy, [input]))
  }

  /** Runs a kernel, or puts it in WebGPU's queue. */
  run(kernel: Kernel, ...args: (DeviceBuffer | number)[]): DeviceBuffer {
    const call = (held: (Held | number)[]) =>
      this.#call(
        kernel,
        held.map((arg, i) => {
          if (typeof arg === 'number') return arg
          return isPacked(kernel.args[i]) ? arg.texels! : arg.numbers
        }),
      )
    const held = args.map(arg => (typeof arg === 'number' ? arg : arg.held))
    return this.#keep(kernel, () =>
      this.mode === 'webgpu' ? Promise.all(held.map(async arg => arg)).then(call) : call(held as (Held | number)[]),
    )
  }

  /** Runs a kernel on intermediate results that nobody else needs, and frees them. */
  consume(kernel: Kernel, ...args: DeviceBuffer[]): DeviceBuffer {
    const result = this.run(kernel, ...args)
    args.forEach(arg => this.free(arg))
    return result
  }

  /** Read, or put in WebGPU's queue, at once: x may be freed while the promise is on its way. */
  async download(x: DeviceBuffer): Promise<Float32Array> {
    if (this.mode === 'webgpu')
      return this.#enqueue(async () => {
        const { numbers } = await x.held
        const buffer = numbers as Texture // of which only what WebGPU has, too, is used here
        const fail = this.#failing('download', [buffer])
        const values = await Promise.resolve(buffer.toArray()).catch(fail)
        if (this.shared!.failure() !== undefined || buffer.context.isLost) fail()
        return values
      })
    const { numbers } = x.held as Held
    if (numbers instanceof Float32Array) return numbers.slice()
    const texture = numbers as Texture
    const values = texture.renderRawOutput().slice(0, x.length)
    this.#checkContext('download', texture)
    return values
  }

  /** What computes x and everything else here, if it is not this program. */
  adapterOf(x: DeviceBuffer): Adapter | undefined {
    if (this.shared) return this.shared.adapter
    const { numbers } = x.held as Held
    return 'context' in numbers ? glAdapter(numbers.context as Context) : undefined
  }

  free(x: DeviceBuffer) {
    if (!this.live.delete(x)) throw new Error('gpujs: freed a buffer that is not in use')
    if (this.mode === 'webgpu') void this.#enqueue(async () => release(await x.held))
    else release(x.held as Held)
  }

  async dispose() {
    for (const x of [...this.live]) this.free(x)
    await this.#queue
    await this.#gpu.destroy()
    await this.shared?.close()
  }

  #keep({ op, length }: Kernel, make: () => Held | Promise<Held>): DeviceBuffer {
    if (length > this.#limit) throw problem('gpujs.size', { op, length, mode: this.mode, limit: this.#limit })
    const buffer = { length, held: this.mode === 'webgpu' ? this.#enqueue(make) : make() }
    this.live.add(buffer)
    return buffer
  }

  /** WebGPU's calls run one after the other, in the order they were made; who downloads hears of a failure. */
  #enqueue<T>(job: () => T | Promise<T>): Promise<T> {
    const done = this.#queue.then(job)
    this.#queue = done.catch(() => {})
    return done
  }

  #call(kernel: Kernel, args: Argument[]): Held | Promise<Held> {
    const first = !this.#kernels.has(keyOf(kernel))
    const check = (result: Result | Readonly<Record<string, Texture>>) => {
      if (first) this.#checkKind(kernel)
      if (!kernel.join) return this.#hold(kernel, result as Result, kernel.length)
      const rows = Object.values(result as Readonly<Record<string, Texture>>)
      const held = rows.map(row => this.#hold(kernel, row, 4 * kernel.calls))
      const joined = this.#call(
        kernel.join,
        held.map(({ texels }) => texels!),
      )
      held.forEach(release)
      return joined
    }
    const fail = this.#failing(kernel.op, args)
    try {
      const result = this.#compiled(kernel, args)(...args)
      return result instanceof Promise ? result.then(check).catch(fail) : check(result)
    } catch (error) {
      return fail(error)
    }
  }

  #compiled(kernel: Kernel, args: Argument[]): KernelRun | KernelMapRun {
    const known = this.#kernels.get(keyOf(kernel))
    if (known) return known
    const settings: KernelSettings = {
      output: [kernel.calls],
      argumentTypes: Object.fromEntries(kernel.args.map((name, i) => [name, this.#typeOf(name, args[i])])),
      precision: 'single',
      tactic: 'precision',
      pipeline: true,
      immutable: true,
      optimizeFloatMemory: this.packed && !kernel.packed,
      ...(this.packed && args.every(isSmall) ? { injectedNative: glslReads(this.mode) } : {}),
    }
    const run = kernel.join
      ? this.#gpu.createKernelMap(rowFunctions, kernel.source, settings)
      : this.#gpu.createKernel(kernel.source, settings)
    this.#kernels.set(keyOf(kernel), run)
    return run
  }

  #typeOf(name: string, arg: Argument): string {
    if (typeof arg === 'number') return 'Float'
    if (arg instanceof this.#library.Input) return 'Input'
    if (!this.packed) return 'Array'
    return isPacked(name) ? 'ArrayTexture(4)' : 'MemoryOptimizedNumberTexture'
  }

  /** gpu.js goes on with another kind of kernel where it must; that is not what was asked for. */
  #checkKind(kernel: Kernel) {
    const { constructor, fallbackReason } = this.#kernels.get(keyOf(kernel))!.kernel
    if (constructor === this.#kind) return
    throw problem('gpujs.degraded', { op: kernel.op, mode: this.mode, reason: fallbackReason ?? 'no reason given' })
  }

  #checkContext(op: string, { context }: Texture) {
    if (context.isLost ?? context.isContextLost?.()) throw problem('gpujs.lost', { op, mode: this.mode })
  }

  /** What to do about an error of op: say what it comes from. */
  #failing(op: string, args: readonly Argument[]) {
    return (error?: unknown): never => {
      if (error instanceof ChiffreError) throw error
      for (const arg of args) if (typeof arg === 'object' && 'context' in arg) this.#checkContext(op, arg as Texture)
      const reason = this.shared?.failure() ?? (error instanceof Error ? error.message.split('\n')[0] : String(error))
      throw problem('gpujs.kernel', { op, mode: this.mode, reason })
    }
  }

  /** Textures are of the class that their kernel writes; here each gets a reading of either class, of the same texels. */
  #hold(kernel: Kernel, result: Result, length: number): Held {
    if (!this.packed) return { numbers: result }
    const texture = result as Texture
    if (kernel.packed) this.#texelsClass ??= texture.constructor
    else this.#numbersClass ??= texture.constructor
    const read = (as: TextureClass | undefined, length: number) =>
      as && new as({ ...texture, output: [length], dimensions: [length, 1, 1] })
    const numbers = read(this.#numbersClass, length)!
    const texels = read(this.#texelsClass, Math.ceil(length / 4))
    texture.delete()
    return texels ? { numbers, texels } : { numbers }
  }
}

function release({ numbers, texels }: Held) {
  if ('delete' in numbers) numbers.delete()
  texels?.delete()
}

/** All that tells two kernels apart: the source has the operation, the shapes, and how arguments are read. */
const keyOf = ({ calls, source }: Kernel) => `${calls} ${source}`

/** What a kernel calls to hand over its second to fourth row; it returns the first. */
const rowFunctions = Object.fromEntries(
  ['row1', 'row2', 'row3'].map(row => [row, `function ${row}(a, b, c, d) { return [a, b, c, d]; }`]),
)

const isSmall = (arg: Argument) =>
  typeof arg === 'number' || !('size' in arg) || (arg as Texture).size[0] * (arg as Texture).size[1] <= exactTexels

const isPacked = (argument: string) => argument === argument.toUpperCase()
