// Learning curves as an SVG, by Observable Plot on linkedom's document: no browser is needed.
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { Curve } from './curves.js'
import { currentLanguage, t } from './language.js'

/** Okabe and Ito's colours, which all eyes can tell apart. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000']

/** Where names stand that are one below the other, at least so far apart. */
function apartBy<T extends { readonly value: number }>(points: readonly T[], gap: number): T[] {
  let above = Infinity
  return [...points]
    .sort((a, b) => b.value - a.value)
    .map(point => ({ ...point, value: (above = Math.min(point.value, above - gap)) }))
}

const lastEpoch = (points: readonly { epoch: number }[]) => Math.max(...points.map(({ epoch }) => epoch))

/** The numbers beside the axes, as the language writes them. */
const written = {
  loss: (value: number) => value.toLocaleString(currentLanguage()),
  accuracy: (value: number) => value.toLocaleString(currentLanguage(), { style: 'percent' }),
}

/** The loss above, the accuracy below; a colour a checkpoint, dashes for what was kept apart. */
export function curvesPicture(curves: readonly Curve[]): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as { document: never }
  const names = [...new Set(curves.map(({ name }) => name))]
  const points = (['loss', 'accuracy'] as const).flatMap(what =>
    curves.flatMap(({ name, kind, scores }) =>
      scores.flatMap((score, i) => (score ? [{ what, name, kind, epoch: i + 1, value: score[what] }] : [])),
    ),
  )
  const changes = curves.flatMap(({ name, changes }) =>
    changes.map(({ epoch, changed }) => ({ name, epoch, changed: changed.join(', ') })),
  )
  const [width, height, gap] = [640, 260, 20]
  const charts = (['loss', 'accuracy'] as const).map((what, i) => {
    const own = points.filter(point => point.what === what)
    const lines = (['training', 'validation'] as const).map(kind =>
      Plot.line(
        own.filter(point => point.kind === kind),
        { x: 'epoch', y: 'value', stroke: 'name', ...(kind === 'validation' && { strokeDasharray: '4 3' }) },
      ),
    )
    const ends = names.flatMap(name => own.filter(point => point.name === name && point.kind === 'training').slice(-1))
    const values = own.map(({ value }) => value)
    const apart = apartBy(ends, (Math.max(...values) - Math.min(...values)) / 20)
    const chart: unknown = Plot.plot({
      document,
      ...{ width, height, marginLeft: 60, marginRight: 120 },
      x: { label: t('curves.epoch'), labelAnchor: 'center', ticks: Math.min(10, lastEpoch(own)), tickFormat: 'd' },
      y: { label: t(`curves.${what}`), grid: true, tickFormat: written[what] },
      color: { domain: names, range: names.map((_, i) => colours[i % colours.length]) },
      marks: [
        Plot.ruleX(changes, { x: 'epoch', stroke: 'name', strokeDasharray: '1 3', title: 'changed' }),
        ...lines,
        Plot.text(apart, { x: 'epoch', y: 'value', text: 'name', fill: 'name', textAnchor: 'start', dx: 6 }),
      ],
    })
    const { outerHTML } = chart as { outerHTML: string }
    return `<g transform="translate(0 ${i * (height + gap)})">${outerHTML}</g>`
  })
  const total = 2 * height + gap
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}">
<rect width="100%" height="100%" fill="white"/>
${charts.join('\n')}
</svg>
`
}
