// What the pretrained convnet reads after preparation and segmentation; `npm run bench:reading` measures it at length.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mnist } from '../bench/mnist.js'
import { openConvnet, pretrained, readCodes, readDrawn } from '../bench/reading.js'
import { wasm } from '../engine/index.js'

if (!existsSync(pretrained))
  describe.skip('reading: SKIPPED, there is no storage/pretrained/convnet.safetensors', () => it('reads'))
else
  describe('the pretrained convnet', function () {
    this.timeout(60_000)

    it('reads drawn test digits at no more than a point under the direct accuracy', async () => {
      const backend = await wasm()
      const predict = await openConvnet(pretrained, backend)
      const [direct, drawn] = await readDrawn(predict, await mnist('t10k'), 200)
      assert.ok(drawn >= direct - 0.01, `${drawn} drawn, ${direct} direct`)
      await backend.dispose()
    })

    it('reads postal codes whole', async () => {
      const backend = await wasm()
      const predict = await openConvnet(pretrained, backend)
      const { whole, apart } = await readCodes(predict, await mnist('t10k'), 100)
      // 97 % of 500 (bench:reading); a sample of 100 may fall below by chance.
      assert.ok(whole >= 0.94 && apart >= 0.98, `${whole} whole, ${apart} taken apart`)
      const touching = await readCodes(predict, await mnist('t10k'), 60, { gap: [-0.05, 0.02] })
      assert.ok(touching.whole >= 0.8, `${touching.whole} of those that touch`)
      await backend.dispose()
    })
  })
