// Every kernel of the contract as a gather: a function that computes one number of the result from its place, which
// gpu.js compiles for the device. gpu.js reads source text, so kernels are strings (a minifier cannot change them), and
// every size in them is a literal: a loop with a known end is one that all devices run to its end.
//
// Letters are those of the formulas in engine/backend.ts. Arrays are flat and row-major: x[i,j] of x[m,n] is x[i·n + j].
// On GL four numbers share a texel; packed.ts holds the kernels that compute all four at once.
import type { AveragePool2dShape, Conv2dShape, Pool2dShape, Transposed } from '../../backend.js'

/** A kernel for one set of shapes. Arguments in capitals are read four numbers at a time. */
export interface Kernel {
  readonly op: string
  readonly args: readonly string[]
  /** How many numbers the result has, and how often the function is called for them. */
  readonly length: number
  readonly calls: number
  /** Whether each call computes four neighbouring numbers. */
  readonly packed: boolean
  readonly source: string
  /** For a kernel that computes four rows of four a call, each row into an array of its own: what makes one of them. */
  readonly join?: Kernel
}

/** A kernel to be: what it computes at each place of a result with the given axes. */
export interface Gather {
  readonly op: string
  readonly args: string
  /** The sizes of the result's axes, by the names under which the body finds the indices. */
  readonly result: Readonly<Record<string, number>>
  readonly body: string
}

/** The kernel of a gather. */
export function gather({ op, args, result, body }: Gather): Kernel {
  const names = Object.keys(result)
  const calls = Object.values(result).reduce((a, b) => a * b, 1)
  const lines: string[] = []
  let at = 'this.thread.x'
  for (const name of names.slice(1).reverse()) {
    // at = rest · size + index. A GPU may round a quotient to the wrong side of a whole number: put it right.
    const [rest, size] = [`before_${name}`, result[name]]
    lines.push(`let ${rest} = Math.floor(${at} / ${size});`)
    lines.push(`if (${rest} * ${size} > ${at}) ${rest} = ${rest} - 1;`)
    lines.push(`if (${rest} * ${size} + ${size} <= ${at}) ${rest} = ${rest} + 1;`)
    lines.push(`const ${name} = ${at} - ${rest} * ${size};`)
    at = rest
  }
  lines.push(`const ${names[0]} = ${at};`)
  const source = `function (${args}) {\n${lines.join('\n')}\n${body}\n}`
  return { op, args: args.split(', '), length: calls, calls, packed: false, source }
}

/** A gather of four neighbouring numbers a call: the index of the last axis counts groups of four. */
export function gather4(four: Gather): Kernel {
  const kernel = gather(four)
  return { ...kernel, length: 4 * kernel.calls, packed: true }
}

/** y[m,n] = Σk x[m,k] · w[k,n], either operand perhaps stored transposed */
export function matmul(m: number, k: number, n: number, transposed: Transposed): Kernel {
  const x = transposed.x ? `x[l * ${m} + i]` : `x[i * ${k} + l]`
  const w = transposed.w ? `w[j * ${k} + l]` : `w[l * ${n} + j]`
  return gather({
    op: 'matmul',
    args: 'x, w',
    result: { i: m, j: n },
    body: `
    let sum = 0;
    for (let l = 0; l < ${k}; l++) sum += ${x} * ${w};
    return sum;`,
  })
}

/** y[m,n] = x[m,n] + b[n] */
export const addBias = (m: number, n: number) =>
  gather({
    op: 'addBias',
    args: 'x, b',
    result: { i: m, j: n },
    body: `return x[i * ${n} + j] + b[j];`,
  })

/** y = formula of a and b, one of which is repeated as often as it fits into the other */
export const pairs = (op: string, a: number, b: number, formula: string) =>
  gather({
    op,
    args: 'a, b',
    result: { i: Math.max(a, b) / Math.min(a, b), j: Math.min(a, b) },
    body: `return ${formula.replace('a', a > b ? `a[i * ${b} + j]` : 'a[j]').replace(/\bb$/, b > a ? `b[i * ${a} + j]` : 'b[j]')};`,
  })

/** y[i,j] = x[j], so many times */
export const repeat = (times: number, n: number) =>
  gather({ op: 'repeat', args: 'x', result: { i: times, j: n }, body: 'return x[j];' })

/** y[p,n] = Σ x[i,n] over the p-th part of x's m rows: sums of sums, since one long loop is slow on a GPU, and inexact */
export const sumRows = (op: string, m: number, n: number, parts: number) => {
  const rows = Math.ceil(m / parts)
  return gather({
    op,
    args: 'x',
    result: { p: parts, j: n },
    body: `
    let sum = 0;
    for (let r = 0; r < ${rows}; r++) {
      const i = p * ${rows} + r;
      if (i < ${m}) sum += x[i * ${n} + j];
    }
    return sum;`,
  })
}

/** y[n,i,j,o] = Σ a,b,c  x[n, i·stride + a − top, j·stride + b − left, c] · w[a,b,c,o], zero outside x */
export const conv2d = (s: Conv2dShape) =>
  gather({
    op: 'conv2d',
    args: 'x, w',
    result: { n: s.n, i: s.oh, j: s.ow, o: s.co },
    body: `
    let sum = 0;
    ${eachTap(
      s,
      `
      for (let c = 0; c < ${s.ci}; c++)
        sum += x[((n * ${s.h} + row) * ${s.w} + column) * ${s.ci} + c] * w[((a * ${s.kw} + b) * ${s.ci} + c) * ${s.co} + o];`,
    )}
    return sum;`,
  })

/** Whether the window never leaves the image, so that nobody has to look. */
export const isInside = (s: Conv2dShape) =>
  s.top === 0 && s.left === 0 && (s.oh - 1) * s.stride + s.kh <= s.h && (s.ow - 1) * s.stride + s.kw <= s.w

/** The window's places (a, b) of output pixel (i, j) that lie inside the image, at (row, column). */
export const eachTap = (s: Conv2dShape, body: string) => `
    for (let a = 0; a < ${s.kh}; a++) {
      const row = i * ${s.stride} + a - ${s.top};
      ${isInside(s) ? '' : `if (row >= 0 && row < ${s.h})`} {
        for (let b = 0; b < ${s.kw}; b++) {
          const column = j * ${s.stride} + b - ${s.left};
          ${isInside(s) ? '' : `if (column >= 0 && column < ${s.w})`} {${body}
          }
        }
      }
    }`

/** dx[n,p,q,c] = Σ w[a,b,c,o] · dy[n,i,j,o] over all (i,a), (j,b) with i·stride + a − top = p, … = q */
export const conv2dGradInput = (s: Conv2dShape) =>
  gather({
    op: 'conv2dGradInput',
    args: 'dy, w',
    result: { n: s.n, p: s.h, q: s.w, c: s.ci },
    body: `
    let sum = 0;
    ${eachOutput(
      s,
      `
      for (let o = 0; o < ${s.co}; o++)
        sum += dy[((n * ${s.oh} + i) * ${s.ow} + j) * ${s.co} + o] * w[((a * ${s.kw} + b) * ${s.ci} + c) * ${s.co} + o];`,
    )}
    return sum;`,
  })

/** The output pixels (i, j) whose window holds input pixel (p, q), and its place (a, b) in that window. */
const eachOutput = (s: Conv2dShape, body: string) => `
    for (let a = 0; a < ${s.kh}; a++) {
      const i = ${quotient(`p + ${s.top} - a`, s.stride)};
      if (i >= 0 && i < ${s.oh} && i * ${s.stride} + a - ${s.top} === p) {
        for (let b = 0; b < ${s.kw}; b++) {
          const j = ${quotient(`q + ${s.left} - b`, s.stride)};
          if (j >= 0 && j < ${s.ow} && j * ${s.stride} + b - ${s.left} === q) {${body}
          }
        }
      }
    }`

/** ⌊x / size⌋ of small whole numbers; the half keeps the quotient away from whole numbers, where rounding could err. */
export const quotient = (x: string, size: number) => (size === 1 ? x : `Math.floor((${x} + 0.5) / ${size})`)

/** dw[part,a,b,c,o] = Σ i,j, n in part  x[n, i·stride + a − top, j·stride + b − left, c] · dy[n,i,j,o] */
export const conv2dGradFilter = (s: Conv2dShape, parts: number) =>
  gather({
    op: 'conv2dGradFilter',
    args: 'x, dy',
    result: { part: parts, a: s.kh, b: s.kw, c: s.ci, o: s.co },
    body: `
    let sum = 0;
    ${eachPixel(
      s,
      parts,
      `
      sum += x[((n * ${s.h} + row) * ${s.w} + column) * ${s.ci} + c] * dy[((n * ${s.oh} + i) * ${s.ow} + j) * ${s.co} + o];`,
    )}
    return sum;`,
  })

/** The pixels (n, i, j) of a part of the batch whose window's place (a, b) lies inside the image. */
export const eachPixel = (s: Conv2dShape, parts: number, body: string) => {
  const images = Math.ceil(s.n / parts)
  return `
    for (let r = 0; r < ${images}; r++) {
      const n = part * ${images} + r;
      ${s.n % parts === 0 ? '' : `if (n < ${s.n})`} {
        for (let i = 0; i < ${s.oh}; i++) {
          const row = i * ${s.stride} + a - ${s.top};
          ${isInside(s) ? '' : `if (row >= 0 && row < ${s.h})`} {
            for (let j = 0; j < ${s.ow}; j++) {
              const column = j * ${s.stride} + b - ${s.left};
              ${isInside(s) ? '' : `if (column >= 0 && column < ${s.w})`} {${body}
              }
            }
          }
        }
      }
    }`
}

/** y[n,i,j,c] = max over a,b < size of x[n, i·stride + a, j·stride + b, c] */
export const maxPool = (s: Pool2dShape) =>
  gather({
    op: 'maxPool',
    args: 'x',
    result: { n: s.n, i: s.oh, j: s.ow, c: s.c },
    body: `
    let max = x[((n * ${s.h} + i * ${s.stride}) * ${s.w} + j * ${s.stride}) * ${s.c} + c];
    for (let a = 0; a < ${s.size}; a++) {
      for (let b = 0; b < ${s.size}; b++) {
        const value = x[((n * ${s.h} + i * ${s.stride} + a) * ${s.w} + j * ${s.stride} + b) * ${s.c} + c];
        if (value > max) max = value;
      }
    }
    return max;`,
  })

/** dx[n,p,q,c] = Σ dy of the windows that (p, q) won: x there is the window's y, and no cell before it is */
export const maxPoolGrad = (s: Pool2dShape) =>
  gather({
    op: 'maxPoolGrad',
    args: 'x, y, dy',
    result: { n: s.n, p: s.h, q: s.w, c: s.c },
    body: `
    const value = x[((n * ${s.h} + p) * ${s.w} + q) * ${s.c} + c];
    let sum = 0;
    for (let a = 0; a < ${s.size}; a++) {
      const i = ${quotient('p - a', s.stride)};
      if (i >= 0 && i < ${s.oh} && i * ${s.stride} + a === p) {
        for (let b = 0; b < ${s.size}; b++) {
          const j = ${quotient('q - b', s.stride)};
          if (j >= 0 && j < ${s.ow} && j * ${s.stride} + b === q) {
            const at = ((n * ${s.oh} + i) * ${s.ow} + j) * ${s.c} + c;
            if (value === y[at]) {
              let first = 1;
              for (let k = 0; k < ${s.size * s.size}; k++) {
                if (k < a * ${s.size} + b) {
                  const above = ${quotient('k', s.size)};
                  if (x[((n * ${s.h} + i * ${s.stride} + above) * ${s.w} + j * ${s.stride} + k - above * ${s.size}) * ${s.c} + c] === value) first = 0;
                }
              }
              sum += first * dy[at];
            }
          }
        }
      }
    }
    return sum;`,
  })

/** y[n,i,j,c] = Σ a,b  x[n, i·stride + a, j·stride + b, c] / (kh·kw) */
export const averagePool = (s: AveragePool2dShape) =>
  gather({
    op: 'averagePool',
    args: 'x',
    result: { n: s.n, i: s.oh, j: s.ow, c: s.c },
    body: `
    let sum = 0;
    for (let a = 0; a < ${s.kh}; a++) {
      for (let b = 0; b < ${s.kw}; b++)
        sum += x[((n * ${s.h} + i * ${s.stride} + a) * ${s.w} + j * ${s.stride} + b) * ${s.c} + c];
    }
    return sum / ${s.kh * s.kw};`,
  })

/** dx[n,p,q,c] = Σ dy / (kh·kw) of the windows that (p, q) is in */
export const averagePoolGrad = (s: AveragePool2dShape) =>
  gather({
    op: 'averagePoolGrad',
    args: 'dy',
    result: { n: s.n, p: s.h, q: s.w, c: s.c },
    body: `
    let sum = 0;
    for (let a = 0; a < ${s.kh}; a++) {
      const i = ${quotient('p - a', s.stride)};
      if (i >= 0 && i < ${s.oh} && i * ${s.stride} + a === p) {
        for (let b = 0; b < ${s.kw}; b++) {
          const j = ${quotient('q - b', s.stride)};
          if (j >= 0 && j < ${s.ow} && j * ${s.stride} + b === q)
            sum += dy[((n * ${s.oh} + i) * ${s.ow} + j) * ${s.c} + c];
        }
      }
    }
    return sum / ${s.kh * s.kw};`,
  })

/**
 * Row i's maximum, and Σ exp(x[i,:] − max), of all and of all but the maximum itself: it is taken out so that exp cannot
 * overflow.
 */
const sumOfExp = (n: number) => `
  let max = x[i * ${n}];
  let best = 0;
  for (let l = 1; l < ${n}; l++) {
    const value = x[i * ${n} + l];
    if (value > max) {
      max = value;
      best = l;
    }
  }
  let others = 0;
  for (let l = 0; l < ${n}; l++) {
    if (l !== best) others += Math.exp(x[i * ${n} + l] - max);
  }
  const sum = 1 + others;`

/** y[m,:] = exp(x − max x) / Σ exp(x − max x), row by row */
export const softmax = (m: number, n: number) =>
  gather({
    op: 'softmax',
    args: 'x',
    result: { i: m, j: n },
    body: `
  ${sumOfExp(n)}
  return Math.exp(x[i * ${n} + j] - max) / sum;`,
  })

/** dx[m,:] = y · (dy − Σ dy·y), row by row */
export const softmaxGrad = (m: number, n: number) =>
  gather({
    op: 'softmaxGrad',
    args: 'y, dy',
    result: { i: m, j: n },
    body: `
  let dot = 0;
  for (let l = 0; l < ${n}; l++) dot += dy[i * ${n} + l] * y[i * ${n} + l];
  return y[i * ${n} + j] * (dy[i * ${n} + j] - dot);`,
  })

/**
 * loss[m] = −1/m · Σ t · log softmax(x)[m,:]: each row's share of the mean. log(1 + others) is a series where others is small,
 * for which 1 + others would round most of it away.
 */
export const crossEntropy = (m: number, n: number, smoothing: number) =>
  gather({
    op: 'crossEntropy',
    args: 'x, labels',
    result: { i: m },
    body: `
  ${sumOfExp(n)}
  let below = (max - x[i * ${n} + labels[i]]) * ${1 - smoothing};
  ${smoothing ? `for (let l = 0; l < ${n}; l++) below += (max - x[i * ${n} + l]) * ${smoothing / n};` : ''}
  let log = Math.log(sum);
  if (others < 0.03) log = others * (1 - others * (0.5 - others * (1 / 3 - others * 0.25)));
  return (log + below) / ${m};`,
  })

/** dx[m,n] = dy[0] · (softmax(x) − t) / m */
export const crossEntropyGrad = (m: number, n: number, smoothing: number) =>
  gather({
    op: 'crossEntropyGrad',
    args: 'x, labels, dy',
    result: { i: m, j: n },
    body: `
  ${sumOfExp(n)}
  let p = Math.exp(x[i * ${n} + j] - max) / sum - ${smoothing / n};
  if (labels[i] === j) p = p - ${1 - smoothing};
  return dy[0] * p / ${m};`,
  })

/**
 * A kernel that treats every number alike: y = formula, in which each array stands for its number at that place. It is
 * the same kernel four numbers at a time, where they are packed so.
 */
export function elementwise(
  op: string,
  arrays: string,
  scalars: string,
  length: number,
  formula: string,
  packed: boolean,
) {
  const names = arrays.split(', ')
  const lastly = scalars ? `, ${scalars}` : ''
  const at = (place: string) => formula.replace(new RegExp(`\\b(${names.join('|')})\\b`, 'g'), `$1[${place}]`)
  if (!packed) return gather({ op, args: arrays + lastly, result: { i: length }, body: `return ${at('i')};` })

  const reads = names.map(name => `const ${name} = ${name.toUpperCase()}[i];`)
  const kernel = gather4({
    op,
    args: arrays.toUpperCase() + lastly,
    result: { i: Math.ceil(length / 4) },
    body: `${reads.join(' ')} return [${at('0')}, ${at('1')}, ${at('2')}, ${at('3')}];`,
  })
  return { ...kernel, length }
}
