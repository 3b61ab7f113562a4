// Where the package is installed there is no clone's models/: a folder of that name, or a file, where one is takes its place.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, temporaryFolder } from './chiffre.js'

describe('models of the current directory', function () {
  this.timeout(60_000)
  const cwd = temporaryFolder()
  const run = (...args: string[]) => {
    const options = { cwd, encoding: 'utf8', stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } } as const
    return execFileSync(process.execPath, [join(root, 'cli'), ...args], options)
  }
  const failure = (...args: string[]) => {
    try {
      run(...args)
    } catch (error) {
      return (error as { stderr: string }).stderr
    }
    return assert.fail('it did not fail')
  }
  const network = `import { dense, flatten, sequential } from 'chiffre'
const input: number[] = [28, 28]
export const NAME = () => sequential(input, flatten(), dense(8), dense(10))
`
  const short = ['--examples', '100', '--threads', '1']

  before(() => {
    mkdirSync(join(cwd, 'models'))
    writeFileSync(join(cwd, 'models/mine.ts'), network.replace('NAME', 'narrow'))
    writeFileSync(join(cwd, 'models/broken.ts'), "import { dense } from 'chiffre'\nexport const broken = (\n")
    writeFileSync(join(cwd, 'models/users.js'), 'throw new Error("a model of something else is none of ours")\n')
    writeFileSync(join(cwd, 'here.ts'), network.replace('NAME', 'here'))
  })

  it('a function of models/ is a --model, and stands in the list', () => {
    const out = run('train', '--model', 'narrow', ...short)
    assert.match(out, /Saved storage.narrow\.safetensors[^]*Try it: node cli test --model narrow/)
    assert.match(run('test', '--model', 'narrow', ...short), /errors: \d+ of 100/)
    assert.match(run('models'), /narrow +│ +6,370/)
  })
  it('a file is one by its name', () => {
    assert.match(run('train', '--model', 'here', ...short), /Saved storage.here\.safetensors/)
  })
  it('a file that cannot be loaded is an error when it is asked for, and in the list; files of others are left alone', () => {
    assert.match(failure('train', '--model', 'broken', ...short), /^chiffre: model broken: line \d+: .*\n$/)
    assert.match(run('models'), /broken +│ +–/)
    assert.match(failure('train', '--model', 'users'), /^chiffre: --model cannot be users, only [^]*narrow/)
  })
  it('a name that the program has already is said to be there twice', () => {
    writeFileSync(join(cwd, 'models/again.ts'), network.replace('NAME', 'deepnet1'))
    assert.match(
      failure('train', '--model', 'deepnet1', ...short),
      /again\.ts: there is a model called deepnet1 already/,
    )
  })
})
