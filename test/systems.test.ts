// What other systems have, as far as Linux can show it: files with CRLF, terminals that only write, names that are too long.
// README's two commands run on Windows and macOS in .github/workflows/systems.yml.
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { readCsv } from '../data/index.js'
import { chiffre, root, temporaryFolder } from './cli/chiffre.js'

describe('other systems', () => {
  it('sources with CRLF are built into the same program, and train', async function () {
    this.timeout(180_000)
    const copy = temporaryFolder()
    const folders = ['engine', 'models', 'data', 'training', 'learn', 'cli', 'web', 'scripts']
    for (const folder of folders)
      for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(ts|js|html|css|svg)$/.test(entry.name)) continue
        const path = join(entry.parentPath, entry.name)
        const target = join(copy, path.slice(root.length))
        mkdirSync(dirname(target), { recursive: true })
        writeFileSync(target, readFileSync(path, 'utf8').replaceAll('\n', '\r\n'))
      }
    writeFileSync(join(copy, 'package.json'), readFileSync(join(root, 'package.json')))
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    const train = ['cli', 'train', '--model', 'deepnet1', '--examples', '500', '--lang', 'en']
    const { stdout } = await promisify(execFile)(process.execPath, train, { cwd: copy })
    assert.match(stdout, /^Saved storage.deepnet1\.safetensors$/m)
    for (const file of ['training/operations.js', 'models/index.js', 'engine/backends/wasm/strict.js'])
      assert.ok(readFileSync(join(copy, 'dist', file)).equals(readFileSync(join(root, 'dist', file))), file)
  })

  it('CSV with CRLF is CSV', () => {
    const lines = ['label,a,b,c,d', '1,0,1,2,3', '0,4,5,6,7', '']
    const [unix, windows] = ['\n', '\r\n'].map(end => readCsv(new TextEncoder().encode(lines.join(end))))
    assert.deepEqual(windows, unix)
  })

  const terminal = spawnSync('script', ['--version']).status === 0
  ;(terminal ? it : it.skip)('a terminal that only writes is sent nothing else', function () {
    this.timeout(60_000)
    const storage = temporaryFolder()
    for (const command of ['train', 'test']) {
      const line = `${process.execPath} cli ${command} --model deepnet1 --examples 500 --storage ${storage}`
      const env = { ...process.env, TERM: 'dumb', LC_ALL: 'C' }
      const { stdout } = spawnSync('script', ['-qec', line, '/dev/null'], { cwd: root, env, encoding: 'utf8' })
      assert.match(stdout, /Accuracy|accuracy/)
      assert.ok(!stdout.includes('\x1b'), JSON.stringify(stdout.slice(0, 2000)))
    }
  })

  it('a name that the file system does not take is said to be too long, in one line', async () => {
    const { code, err } = await chiffre('train', '--storage', temporaryFolder(), '--name', 'x'.repeat(300))
    assert.equal(code, 1)
    assert.match(err, /^chiffre: .*: the name is too long\n$/)
  })
})
