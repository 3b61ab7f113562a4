// Runs in a browser, bundled and minified: the parity suite on gpu.js in the mode that the page asks for. The page's
// promise `parity` holds what came of it.
import 'mocha/mocha.js'
import { gpujs } from '../../engine/index.js'

export interface Parity {
  readonly name: string
  readonly passed: number
  readonly failures: readonly string[]
}

declare const mocha: Mocha & { setup(ui: 'bdd'): void }

async function parity(mode: string, runs: number): Promise<Parity> {
  mocha.setup('bdd')
  mocha.reporter(function () {} as never) // nothing to draw on
  const backend = await gpujs(mode)
  const { testBackend } = await import('../backends/suite.js') // looks for mocha's functions when it is loaded
  testBackend(backend.name, () => backend, { runs, subnormals: false })
  const failures: string[] = []
  let passed = 0
  return new Promise(resolve =>
    mocha
      .run(() => resolve({ name: backend.name, passed, failures }))
      .on('pass', () => passed++)
      .on('fail', (test, error: Error) => failures.push(`${test.fullTitle()}: ${error.message}`)),
  )
}

Object.assign(globalThis, { parity })
