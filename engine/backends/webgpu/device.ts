// One device of WebGPU: kernels, each compiled once, pieces of the card's memory, which are used again and again, and the commands on
// their way to the card. What goes wrong there is told by the next download.
import { ChiffreError } from '../../errors.js'
import { acquireAdapter, describe, releaseAdapter, type Adapter } from './adapter.js'
import { stage, usage, type GPUBuffer, type GPUCommandEncoder, type GPUDevice } from './api.js'
import { rowsOf, wgsl, words, type Kernel } from './kernel.js'
import { problem } from './messages.js'

/** A kernel with its arrays and sizes, ready to run. */
export interface Dispatch {
  readonly pipeline: object
  readonly bindGroup: object
  /** Workgroups in a row, and rows. */
  readonly groups: readonly [number, number]
}

/** What went to and fro so far. */
export interface Traffic {
  submits: number
  dispatches: number
  /** Programs that were sent again as they were. */
  replays: number
  /** Bytes written to the card, and read from it. */
  written: number
  read: number
}

export const TIMESTAMPS = 'timestamp-query'

/** So many bytes of memory that nobody uses are kept for later. */
const MOST_KEPT = 2 ** 29

/** Sizes of kernels stand so far apart: what WebGPU asks of every card. */
export const SIZES = 256
/** The bytes of the buffer that so many are kept in: few sizes, so that one can be used again. */
export const rounded = (bytes: number) => Math.max(256, Math.ceil(bytes / 256) * 256)

interface Compiled {
  readonly pipeline: object
  readonly layout: object
  readonly sizes: number
}

export class Device {
  readonly traffic: Traffic = { submits: 0, dispatches: 0, replays: 0, written: 0, read: 0 }
  /** Pieces of memory that there are, and their bytes. */
  buffers = 0
  bytes = 0
  readonly #kernels = new Map<Kernel, Compiled>()
  readonly #free = new Map<number, GPUBuffer[]>()
  #kept = 0
  readonly #staging = new Map<number, GPUBuffer[]>()
  #encoder: GPUCommandEncoder | undefined
  #failure: string | undefined
  #lost = false

  private constructor(
    readonly adapter: Adapter,
    readonly device: GPUDevice,
    /** How many bytes a piece of memory can hold. */
    readonly limit: number,
  ) {
    device.onuncapturederror = ({ error }) => (this.#failure ??= error.message.split('\n')[0])
    void device.lost.then(() => (this.#lost = true))
  }

  /** @param timed with timestamps, if there are any. @throws ChiffreError if there is no WebGPU, or no card or driver under it */
  static async open(timed = false): Promise<Device> {
    const adapter = await acquireAdapter()
    try {
      const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits
      const device = await adapter.requestDevice({
        requiredLimits: { maxStorageBufferBindingSize, maxBufferSize },
        requiredFeatures: timed && adapter.features.has(TIMESTAMPS) ? [TIMESTAMPS] : [],
      })
      return new Device(describe(adapter), device, Math.min(maxStorageBufferBindingSize, maxBufferSize))
    } catch (error) {
      releaseAdapter()
      throw error
    }
  }

  /** A piece of memory for so many bytes. @throws ChiffreError if that is more than a piece can hold */
  take(op: string, bytes: number): GPUBuffer {
    if (bytes > this.limit) throw problem('webgpu.size', { op, length: bytes / 4, limit: Math.floor(this.limit / 4) })
    const size = rounded(bytes)
    const kept = this.#free.get(size)?.pop()
    if (kept) {
      this.#kept -= size
      return kept
    }
    this.buffers++
    this.bytes += size
    return this.device.createBuffer({
      size,
      usage: usage.storage | usage.uniform | usage.copySource | usage.copyTarget,
    })
  }

  /** Keeps a piece for whoever asks for its size next: what was called before and uses it runs before. */
  give(buffer: GPUBuffer) {
    if (this.#kept + buffer.size > MOST_KEPT) return this.#destroy(buffer)
    this.#kept += buffer.size
    const others = this.#free.get(buffer.size)
    if (others) others.push(buffer)
    else this.#free.set(buffer.size, [buffer])
  }

  /** Gives back to the system what nobody uses. */
  trim() {
    this.submit()
    for (const buffers of this.#free.values()) for (const buffer of buffers) this.#destroy(buffer)
    this.#free.clear()
    this.#kept = 0
  }

  #destroy(buffer: GPUBuffer) {
    this.submit()
    this.buffers--
    this.bytes -= buffer.size
    buffer.destroy()
  }

  /** Writes bytes, filled up to whole words, after all that was called before. */
  write(buffer: GPUBuffer, values: ArrayBufferView, at = 0) {
    this.submit()
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength) as Uint8Array<ArrayBuffer>
    const whole = bytes.length % 4 === 0 ? bytes : new Uint8Array(Math.ceil(bytes.length / 4) * 4)
    if (whole !== bytes) whole.set(bytes)
    this.device.queue.writeBuffer(buffer, at, whole)
    this.traffic.written += whole.length
  }

  /** A kernel with its arrays: those that it reads, then those that it writes; its sizes stand `at` so many bytes of a buffer. */
  bind(kernel: Kernel, arrays: readonly GPUBuffer[], sizes: GPUBuffer, at: number, groups: number): Dispatch {
    const compiled = this.#compiled(kernel)
    const entries = arrays.map((buffer, binding) => ({ binding, resource: { buffer, offset: 0, size: buffer.size } }))
    entries.push({ binding: arrays.length, resource: { buffer: sizes, offset: at, size: compiled.sizes } })
    const bindGroup = this.device.createBindGroup({ layout: compiled.layout, entries })
    return { pipeline: compiled.pipeline, bindGroup, groups: rowsOf(groups) }
  }

  #compiled(kernel: Kernel): Compiled {
    const known = this.#kernels.get(kernel)
    if (known) return known
    const [reads, writes] = [Object.keys(kernel.reads).length, Object.keys(kernel.writes).length]
    const entry = (binding: number, buffer: object) => ({ binding, visibility: stage.compute, buffer })
    const layout = this.device.createBindGroupLayout({
      entries: [
        ...Array.from({ length: reads }, (_, i) => entry(i, { type: 'read-only-storage' })),
        ...Array.from({ length: writes }, (_, i) => entry(reads + i, { type: 'storage' })),
        entry(reads + writes, { type: 'uniform' }),
      ],
    })
    const module = this.device.createShaderModule({ code: wgsl(kernel) })
    const pipeline = this.device.createComputePipeline({
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main' },
    })
    const count = words(kernel.sizes).length + words(kernel.numbers).length
    const compiled = { pipeline, layout, sizes: Math.ceil(count / 4) * 16 }
    this.#kernels.set(kernel, compiled)
    return compiled
  }

  /** Adds dispatches, in their order, to the commands under way. */
  run(dispatches: readonly Dispatch[]) {
    if (dispatches.length === 0) return
    const pass = (this.#encoder ??= this.device.createCommandEncoder()).beginComputePass()
    let current: object | undefined
    for (const { pipeline, bindGroup, groups } of dispatches) {
      if (groups[0] === 0) continue // Dawn warns of it.
      if (pipeline !== current) pass.setPipeline((current = pipeline))
      pass.setBindGroup(0, bindGroup)
      pass.dispatchWorkgroups(...groups)
    }
    pass.end()
    this.traffic.dispatches += dispatches.length
  }

  /** Sends the commands that are under way. */
  submit() {
    if (!this.#encoder) return
    this.device.queue.submit([this.#encoder.finish()])
    this.#encoder = undefined
    this.traffic.submits++
  }

  /** The first numbers of a piece, once all that was called before has run; copied by then, so that it may be given back at once. */
  async read(op: string, buffer: GPUBuffer, length: number): Promise<Float32Array> {
    const size = Math.max(4, 4 * length)
    const staging =
      this.#staging.get(size)?.pop() ?? this.device.createBuffer({ size, usage: usage.mapRead | usage.copyTarget })
    this.#encoder ??= this.device.createCommandEncoder()
    this.#encoder.copyBufferToBuffer(buffer, 0, staging, 0, size)
    this.traffic.read += size
    await Promise.resolve() // Who downloads several results at once sends them together.
    try {
      this.submit()
      await staging.mapAsync(1)
    } catch (error) {
      this.#check(op)
      if (error instanceof ChiffreError || this.#lost) throw error
      throw problem('webgpu.lost', { op })
    }
    this.#check(op)
    const values = new Float32Array(staging.getMappedRange().slice(0), 0, length)
    staging.unmap()
    const others = this.#staging.get(size)
    if (others) others.push(staging)
    else this.#staging.set(size, [staging])
    return values
  }

  #check(op: string) {
    if (this.#lost) throw problem('webgpu.lost', { op })
    if (this.#failure !== undefined) throw problem('webgpu.kernel', { op, reason: this.#failure })
  }

  close() {
    this.device.destroy()
    releaseAdapter()
  }
}
