// `node cli doctor`, and that a checkpoint of one backend goes on on another.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deserialize } from '../engine/index.js'
import { assertClose } from './support/numbers.js'

const cli = (...args: string[]) =>
  execFileSync(process.execPath, ['cli', ...args], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })

interface Report {
  machine: { node: string; threads: number }
  backends: {
    backend: string
    ran?: string
    adapter?: { name: string; software: boolean }
    error?: number
    reason?: string
  }[]
  advice: string[]
}

describe('doctor', () => {
  let report: Report
  before(() => (report = JSON.parse(cli('doctor', '--json', '--lang', 'en')) as Report))
  const named = (name: string) => report.backends.find(({ backend }) => backend === name)!

  it('tells the machine', () => {
    assert.equal(report.machine.node, process.version)
    assert.ok(report.machine.threads >= 1)
  })
  for (const name of ['cpu', 'gpujs:cpu', 'gpujs:webasm'])
    it(`finds that ${name} computes, under its own name`, () => {
      assert.equal(named(name).ran, name)
      assert.ok(named(name).error! > 0 && named(name).error! < 1e-6, `error ${named(name).error}`)
    })
  it('finds a way to a graphics card, and its name, or says what to install', () => {
    const { ran, reason, adapter } = named('gpujs')
    if (!ran) assert.match(`${reason}\n${report.advice.join()}`, /no way from Node[^]*(webgpu|WebGPU)[^]*It needs/)
    else {
      assert.match(ran, /^gpujs:(webgpu|headlessgl)$/)
      assert.ok(adapter!.name)
      assert.equal(adapter!.software, report.advice.join().includes(`${adapter!.name}. --backend wasm is faster`))
    }
  })
  it('says of webgpu, too, on which card it computes, or what is missing', () => {
    const { ran, reason, adapter } = named('webgpu')
    if (!ran) assert.match(`${reason}`, /^(the package webgpu|WebGPU finds)/)
    else {
      assert.equal(ran, 'webgpu')
      assert.deepEqual(adapter, named('gpujs:webgpu').adapter)
    }
  })
  it('agrees with what train --help offers', () => {
    const help = cli('train', '--help', '--lang', 'en').replace(/\s+/g, ' ')
    const offered = /what computes: ([^[]*) \[/.exec(help)![1].split(', ')
    assert.deepEqual(offered.slice(0, 2), ['cpu', 'wasm'])
    assert.ok(!offered.includes('gpujs:webgl2'), `${offered}`)
    for (const { backend, ran } of report.backends) if (ran) assert.ok(offered.includes(backend), backend)
    const without = /webgpu is not installed/.test(String(named('gpujs:webgpu').reason))
    for (const name of ['webgpu', 'gpujs:webgpu']) assert.equal(offered.includes(name), !without, name)
  })
})

describe('a checkpoint of gpujs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chiffre-'))
  after(() => rmSync(folder, { recursive: true }))

  const train = (name: string, backend: string) =>
    cli('train', '--model', 'deepnet1', '--examples', '256', '--storage', folder, '--name', name, '--backend', backend)
  const weights = (name: string) =>
    deserialize(new Uint8Array(readFileSync(join(folder, `${name}.safetensors`)))).tensors.get('1.dense.weight')!.values

  it('goes on on the reference, and the other way round, as if there were one backend', () => {
    for (const [name, ...backends] of [
      ['one', 'cpu', 'cpu'],
      ['there', 'gpujs:cpu', 'cpu'],
      ['back', 'cpu', 'gpujs:cpu'],
    ])
      for (const backend of backends) train(name, backend)
    for (const name of ['there', 'back']) assertClose(weights(name), weights('one'), 1e-5, name)
  })
})
