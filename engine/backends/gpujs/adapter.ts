// What computes: the graphics card, by the name and driver that WebGPU or GL give it.
import type { Backend } from '../../backend.js'
import type { Context, GPUAdapter } from './library.js'

/** Vendor, device and driver, as far as they are told; and whether it is software, which the processor runs: `wasm` does so better. */
export type Adapter = NonNullable<Backend['adapter']>

const drawnBySoftware = /swiftshader|llvmpipe|softpipe|lavapipe|basic render|software/i

/** vendor, device (driver): `nvidia nvidia-geforce-rtx-3060 (NVIDIA: 550.54)`; a browser tells less. */
export function webgpuAdapter({ info }: GPUAdapter): Adapter {
  const { vendor, architecture, device, description } = info
  const what = (device || architecture).replace(/-+$/, '')
  const card = [what.startsWith(vendor) ? '' : vendor, what].filter(Boolean).join(' ')
  const name = [card, description && `(${description})`].filter(Boolean).join(' ') || 'WebGPU'
  return { name, software: info.isFallbackAdapter === true || drawnBySoftware.test(name) }
}

/** Browsers give a driver's own name in an extension; headless GL calls every driver ANGLE, but the class below it knows. */
export function glAdapter(context: Context): Adapter | undefined {
  if (!context.getParameter || context.RENDERER === undefined) return undefined
  const info = context.getExtension?.('WEBGL_debug_renderer_info')
  const below = Object.getPrototypeOf(Object.getPrototypeOf(context)) as Context
  const name = String(
    info
      ? context.getParameter(info.UNMASKED_RENDERER_WEBGL)
      : (below.getParameter ?? context.getParameter).call(context, context.RENDERER),
  )
  return { name, software: drawnBySoftware.test(name) }
}
