// What a user types wrong: one line that says what was wrong and what would be right, exit code 2, nothing on disk.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { backendNames } from '../../cli/backends.js'
import { chiffre, temporaryFolder } from './chiffre.js'

describe('usage', () => {
  const storage = join(temporaryFolder(), 'untouched')

  const mistakes: [typed: string, line: string][] = [
    ['tran', 'unknown command tran; did you mean train?'],
    ['quux', 'unknown command quux'],
    ['train --modle deepnet2', 'unknown option --modle; did you mean --model?'],
    ['--fresh', 'the command is missing: it comes first, as train, test and use do'],
    ['train deepnet2', 'unexpected deepnet2: options begin with --'],
    [
      'train --model depnet2',
      '--model cannot be depnet2, only best, convnet, deepnet1, deepnet2, tiny; did you mean deepnet2?',
    ],
    ['train --optimizer addam', '--optimizer cannot be addam, only adam, sgd; did you mean adam?'],
    ['train --schedule slow', '--schedule cannot be slow, only constant, step, cosine, onecycle'],
    ['train --backend wasn', `--backend cannot be wasn, only ${backendNames.join(', ')}; did you mean wasm?`],
    ['train --lr abc', '--lr cannot be abc; it must be a number above 0, such as 0.001'],
    ['train --lr 0', '--lr cannot be 0; it must be a number above 0, such as 0.001'],
    ['train --lr -0.1', '--lr cannot be -0.1; it must be a number above 0, such as 0.001'],
    ['train --lr Infinity', '--lr cannot be Infinity; it must be a number above 0, such as 0.001'],
    ['train --lr 1e999', '--lr cannot be 1e999; it must be a number above 0, such as 0.001'],
    ['train --lr 0x10', '--lr cannot be 0x10; it must be a number above 0, such as 0.001'],
    ['train --lr=', "--lr cannot be ''; it must be a number above 0, such as 0.001"],
    ['train --lr', '--lr needs a value'],
    ['train --lr --epochs 2', '--lr needs a value'],
    ['train --epochs 0', '--epochs cannot be 0; it must be a whole number from 1 to 1,000,000'],
    ['train --epochs 1.5', '--epochs cannot be 1.5; it must be a whole number from 1 to 1,000,000'],
    ['train --epochs 1000001', '--epochs cannot be 1000001; it must be a whole number from 1 to 1,000,000'],
    ['train --epochs NaN', '--epochs cannot be NaN; it must be a whole number from 1 to 1,000,000'],
    ['train --batch-size -1', '--batch-size cannot be -1; it must be a whole number from 1 to 1,000,000,000'],
    ['train --seed 0.5', '--seed cannot be 0.5; it must be a whole number of at least 0'],
    ['train --examples many', '--examples cannot be many; it must be a whole number of at least 0, or all'],
    ['train --examples 60001', '--examples cannot be 60,001: mnist has 60,000'],
    ['train --validation 1', '--validation cannot be 1; it must be a number from 0 to below 1, such as 0.1'],
    ['train --threads none', '--threads cannot be none; it must be a whole number from 1 to 1,000,000,000'],
    ['train --momentum 0.9', '--momentum needs --optimizer sgd'],
    ['train --patience 2', '--patience needs --validation'],
    ['train --name a/b', '--name cannot be a/b; it must be a file name without slashes'],
    ['models --storage=', "--storage cannot be ''; it must be a path"],
    ['test --data=', "--data cannot be ''; it must be a path"],
    ['train --out=', "--out cannot be ''; it must be a path"],
    ['train --out a --name b', '--out and --name cannot go together'],
    ['train --lang de', '--lang cannot be de, only en, fr'],
    ['--mode', 'the command is missing: it comes first, as train, test and use do'],
    ['--mode trian', 'unknown command trian; did you mean train?'],
    ['models --lr 1', 'unknown option --lr'],
  ]
  for (const [typed, line] of mistakes)
    it(`chiffre ${typed}`, async () => {
      const args = typed.split(' ')
      const { code, out, err } = await chiffre(...args, ...(args[0] === 'train' ? ['--storage', storage] : []))
      assert.equal(err, `chiffre: ${line}\n`)
      assert.deepEqual([code, out, existsSync(storage)], [2, '', false])
    })

  it('says it in French', async () => {
    const { code, err } = await chiffre('train', '--lr', 'abc', '--lang', 'fr')
    assert.equal(
      err,
      'chiffre\u00a0: --lr ne peut pas valoir abc\u00a0; il faut un nombre supérieur à 0, comme 0.001\n',
    )
    assert.equal(code, 2)
  })

  it('shows the commands when there is none, and the options of a command', async () => {
    const none = await chiffre()
    assert.match(none.out, /node cli train +Train a network/)
    assert.match((await chiffre('--help')).out, /node cli models +List/)
    const train = await chiffre('train', '--help')
    for (const option of ['model', 'lr', 'optimizer, --minimizer', 'patience', 'threads'])
      assert.match(train.out, new RegExp(`--${option} `))
    assert.deepEqual([none.code, train.code, train.err], [0, 0, ''])
  })

  it('speaks French in its help too: no English is left', async () => {
    const { out } = await chiffre('train', '--help', '--lang=fr')
    assert.match(out, /taux d’apprentissage/)
    assert.doesNotMatch(out, /\b(the|what|default|boolean|choices|show)\b/)
  })

  it('tells its version', async () => {
    assert.match((await chiffre('--version')).out, /^\d+\.\d+\.\d+\n$/)
  })
})
