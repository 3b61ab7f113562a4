// Kernels for GL, where a texel holds four numbers. Each call computes four neighbouring numbers, or four rows of four,
// so that what was fetched is used many times over (register blocking: docs/backends.md). They take the same shapes as
// the kernels of kernels.ts, wherever the axes that they read or write in fours are multiples of four.
import type { Conv2dShape, Transposed } from '../../backend.js'
import { eachPixel, eachTap, gather, gather4, isInside, quotient, type Gather, type Kernel } from './kernels.js'

const lanes = [0, 1, 2, 3] as const
const whole = (...sizes: number[]) => sizes.every(size => size % 4 === 0)

/** The sums of a block of so many rows of four: s00 to s03, s10 to s13, and so on. */
const rowsOf = (count: number) => Array.from({ length: count }, (_, r) => r)
const sum = (row: number, lane: number) => `s${row}${lane}`
const declare = (rows: number) =>
  rowsOf(rows)
    .flatMap(r => lanes.map(l => `let ${sum(r, l)} = 0;`))
    .join(' ')
const sums = (row: number) => lanes.map(l => sum(row, l)).join(', ')

/** s ← s + a[0]·w0 + a[1]·w1 + a[2]·w2 + a[3]·w3, the four w being rows of four columns: 16 products */
const addRows = (row: number, a: string, w = 'w') =>
  lanes.map(l => `${sum(row, l)} += ${lanes.map(k => `${a}[${k}] * ${w}${k}[${l}]`).join(' + ')};`).join('\n')
/** s[l] ← s[l] + a · w_l: each w holds what one of the four results multiplies a with */
const addDots = (row: number, a: string, w = 'w') =>
  lanes.map(l => `${sum(row, l)} += ${lanes.map(k => `${a}[${k}] * ${w}${l}[${k}]`).join(' + ')};`).join('\n')
/** s ← s + a · w, a being one number */
const addScaled = (row: number, a: string, w: string) =>
  lanes.map(l => `${sum(row, l)} += ${a} * ${w}[${l}];`).join(' ')

/** A block's four columns make a texel. Its `rows`, one or four, lie along the named axis, of the given size. */
interface Block extends Gather {
  readonly rows: number
  readonly along: string
}

/**
 * A gather of blocks. The sums of four rows leave in four arrays of texels, which a second kernel deals out again:
 * row q of the axis is row q mod 4 of block ⌊q/4⌋.
 */
function blocks({ op, args, result, body, rows, along }: Block): Kernel {
  const whole = gather4({ op, args, result, body: `${declare(rows)}\n${body}\nreturn [${sums(0)}];` })
  if (rows === 1) return whole
  const names = Object.keys(result)
  const [size, count] = [result[along], Math.ceil(result[along] / rows)]
  const after = names.slice(names.indexOf(along) + 1).reduce((product, name) => product * result[name], 1)
  const before = whole.calls / size / after
  const others = [1, 2, 3].map(r => `row${r}(${sums(r)});`).join('\n')
  const kernel = gather({
    op,
    args,
    result: { ...result, [along]: count },
    body: `${declare(rows)}\n${body}\n${others}\nreturn [${sums(0)}];`,
  })
  const join = gather4({
    op,
    args: 'P0, P1, P2, P3',
    result: { before, q: size, after },
    body: `
    const block = ${quotient('q', rows)};
    const row = q - block * ${rows};
    const at = (before * ${count} + block) * ${after} + after;
    let four = P0[at];
    if (row === 1) four = P1[at];
    if (row === 2) four = P2[at];
    if (row === 3) four = P3[at];
    return [four[0], four[1], four[2], four[3]];`,
  })
  return { ...kernel, packed: true, length: join.length, join }
}

/** Four rows a call are four times fewer calls: too few, and most of a card has nothing to do. */
const rowsFor = (numbers: number) => (numbers >= 2 ** 14 ? 4 : 1)

/** y[i, j…j+3] = Σ x[i, l…l+3] · w[l…l+3, j…j+3], four l at a time; w perhaps stored transposed */
export function matmul(m: number, k: number, n: number, transposed: Transposed): Kernel | undefined {
  if (transposed.x) return transposed.w ? undefined : outer(m, k, n)
  if (!whole(k, n)) return transposed.w ? undefined : byNumbers(m, k, n)
  const row = (r: number) => (transposed.w ? `W[(j * 4 + ${r}) * ${k / 4} + l]` : `W[(l * 4 + ${r}) * ${n / 4} + j]`)
  const add = transposed.w ? addDots : addRows
  const rows = rowsFor(m * n)
  return blocks({
    op: 'matmul',
    args: 'X, W',
    result: { i: m, j: n / 4 },
    rows,
    along: 'i',
    body: `
    for (let l = 0; l < ${k / 4}; l++) {
      ${lanes.map(r => `const w${r} = ${row(r)};`).join('\n')}
      ${rowsOf(rows)
        .map(r => `const x${r} = X[(i * ${rows} + ${r}) * ${k / 4} + l];\n${add(r, `x${r}`)}`)
        .join('\n')}
    }`,
  })
}

/** y[i, j…j+3] = Σ x[i,l] · w[l, j…j+3]: x number by number, for rows of x that do not fit into fours */
function byNumbers(m: number, k: number, n: number): Kernel | undefined {
  if (!whole(n)) return undefined
  const rows = rowsFor(m * n)
  return blocks({
    op: 'matmul',
    args: 'x, W',
    result: { i: m, j: n / 4 },
    rows,
    along: 'i',
    body: `
    for (let l = 0; l < ${k}; l++) {
      const w4 = W[l * ${n / 4} + j];
      ${rowsOf(rows)
        .map(r => `const x${r} = x[(i * ${rows} + ${r}) * ${k} + l];\n${addScaled(r, `x${r}`, 'w4')}`)
        .join('\n')}
    }`,
  })
}

/** y[i…i+3, j…j+3] = Σ x[l, i…i+3] · w[l, j…j+3], x being stored transposed: a column times a row for each l */
function outer(m: number, k: number, n: number): Kernel | undefined {
  if (!whole(m, n)) return undefined
  return blocks({
    op: 'matmul',
    args: 'X, W',
    result: { i: m, j: n / 4 },
    rows: 4,
    along: 'i',
    body: `
    for (let l = 0; l < ${k}; l++) {
      const x4 = X[l * ${m / 4} + i];
      const w4 = W[l * ${n / 4} + j];
      ${rowsOf(4)
        .map(r => addScaled(r, `x4[${r}]`, 'w4'))
        .join('\n')}
    }`,
  })
}

/** y[i,j] = Σ x[i, l…l+3] · w[j, l…l+3], w being stored transposed: for results whose rows do not fit into fours */
export const dots = (m: number, k: number, n: number): Kernel | undefined =>
  whole(k)
    ? gather({
        op: 'matmul',
        args: 'X, W',
        result: { i: m, j: n },
        body: `
    let sum = 0;
    for (let l = 0; l < ${k / 4}; l++) {
      const x4 = X[i * ${k / 4} + l];
      const w4 = W[j * ${k / 4} + l];
      sum += ${lanes.map(l => `x4[${l}] * w4[${l}]`).join(' + ')};
    }
    return sum;`,
      })
    : undefined

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
    return [${lanes.map(l => `x4[${l}] + b4[${l}]`).join(', ')}];`,
      })
    : undefined

/** y[p, j…j+3] = Σ x[i, j…j+3] over the p-th part of x's m rows */
export function sumRows(op: string, m: number, n: number, parts: number): Kernel | undefined {
  if (!whole(n)) return undefined
  const rows = Math.ceil(m / parts)
  return blocks({
    op,
    args: 'X',
    result: { p: parts, j: n / 4 },
    rows: 1,
    along: 'p',
    body: `
    for (let r = 0; r < ${rows}; r++) {
      const i = p * ${rows} + r;
      if (i < ${m}) {
        const x4 = X[i * ${n / 4} + j];
        ${addScaled(0, '1', 'x4')}
      }
    }`,
  })
}

/** y[n,i,j, o…o+3] = Σ a,b,c  x[…, c] · w[a,b,c, o…o+3]; with channels in fours, four c and four j at a time */
export function conv2d(s: Conv2dShape): Kernel | undefined {
  if (!whole(s.co)) return undefined
  if (isInside(s)) return conv2dInside(s)
  const weight = (c: string) => `W[((a * ${s.kw} + b) * ${s.ci} + ${c}) * ${s.co / 4} + o]`
  const shared = { op: 'conv2d', result: { n: s.n, i: s.oh, j: s.ow, o: s.co / 4 }, along: 'j' }
  if (!whole(s.ci))
    return blocks({
      ...shared,
      args: 'x, W',
      rows: 1,
      body: eachTap(
        s,
        `
      for (let c = 0; c < ${s.ci}; c++) {
        const x1 = x[((n * ${s.h} + row) * ${s.w} + column) * ${s.ci} + c];
        const w4 = ${weight('c')};
        ${addScaled(0, 'x1', 'w4')}
      }`,
      ),
    })
  const rows = rowsFor(s.n * s.oh * s.ow * s.co)
  return blocks({
    ...shared,
    args: 'X, W',
    rows,
    body: `
    for (let a = 0; a < ${s.kh}; a++) {
      const row = i * ${s.stride} + a - ${s.top};
      if (row >= 0 && row < ${s.h}) {
        for (let b = 0; b < ${s.kw}; b++) {
          ${rowsOf(rows)
            .map(r => `const column${r} = (j * ${rows} + ${r}) * ${s.stride} + b - ${s.left};`)
            .join('\n')}
          for (let c = 0; c < ${s.ci / 4}; c++) {
            ${lanes.map(l => `const w${l} = ${weight(`c * 4 + ${l}`)};`).join('\n')}
            ${rowsOf(rows)
              .map(
                r => `
            if (column${r} >= 0 && column${r} < ${s.w}) {
              const x${r} = X[((n * ${s.h} + row) * ${s.w} + column${r}) * ${s.ci / 4} + c];
              ${addRows(r, `x${r}`)}
            }`,
              )
              .join('')}
          }
        }
      }
    }`,
  })
}

/**
 * The same where the window never leaves the image. Neighbouring windows overlap: what they share of a row of x is read
 * once. A block of four that hangs over the end of a row computes nonsense there, which nobody looks at.
 */
function conv2dInside(s: Conv2dShape): Kernel {
  const step = whole(s.ci) ? 4 : 1
  const [x, rows] = [step === 4 ? 'X' : 'x', rowsFor(s.n * s.oh * s.ow * s.co)]
  const channels = s.ci / step
  const each = (count: number, line: (i: number) => string) => rowsOf(count).map(line).join('\n')
  const add = (r: number, b: number) =>
    step === 4 ? addRows(r, `x${r * s.stride + b}`, `w${b}_`) : addScaled(r, `x${r * s.stride + b}`, `w${b}_0`)
  return blocks({
    op: 'conv2d',
    args: `${x}, W`,
    result: { n: s.n, i: s.oh, j: s.ow, o: s.co / 4 },
    rows,
    along: 'j',
    body: `
    for (let a = 0; a < ${s.kh}; a++) {
      for (let c = 0; c < ${channels}; c++) {
        const at = ((n * ${s.h} + i * ${s.stride} + a) * ${s.w} + j * ${rows * s.stride}) * ${channels} + c;
        const from = (a * ${s.kw * s.ci} + c * ${step}) * ${s.co / 4} + o;
        ${each((rows - 1) * s.stride + s.kw, t => `const x${t} = ${x}[at + ${t * channels}];`)}
        ${each(s.kw, b => each(step, l => `const w${b}_${l} = W[from + ${((b * s.ci + l) * s.co) / 4}];`))}
        ${each(s.kw, b => each(rows, r => add(r, b)))}
      }
    }`,
  })
}

/** dx[n,p,q, c…c+3] = Σ w[a,b, c…c+3, o…o+3] · dy[n,i,j, o…o+3] over all (i,a), (j,b) with i·stride + a − top = p, … = q */
export function conv2dGradInput(s: Conv2dShape): Kernel | undefined {
  if (!whole(s.ci, s.co)) return undefined
  if (s.stride === 1) return conv2dGradInputByOnes(s)
  const rows = rowsFor(s.n * s.h * s.w * s.ci)
  const each = (line: (r: number) => string) => rowsOf(rows).map(line).join('\n')
  return blocks({
    op: 'conv2dGradInput',
    args: 'DY, W',
    result: { n: s.n, p: s.h, q: s.w, c: s.ci / 4 },
    rows,
    along: 'q',
    body: `
    for (let a = 0; a < ${s.kh}; a++) {
      const i = ${quotient(`p + ${s.top} - a`, s.stride)};
      if (i >= 0 && i < ${s.oh} && i * ${s.stride} + a - ${s.top} === p) {
        for (let b = 0; b < ${s.kw}; b++) {
          ${each(r => `const q${r} = q * ${rows} + ${r};`)}
          ${each(r => `const j${r} = ${quotient(`q${r} + ${s.left} - b`, s.stride)};`)}
          for (let o = 0; o < ${s.co / 4}; o++) {
            ${lanes.map(l => `const w${l} = W[((a * ${s.kw} + b) * ${s.ci} + c * 4 + ${l}) * ${s.co / 4} + o];`).join('\n')}
            ${each(
              r => `
            if (j${r} >= 0 && j${r} < ${s.ow} && j${r} * ${s.stride} + b - ${s.left} === q${r}) {
              const dy${r} = DY[((n * ${s.oh} + i) * ${s.ow} + j${r}) * ${s.co / 4} + o];
              ${addDots(r, `dy${r}`)}
            }`,
            )}
          }
        }
      }
    }`,
  })
}

/** The same in steps of 1, where i = p + top − a and j = q + left − b: neighbouring q share what they read of dy. */
function conv2dGradInputByOnes(s: Conv2dShape): Kernel {
  const rows = rowsFor(s.n * s.h * s.w * s.ci)
  const each = (count: number, line: (i: number) => string) => rowsOf(count).map(line).join('\n')
  return blocks({
    op: 'conv2dGradInput',
    args: 'DY, W',
    result: { n: s.n, p: s.h, q: s.w, c: s.ci / 4 },
    rows,
    along: 'q',
    body: `
    const first = q * ${rows} + ${s.left - s.kw + 1};
    for (let a = 0; a < ${s.kh}; a++) {
      const i = p + ${s.top} - a;
      if (i >= 0 && i < ${s.oh}) {
        for (let o = 0; o < ${s.co / 4}; o++) {
          const at = ((n * ${s.oh} + i) * ${s.ow} + first) * ${s.co / 4} + o;
          const from = (a * ${s.kw * s.ci} + c * 4) * ${s.co / 4} + o;
          ${each(s.kw, b => each(4, l => `const w${b}_${l} = W[from + ${((b * s.ci + l) * s.co) / 4}];`))}
          ${each(
            rows + s.kw - 1,
            t => `
          if (first + ${t} >= 0 && first + ${t} < ${s.ow}) {
            const dy${t} = DY[at + ${(t * s.co) / 4}];
            ${each(rows, r => (isTap(s, r + s.kw - 1 - t) ? addDots(r, `dy${t}`, `w${r + s.kw - 1 - t}_`) : ''))}
          }`,
          )}
        }
      }
    }`,
  })
}

const isTap = (s: Conv2dShape, b: number) => b >= 0 && b < s.kw

/** dw[part,a,b,c, o…o+3] = Σ i,j, n in part  x[n, i·stride + a − top, j·stride + b − left, c] · dy[n,i,j, o…o+3] */
export function conv2dGradFilter(s: Conv2dShape, parts: number): Kernel | undefined {
  if (!whole(s.co)) return undefined
  if (!whole(s.ci) && s.stride === 1 && isInside(s)) return conv2dGradFilterAlong(s, parts)
  const rows = whole(s.ci) ? 4 : 1
  const pixel = `((n * ${s.h} + row) * ${s.w} + column) * ${s.ci / rows} + c`
  return blocks({
    op: 'conv2dGradFilter',
    args: `${rows === 4 ? 'X' : 'x'}, DY`,
    result: { part: parts, a: s.kh, b: s.kw, c: s.ci, o: s.co / 4 },
    rows,
    along: 'c',
    body: eachPixel(
      s,
      parts,
      `
      const dy4 = DY[((n * ${s.oh} + i) * ${s.ow} + j) * ${s.co / 4} + o];
      ${
        rows === 4
          ? `const x4 = X[${pixel}];\n${rowsOf(rows)
              .map(r => addScaled(r, `x4[${r}]`, 'dy4'))
              .join('\n')}`
          : `const x1 = x[${pixel}];\n${addScaled(0, 'x1', 'dy4')}`
      }`,
    ),
  })
}

/**
 * The same for few channels, in steps of 1 and inside the image: four neighbouring b at a time, since from one output
 * pixel to the next three of their four numbers of x are the same. What lies beyond the window nobody looks at.
 */
function conv2dGradFilterAlong(s: Conv2dShape, parts: number): Kernel {
  const images = Math.ceil(s.n / parts)
  const number = (t: string) => `x[from + (${t}) * ${s.ci}]`
  return blocks({
    op: 'conv2dGradFilter',
    args: 'x, DY',
    result: { part: parts, a: s.kh, b: s.kw, c: s.ci, o: s.co / 4 },
    rows: 4,
    along: 'b',
    body: `
    for (let r = 0; r < ${images}; r++) {
      const n = part * ${images} + r;
      ${s.n % parts === 0 ? '' : `if (n < ${s.n})`} {
        for (let i = 0; i < ${s.oh}; i++) {
          const from = ((n * ${s.h} + i + a) * ${s.w} + b * 4) * ${s.ci} + c;
          const at = (n * ${s.oh} + i) * ${(s.ow * s.co) / 4} + o;
          let x0 = ${number('0')};
          let x1 = ${number('1')};
          let x2 = ${number('2')};
          for (let j = 0; j < ${s.ow}; j++) {
            const x3 = ${number('j + 3')};
            const dy4 = DY[at + j * ${s.co / 4}];
            ${rowsOf(4)
              .map(r => addScaled(r, `x${r}`, 'dy4'))
              .join('\n')}
            x0 = x1;
            x1 = x2;
            x2 = x3;
          }
        }
      }
    }`,
  })
}
