// TensorFlow.js on WebGPU.
import './webgpu.mjs'

await import('@tensorflow/tfjs-backend-webgpu') // asks for WebGPU at once
const { run } = await import('./tfjs.mjs')
await run('webgpu')
