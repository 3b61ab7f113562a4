// jax-js on WebGPU.
import './webgpu.mjs'

const { run } = await import('./jax.mjs')
await run('webgpu')
