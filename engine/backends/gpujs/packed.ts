// Kernels for GL, where a texel holds four numbers: each call reads and computes four at once, so that every number
// fetched is used four times over (register blocking). They take the same shapes as those of kernels.ts wherever the
// axes they read or write in fours are multiples of four.
import type { Conv2dShape, Transposed } from '../../backend.js'
import { eachOutput, eachPixel, eachTap, gather4, type Kernel } from './kernels.js'

const lanes = [0, 1, 2, 3] as const
const whole = (...sizes: number[]) => sizes.every(size => size % 4 === 0)
const declareSums = lanes.map(l => `let s${l} = 0;`).join(' ')
const returnSums = 'return [s0, s1, s2, s3];'

/** s ← s + a[0]·w0 + a[1]·w1 + a[2]·w2 + a[3]·w3, the four w being rows of four columns: 16 products */
const addRows = lanes
  .map(l => `s${l} += a4[0] * w0[${l}] + a4[1] * w1[${l}] + a4[2] * w2[${l}] + a4[3] * w3[${l}];`)
  .join('\n')
/** s[l] ← s[l] + a · w_l: each w holds what one of the four results multiplies a with */
const addDots = lanes
  .map(l => `s${l} += a4[0] * w${l}[0] + a4[1] * w${l}[1] + a4[2] * w${l}[2] + a4[3] * w${l}[3];`)
  .join('\n')

/** y[i, j…j+3] = Σ x[i, l…l+3] · w[l…l+3, j…j+3], four l at a time; w perhaps stored transposed */
export function matmul(m: number, k: number, n: number, transposed: Transposed): Kernel | undefined {
  if (!whole(k, n) || transposed.x) return undefined
  const row = (r: number) => (transposed.w ? `W[(j * 4 + ${r}) * ${k / 4} + l]` : `W[(l * 4 + ${r}) * ${n / 4} + j]`)
  return gather4({
    op: 'matmul',
    args: 'X, W',
    result: { i: m, j: n / 4 },
    body: `
    ${declareSums}
    for (let l = 0; l < ${k / 4}; l++) {
      const a4 = X[i * ${k / 4} + l];
      ${lanes.map(r => `const w${r} = ${row(r)};`).join('\n')}
      ${transposed.w ? addDots : addRows}
    }
    ${returnSums}`,
  })
}

/** y[j, i…i+3] = x[i…i+3, j]: the transpose of x[m,n], after which a product may read both operands in fours */
export const transpose = (op: string, m: number, n: number): Kernel | undefined =>
  whole(m)
    ? gather4({
        op,
        args: 'x',
        result: { j: n, i: m / 4 },
        body: `
    const at = i * ${4 * n} + j;
    return [x[at], x[at + ${n}], x[at + ${2 * n}], x[at + ${3 * n}]];`,
      })
    : undefined

/** y[i, j…j+3] = x[i, j…j+3] + b[j…j+3] */
export const addBias = (m: number, n: number): Kernel | undefined =>
  whole(n)
    ? gather4({
        op: 'addBias',
        args: 'X, B',
        result: { i: m, j: n / 4 },
        body: `
    const x4 = X[i * ${n / 4} + j];
    const b4 = B[j];
    return [x4[0] + b4[0], x4[1] + b4[1], x4[2] + b4[2], x4[3] + b4[3]];`,
      })
    : undefined

/** y[p, j…j+3] = Σ x[i, j…j+3] over the p-th part of x's m rows */
export const sumRows = (op: string, m: number, n: number, parts: number): Kernel | undefined => {
  const rows = Math.ceil(m / parts)
  return whole(n)
    ? gather4({
        op,
        args: 'X',
        result: { p: parts, j: n / 4 },
        body: `
    ${declareSums}
    for (let r = 0; r < ${rows}; r++) {
      const i = p * ${rows} + r;
      if (i < ${m}) {
        const x4 = X[i * ${n / 4} + j];
        ${lanes.map(l => `s${l} += x4[${l}];`).join(' ')}
      }
    }
    ${returnSums}`,
      })
    : undefined
}

/** y[n,i,j, o…o+3] = Σ a,b,c  x[…, c] · w[a,b,c, o…o+3]; with channels in fours, four c at a time */
export function conv2d(s: Conv2dShape): Kernel | undefined {
  if (!whole(s.co)) return undefined
  const pixel = `(n * ${s.h} + row) * ${s.w} + column`
  const weight = (c: string) => `W[((a * ${s.kw} + b) * ${s.ci} + ${c}) * ${s.co / 4} + o]`
  const inFours = `
    for (let c = 0; c < ${s.ci / 4}; c++) {
      const a4 = X[(${pixel}) * ${s.ci / 4} + c];
      ${lanes.map(r => `const w${r} = ${weight(`c * 4 + ${r}`)};`).join('\n')}
      ${addRows}
    }`
  const oneByOne = `
    for (let c = 0; c < ${s.ci}; c++) {
      const x1 = x[(${pixel}) * ${s.ci} + c];
      const w4 = ${weight('c')};
      ${lanes.map(l => `s${l} += x1 * w4[${l}];`).join(' ')}
    }`
  const [x, body] = whole(s.ci) ? ['X', inFours] : ['x', oneByOne]
  return gather4({
    op: 'conv2d',
    args: `${x}, W`,
    result: { n: s.n, i: s.oh, j: s.ow, o: s.co / 4 },
    body: `
    ${declareSums}
    ${eachTap(s, body)}
    ${returnSums}`,
  })
}

/** dx[n,p,q, c…c+3] = Σ w[a,b, c…c+3, o…o+3] · dy[n,i,j, o…o+3] over all (i,a), (j,b) with i·stride + a − top = p, … = q */
export const conv2dGradInput = (s: Conv2dShape): Kernel | undefined =>
  whole(s.ci, s.co)
    ? gather4({
        op: 'conv2dGradInput',
        args: 'DY, W',
        result: { n: s.n, p: s.h, q: s.w, c: s.ci / 4 },
        body: `
    ${declareSums}
    ${eachOutput(
      s,
      `
    for (let o = 0; o < ${s.co / 4}; o++) {
      const a4 = DY[((n * ${s.oh} + i) * ${s.ow} + j) * ${s.co / 4} + o];
      ${lanes.map(r => `const w${r} = W[((a * ${s.kw} + b) * ${s.ci} + c * 4 + ${r}) * ${s.co / 4} + o];`).join('\n')}
      ${addDots}
    }`,
    )}
    ${returnSums}`,
      })
    : undefined

/** dw[part,a,b,c, o…o+3] = Σ i,j, n in part  x[n, i·stride + a − top, j·stride + b − left, c] · dy[n,i,j, o…o+3] */
export const conv2dGradFilter = (s: Conv2dShape, parts: number): Kernel | undefined =>
  whole(s.co)
    ? gather4({
        op: 'conv2dGradFilter',
        args: 'x, DY',
        result: { part: parts, a: s.kh, b: s.kw, c: s.ci, o: s.co / 4 },
        body: `
    ${declareSums}
    ${eachPixel(
      s,
      parts,
      `
    const x1 = x[((n * ${s.h} + row) * ${s.w} + column) * ${s.ci} + c];
    const dy4 = DY[((n * ${s.oh} + i) * ${s.ow} + j) * ${s.co / 4} + o];
    ${lanes.map(l => `s${l} += x1 * dy4[${l}];`).join(' ')}`,
    )}
    ${returnSums}`,
      })
    : undefined
