// What this backend uses of gpu.js, typed. The library's own types need the DOM, which engine/ does not know.
import type { GPUAdapter } from '../webgpu/api.js'

/** A result that stays on the device: a GL texture (with `context`) or a WebGPU buffer. */
export interface DeviceArray {
  delete(): void
  toArray(): Float32Array | Promise<Float32Array>
}

/** A GL texture, four numbers a texel. Several may share one `texture`; the last to be deleted gives it back. */
export interface Texture extends DeviceArray {
  readonly texture: object
  readonly size: ArrayLike<number>
  readonly context: Context
  readonly constructor: TextureClass
  /** Every pixel's four channels. */
  renderRawOutput(): Float32Array
}

/** GL's context; of a WebGPU buffer, what it shares with all others. */
export interface Context {
  readonly isLost?: boolean
  isContextLost?(): boolean
  readonly RENDERER?: number
  getParameter?(name: number): unknown
  getExtension?(name: string): { readonly UNMASKED_RENDERER_WEBGL: number } | null
}

export type TextureClass = new (settings: object) => Texture

export type Argument = Input | DeviceArray | Float32Array | number
export type Result = DeviceArray | Float32Array

/** Numbers in memory with their dimensions: the form in which a kernel takes an array. */
export type Input = object

export interface KernelSettings {
  readonly output: readonly number[]
  readonly argumentTypes: Readonly<Record<string, string>>
  readonly precision: 'single'
  readonly tactic: 'precision'
  readonly pipeline: true
  readonly immutable: true
  readonly optimizeFloatMemory: boolean
  /** GLSL that stands between gpu.js's own functions and the kernel. */
  readonly injectedNative?: string
}

export interface KernelRun {
  (...args: Argument[]): Result | Promise<Result>
  /** What ran last: gpu.js puts another kind in its place when one cannot take a kernel. */
  readonly kernel: { readonly constructor: KernelClass; readonly fallbackReason?: string }
}

/** Writes the result and, by name, what each of the functions that the kernel calls returned. */
export interface KernelMapRun extends Pick<KernelRun, 'kernel'> {
  (...args: Argument[]): Readonly<Record<string, Texture>>
}

export interface KernelClass {
  readonly isSupported: boolean
  readonly features: { readonly maxTextureSize?: number } | null
}

export interface Gpu {
  createKernel(source: string, settings: KernelSettings): KernelRun
  createKernelMap(functions: Readonly<Record<string, string>>, source: string, settings: KernelSettings): KernelMapRun
  destroy(): Promise<void>
}

export interface Library {
  readonly GPU: { new (settings: { mode: Mode }): Gpu; isWebGPUAvailable(): Promise<boolean> }
  /** The one device on WebGPU, which all instances share until it is destroyed. */
  readonly WebGPUContext: { acquire(): Promise<WebGPUContext>; destroy(): Promise<void> }
  readonly Input: new (values: Float32Array, size: readonly number[]) => Input
  readonly HeadlessGLKernel: KernelClass
  readonly WebGL2Kernel: KernelClass
  readonly WebGPUKernel: KernelClass
  readonly WebAssemblyKernel: KernelClass
  readonly CPUKernel: KernelClass
}

export interface WebGPUContext {
  readonly adapter: GPUAdapter
  readonly device: { onuncapturederror: ((event: { readonly error: { readonly message: string } }) => void) | null }
}

/** gpu.js's kinds of kernel, the ones on a GPU first: by GL or WebGPU, then WebAssembly and JavaScript. */
export const modes = ['headlessgl', 'webgl2', 'webgpu', 'webasm', 'cpu'] as const

/** What gpu.js computes on. */
export type Mode = (typeof modes)[number]

/** The class that runs each mode. Minifiers rename classes, so what ran is told by identity, never by name. */
export const kernelClass = (library: Library, mode: Mode): KernelClass =>
  ({
    headlessgl: library.HeadlessGLKernel,
    webgl2: library.WebGL2Kernel,
    webgpu: library.WebGPUKernel,
    webasm: library.WebAssemblyKernel,
    cpu: library.CPUKernel,
  })[mode]

export async function loadLibrary(): Promise<Library> {
  const module = (await import('gpu.js')) as unknown as Library & { default?: Library }
  return module.default ?? module // what a CommonJS module exports: its bundle for browsers has no named exports
}
