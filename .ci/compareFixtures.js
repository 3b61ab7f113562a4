// Compares two folders of fixtures: JSON may differ in the last digits of its numbers (another processor sums in another
// order), anything else in nothing.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const TOLERANCE = 1e-9

/** Where two values of JSON differ, as a path such as `.0.loss`; nothing if they agree. */
function difference(a, b) {
  if (typeof a === 'number' && typeof b === 'number')
    return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a)) ? undefined : ` is ${a}, made anew ${b}`
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return a === b ? undefined : ` is ${a}, made anew ${b}`
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = difference(a[key], b[key])
    if (found) return `.${key}${found}`
  }
}

const [committed, fresh] = process.argv.slice(2)
const names = readdirSync(fresh).filter(name => !name.endsWith('.py'))
let failed = 0
for (const name of names) {
  const [a, b] = [committed, fresh].map(folder => readFileSync(join(folder, name)))
  const found = name.endsWith('.json') ? difference(JSON.parse(a), JSON.parse(b)) : a.equals(b) ? undefined : ' differs'
  if (found) failed++
  console.log(found ? `${name}${found}` : `${name} agrees`)
}
process.exit(failed > 0 ? 1 : 0)
