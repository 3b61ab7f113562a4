// `doctor`: what this machine offers, which backends work on it, and what to install for those that do not. A backend
// works if it agrees with the reference on a small product of matrices and a small convolution.
import { availableParallelism, cpus } from 'node:os'
import { ChiffreError, cpu, ops, random, scope, sizeOf, tensor, wasmSupported } from '../../engine/index.js'
import type { Backend, Shape } from '../../engine/index.js'
import { backendNames, createBackend, defaultBackend } from '../backends.js'
import { failure } from '../errors.js'
import { graphics } from '../graphics.js'
import { integer, t, translate } from '../language.js'
import { grouped, jsonOption, type Values } from '../options.js'
import { table } from '../tables.js'
import { jsonLine } from '../visible.js'

export const options = () => grouped('help.general', jsonOption())

/** A backend with what really ran under its name and how exact it is, or why it cannot be used. */
type Checked = { readonly backend: string } & (
  { readonly ran: string; readonly error: number } | { readonly reason: string }
)

/** How far float32 may be from double precision in sums of some ten products. */
const tolerance = 1e-5

/** @returns the exit code: 1 if even the default backend does not work */
export async function run({ json }: Values<ReturnType<typeof options>>, program: string): Promise<number> {
  const gl = graphics()
  const backends: Checked[] = []
  for (const name of backendNames.filter(name => !ofBrowsers.includes(name))) backends.push(await check(name))
  const advice = gl.driver ? [] : [t(gl.built ? 'doctor.display' : 'doctor.build', { program })]
  const machine = {
    node: process.version,
    processor: cpus()[0]?.model.trim() ?? '',
    threads: availableParallelism(),
    simd: wasmSupported(),
    gl: gl.driver ?? t(gl.built ? 'doctor.gl.blind' : 'doctor.gl.unbuilt'),
  }
  if (json) process.stdout.write(jsonLine({ machine, backends, advice }))
  else
    process.stdout.write(
      [machineTable(machine), backendTable(backends), ...reasons(backends), ...advice, ''].join('\n'),
    )
  return backends.some(found => found.backend === defaultBackend() && 'reason' in found) ? 1 : 0
}

const ofBrowsers = ['gpujs:webgl2', 'gpujs:webgpu']

async function check(name: string): Promise<Checked> {
  try {
    const backend = await createBackend(name)
    const error = await compare(backend).finally(() => backend.dispose())
    if (!(error <= tolerance)) throw failure('doctor.wrong', { backend: backend.name, error: error.toExponential(0) })
    return { backend: name, ran: backend.name, error }
  } catch (error) {
    if (!(error instanceof ChiffreError)) throw error
    return { backend: name, reason: translate(error) }
  }
}

/** The largest difference from the reference in double precision, relative to the largest number. */
async function compare(backend: Backend): Promise<number> {
  const [actual, expected] = [await examples(backend), await examples(cpu({ precision: 'float64' }))]
  const difference = actual.map((v, i) => Math.abs(v - expected[i]))
  return Math.max(...difference) / Math.max(...expected.map(Math.abs))
}

/** A product and a convolution: of their sizes, some are multiples of four and some are not. */
async function examples(backend: Backend): Promise<number[]> {
  const numbers = (name: string, shape: Shape) => {
    const rng = random(0, name)
    return tensor(
      backend,
      Float32Array.from({ length: sizeOf(shape) }, () => 2 * rng() - 1),
      shape,
    )
  }
  const results = scope(() => [
    ops.matmul(numbers('x', [7, 36]), numbers('w', [36, 8])),
    ops.conv2d(numbers('image', [2, 9, 8, 3]), numbers('filter', [3, 3, 3, 8])),
  ])
  const values = await Promise.all(results.map(result => result.download()))
  for (const result of results) result.free()
  return values.flatMap(v => [...v])
}

interface Machine {
  readonly node: string
  readonly processor: string
  readonly threads: number
  readonly simd: boolean
  readonly gl: string
}

const machineTable = ({ node, processor, threads, simd, gl }: Machine) =>
  table(
    [t('doctor.machine'), ''],
    [
      ['Node', node],
      [t('doctor.processor'), processor],
      [t('doctor.threads'), integer(threads)],
      ['WebAssembly SIMD', t(simd ? 'doctor.yes' : 'doctor.no')],
      [t('doctor.gl'), gl],
    ],
  )

const backendTable = (backends: readonly Checked[]) =>
  table(
    [t('doctor.backend'), t('doctor.ran'), t('doctor.error'), ''],
    backends.map(found =>
      'reason' in found
        ? [found.backend, '–', '–', t('doctor.fails')]
        : [found.backend, found.ran, found.error.toExponential(0), t('doctor.works')],
    ),
  )

const reasons = (backends: readonly Checked[]) =>
  new Set(backends.flatMap(found => ('reason' in found ? found.reason : [])))
