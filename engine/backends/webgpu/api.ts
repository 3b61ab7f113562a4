// What this project uses of WebGPU, typed: the types of browsers need the DOM, which engine/ does not know.

export interface Gpu {
  requestAdapter(options?: object): Promise<GPUAdapter | null>
}

/** What a GPUAdapter says of itself; a browser may leave all of it empty. */
export interface GPUAdapter {
  readonly info: {
    readonly vendor: string
    readonly architecture: string
    readonly device: string
    readonly description: string
    readonly isFallbackAdapter?: boolean
  }
  readonly limits: Limits
  readonly features: { has(name: string): boolean }
  requestDevice(settings: { readonly requiredLimits: Limits; readonly requiredFeatures: string[] }): Promise<GPUDevice>
}

export interface Limits {
  readonly maxStorageBufferBindingSize: number
  readonly maxBufferSize: number
}

export interface GPUDevice {
  readonly queue: {
    writeBuffer(buffer: GPUBuffer, at: number, bytes: Uint8Array<ArrayBuffer>): void
    submit(commands: readonly object[]): void
  }
  readonly lost: Promise<unknown>
  onuncapturederror: ((event: { readonly error: { readonly message: string } }) => void) | null
  createBuffer(settings: { readonly size: number; readonly usage: number }): GPUBuffer
  createShaderModule(settings: { readonly code: string }): object
  createBindGroupLayout(settings: object): object
  createPipelineLayout(settings: object): object
  createComputePipeline(settings: object): object
  createBindGroup(settings: object): object
  createCommandEncoder(): GPUCommandEncoder
  destroy(): void
}

export interface GPUBuffer {
  readonly size: number
  mapAsync(mode: number): Promise<void>
  getMappedRange(): ArrayBuffer
  unmap(): void
  destroy(): void
}

export interface GPUCommandEncoder {
  beginComputePass(settings?: object): GPUComputePassEncoder
  copyBufferToBuffer(from: GPUBuffer, at: number, to: GPUBuffer, toAt: number, size: number): void
  finish(): object
}

export interface GPUComputePassEncoder {
  setPipeline(pipeline: object): void
  setBindGroup(group: number, bindGroup: object): void
  dispatchWorkgroups(x: number, y: number): void
  end(): void
}

/** Constants of WebGPU: what a buffer is used for, and who reads a mapped one. */
export const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const
export const stage = { compute: 4 } as const
