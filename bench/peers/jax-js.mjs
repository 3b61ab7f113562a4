// jax-js in WebAssembly.
import { run } from './jax.mjs'

await run('wasm')
