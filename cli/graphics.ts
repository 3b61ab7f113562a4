// Which graphics card Node can compute on: through gl, which gpu.js uses where somebody has installed it.
import { createRequire } from 'node:module'

/** Whether gl is there, and the driver that answers; none does without a display. */
export interface Graphics {
  readonly built: boolean
  readonly driver?: string
}

interface Context {
  readonly RENDERER: number
  getParameter(name: number): unknown
}

export function graphics(): Graphics {
  const require = createRequire(createRequire(import.meta.url).resolve('gpu.js'))
  let createContext: (width: number, height: number) => Context | null
  try {
    createContext = require('gl') as typeof createContext
  } catch {
    return { built: false }
  }
  const context = createContext(1, 1)
  return { built: true, ...(context && { driver: nameOf(context) }) }
}

/** gl calls every driver ANGLE; the class below it knows the driver's own name. */
function nameOf(context: Context): string {
  const below = Object.getPrototypeOf(Object.getPrototypeOf(context)) as Context
  return String(below.getParameter.call(context, context.RENDERER))
}
