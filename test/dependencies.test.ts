// Install scripts are found in the lock file, wherever a package lies, and only those that docs/decisions.md names may run; and
// `webgpu` is the optional peer that it says.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

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

describe('webgpu', () => {
  it('is an optional peer, and gpu.js alone has its placeholder: else npm warns whoever installs it beside the package', () => {
    const { packages } = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
      packages: Record<string, { link?: boolean; peerDependenciesMeta?: { webgpu?: { optional?: boolean } } }>
    }
    assert.equal(packages[''].peerDependenciesMeta?.webgpu?.optional, true)
    assert.deepEqual(
      Object.keys(packages).filter(path => path.endsWith('node_modules/webgpu')),
      ['node_modules/gpu.js/node_modules/webgpu'],
    )
    assert.equal(packages['node_modules/gpu.js/node_modules/webgpu'].link, true)
  })
})
