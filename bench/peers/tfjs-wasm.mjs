// TensorFlow.js in WebAssembly with SIMD. Its threads do not start in Node.
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './tfjs.mjs'

setWasmPaths(`${dirname(fileURLToPath(import.meta.resolve('@tensorflow/tfjs-backend-wasm/package.json')))}/dist/`)
await run('wasm')
