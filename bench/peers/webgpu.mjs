// WebGPU in Node for libraries that expect a browser's: the package webgpu, where somebody has installed it for
// this project: the one that brain.js brings is another.
import { cannot } from './contest.mjs'

try {
  const { create, globals } = await import(new URL('../../node_modules/webgpu/index.js', import.meta.url))
  Object.assign(globalThis, globals, { window: globalThis })
  if (!globalThis.navigator) globalThis.navigator = { userAgent: 'Node' }
  Object.defineProperty(globalThis.navigator, 'gpu', { value: create([]), configurable: true })
} catch (error) {
  cannot(error.message.split('\n')[0])
}
