// npm run bench:compare -- OLD NEW: whether a change makes the models faster or slower. Each is the folder of a checkout or a
// name that git knows. Both take turns, each in a process of its own; OLD runs twice a round, and how much it differs from
// itself says what a difference is worth.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import yargs from 'yargs'
import { comparisonTable, differs, type Comparison, type Round, type Turn } from './comparison.js'
import { some, threadsOption } from './options.js'
import { root } from './results.js'
import { lastLine } from './rounds.js'
import { print, progress } from './tables.js'

const argv = yargs(process.argv.slice(2))
  .usage(
    'npm run bench:compare -- OLD NEW [options]\n\nTrains and tests the models with two versions in turns. OLD and NEW are folders of checkouts, or ' +
      'names that git knows (these are built in a folder of their own, with the packages installed here).',
  )
  .option('models', some(['deepnet1', 'deepnet2', 'convnet'], 'models to train'))
  .option('threads', threadsOption)
  .option('rounds', { number: true, default: 9, describe: 'rounds, each with new processes' })
  .demandCommand(2, 2, 'Name two versions, OLD and NEW.', 'Name two versions, OLD and NEW.')
  .strictOptions()
  .parseSync()

const temporary = await mkdtemp(join(tmpdir(), 'chiffre-compare-'))
const git = (...args: string[]) => execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' })

/** The folder of a version, built. */
async function checkout(version: string, side: string): Promise<string> {
  let folder = resolve(version)
  if (!existsSync(join(folder, 'scripts/build.js'))) {
    folder = join(temporary, side)
    git('worktree', 'add', '--quiet', '--detach', folder, version)
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  }
  execFileSync(process.execPath, ['scripts/build.js'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  return folder
}

async function compare(sides: Readonly<Record<'old' | 'new', string>>): Promise<Comparison[]> {
  const folders = { ...sides, again: sides.old }
  const places = ['old', 'new', 'again'] as const
  const comparisons = argv.models.flatMap(model =>
    argv.threads.map(threads => ({ model, threads, rounds: [] as Round[] })),
  )
  for (let round = 0; round < argv.rounds; round++)
    for (const { model, threads, rounds } of comparisons) {
      const turns = {} as Record<keyof typeof folders, Turn>
      // Everyone is first, second and last equally often.
      for (let i = 0; i < 3; i++) {
        const side = places[(round + i) % 3]
        progress(`round ${round + 1} of ${argv.rounds}: ${model}, ${threads} threads, ${side}`)
        const args = [`${root}bench/contestant.js`, folders[side], model, `${threads}`]
        turns[side] = await lastLine<Turn>({ name: side, model, threads, command: process.execPath, args })
      }
      rounds.push(turns)
    }
  progress('')
  return comparisons
}

try {
  const [from, to] = argv._.map(String)
  const comparisons = await compare({ old: await checkout(from, 'old'), new: await checkout(to, 'new') })
  print(comparisonTable(comparisons))
  for (const { model, threads } of comparisons.filter(differs))
    console.log(`${model}, threads ${threads}: the losses differ, so the two did not do the same work.`)
} finally {
  await rm(temporary, { recursive: true, force: true })
  git('worktree', 'prune')
}
