import assert from 'node:assert/strict'
import { wasm } from '../../engine/index.js'
import { testBackend } from './suite.js'
import { testTrajectories } from './trajectories.js'

testBackend('wasm', () => wasm({ threads: 1 }))
testBackend('wasm, 2 threads', () => wasm({ threads: 2 }))
testBackend('wasm, strict', () => wasm({ threads: 1, strict: true }))
testTrajectories('wasm', () => wasm({ threads: 2 }))

describe('wasm', () => {
  it('is built when all its threads have started, and says so if one does not', async () => {
    const worker = new URL('data:text/javascript,throw new Error("no thread today")')
    await assert.rejects(wasm({ threads: 2, worker }), /no thread today/)
  })
})
