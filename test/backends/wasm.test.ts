import assert from 'node:assert/strict'
import { wasm } from '../../engine/index.js'
import { testBackend } from './suite.js'
import { testTrajectories } from './trajectories.js'

testBackend('wasm', () => wasm({ threads: 1 }))
testBackend('wasm, 2 threads', () => wasm({ threads: 2 }))
testBackend('wasm, strict', () => wasm({ threads: 1, strict: true }))
testTrajectories('wasm', () => wasm({ threads: 2 }))

describe('wasm', () => {
  it('counts the bytes in use and the kernels that ran', async () => {
    const b = await wasm({ threads: 1 })
    const values = new Float32Array(1000)
    const before = b.bytes
    const x = b.upload(values)
    const one = b.bytes - before
    assert.ok(one >= values.byteLength && one < values.byteLength + 256, `${one}`)
    assert.equal(b.paths.get('relu'), undefined)
    const y = b.unary('relu', x)
    const z = b.unary('relu', x)
    assert.equal(b.bytes - before, 3 * one)
    assert.deepEqual([...b.paths], [['relu', 2]])
    for (const buffer of [x, y, z]) b.free(buffer)
    assert.equal(b.bytes, before)
    await b.dispose()
  })
  it('is built when all its threads have started, and says so if one does not', async () => {
    const worker = new URL('data:text/javascript,throw new Error("no thread today")')
    await assert.rejects(wasm({ threads: 2, worker }), /no thread today/)
  })
})
