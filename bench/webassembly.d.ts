// The part of WebAssembly that the benches use: TypeScript knows it only together with the whole DOM.
declare namespace WebAssembly {
  /** Compiled code, which can be handed to a worker. */
  class Module {
    private readonly brand
  }
  class Memory {
    constructor(limits: { initial: number; maximum: number; shared: true })
    readonly buffer: SharedArrayBuffer
  }
  function validate(bytes: Uint8Array): boolean
  function compile(bytes: Uint8Array): Promise<Module>
  function instantiate(module: Module, imports: object): Promise<{ readonly exports: object }>
}
