// Chapter 9: the two ladders of bench/ladder, as they were measured last.
import { readFile } from 'node:fs/promises'
import type { LadderResults } from '../ladder.js'
import { root } from '../results.js'
import type { Say } from './index.js'
import { back, forward, rect, svg, text } from './svg.js'

/** What a step is about, in a few words; the steps are numbered in the order of the files. */
const steps: Readonly<Record<'matmul' | 'conv2d', readonly (readonly [english: string, french: string])[]>> = {
  matmul: [
    ['1 the definition', '1 la définition'],
    ['2 loops change places', '2 boucles échangées'],
    ['3 tiles of 3 × 3', '3 tuiles de 3 × 3'],
    ['4 SIMD', '4 SIMD'],
    ['5 SIMD, tiles in registers', '5 SIMD, tuiles en registres'],
    ['6 packed panels', '6 panneaux rangés'],
    ['7 fused multiply-add', '7 produit et somme en un'],
  ],
  conv2d: [
    ['1 the definition', '1 la définition'],
    ['2 channels innermost', '2 canaux à l’intérieur'],
    ['3 im2col, tiles', '3 im2col, tuiles'],
    ['4 im2col, panels', '4 im2col, panneaux'],
    ['5 no copy', '5 sans copie'],
    ['6 Winograd', '6 Winograd'],
  ],
}

/** GFLOP/s of each step of both ladders, on one thread. */
export async function ladders(say: Say): Promise<string> {
  const { rows } = JSON.parse(await readFile(`${root}bench/results/published/ladder.json`, 'utf8')) as LadderResults
  const [left, high, scale] = [230, 24, 4.5]
  const ladder = (name: 'matmul' | 'conv2d', title: string, colour: string, top: number) => {
    const bars = steps[name].map(([english, french], i) => {
      const { flops, timing } = rows.find(row => row.ladder === name && row.step.startsWith(`${i + 1} `))!
      const speed = flops / timing.median / 1e9
      const y = top + 12 + i * high
      return [
        text(left - 10, y + 9, say(english, french), { 'text-anchor': 'end' }),
        rect(left, y, speed * scale, high - 6, { fill: colour, stroke: 'none' }),
        text(left + speed * scale + 8, y + 9, say(speed.toFixed(1), speed.toFixed(1).replace('.', ',')), {
          'text-anchor': 'start',
        }),
      ].join('\n')
    })
    return [text(left, top - 6, title, { 'text-anchor': 'start', 'font-weight': 'bold' }), ...bars].join('\n')
  }
  const product = say('product of matrices, GFLOP/s', 'produit de matrices, GFLOP/s')
  const second = steps.matmul.length * high + 70
  return svg(
    680,
    second + steps.conv2d.length * high + 30,
    ladder('matmul', product, forward, 30),
    ladder('conv2d', say('convolution, GFLOP/s', 'convolution, GFLOP/s'), back, second),
  )
}
