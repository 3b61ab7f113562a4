// Compiles AssemblyScript files of bench/ (*.as.ts).
import { allowRelaxedSimd, compile as compileBytes, runs, type WasmModule } from '../engine/backends/wasm/host.js'

interface BuildScript {
  readonly compileAssembly: (path: string, options: { fused: boolean }) => Promise<{ readonly bytes: Uint8Array }>
}
const { compileAssembly } = (await import(new URL('../../scripts/build.js', import.meta.url).href)) as BuildScript

/** A file below bench/, compiled. @throws if `fused` asks for relaxed SIMD and this engine has none */
export async function compile(file: string, fused: boolean): Promise<WasmModule> {
  return compileBytes((await compileAssembly(`bench/${file}`, { fused })).bytes)
}

/** Whether this engine has the fused multiply-add of relaxed SIMD, if need be after allowing it. */
export async function hasFused(): Promise<boolean> {
  const { bytes } = await compileAssembly('bench/peak.as.ts', { fused: true })
  if (!runs(bytes)) allowRelaxedSimd()
  return runs(bytes)
}
