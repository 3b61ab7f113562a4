// `learn`: a learner's way through an exercise.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chiffre, temporaryFolder } from './chiffre.js'

describe('learn', function () {
  this.timeout(30_000)
  const folder = temporaryFolder()
  const learn = (...args: string[]) => chiffre('learn', ...args, '--folder', folder)
  const file = join(folder, '12-matmul-dx.ts')

  it('hands out a file and says at once what is wrong with it', async () => {
    const { code, out } = await learn('12')
    assert.equal(code, 1)
    assert.match(out, /12\. A dense layer: what x receives\n/)
    assert.match(
      out,
      /12-matmul-dx: not yet\.\n {2}∂L\/∂x, matmul: \[\d,\d\] -?[\d.]+, should be -?[\d.]+\n {2}Likely cause: transposed/,
    )
    assert.match(readFileSync(file, 'utf8'), /from '\.\.\/engine\/tensor\.js'/)
    const begun = performance.now()
    await learn('check', 'matmul-dx')
    assert.ok(performance.now() - begun < 4000) // half of it, on a machine with nothing else to do
  })
  it('gives three hints, one after the other', async () => {
    for (const hint of [
      /^Hint 1 of 3: x\[i,k\]/,
      /^Hint 2 of 3: dx = dy·wᵀ/,
      /^Hint 3 of 3: b\.matmul\(dy, .* …\n$/,
      /^No more hints/,
    ])
      assert.match((await learn('hint', '12')).out, hint)
  })
  it('gives the solution after a try, and remembers what is solved', async () => {
    assert.deepEqual([(await learn('solution', '12')).code, (await learn('check', '12')).code], [1, 1])
    writeFileSync(file, readFileSync(file, 'utf8').replace('w.data, m, n, k)', 'w.data, m, n, k, { x: true })'))
    assert.equal((await learn('check', '12')).code, 1)
    assert.match((await learn('list')).out, /│ 12-matmul-dx +│.*│ tried/)
    assert.equal((await learn('solution', '12')).code, 0)
    assert.equal((await learn('check', '12')).out, '12-matmul-dx: solved. 1 of 35.\n')
    assert.match((await learn('list', '--lang', 'fr')).out, /│ 12-matmul-dx +│ Une couche dense.*│ résolu/)
    await learn('reset', '12')
    assert.equal((await learn('check', '12')).code, 1)
  })
  it('what does not compile is named by its line', async () => {
    writeFileSync(file, 'const x = 1\nconst y = = 2\n')
    assert.match((await learn('check', '12')).out, /the file cannot be read: 2: /)
  })
  it('an exercise that is not there, and too many words, are one line', async () => {
    assert.equal((await learn('99')).err, 'chiffre: there is no exercise 99; node cli learn list shows all\n')
    assert.equal((await learn('check', '1', '2')).code, 2)
    assert.ok(!existsSync(join(folder, '99.ts')))
  })
})
