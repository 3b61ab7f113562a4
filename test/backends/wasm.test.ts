import { wasm } from '../../engine/index.js'
import { testBackend } from './suite.js'
import { testTrajectories } from './trajectories.js'

testBackend('wasm', () => wasm({ threads: 1 }))
testBackend('wasm, 2 threads', () => wasm({ threads: 2 }))
testBackend('wasm, strict', () => wasm({ threads: 1, strict: true }))
testTrajectories('wasm', () => wasm({ threads: 2 }))
