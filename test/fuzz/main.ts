// npm run fuzz -- --seconds 600 --backend wasm --threads 2: random networks on a backend against the reference, for as long as
// it is told. A failure is shrunk, and printed as a program with the options that bring it back.
import fc from 'fast-check'
import yargs from 'yargs'
import { cpu, gpujs, wasm } from '../../engine/index.js'
import { cases } from './arbitrary.js'
import { checker, tally, type Target } from './check.js'

const options = await yargs(process.argv.slice(2))
  .usage('npm run fuzz -- [options]')
  .option('seconds', { type: 'number', default: 60, describe: 'for how long' })
  .option('backend', { choices: ['cpu', 'wasm', 'gpujs'] as const, default: 'wasm' as const })
  .option('threads', { type: 'number', default: 2, describe: 'of wasm, which must agree with one thread bit for bit' })
  .option('strict', { type: 'boolean', default: false, describe: 'wasm without fused multiply-add' })
  .option('seed', { type: 'number', default: Date.now() % 1e6, describe: 'where to begin' })
  .option('path', { type: 'string', describe: 'a single case of that seed, as a failure names it' })
  .option('keep', { type: 'boolean', default: false, describe: 'go on after a failure' })
  .strict()
  .parse()

const targets: Target[] =
  options.backend === 'cpu'
    ? [{ name: 'cpu', backend: cpu() }]
    : options.backend === 'gpujs'
      ? [{ name: 'gpujs', backend: await gpujs('cpu') }]
      : [{ name: 'wasm', backend: await wasm({ threads: 1, strict: options.strict }) }]
if (options.backend === 'wasm' && options.threads > 1) {
  const backend = await wasm({ threads: options.threads, strict: options.strict })
  targets.push({ name: `wasm, ${options.threads} threads`, backend, twin: 'wasm' })
}

const count = tally()
const arbitrary = cases([2e4, 1e5, 3e5, 1e6, 3e6], options.backend !== 'gpujs')
const until = Date.now() + options.seconds * 1000
let failed = 0
for (let seed = options.seed; Date.now() < until; seed++) {
  const replay = options.path === undefined ? {} : { path: options.path }
  const result = await fc.check(fc.asyncProperty(arbitrary, checker(targets, count)), { seed, numRuns: 50, ...replay })
  if (result.failed) {
    failed++
    console.log(`\nseed ${seed}: after ${result.numRuns} cases\n${result.counterexample?.[0][fc.toStringMethod]()}`)
    console.log((result.errorInstance as Error | undefined)?.message)
    console.log(
      `again: npm run fuzz -- --backend ${options.backend} --seed ${seed} --path ${result.counterexamplePath?.split(':')[0]}`,
    )
    if (!options.keep) break
  }
  if (options.path !== undefined) break
}
for (const { name, backend } of targets) {
  if ('paths' in backend) {
    const runs = [...(backend.paths as ReadonlyMap<string, number>)].sort(([, a], [, b]) => b - a)
    console.log(`${name} ran ${runs.map(([kernel, times]) => `${kernel} ${times}`).join(', ')}`)
  }
  await backend.dispose()
}
const part = (n: number) => `${((100 * n) / count.numbers).toFixed(2)} %`
console.log(
  `${count.cases} cases with ${count.numbers} numbers: ${part(count.exact)} exact, ${part(count.loose)} with decisions ` +
    `too close to call, ${part(count.unknown)} behind an overflow; ${failed} failed`,
)
process.exitCode = failed > 0 ? 1 : 0
