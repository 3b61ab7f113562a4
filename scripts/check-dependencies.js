// npm run check:dependencies: what each dependency brings, how large it is, and which install scripts `npm ci` would run.
// Fails if there is one that the paragraph "Install scripts" of docs/decisions.md does not name.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The name of the package at a place of package-lock.json: `node_modules/a/node_modules/@b/c` → `@b/c`. */
const nameOf = place => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)

/** The places of a package and of all that it brings: a name is looked for as Node does, from the inside out. */
function broughtBy(packages, place, found = new Set()) {
  if (found.has(place)) return found
  found.add(place)
  const { dependencies, optionalDependencies, peerDependencies } = packages[place]
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }))
    for (let inside = place; ; inside = inside.slice(0, Math.max(0, inside.lastIndexOf('/node_modules/')))) {
      const candidate = inside ? `${inside}/node_modules/${name}` : `node_modules/${name}`
      if (packages[candidate]) broughtBy(packages, candidate, found)
      if (packages[candidate] || !inside) break
    }
  return found
}

/** Which packages of a package-lock.json have install scripts. */
export const withScripts = ({ packages }) => [
  ...new Set(
    Object.keys(packages)
      .filter(place => packages[place].hasInstallScript)
      .map(nameOf),
  ),
]

/** Which of the names the decisions' paragraph on install scripts does not have, in backticks. */
export function unnamed(names, decisions) {
  const paragraph = /^\*\*Install scripts.*(?:\n.+)*/m.exec(decisions)?.[0] ?? ''
  return names.filter(name => !paragraph.includes(`\`${name}\``))
}

/** The bytes of a package's files, those of packages inside it left out; 0 if it is not installed here. */
function sizeOf(folder) {
  if (!existsSync(folder)) return 0
  let bytes = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && entry.name !== 'node_modules') bytes += sizeOf(path)
    else if (entry.isFile()) bytes += statSync(path).size
  }
  return bytes
}

function main() {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const { '': own, ...packages } = lock.packages
  const megabytes = places =>
    `${([...places].reduce((sum, place) => sum + sizeOf(place), 0) / 1e6).toFixed(1)} MB`.padStart(9)
  for (const kind of ['dependencies', 'devDependencies']) {
    console.log(`${kind}: alone, with what it brings`)
    for (const name of Object.keys(own[kind])) {
      const brought = broughtBy(packages, `node_modules/${name}`)
      const scripts = [...brought].filter(place => packages[place].hasInstallScript).map(nameOf)
      const count = `${brought.size} package${brought.size === 1 ? '' : 's'}`
      const sizes = megabytes([`node_modules/${name}`]) + megabytes(brought)
      console.log(
        `  ${name.padEnd(24)}${sizes}  ${count.padEnd(13)}${scripts.length ? `install scripts: ${scripts.join(', ')}` : ''}`.trimEnd(),
      )
    }
  }
  console.log(`all that is installed here: ${megabytes(Object.keys(packages)).trim()}`)

  const names = withScripts(lock)
  const missing = unnamed(names, readFileSync('docs/decisions.md', 'utf8'))
  console.log(`install scripts: ${names.join(', ')}`)
  if (missing.length === 0) return
  console.error(
    `docs/decisions.md does not name the install scripts of ${missing.join(', ')}: say there what they do and why they may run`,
  )
  process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
