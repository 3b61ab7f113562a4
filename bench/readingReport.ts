// What `npm run bench:reading` says: tables, the section of docs/results.md, and a picture of what is misread.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { eachPixel, type Image } from '../data/index.js'
import { machine } from './machine.js'
import { root } from './results.js'
import { markdown, type Table } from './tables.js'

/** An image that a network saw, what it shows, and what was read. */
export interface Misread {
  readonly input: Image
  readonly label: number
  readonly answer: number
}

/** How much of a kind was read right, and what was not. */
export interface Read {
  readonly share: number
  readonly wrong: readonly Misread[]
}

export const percent = (share: number, digits = 1) => `${(100 * share).toFixed(digits)} %`

/** A share beside what it is to be: the least, and what is aimed at. */
export const beside = (name: string, share: number | undefined, must: number, aim?: number, digits = 1): string[] => {
  const verdict =
    share === undefined ? '' : share < must / 100 ? 'missed' : aim && share < aim / 100 ? 'met' : 'reached'
  return [
    name,
    share === undefined ? 'not measured' : percent(share, digits),
    `${must} %`,
    aim ? `${aim} %` : '',
    verdict,
  ]
}
export const goalsHead = ['what is read', 'right', 'must', 'aim', '']

/** So many misread images of a kind are shown. */
const shown = 12
const [pixel, gap] = [2, 6]

/** Writes docs/misread.png, a row for each kind, and says in a table what the rows show. */
export async function writeMisread(kinds: ReadonlyMap<string, readonly Misread[]>): Promise<Table> {
  const rows = [...kinds].filter(([, wrong]) => wrong.length > 0)
  const step = 28 * pixel + gap
  const png = new PNG({ width: gap + shown * step, height: gap + rows.length * step })
  png.data.fill(255)
  rows.forEach(([, wrong], row) => {
    wrong.slice(0, shown).forEach(({ input }, column) => {
      eachPixel(input, (i, j, v) => {
        const level = Math.round(255 * (1 - v))
        for (let y = 0; y < pixel; y++)
          for (let x = 0; x < pixel; x++) {
            const at = (gap + row * step + i * pixel + y) * png.width + gap + column * step + j * pixel + x
            png.data.set([level, level, level, 255], 4 * at)
          }
      })
    })
  })
  await writeFile(join(root, 'docs/misread.png'), PNG.sync.write(png, { colorType: 0 }))
  return {
    head: ['row', 'of', 'is → was read as'],
    rows: rows.map(([name, wrong], row) => [
      `${row + 1}`,
      name,
      wrong
        .slice(0, shown)
        .map(({ label, answer }) => `${label} → ${answer}`)
        .join(', '),
    ]),
  }
}

/** The accuracies of the models in docs/results.md, by their names. */
export async function accuracies(): Promise<Map<string, number>> {
  const text = await readFile(join(root, 'docs/results.md'), 'utf8')
  const found = text.matchAll(/^## (\w+): ([\d.]+) %/gm)
  return new Map([...found].map(([, name, value]) => [name, Number(value) / 100]))
}

/** Replaces a section of docs/results.md, or adds it behind the others. */
export async function writeSection(title: string, parts: readonly (string | Table)[]) {
  const path = join(root, 'docs/results.md')
  const { cpu, cores, node, commit } = machine()
  const body = parts.map(part => (typeof part === 'string' ? part : markdown(part)))
  const section =
    [`## ${title}`, ...body, `${cpu}, ${cores} cores, Node ${node}, commit ${commit}.`].join('\n\n') + '\n'
  const [head, ...sections] = (await readFile(path, 'utf8')).split(/^(?=## )/m)
  const others = sections.filter(text => !text.startsWith(`## ${title}\n`))
  await writeFile(path, [head, ...others, section].map(text => text.trimEnd() + '\n').join('\n'))
}
