// What computes on GL: the graphics card, by the name and driver that it gives it.
import { drawnBySoftware, type Adapter } from '../webgpu/adapter.js'
import type { Context } from './library.js'

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
