// Sums over rows. A thread sums a column of one part of the rows: every parts-th row, so that threads beside each other always read
// beside each other. Parts are summed in the same way until one is left: more of a card is busy then, and less is rounded.
import { eachValue, variants, type Kernel } from './kernel.js'
import { endingReads, endings, finished, type Epilogue } from './tiles.js'

/** Into how many parts a sum of m rows goes. */
export const partsOf = (m: number) => (m <= 128 ? 1 : Math.ceil(m / 64))

/** y[p,n] = Σ x[i,n] over the rows i = p, p + parts, p + 2·parts, … of m; count = parts·n */
export const sumRows: Kernel = eachValue({
  op: 'biasGrad',
  reads: { x: 'f32' },
  writes: { y: 'f32' },
  sizes: 'all',
  body: `
  var sum = 0.0;
  for (var at = i; at < size.all; at += size.count) { sum += x[at]; }`,
  value: 'sum',
})

/** y[i] = Σp x[p,i], the parts of a product, with its last act */
export const sumParts: (epilogue: Epilogue) => Kernel = variants(
  epilogue =>
    eachValue({
      op: 'matmul',
      reads: { x: 'f32', ...endingReads(epilogue, 'f32') },
      writes: { y: 'f32' },
      sizes: 'parts, n',
      epilogue,
      outside: endings,
      body: `
  var sum = 0.0;
  for (var p = 0u; p < size.parts; p++) { sum += x[p * size.count + i]; }`,
      value: finished('sum', 'f32', 'bias[i % size.n]', 'past[i]', epilogue),
    }),
  epilogue => epilogue,
)
