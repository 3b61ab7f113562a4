// Images drawn with characters. A terminal's cell is about twice as high as it is wide, so each cell shows two pixels,
// one above the other: as the two colours of a half block ▀ where there are colours, else as a character of their mean.
import { crop, inkBox, type Pixels } from '../data/index.js'

/** Bits of colour of a terminal, as `getColorDepth()` of Node's streams says: 1 for none. */
export type ColourDepth = number

/** Lines of text that are `width` cells wide each. */
export interface Block {
  readonly lines: readonly string[]
  readonly width: number
}

/** An image [h,w] of 0–255, in w cells by h/2 lines. */
export function draw(image: Pixels, depth: ColourDepth): Block {
  const [height, width] = image.shape
  const cell = depth < 8 ? character : halfBlock(depth)
  const lines = Array.from({ length: Math.ceil(height / 2) }, (_, row) => {
    const lower = (x: number) => (2 * row + 1 < height ? image.get(2 * row + 1, x) : 0)
    return Array.from({ length: width }, (_, x) => cell(image.get(2 * row, x), lower(x))).join('')
  })
  return { lines: depth < 8 ? lines : lines.map(line => line + reset), width }
}

const reset = '\x1b[0m'
/** Dark to bright. */
const characters = ' .:-=+*#%@'

const character = (upper: number, lower: number) =>
  characters[Math.floor(((upper + lower) / 2 / 256) * characters.length)]

const halfBlock = (depth: ColourDepth) => (upper: number, lower: number) =>
  `\x1b[38;${grey(upper, depth)};48;${grey(lower, depth)}m▀`

/** The arguments of an escape sequence for a grey: of 24 bits, or the nearest of xterm's 256 colours. */
function grey(level: number, depth: ColourDepth): string {
  if (depth >= 24) return `2;${level};${level};${level}`
  if (level < 4) return '5;16'
  if (level > 246) return '5;231'
  return `5;${232 + Math.min(23, Math.round((level - 8) / 10))}`
}

/** Text that stands out, if there are colours. */
export const bold = (text: string, depth: ColourDepth) => (depth > 1 ? `\x1b[1m${text}\x1b[22m` : text)

/** Cuts images down to their ink, all to the size that the largest needs, so that more of them fit side by side. */
export function cropToInk(images: readonly Pixels[]): Pixels[] {
  const boxes = images.map(image => inkBox(image) ?? { top: 0, left: 0, height: 1, width: 1 })
  const height = Math.max(...boxes.map(box => box.height))
  const width = Math.max(...boxes.map(box => box.width))
  return images.map((image, i) => {
    const [bottom, right] = image.shape
    const top = centred(boxes[i].top, boxes[i].height, height, bottom)
    const left = centred(boxes[i].left, boxes[i].width, width, right)
    return crop(image, { top, left, height, width })
  })
}

/** Where a span of `wanted` begins that has the one at `start` in its middle and stays within 0 … end. */
const centred = (start: number, length: number, wanted: number, end: number) =>
  Math.max(0, Math.min(end - wanted, start - Math.floor((wanted - length) / 2)))

/** Blocks of the same size with a line of text under each, in as few rows as the width allows, evenly filled. */
export function arrange(blocks: readonly Block[], captions: readonly string[], width: number, gap = 2): string {
  const cell = Math.max(...blocks.map(block => block.width), ...captions.map(caption => caption.length))
  const most = Math.max(1, Math.floor((width + gap) / (cell + gap)))
  const columns = Math.ceil(blocks.length / Math.ceil(blocks.length / most))
  const pictures = blocks.map((block, i) => [
    ...block.lines.map(line => line + ' '.repeat(cell - block.width)),
    captions[i].padEnd(cell),
  ])
  const between = ' '.repeat(gap)
  const beside = (row: string[][]) => row[0].map((_, line) => row.map(lines => lines[line]).join(between))
  const rows: string[] = []
  for (let at = 0; at < pictures.length; at += columns) rows.push(beside(pictures.slice(at, at + columns)).join('\n'))
  return rows.join('\n\n').replace(/ +$/gm, '')
}
