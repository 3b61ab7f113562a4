// npm run mutants: breaks the code in thousands of small ways, one at a time, and says which of them no test notices. What
// follows `--` goes to StrykerJS: `npm run mutants -- --mutate 'engine/ops/*.ts'` does a part; results of the others, and of
// what did not change, are kept in results.json. Fails below the shares that a group of files has to reach.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { equivalent } from './equivalent.js'

/** The least share of mutants that the tests must notice. */
const groups = [
  { name: 'ops', least: 0.9, of: /^engine\/ops\// },
  { name: 'backward', least: 0.9, of: /^engine\/backward\.ts/ },
  { name: 'optim', least: 0.9, of: /^engine\/optim\// },
  { name: 'train', least: 0.9, of: /^engine\/train\.ts/ },
  { name: 'session', least: 0.9, of: /^data\/session\.ts|^training\// },
  { name: 'all', least: 0.85, of: /./ },
]

/** A mutant's lines of code, before and after: `if (a < b) {` and `if (a <= b) {`. */
function change(source, { location: { start, end }, replacement }) {
  const lines = source.split('\n')
  const onOneLine = text => text.replace(/\s+/g, ' ').trim()
  return {
    code: onOneLine(lines.slice(start.line - 1, end.line).join('\n')),
    becomes: onOneLine(
      lines[start.line - 1].slice(0, start.column - 1) + replacement + lines[end.line - 1].slice(end.column - 1),
    ),
  }
}

/** Every mutant that was tried, with what became of it. Those that nothing could try (not valid code) do not count. */
function mutants(report) {
  return Object.entries(report.files).flatMap(([file, { source, mutants }]) =>
    mutants
      .filter(({ status }) => ['Killed', 'Timeout', 'Survived', 'NoCoverage'].includes(status))
      .map(mutant => ({
        file,
        line: mutant.location.start.line,
        noticed: mutant.status === 'Killed' || mutant.status === 'Timeout',
        ...change(source, mutant),
      })),
  )
}

function main() {
  const stryker = new URL('node_modules/@stryker-mutator/core/bin/stryker.js', import.meta.url).pathname
  const config = new URL('stryker.config.js', import.meta.url).pathname
  const { status } = spawnSync(process.execPath, [stryker, 'run', config, ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  if (status !== 0) return status

  const tried = mutants(JSON.parse(readFileSync(new URL('results.json', import.meta.url), 'utf8')))
  const same =
    ({ file, code, becomes }) =>
    known =>
      known.file === file && known.code === code && known.becomes === becomes
  const counted = tried.filter(mutant => !equivalent.some(same(mutant)))
  for (const { file, line, code, becomes } of counted.filter(({ noticed }) => !noticed))
    console.log(`\n${file}:${line}\n- ${code}\n+ ${becomes}`)
  // What is called equivalent must exist, and nothing may tell it apart.
  const wrong = equivalent.filter(known => !tried.some(mutant => same(mutant)(known) && !mutant.noticed))
  for (const { file, code, becomes } of wrong)
    console.log(`\nnot equivalent, or no longer there: ${file}\n- ${code}\n+ ${becomes}`)

  console.log()
  const missed = groups.filter(({ name, least, of }) => {
    const those = counted.filter(({ file }) => of.test(file))
    const noticed = those.filter(mutant => mutant.noticed).length
    const share = noticed / those.length
    console.log(
      `${name.padEnd(10)}${noticed} of ${those.length} noticed: ${(100 * share).toFixed(1)} %, at least ${100 * least} %`,
    )
    return !(share >= least)
  })
  console.log(`${equivalent.length} more are equivalent (test/mutants/equivalent.js)`)
  return missed.length + wrong.length > 0 ? 1 : 0
}

process.exitCode = main()
