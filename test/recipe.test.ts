// CONTRIBUTING's recipe for a function of one number, followed to the letter on a copy of the sources: mish becomes an operation on
// every backend, tested like the others, by a change to one file a backend and two more.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type * as Engine from '../engine/index.js'
import { assertClose } from './support/numbers.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const copied = [
  'engine',
  'models',
  'data',
  'training',
  'cli',
  'web',
  'bench',
  'learn',
  'test',
  'scripts',
  'package.json',
  'tsconfig.json',
]

/** x, mish(x) and its derivative, from PyTorch 1.13 (F.mish) in double precision. */
const figures = [
  [-1.5, -0.29809974216680674, -0.06409781589225869],
  [-0.25, -0.129926963679141, 0.43981560172180506],
  [0.75, 0.6100183352182934, 0.985758355716688],
  [3, 2.9865350049679575, 1.0211069109294435],
] as const

/** Of each file: before which text to put what. */
type Patch = readonly (readonly [before: string, text: string])[]

const operation: Patch = [
  [" | 'log'", " | 'mish'"],
  [
    '/** y = the natural logarithm',
    `/** y = x · tanh(log(1 + eˣ)).   y' = t + x · (1 − t²) / (1 + e⁻ˣ), t being the tanh.   Misra 2019 */
export const mish = unary('mish')

`,
  ],
]

const rows: Readonly<Record<string, Patch>> = {
  'engine/backends/cpu.ts': [
    [
      '  log: [Math.log,',
      `  mish: [
    x => x * Math.tanh(Math.log1p(Math.exp(x))),
    (dy, x) => {
      const t = Math.tanh(Math.log1p(Math.exp(x)))
      return dy * (t + (x * (1 - t * t)) / (1 + Math.exp(-x)))
    },
  ],
`,
    ],
  ],
  // With e = eˣ the tanh is e (e + 2) / (e (e + 2) + 2), and 1 from x = 20 on.
  'engine/backends/gpujs/unary.ts': [
    [
      "  log: ['Math.log(x)'",
      '  mish: [`x * ${mishTanh}`, `dy * (${mishTanh} + x * (1 - ${mishTanh} * ${mishTanh}) / (1 + Math.exp(-x)))`],\n',
    ],
    [
      'export const unary',
      "const e = 'Math.exp(Math.min(x, 20))'\nconst mishTanh = `(${e} * (${e} + 2) / (${e} * (${e} + 2) + 2))`\n\n",
    ],
  ],
  'engine/backends/webgpu/unary.ts': [
    [
      "  log: ['log(x)'",
      '  mish: [`x * ${mishTanh}`, `dy * (${mishTanh} + x * (1.0 - ${mishTanh} * ${mishTanh}) / (1.0 + exp(-x)))`],\n',
    ],
    [
      'export const unary',
      "const e = 'exp(min(x, 20.0))'\nconst mishTanh = `(${e} * (${e} + 2.0) / (${e} * (${e} + 2.0) + 2.0))`\n\n",
    ],
  ],
  'engine/backends/wasm/assembly/unary.ts': [
    [
      'class Log {',
      `class Mish {
  @inline f(x: v128): v128 {
    return f32x4.mul(x, tanh4(softplus4(x)))
  }
  @inline gradient(dy: v128, x: v128, y: v128): v128 {
    const t = tanh4(softplus4(x))
    const rest = f32x4.mul(f32x4.mul(x, f32x4.sub(one(), f32x4.mul(t, t))), sigmoid4(x))
    return f32x4.mul(dy, f32x4.add(t, rest))
  }
}
export function mish(item: i32, scratch: usize, x: usize, y: usize, n: i32): void {
  each<Mish>(item, x, y, n)
}
export function mishGrad(item: i32, scratch: usize, x: usize, y: usize, dy: usize, dx: usize, n: i32): void {
  eachGrad<Mish>(item, x, y, dy, dx, n)
}

`,
    ],
  ],
}

const test: Patch = [['  log: {', `  mish: { low: -6, high: 6, figures: ${JSON.stringify(figures)} },\n`]]

describe('a function of one number after the recipe', function () {
  this.timeout(120_000)
  let copy: string

  before(async () => {
    copy = await mkdtemp(join(tmpdir(), 'chiffre-recipe-'))
    for (const path of copied)
      await cp(join(root, path), join(copy, path), {
        recursive: true,
        filter: source => !source.includes('node_modules'),
      })
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
  })
  after(() => rm(copy, { recursive: true, force: true }))

  async function patch(file: string, patches: Patch) {
    let text = await readFile(join(copy, file), 'utf8')
    for (const [before, added] of patches) {
      assert.equal(text.split(before).length, 2, `${file} has ${before} once`)
      text = text.replace(before, () => added + before)
    }
    await writeFile(join(copy, file), text)
  }
  const node = (script: string, ...args: string[]) =>
    run(process.execPath, [join(copy, script), ...args], { cwd: copy, env: { ...process.env, CHIFFRE_GL: '' } })

  it('its name alone does not compile: the types name the backends that lack a row', async () => {
    await patch('engine/ops/elementwise.ts', operation)
    const missing = await node('node_modules/typescript/bin/tsc', '-p', 'engine', '--noEmit').then(
      () => '',
      (error: unknown) => (error as { stdout: string }).stdout,
    )
    for (const file of ['cpu.ts', 'gpujs/unary.ts', 'webgpu/unary.ts'])
      assert.match(missing, new RegExp(`engine/backends/${file}.*'mish' is missing`))
    assert.match(missing, /engine\/backends\/wasm\/index\.ts.*mish/)
  })

  it('with its rows and its case it is right on every backend, after a change to six files', async () => {
    for (const [file, patches] of Object.entries(rows)) await patch(file, patches)
    await patch('test/support/elementwise.ts', test)
    await node('scripts/build.js')

    const tests = ['gradients', 'backends/cpu', 'backends/wasm', 'backends/gpujs'].map(
      name => `dist/test/${name}.test.js`,
    )
    const { stdout } = await node('node_modules/mocha/bin/mocha.js', '--no-config', '--grep', 'mish', ...tests).catch(
      (error: unknown) => error as { stdout: string },
    )
    // Figures and derivative in Float64; odd sizes and limits on cpu, on wasm three times, and on gpujs:cpu.
    assert.ok(/\n {2}11 passing/.test(stdout) && !stdout.includes('failing'), stdout)

    const { ops, cpu, wasm, backward, tensor, scope } = (await import(
      pathToFileURL(join(copy, 'dist/engine/index.js')).href
    )) as typeof Engine & { ops: Record<'mish', (x: Engine.Tensor) => Engine.Tensor> }
    for (const backend of [cpu(), await wasm({ threads: 1 })]) {
      const x = tensor(backend, Float32Array.from(figures, ([x]) => x), [4]) // prettier-ignore
      x.requiresGrad = true
      const [y, dx] = scope(() => {
        const y = ops.mish(x)
        return [y, backward(y, tensor(backend, new Float32Array(4).fill(1), [4])).get(x)!] as const
      })
      assertClose(await y.download(), figures.map(([, y]) => y), 1e-6, `mish on ${backend.name}`) // prettier-ignore
      assertClose(await dx.download(), figures.map(([, , dx]) => dx), 1e-6, `its derivative on ${backend.name}`) // prettier-ignore
      await backend.dispose()
    }

    const backends = (await readdir(join(root, 'engine/backends'), { withFileTypes: true })).filter(
      entry => entry.isDirectory() || entry.name === 'cpu.ts',
    )
    assert.equal((await changed()).length, backends.length + 2, (await changed()).join(', '))
  })

  /** The sources that are not as they were, but for what the build writes itself. */
  async function changed(): Promise<string[]> {
    const found: string[] = []
    for (const path of copied.filter(path => !path.includes('.')))
      for (const entry of await readdir(join(copy, path), { withFileTypes: true, recursive: true })) {
        if (!entry.isFile()) continue
        const file = relative(copy, join(entry.parentPath, entry.name))
        const before = await readFile(join(root, file), 'utf8').catch(() => undefined)
        const now = await readFile(join(copy, file), 'utf8')
        if (now !== before && !/^.*written by scripts\/build\.js: do not edit/.test(now)) found.push(file)
      }
    return found
  }
})
