// Kernels whose threads compute one number of the result each, from the numbers at its place.
import type { Unary } from '../../backend.js'
import { each, variants, type Kernel } from './kernel.js'
import { unary as rows } from './unary.js'

/** y = f(x) */
export const unary: (f: Unary) => Kernel = variants(
  f => each({ op: f, reads: { x: 'f32' }, writes: { y: 'f32' }, sizes: '', body: apply(rows[f][0], ['x'], 'y') }),
  f => f,
)

/** dx = f'(x) · dy, of those arrays that the formula names */
export const unaryGrad: (f: Unary) => Kernel = variants(
  f => {
    const names = gradientReads(f)
    const reads = Object.fromEntries(names.map(name => [name, 'f32' as const]))
    return each({ op: `${f}Grad`, reads, writes: { dx: 'f32' }, sizes: '', body: apply(rows[f][1], names, 'dx') })
  },
  f => f,
)
export const gradientReads = (f: Unary) =>
  (['x', 'y', 'dy'] as const).filter(name => new RegExp(`\\b${name}\\b`).test(rows[f][1]))

/** result[i] = formula, in which each name stands for its array's number at i */
const apply = (formula: string, names: readonly string[], result: string) =>
  `${result}[i] = ${formula.replace(new RegExp(`\\b(${names.join('|')})\\b`, 'g'), '$1[i]')};`

const operators = { add: '+', sub: '-', mul: '*', div: '/' } as const
/** y = a ∘ b; of two lengths the shorter array is repeated */
export const pairs: (op: keyof typeof operators) => Kernel = variants(
  op =>
    each({
      op,
      reads: { a: 'f32', b: 'f32' },
      writes: { y: 'f32' },
      sizes: 'a, b',
      body: `y[i] = a[select(i % size.a, i, size.a == size.count)] ${operators[op]} b[select(i % size.b, i, size.b == size.count)];`,
    }),
  op => op,
)

/** y[m,n] = x[m,n] + b[n] */
export const addBias = each({
  op: 'addBias',
  reads: { x: 'f32', b: 'f32' },
  writes: { y: 'f32' },
  sizes: 'n',
  body: 'y[i] = x[i] + b[i % size.n];',
})

/** y[times,n] = x[n] */
export const repeat = each({
  op: 'repeat',
  reads: { x: 'f32' },
  writes: { y: 'f32' },
  sizes: 'n',
  body: 'y[i] = x[i % size.n];',
})

/** mask[i] = 0 if lowbias(lowbias(i) xor key) < dropped, else kept: whole numbers of 32 bits, the same bits on every card. */
export const dropoutMask = each({
  op: 'dropoutMask',
  reads: {},
  writes: { y: 'f32' },
  sizes: 'dropped, key',
  numbers: 'kept',
  outside: `
fn lowbias(value: u32) -> u32 {
  var x = value;
  x = (x ^ (x >> 16u)) * 0x7feb352du;
  x = (x ^ (x >> 15u)) * 0x846ca68bu;
  return x ^ (x >> 16u);
}`,
  body: 'y[i] = select(size.kept, 0.0, lowbias(lowbias(i) ^ size.key) < size.dropped);',
})

/** Grey levels, four to a word: y[i] = pixels[i] / 255 */
const level = (i: string) => `f32((pixels[(${i}) / 4u] >> (8u * ((${i}) % 4u))) & 255u) / 255.0`
export const unfoldPixels = each({
  op: 'uploadPixels',
  reads: { pixels: 'u32' },
  writes: { y: 'f32' },
  sizes: '',
  body: `y[i] = ${level('i')};`,
})

/** y[row, n] = set[indices[row], n], of bytes or of floats */
const from = 'let row = i / size.n; let at = indices[row] * size.n + i % size.n;'
export const gatherPixels = each({
  op: 'gather',
  reads: { pixels: 'u32', indices: 'u32' },
  writes: { y: 'f32' },
  sizes: 'n',
  body: `${from} y[i] = ${level('at')};`,
})
export const gatherNumbers = each({
  op: 'gather',
  reads: { x: 'f32', indices: 'u32' },
  writes: { y: 'f32' },
  sizes: 'n',
  body: `${from} y[i] = x[at];`,
})
