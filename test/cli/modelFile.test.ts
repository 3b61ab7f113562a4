// `--model ./mine.ts`: a file anywhere that exports a network. What can be wrong with it is said in one line.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chiffre, temporaryFolder } from './chiffre.js'

describe('--model with a file', function () {
  this.timeout(60_000)
  const folder = temporaryFolder()
  const storage = join(folder, 'storage')
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const run = (command: string, model: string, ...more: string[]) =>
    chiffre(command, '--model', model, '--examples', '100', '--threads', '1', '--storage', storage, ...more)
  const network = (layers: string) => `sequential([28, 28], ${layers})`

  it('trains TypeScript with types, which imports a file beside it; goes on, and is tested', async () => {
    write('units.ts', 'export const units: number = 16\n')
    const model = write(
      'mine.ts',
      `import { dense, flatten, relu, sequential, type Network } from 'chiffre'
import { side } from 'chiffre/data'
import { units } from './units.ts'

export const mine = (): Network => sequential([side, side] as const, flatten(), dense(units), relu(), dense(10))
`,
    )
    const first = await run('train', model)
    assert.deepEqual([first.code, first.err], [0, ''])
    assert.match(first.out, /total .* 12,730 /)
    assert.match(first.out, /Saved .*mine\.safetensors/)
    assert.match((await run('train', model)).out, /Continuing .*mine\.safetensors: epoch 2/)
    assert.match((await run('test', model)).out, /errors: \d+ of 100/)
  })

  it('takes plain JavaScript, whatever a package.json says, and one of several functions', async () => {
    mkdirSync(join(folder, 'old'))
    write('old/package.json', '{ "type": "commonjs" }')
    const model = write(
      'old/two.js',
      `import { dense, flatten, sequential } from 'chiffre'
export const one = () => ${network('flatten(), dense(10)')}
export const two = () => ${network('flatten(), dense(4), dense(10)')}
`,
    )
    const { code, out } = await run('train', `${model}#two`)
    assert.equal(code, 0)
    assert.match(out, /total .* 3,190 /)
    assert.match(out, /Saved .*two\.safetensors/)
  })

  const all = "import { dense, flatten, relu, sequential } from 'chiffre'\n"
  const cases: [what: string, text: string, line: string][] = [
    [
      'whose function is not exported',
      `${all}const mine = () => ${network('flatten(), dense(10)')}\n`,
      'it exports no function; write export before mine',
    ],
    ['that is empty', '\n', 'it exports no function; write: export const mine = () => sequential(…)'],
    [
      'in which a layer is not called',
      `${all}export const mine = () => ${network('flatten(), relu, dense(10)')}\n`,
      'layer 1.relu is no layer; did you mean relu()?',
    ],
    [
      'that imports what chiffre does not have',
      `import { dense, flaten, sequential } from 'chiffre'\nexport const mine = () => ${network('flaten(), dense(10)')}\n`,
      'chiffre has no flaten; did you mean flatten?',
    ],
    [
      'that imports what is not there',
      `${all}import x from 'no-such-package'\nexport const mine = () => x\n`,
      'it imports no-such-package, which is not there',
    ],
    [
      'without flatten',
      `${all}export const mine = () => ${network('dense(10)')}\n`,
      'layer 0.dense cannot take [28,28]: it takes a row of numbers; put flatten() before it',
    ],
    [
      'that forgot an import',
      `import { dense, sequential } from 'chiffre'\nexport const mine = () => ${network('flatten(), dense(10)')}\n`,
      "flatten is not defined; write: import { flatten } from 'chiffre'",
    ],
    [
      'with an error in a line',
      `${all}\nexport const mine = () => ${network('flatten() dense(10)')}\n`,
      "line 3: Expected ',', got 'dense'",
    ],
    [
      'with several functions',
      `${all}export const a = () => ${network('flatten(), dense(10)')}\nexport const b = a\n`,
      'it exports a, b; say which one, as in --model PATH#a',
    ],
  ]
  for (const [i, [what, text, line]] of cases.entries())
    for (const extension of what === 'with an error in a line' ? ['ts', 'js'] : ['ts'])
      it(`.${extension} ${what}: one clear line`, async () => {
        const path = write(`wrong${i}.${extension}`, text) // Node imports a file once
        const { code, err } = await run('train', path)
        assert.deepEqual([code, err], [1, `chiffre: model ${path}: ${line.replace('PATH', path)}\n`])
      })
  it('that does not exist, and in French', async () => {
    const { code, err } = await run('train', './none.ts', '--lang', 'fr')
    assert.equal(code, 1)
    assert.match(err, /^chiffre\s: modèle \.\/none\.ts\s: il n’y a pas de fichier \.\/none\.ts\n$/)
  })
  it('is nothing that the page can show', async () => {
    const { code, err } = await chiffre('use', '--model', './mine.ts')
    assert.equal(code, 2)
    assert.match(err, /^chiffre: the page shows the models of models\/ only; for \.\/mine\.ts, read pictures/)
  })
})
