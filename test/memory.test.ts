// A training step frees what it made, and the same seed gives the same bytes: both seen from outside, in processes of
// their own.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const child = fileURLToPath(new URL('support/child.js', import.meta.url))

async function run(...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', child, ...args])
  return JSON.parse(stdout)
}

for (const [backend, steps] of [
  ['cpu', 300],
  ['wasm', 2000],
] as const)
  describe(`training deepnet2 on ${backend}`, function () {
    this.timeout(60_000)

    it(`grows by less than 20 MB over ${steps} steps, after the first tenth`, async () => {
      const samples = (await run('memory', backend, `${steps}`)) as { live: number; megabytes: number }[]
      assert.equal(samples.length, 10)
      const [first, ...later] = samples
      for (const { live, megabytes } of later) {
        assert.equal(live, first.live, 'buffers in use')
        assert.ok(megabytes - first.megabytes < 20, `grew from ${first.megabytes} to ${megabytes} MB`)
      }
    })
    it('gives the same sha256 in two processes', async () => {
      const hash = await run('hash', backend)
      assert.match(hash as string, /^[0-9a-f]{64}$/)
      assert.equal(await run('hash', backend), hash)
    })
  })
