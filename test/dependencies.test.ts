// Install scripts are found in the lock file, wherever a package lies, and only those that docs/decisions.md names may run.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

interface Script {
  readonly withScripts: (lock: { packages: Record<string, { hasInstallScript?: boolean }> }) => string[]
  readonly unnamed: (names: readonly string[], decisions: string) => string[]
}
const path = new URL('../../scripts/check-dependencies.js', import.meta.url).href
const { withScripts, unnamed } = (await import(path)) as Script

describe('check:dependencies', () => {
  it('finds install scripts of packages at the top, inside others, and in scopes', () => {
    const packages = {
      '': {},
      'node_modules/plain': {},
      'node_modules/gl': { hasInstallScript: true },
      'node_modules/plain/node_modules/gl': { hasInstallScript: true },
      'node_modules/plain/node_modules/@some/thing': { hasInstallScript: true },
    }
    assert.deepEqual(withScripts({ packages }), ['gl', '@some/thing'])
  })
  it('accepts what the paragraph on install scripts names, and nothing else', () => {
    const decisions =
      'About `core-js`.\n\n**Install scripts run for two.** `esbuild`\nand `gl`.\n\n**Another**: `left-pad`.\n'
    assert.deepEqual(unnamed(['esbuild', 'gl', 'core-js', 'left-pad', 'g'], decisions), ['core-js', 'left-pad', 'g'])
    assert.deepEqual(unnamed(['gl'], 'Nothing.'), ['gl'])
  })
})

describe('the placeholder of webgpu', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chiffre-'))
  after(() => rmSync(folder, { recursive: true }))
  const carried = join(folder, 'node_modules/chiffre/node_modules/webgpu')
  const load = (query: string) => import(`${pathToFileURL(join(carried, 'index.js')).href}?${query}`) as Promise<object>

  it('is none, by the code that says so, until somebody installs webgpu beside the package; then it is that one', async () => {
    cpSync(fileURLToPath(new URL('../../placeholders/webgpu', import.meta.url)), carried, { recursive: true })
    await assert.rejects(load('without'), { code: 'MODULE_NOT_FOUND' })
    const installed = join(folder, 'node_modules/webgpu')
    mkdirSync(installed)
    writeFileSync(join(installed, 'package.json'), '{ "name": "webgpu", "type": "module", "main": "index.js" }')
    writeFileSync(join(installed, 'index.js'), "export const create = () => 'a GPU'\nexport const globals = {}\n")
    assert.equal(((await load('with')) as { create: () => string }).create(), 'a GPU')
  })
})
