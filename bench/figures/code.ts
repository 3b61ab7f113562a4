// Chapter 11: two digits that touch, ways through their ink, and what a network reads between any two of them.
import { readFile } from 'node:fs/promises'
import { blank, crop, inkBox, type Image } from '../../data/image.js'
import { prepareDigit } from '../../data/preprocess.js'
import { deserialize, tensor, wasm } from '../../engine/index.js'
import { convnet } from '../../models/convnet.js'
import { mnist } from '../mnist.js'
import { root } from '../results.js'
import { back, forward, grey, ink, line, picture, rect, svg, text } from './svg.js'

/** Which of the test's digits stand side by side, and how many columns they share. */
const [digits, shared] = [[15, 11], 1] as const

async function touching(): Promise<Image> {
  const { images } = await mnist('t10k')
  const boxes = digits.map(i => {
    const digit = images.pick(i, null, null)
    return crop(digit, inkBox(digit)!)
  })
  const rows = Math.max(...boxes.map(({ shape }) => shape[0]))
  const all = blank(
    rows,
    boxes.map(({ shape }) => shape[1]).reduce((a, b) => a + b - shared),
  )
  let left = 0
  for (const box of boxes) {
    for (let i = 0; i < box.shape[0]; i++)
      for (let j = 0; j < box.shape[1]; j++)
        all.set(rows - box.shape[0] + i, left + j, Math.max(all.get(rows - box.shape[0] + i, left + j), box.get(i, j)))
    left += box.shape[1] - shared
  }
  return all
}

/** What each digit costs, in logarithms of a probability, and what it costs to be a height wider than digits usually are. */
const [price, usual, widthPrice] = [0.4, 0.95, 3.5]

/** The way from top to bottom that crosses the least ink, from each row to a place below it or beside that; no farther from a column than `bend`. */
function wayNear(place: number, image: Image, bend = 3): number[] {
  const [rows, columns] = image.shape as [number, number]
  const near = (j: number) => j >= 0 && j < columns && Math.abs(j - place) <= bend
  let best = Array.from({ length: columns }, (_, j) => ({ cost: near(j) ? image.get(0, j) : Infinity, path: [j] }))
  for (let i = 1; i < rows; i++)
    best = best.map((_, j) => {
      if (!near(j)) return { cost: Infinity, path: [] }
      const before = [j, j - 1, j + 1].filter(near).reduce((a, b) => (best[b].cost < best[a].cost ? b : a))
      return { cost: best[before].cost + image.get(i, j), path: [...best[before].path, j] }
    })
  return best.reduce((a, b) => (b.cost < a.cost ? b : a)).path
}

/** What lies between two ways. */
function between(image: Image, left: readonly number[], right: readonly number[]): Image {
  const part = blank(image.shape[0], image.shape[1])
  for (let i = 0; i < image.shape[0]; i++) for (let j = left[i]; j < right[i]; j++) part.set(i, j, image.get(i, j))
  return part
}

/** The picture with three ways through it; to the right, all that lies between two of them, how it is read, and what the search chooses. */
export async function cuts(): Promise<string> {
  const image = await touching()
  const [rows, columns] = image.shape as [number, number]
  const straight = (column: number) => Array<number>(rows).fill(column)
  const inner = [1, 2, 3].map(k => wayNear(Math.round((k * columns) / 4), image))
  const ways = [straight(0), ...inner, straight(columns)]
  const pairs = ways.flatMap((_, from) => ways.flatMap((_, to) => (to > from ? [{ from, to }] : [])))
  const parts = pairs.map(({ from, to }) => between(image, ways[from], ways[to]))
  const inputs = parts.map(part => prepareDigit(part)!.input)

  const backend = await wasm({ threads: 1, strict: true })
  const { tensors } = deserialize(await readFile(`${root}storage/pretrained/convnet.safetensors`))
  const network = convnet().load(backend, tensors)
  const x = tensor(backend, Float32Array.from(inputs.flatMap(({ data }) => Array.from(data))), [inputs.length, 28, 28, 1]) // prettier-ignore
  const y = await network.predict(x).download()

  // Viterbi's algorithm: the best way to a place is the best way to an earlier one, and what is read from there to here.
  const best = ways.map((_, to) => ({ score: to === 0 ? 0 : -Infinity, last: [] as number[] }))
  pairs.forEach(({ from, to }, k) => {
    const wide = Math.max(0, inkBox(parts[k])!.width / rows - usual)
    const score = best[from].score + Math.log(Math.max(...y.subarray(10 * k, 10 * k + 10))) - price - widthPrice * wide
    if (score > best[to].score) best[to] = { score, last: [...best[from].last, k] }
  })
  const chosen = best.at(-1)!.last

  const size = 6
  const middle = (column: number, row: number): [number, number] => [20 + column * size, 20 + (row + 0.5) * size]
  const read = pairs.map(({ from, to }, k) => {
    const p = y.subarray(10 * k, 10 * k + 10)
    const digit = p.indexOf(Math.max(...p))
    const percent = `${(100 * p[digit]).toFixed(0)} %`
    const [left, top] = [60 + columns * size + 90 * from + 45 * (to - from - 1), 20 + 100 * (to - from - 1)]
    return [
      picture(left, top, inputs[k].data, 28, { size: 2, colour: ink }),
      rect(left, top, 56, 56, chosen.includes(k) ? { stroke: back, 'stroke-width': '3' } : { stroke: grey }),
      text(left + 28, top + 72, `${digit}, ${percent}`, { fill: back, 'font-size': 13 }),
    ].join('\n')
  })
  return svg(
    60 + columns * size + 90 * 4,
    420,
    picture(20, 20, Array.from(image.data, v => v / 255), columns, { size, colour: ink }), // prettier-ignore
    rect(20, 20, columns * size, rows * size, { stroke: grey }),
    ...inner.map(way => line(way.map(middle), { stroke: forward, 'stroke-width': '2' })),
    ...read,
  )
}
