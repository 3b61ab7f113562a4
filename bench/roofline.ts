// The roofline (Williams, Waterman & Patterson 2009): what a kernel could reach at best is the smaller of two limits,
// the processor's arithmetic and, for kernels that compute little with each number, the bandwidth of memory. Both were
// measured (peak.ts). Observable Plot draws it, on linkedom's document: no browser is needed.
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { KernelResults } from './kernels.js'
import { threadsOf } from './tables.js'
import type { KernelRow } from './turns.js'

const colours: Readonly<Record<string, string>> = {
  'cpu, 1 thread': '#999999',
  'wasm, 1 thread': '#0072b2',
  'wasm, 2 threads': '#d55e00',
}
const others = ['#009e73', '#cc79a7', '#e69f00', '#56b4e9'] // more of Okabe and Ito's colours, which all eyes can tell apart

interface Point {
  /** FLOP a byte, and GFLOP/s. */
  readonly x: number
  readonly y: number
  readonly series: string
  readonly kernel: string
}

const seriesOf = ({ backend, threads }: KernelRow) => `${backend}, ${threadsOf(threads)}`

/** Worth a name in the picture: the arithmetic of the models, and a kernel of each other sort. */
const named: Readonly<Record<string, string>> = {
  'conv2d 128·26·26·32 ∗ 3·3·32·64': 'conv2d',
  'conv2d 128·28·28·1 ∗ 3·3·1·32': 'first conv2d',
  'matmul 1024·1024·1024': 'matmul 1024³',
  'maxPool 128·24·24·64, 2·2': 'maxPool',
  'relu 4718592': 'relu',
  'unary relu 4718592': 'relu',
  'adamStep 1179648': 'adamStep',
}

/** A call with less arithmetic takes microseconds, most of which is the call itself. */
const smallest = 1e5

/** Of all ticks, only powers of ten get a number. */
const tickFormat = (x: number) => (`${x}`.replaceAll(/[0.]/g, '') === '1' ? `${x}` : '')

/** The picture as SVG. */
export function roofline({ rows, peaks }: Pick<KernelResults, 'rows' | 'peaks'>): string {
  const points = rows.flatMap((row): Point[] =>
    row.timing && row.flops >= smallest
      ? [
          {
            x: row.flops / row.bytes,
            y: row.flops / row.timing.median / 1e9,
            series: seriesOf(row),
            kernel: `${row.kernel} ${row.sizes}`,
          },
        ]
      : [],
  )
  const series = [...new Set(points.map(point => point.series))]
  const unnamed = series.filter(name => !(name in colours))
  const colourOf = (name: string) => colours[name] ?? others[unnamed.indexOf(name) % others.length]
  const [left, right] = [Math.min(...points.map(({ x }) => x)) / 1.5, Math.max(...points.map(({ x }) => x)) * 1.5]
  const lowest = Math.min(...points.map(({ y }) => y)) / 1.5

  const roofs = Object.entries(peaks).flatMap(([threads, { gflops, gbytes }]) => {
    const name = threadsOf(Number(threads))
    const corner = gflops / gbytes
    const line = [left, corner, right].map(x => ({ x, y: Math.min(gflops, x * gbytes), name }))
    return [
      Plot.line(line, { x: 'x', y: 'y', stroke: '#222', strokeWidth: 1.5 }),
      Plot.text([{ x: corner, y: gflops }], {
        x: 'x',
        y: 'y',
        text: () => `${name}: ${gflops.toFixed(0)} GFLOP/s and ${gbytes.toFixed(0)} GB/s`,
        textAnchor: 'start',
        dx: 6,
        dy: -8,
      }),
    ]
  })
  const labels = points.flatMap(point =>
    point.series === 'wasm, 1 thread' && point.kernel in named ? [{ ...point, label: named[point.kernel] }] : [],
  )

  // The types of both libraries need the DOM's, which this project compiles without.
  const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as { document: never }
  const picture = Plot.plot({
    document,
    width: 860,
    height: 520,
    marginLeft: 60,
    marginRight: 24,
    marginBottom: 44,
    style: { background: 'white', color: '#222', fontFamily: 'sans-serif', fontSize: '12px' },
    x: { type: 'log', domain: [left, right], label: 'arithmetic intensity (FLOP a byte) →', grid: true, tickFormat },
    y: {
      type: 'log',
      domain: [lowest, 2 * Math.max(...Object.values(peaks).map(({ gflops }) => gflops))],
      label: '↑ GFLOP/s',
      grid: true,
      tickFormat,
    },
    marks: [
      ...roofs,
      Plot.dot(points, { x: 'x', y: 'y', r: 3.5, fill: ({ series }: Point) => colourOf(series), title: 'kernel' }),
      Plot.text(labels, { x: 'x', y: 'y', text: 'label', dy: 12, stroke: 'white', fill: '#222' }),
      series.map((name, i) =>
        Plot.text([`● ${name}`], { frameAnchor: 'bottom-right', dy: -8 - 18 * i, dx: -8, fill: colourOf(name) }),
      ),
    ],
  }) as unknown as { setAttribute(name: string, value: string): void; readonly outerHTML: string }
  picture.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return `${picture.outerHTML}\n`
}
