// Compiles AssemblyScript files of bench/ (*.as.ts) and loads them.
import { setFlagsFromString } from 'node:v8'

interface BuildScript {
  readonly compileAssembly: (path: string, options: { fused: boolean }) => Promise<Uint8Array>
}
const { compileAssembly } = (await import(new URL('../../scripts/build.js', import.meta.url).href)) as BuildScript

/** The exports of such a file: functions of addresses (in bytes) and sizes. */
export type Exports = Readonly<Record<string, (...args: number[]) => number>>

/** A file below bench/, compiled. @throws if `fused` asks for relaxed SIMD and this engine has none */
export async function compile(file: string, fused: boolean): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await compileAssembly(`bench/${file}`, { fused }))
}

/** The exports of a compiled file, working on the given shared memory. */
export async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Exports> {
  return (await WebAssembly.instantiate(module, { env: { memory } })).exports as Exports
}

/**
 * Whether this engine has the fused multiply-add of relaxed SIMD. Node 20 has it behind a flag, which is set here; newer
 * versions have it always, and do not know the flag any more.
 */
export async function hasFused(): Promise<boolean> {
  const bytes = await compileAssembly('bench/peak.as.ts', { fused: true })
  if (!WebAssembly.validate(bytes)) setFlagsFromString('--experimental-wasm-relaxed-simd')
  return WebAssembly.validate(bytes)
}
