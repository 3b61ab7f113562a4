// `doctor`: what this machine offers, which backends work on it, and what to install for those that do not. A backend
// works if it agrees with the reference on a small product of matrices and a small convolution.
import { availableParallelism, cpus } from 'node:os'
import {
  ChiffreError,
  cpu,
  ops,
  random,
  scope,
  sizeOf,
  tensor,
  wasmSupported,
  webgpuAdapters,
} from '../../engine/index.js'
import type { Adapter, Backend, Shape } from '../../engine/index.js'
import { backendNames, createBackend, defaultBackend } from '../backends.js'
import { failure } from '../errors.js'
import { installed } from '../installed.js'
import { integer, t, translate } from '../language.js'
import { grouped, jsonOption, type Values } from '../options.js'
import { table } from '../tables.js'
import { jsonLine } from '../visible.js'
import type { Message } from '../messages/en.js'

export const options = () => grouped('help.general', jsonOption())

/** A backend with what really ran under its name and how exact it is, or why it cannot be used. */
type Checked = { readonly backend: string } & (
  { readonly ran: string; readonly adapter: Adapter | undefined; readonly error: number } | { readonly reason: string }
)

/** How far float32 may be from double precision in sums of some ten products. */
const tolerance = 1e-5

/** @returns the exit code: 1 if even the default backend does not work */
export async function run({ json }: Values<ReturnType<typeof options>>, program: string): Promise<number> {
  const webgpu = await found()
  const backends: Checked[] = []
  for (const name of backendNames.filter(name => name !== 'gpujs:webgl2')) backends.push(await check(name))
  const gl = backends.find(({ backend }) => backend === 'gpujs:headlessgl')!
  const software = backends.flatMap(found => ('ran' in found && found.adapter?.software ? found.adapter.name : []))
  const advice = [
    ...(Array.isArray(webgpu) ? [] : adviceOn(webgpu.key)),
    ...(Array.isArray(webgpu) || 'ran' in gl
      ? []
      : [t(installed('gl') ? 'doctor.display' : 'doctor.build', { program })]),
    ...(software.length > 0 ? [t('doctor.software', { adapters: [...new Set(software)].join(', ') })] : []),
  ]
  const machine = {
    node: process.version,
    processor: cpus()[0]?.model.trim() ?? '',
    threads: availableParallelism(),
    simd: wasmSupported(),
    webgpu: Array.isArray(webgpu) ? webgpu : translate(webgpu),
    gl: 'ran' in gl ? gl.adapter!.name : t(installed('gl') ? 'doctor.gl.blind' : 'doctor.gl.unbuilt'),
  }
  if (json) process.stdout.write(jsonLine({ machine, backends, advice }))
  else
    process.stdout.write(
      [machineTable(machine), backendTable(backends), ...reasons(backends), ...advice, ''].join('\n'),
    )
  return backends.some(found => found.backend === defaultBackend() && 'reason' in found) ? 1 : 0
}

/** The graphics cards that WebGPU finds, or why it finds none. */
const found = () =>
  webgpuAdapters().catch((error: unknown) => {
    if (error instanceof ChiffreError) return error
    throw error
  })

/** How to come by WebGPU in Node, or by a driver for it. */
function adviceOn(key: string): string[] {
  const drivers = { win32: 'doctor.driver.win32', darwin: 'doctor.driver.darwin' } as const
  const driver = t((drivers as Partial<Record<string, Message>>)[process.platform] ?? 'doctor.driver.linux')
  return [key === 'webgpu.adapter' ? driver : `${t('doctor.webgpu')}\n${driver}`]
}

async function check(name: string): Promise<Checked> {
  try {
    const backend = await createBackend(name)
    const error = await compare(backend).finally(() => backend.dispose())
    if (!(error <= tolerance)) throw failure('doctor.wrong', { backend: backend.name, error: error.toExponential(0) })
    return { backend: name, ran: backend.name, adapter: backend.adapter, error }
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
  readonly webgpu: string | Adapter[]
  readonly gl: string
}

const machineTable = ({ node, processor, threads, simd, webgpu, gl }: Machine) =>
  table(
    [t('doctor.machine'), ''],
    [
      ['Node', node],
      [t('doctor.processor'), processor],
      [t('doctor.threads'), integer(threads)],
      ['WebAssembly SIMD', t(simd ? 'doctor.yes' : 'doctor.no')],
      [
        'WebGPU',
        typeof webgpu === 'string' ? t('doctor.none', { reason: webgpu }) : webgpu.map(adapterText).join('\n'),
      ],
      ['GL', gl],
    ],
  )

const adapterText = ({ name, software }: Adapter) => (software ? t('doctor.drawn', { adapter: name }) : name)

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
