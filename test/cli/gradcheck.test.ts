// `gradcheck`: right gradients are found right, one that is broken on purpose is found, and where.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chiffre, temporaryFolder } from './chiffre.js'

interface Line {
  readonly name: string
  readonly right: boolean
  readonly broken?: string
  readonly projection: { readonly backward: number; readonly measured: number }
  readonly entries: readonly unknown[]
}
const lines = (out: string) => out.trim().split('\n')
const widest = (out: string) => Math.max(...lines(out).map(line => line.length))

describe('gradcheck', function () {
  this.timeout(60_000)

  it('deepnet2 is right, in 80 columns, in both languages', async () => {
    const { code, out } = await chiffre('gradcheck')
    assert.equal(code, 0)
    for (const name of ['x', '1.dense.weight', '1.dense.bias', '3.dense.weight', '3.dense.bias'])
      assert.match(out, new RegExp(`│ ${name} +│.*│ right`))
    assert.match(out, /All gradients are right; the largest relative error is \de-\d/)
    assert.ok(widest(out) <= 80)
    const french = await chiffre('gradcheck', '--break', 'relu', '--lang', 'fr')
    assert.equal(french.code, 1)
    assert.match(french.out, /│ FAUX/)
    assert.match(french.out, /3\.dense\.weight est encore juste\net 1\.dense\.bias ne l’est plus/)
    assert.ok(widest(french.out) <= 80, french.out)
  })

  it('a broken operation is found: what comes before it on the tape is wrong by a tenth, the rest is right', async () => {
    const { code, out } = await chiffre('gradcheck', '--break', 'relu', '--json')
    assert.equal(code, 1)
    const said = lines(out).map(line => JSON.parse(line) as Line)
    const [end, tensors] = [said.at(-1)!, said.slice(0, -1)]
    assert.deepEqual([end.right, end.broken], [false, 'relu'])
    for (const { name, right, projection, entries } of tensors) {
      assert.equal(right, name.startsWith('3.'), name)
      const ratio = projection.backward / projection.measured
      assert.ok(Math.abs(ratio - (right ? 1 : 1.1)) < 1e-5, `${name}: ${ratio}`)
      assert.ok(entries.length >= 1)
    }
  })

  it('every operation of a network of one’s own can be broken, and is found', async () => {
    const path = join(temporaryFolder(), 'mine.mjs')
    writeFileSync(
      path,
      `import { averagePool2d, batchNorm, conv2d, dense, dropout, flatten, gelu, maxPool2d, residual, sequential } from 'chiffre'
       export const mine = () => sequential([28, 28, 1], conv2d(2, 5, { stride: 3 }), batchNorm(), gelu(),
         residual(conv2d(2, 3, { padding: 'same' })), maxPool2d(2), averagePool2d(2), flatten(), dropout(0.2), dense(10))`,
    )
    const operations = ['conv2d', 'bias', 'batchNorm', 'gelu', 'add', 'maxPool2d', 'averagePool2d', 'reshape', 'mul']
    assert.equal((await chiffre('gradcheck', '--model', path)).code, 0)
    for (const op of [...operations, 'matmul', 'crossEntropy'])
      assert.equal((await chiffre('gradcheck', '--model', path, '--break', op)).code, 1, op)
    const { code, err } = await chiffre('gradcheck', '--model', path, '--break', 'rel')
    assert.equal(code, 2)
    assert.match(err, /--break cannot be rel, only conv2d, bias, batchNorm/)
  })
})
