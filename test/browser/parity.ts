// Runs in a browser, bundled and minified: the parity suite on webgpu, or on gpu.js in the mode that the page asks for. The page's
// promise `parity` holds what came of it.
import 'mocha/mocha.js'
import { gpujs, webgpu, type Backend } from '../../engine/index.js'
import { gpuOptions } from '../backends/gpujsOptions.js'

export interface Parity {
  readonly name: string
  readonly passed: number
  readonly failures: readonly string[]
}

declare const mocha: Mocha & { setup(ui: 'bdd'): void }

async function parity(name: string): Promise<Parity> {
  mocha.setup('bdd')
  mocha.reporter(function () {} as never) // nothing to draw on
  const backend: Backend = name === 'webgpu' ? await webgpu() : await gpujs(name.split(':')[1])
  const { testBackend } = await import('../backends/suite.js') // looks for mocha's functions when it is loaded
  testBackend(backend.name, () => backend, gpuOptions)
  const failures: string[] = []
  let passed = 0
  return new Promise(resolve =>
    mocha
      .run(() => resolve({ name: backend.name, passed, failures }))
      .on('pass', () => passed++)
      .on('fail', (test, error: Error) => failures.push(`${test.fullTitle()}: ${error.message}`)),
  )
}

/** Takes the GPU away between two kernels, as a system may; returns the key of the error that follows. */
async function lose(): Promise<unknown> {
  const contexts: (WebGL2 | null)[] = []
  const getContext = HTMLCanvasElement.prototype.getContext
  HTMLCanvasElement.prototype.getContext = function (...args) {
    const context = getContext.apply(this, args)
    contexts.push(context)
    return context
  }
  const backend = await gpujs('webgl2')
  const x = backend.upload(new Float32Array(8))
  for (const context of contexts) context?.getExtension('WEBGL_lose_context').loseContext()
  try {
    return await backend.download(backend.unary('relu', x))
  } catch (error) {
    return (error as { key?: string }).key
  }
}

/** The first place where an array of so many numbers is not what it was, after a kernel read texels and another numbers. */
async function firstWrong(length: number): Promise<number | undefined> {
  const backend = await gpujs('webgl2')
  const values = Float32Array.from({ length }, (_, i) => (i % 65_521) + 1)
  const x = backend.unary('relu', backend.upload(values))
  const pairs = { n: 1, h: length / 2, w: 2, c: 1, size: 2, stride: 2, oh: length / 4, ow: 1 }
  const [copies, maxima] = [await backend.download(x), await backend.download(backend.maxPool(x, pairs))]
  await backend.dispose()
  const greatest = (i: number) => Math.max(...values.subarray(4 * i, 4 * i + 4))
  const wrong = values.findIndex(
    (value, i) => value !== copies[i] || (i % 4 === 0 && greatest(i / 4) !== maxima[i / 4]),
  )
  return wrong < 0 ? undefined : wrong
}

interface WebGL2 {
  getExtension(name: string): { loseContext(): void }
}
declare const HTMLCanvasElement: { prototype: { getContext(...args: unknown[]): WebGL2 | null } }

Object.assign(globalThis, { parity, lose, firstWrong })
