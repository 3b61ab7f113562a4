// npm run bench:peers:install, after the packages from npm: the engines in Python, in virtual environments with the versions that
// bench/peers/native names. Where there is no Python, bench:peers goes on without them.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const windows = process.platform === 'win32'

/** Whether a command did what it was to do; what it says is shown. */
const succeeds = (command, args, stdio = 'inherit') => spawnSync(command, args, { stdio }).status === 0

const python = ['python3', 'python'].find(name => succeeds(name, ['-c', 'import ensurepip, venv'], 'ignore'))
if (python === undefined) {
  console.log("There is no Python 3 with venv and pip here: bench:peers runs the system's PyTorch, if it has one.")
  process.exit()
}

for (const name of ['engines', 'tensorflow']) {
  const folder = join(root, 'node_modules/.cache/peers', name)
  mkdirSync(dirname(folder), { recursive: true })
  const pip = (...args) =>
    succeeds(join(folder, windows ? 'Scripts/python' : 'bin/python'), [
      '-m',
      'pip',
      'install',
      '-q',
      '--only-binary',
      ':all:',
      ...args,
    ])
  console.log(`Python: ${name}, into ${folder.slice(root.length)}`)
  if (!succeeds(python, ['-m', 'venv', folder])) process.exit(1)
  // PyTorch without what it brings for graphics cards, which is 5 GB, if its own index can be reached.
  const cpu = ['--no-deps', '--retries', '0', '--timeout', '20', '--index-url', 'https://download.pytorch.org/whl/cpu']
  if (name === 'engines' && !pip(...cpu, 'torch==2.15.0'))
    console.log('PyTorch comes from the usual index, with its libraries for graphics cards: 6 GB.')
  if (!pip('-r', join(root, 'bench/peers/native', `${name}.txt`))) {
    console.error(`Not installed: ${name}. bench:peers goes on without.`)
    process.exitCode = 1
  }
}
