// Kernels whose threads compute one number of the result each, from the numbers at its place.
import type { Unary } from '../../backend.js'
import { each, pointwise, variants, type Kernel } from './kernel.js'
import { unary as rows } from './unary.js'

/** y = f(x) */
export const unary: (f: Unary) => Kernel = variants(
  f => pointwise(f, ['x'], rows[f][0]),
  f => f,
)

/** dx = f'(x) · dy, of those arrays that the formula names */
export const unaryGrad: (f: Unary) => Kernel = variants(
  f => pointwise(`${f}Grad`, gradientReads(f), rows[f][1]),
  f => f,
)
export const gradientReads = (f: Unary) =>
  (['x', 'y', 'dy'] as const).filter(name => new RegExp(`\\b${name}\\b`).test(rows[f][1]))

const operators = { add: '+', sub: '-', mul: '*', div: '/' } as const
/** y = a ∘ b; of two lengths the shorter array is repeated */
export const pairs: (op: keyof typeof operators) => Kernel = variants(
  op => pointwise(op, ['a', 'b'], `a ${operators[op]} b`),
  op => op,
)

/** y[m,n] = x[m,n] + b[n] */
export const addBias = pointwise('addBias', ['x', 'b'], 'x + b')

/** y[times,n] = x[n] */
export const repeat = pointwise('repeat', ['x'], 'x')

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
