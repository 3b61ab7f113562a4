// Convolutions as products that nobody writes down (implicit GEMM): what would be the matrix of all windows is read from the image
// itself, each time it is needed. tiles.ts does the rest.
//
//   conv2d             y [pixels of y, o]   = Σ (a,b,c)        x[window of the pixel] · w[(a,b,c), o]
//   conv2dGradInput    dx[pixels of x, c]   = Σ (a,b,o)        dy[who saw the pixel]  · w[(a,b), c, o]
//   conv2dGradFilter   dw[(a,b,c), o]       = Σ pixels of y    x[window of the pixel] · dy[pixel, o]
//
// A first convolution, of one channel or three, has sums too short for tiles: there a thread has four pixels of y and four channels of each.
//
// A place in the sum or a row stands for several indices: (a,b,c) or (n,i,j). Dividing whole numbers is slow on a card, so a quotient is
// estimated in float32 and corrected: exact below 2²².
import type { Conv2dShape } from '../../backend.js'
import { each, variants, type Kernel } from './kernel.js'
import { endingReads, endings, finished, product, type Epilogue, type Operand, type Tile } from './tiles.js'

export interface ConvChoice {
  /** Whether the stride is 1, and whether indices reach 2²² and are divided as whole numbers. */
  readonly dense: boolean
  readonly exact: boolean
  readonly tile: Tile
  /** Whether ci and co are multiples of four. */
  readonly fours: { readonly ci: boolean; readonly co: boolean }
  readonly epilogue: Epilogue
}

const sizes = 'h, w, ci, kw, co, stride, top, left, oh, ow'
export const sizesOf = (s: Conv2dShape) => [s.h, s.w, s.ci, s.kw, s.co, s.stride, s.top, s.left, s.oh, s.ow]

const key = ({ tile, fours, dense, exact, epilogue }: ConvChoice) =>
  `${tile.rows} ${tile.columns} ${fours.ci} ${fours.co} ${dense} ${exact} ${epilogue}`

const functions = (exact: boolean) => `
fn quotient(a: u32, b: u32) -> u32 {
  ${exact ? 'return a / b;' : 'let q = u32(f32(a) / f32(b)); let rest = a - q * b; return q + select(select(0u, 1u, rest >= b), 0xffffffffu, rest > a);'}
}`

/** i = ((n·height) + row)·width + column, as `toN`, `toRow` and `toColumn`; and the next pixel. */
const pixel = (i: string, to: string, height: string, width: string) =>
  `let ${to}Line = quotient(${i}, ${width}); let ${to}Column = ${i} - ${to}Line * ${width};
      let ${to}N = quotient(${to}Line, ${height}); let ${to}Row = ${to}Line - ${to}N * ${height};`
const nextPixel = (before: string, to: string, height: string, width: string) =>
  `let ${to}Line = ${before}Row + u32(${before}Column + 1u == ${width}); let ${to}Column = select(${before}Column + 1u, 0u, ${before}Column + 1u == ${width});
      let ${to}N = ${before}N + u32(${to}Line == ${height}); let ${to}Row = select(${to}Line, 0u, ${to}Line == ${height});`
/** l = ((a·kw) + b)·channels + c, as `toA`, `toB` and `toC`. */
const tap = (l: string, to: string, channels: string) =>
  `let ${to}Tap = quotient(${l}, ${channels}); let ${to}C = ${l} - ${to}Tap * ${channels};
      let ${to}A = quotient(${to}Tap, size.kw); let ${to}B = ${to}Tap - ${to}A * size.kw;`

/** x at tap (a,b,c) of the window of pixel (n,i,j), as `toY` and `toX`. What lies outside wraps below 0, and is too large then. */
const meet = (to: string, pixel: string, tap: string) =>
  `let ${to}Y = ${pixel}Row * size.stride + ${tap}A - size.top; let ${to}X = ${pixel}Column * size.stride + ${tap}B - size.left;`
const seen = (to: string, pixel: string, tap: string) =>
  `((${pixel}N * size.h + ${to}Y) * size.w + ${to}X) * size.ci + ${tap}C`
const inside = (to: string, height: string, width: string) => `${to}Y < ${height} && ${to}X < ${width}`

const alongSide = (array: string, width: string, four: boolean): Operand => ({
  along: 'side',
  four,
  ofSide: () => '',
  ofSum: (l, to) => `let ${to}From = ${l} * ${width};`,
  value: (side, sum) => (four ? `${array}[(${sum}From + ${side}At) / 4u]` : `${array}[${sum}From + ${side}At]`),
})

export const conv2d: (choice: ConvChoice) => Kernel = variants(
  ({ tile, fours, exact, epilogue }) =>
    product({
      op: 'conv2d',
      tile,
      sizes,
      functions: functions(exact),
      reads: { x: 'f32', w: fours.co ? 'vec4f' : 'f32' },
      a: {
        along: 'sum',
        ofSide: (i, to) => pixel(i, to, 'size.oh', 'size.ow'),
        next: (before, to) => nextPixel(before, to, 'size.oh', 'size.ow'),
        ofSum: (l, to) => tap(l, to, 'size.ci'),
        meet: (side, sum) => meet(side, side, sum),
        inside: side => inside(side, 'size.h', 'size.w'),
        value: (side, sum) => `x[${seen(side, side, sum)}]`,
      },
      b: alongSide('w', 'size.co', fours.co),
      fours: fours.co,
      epilogue,
    }),
  key,
)

/** Whether a convolution has so short sums that it has a kernel of its own. */
export const isShort = (s: Conv2dShape) => s.kh * s.kw * s.ci <= 32 && s.co % 4 === 0

export const shortConv2d: (choice: Pick<ConvChoice, 'exact' | 'epilogue'>) => Kernel = variants(
  ({ exact, epilogue }) => {
    const four = [0, 1, 2, 3]
    return each({
      op: 'conv2d',
      reads: { x: 'f32', w: 'vec4f', ...endingReads(epilogue, 'vec4f') },
      writes: { y: 'vec4f' },
      sizes: `pixels, kh, ${sizes}`,
      epilogue,
      outside: `${endings}
${functions(exact)}`,
      body: `
  let quads = size.co / 4u;
  let o = i % quads;
  let first = i / quads * 4u;
  ${pixel('first', 'p0', 'size.oh', 'size.ow')}
  ${[1, 2, 3].map(c => nextPixel(`p${c - 1}`, `p${c}`, 'size.oh', 'size.ow')).join('\n  ')}
  ${four.map(c => `var sum${c} = vec4f();`).join(' ')}
  for (var tA = 0u; tA < size.kh; tA++) {
    for (var tB = 0u; tB < size.kw; tB++) {
      ${four.map(c => meet(`p${c}`, `p${c}`, 't')).join('\n      ')}
      for (var tC = 0u; tC < size.ci; tC++) {
        let w4 = w[((tA * size.kw + tB) * size.ci + tC) * quads + o];
        ${four.map(c => `sum${c} += select(0.0, x[${seen(`p${c}`, `p${c}`, 't')}], ${inside(`p${c}`, 'size.h', 'size.w')}) * w4;`).join('\n        ')}
      }
    }
  }
  ${four.map(c => `if (first + ${c}u < size.pixels) { let at = (first + ${c}u) * quads + o; y[at] = ${finished(`sum${c}`, 'vec4f', 'bias[o]', 'past[at]', epilogue)}; }`).join('\n  ')}`,
    })
  },
  ({ exact, epilogue }) => `${exact} ${epilogue}`,
)

export const conv2dGradInput: (choice: ConvChoice) => Kernel = variants(({ tile, fours, dense, exact, epilogue }) => {
  /** The row or column of the window that sees the pixel with this tap; if it is none, it is too large. */
  const axis = (to: string, place: string) =>
    dense
      ? `let ${to} = ${place};`
      : `let ${to}Far = ${place}; let ${to}At = quotient(${to}Far & 0x7fffffffu, size.stride);
      let ${to} = select(0xffffffffu, ${to}At, ${to}At * size.stride == ${to}Far);`
  return product({
    op: 'conv2dGradInput',
    tile,
    sizes,
    functions: functions(exact),
    reads: { dy: 'f32', w: 'f32' },
    a: {
      along: 'sum',
      ofSide: (i, to) => pixel(i, to, 'size.h', 'size.w'),
      next: (before, to) => nextPixel(before, to, 'size.h', 'size.w'),
      ofSum: (l, to) => tap(l, to, 'size.co'),
      meet: (side, sum) =>
        `${axis(`${side}Y`, `${side}Row + size.top - ${sum}A`)} ${axis(`${side}X`, `${side}Column + size.left - ${sum}B`)}`,
      inside: side => inside(side, 'size.oh', 'size.ow'),
      value: (side, sum) => `dy[((${side}N * size.oh + ${side}Y) * size.ow + ${side}X) * size.co + ${sum}C]`,
    },
    b: {
      along: 'sum',
      ofSide: () => '',
      ofSum: (l, to) => tap(l, to, 'size.co'),
      value: (side, sum) => `w[(${sum}Tap * size.ci + ${side}At) * size.co + ${sum}C]`,
    },
    fours: fours.ci,
    epilogue,
  })
}, key)

export const conv2dGradFilter: (choice: ConvChoice) => Kernel = variants(
  ({ tile, fours, exact, epilogue }) =>
    product({
      op: 'conv2dGradFilter',
      tile,
      sizes,
      functions: functions(exact),
      reads: { x: fours.ci ? 'vec4f' : 'f32', dy: fours.co ? 'vec4f' : 'f32' },
      a: {
        along: 'side',
        four: fours.ci,
        ofSide: (i, to) => tap(i, to, 'size.ci'),
        ofSum: (l, to) => pixel(l, to, 'size.oh', 'size.ow'),
        meet: (side, sum) => meet(side, sum, side),
        inside: side => inside(side, 'size.h', 'size.w'),
        value: (side, sum) => (fours.ci ? `x[(${seen(side, sum, side)}) / 4u]` : `x[${seen(side, sum, side)}]`),
      },
      b: alongSide('dy', 'size.co', fours.co),
      fours: fours.co,
      epilogue,
    }),
  key,
)

/** So many parts of the lines of y, each a result of its own, keep a card busy. */
const PARTS = 256

/** Into how many parts the lines of y go, all images together, for the gradient of a short filter; so many in each. */
export function linesOf({ n, oh }: Conv2dShape) {
  const part = Math.max(1, Math.ceil((n * oh) / PARTS))
  return { part, parts: Math.max(1, Math.ceil((n * oh) / part)) }
}

export interface ShortGradient {
  readonly kw: number
  readonly dense: boolean
  readonly epilogue: Epilogue
}

/**
 * dw[p,(a,b,c),o] over the p-th part of the lines of y. A thread has a row (a,c) of the filter for four channels o, with its sums in
 * registers, and goes along a line: where the stride is 1, only one number of x comes into its window at each pixel.
 */
export const shortConv2dGradFilter: (choice: ShortGradient) => Kernel = variants(
  ({ kw, dense, epilogue }) => {
    const columns = (line: (b: number) => string, from = 0, to = kw) =>
      Array.from({ length: to - from }, (_, i) => line(from + i)).join('\n      ')
    const load = (column: string) => (b: number) =>
      `{ let at = ${column} + ${b}u - size.left; x${b} = select(0.0, x[(start + at) * size.ci + c], inside && at < size.w); }`
    return each({
      op: 'conv2dGradFilter',
      reads: { x: 'f32', dy: 'vec4f', ...endingReads(epilogue, 'vec4f') },
      writes: { y: 'vec4f' },
      sizes: 'lines, part, kh, h, w, ci, co, stride, top, left, oh, ow',
      epilogue,
      outside: endings,
      body: `
  let quads = size.co / 4u;
  let rows = size.kh * size.ci;
  let o = i % quads;
  let a = i / quads % rows / size.ci;
  let c = i / quads % size.ci;
  let p = i / quads / rows;
  ${columns(b => `var sum${b} = vec4f(); var x${b} = 0.0;`)}
  for (var line = p * size.part; line < min(size.lines, (p + 1u) * size.part); line++) {
    let n = line / size.oh;
    let row = (line - n * size.oh) * size.stride + a - size.top;
    let inside = row < size.h;
    let start = (n * size.h + row) * size.w;
    ${dense ? columns(load('0u'), 0, kw - 1) : ''}
    for (var j = 0u; j < size.ow; j++) {
      let dy4 = dy[(line * size.ow + j) * quads + o];
      ${columns(load(dense ? 'j' : 'j * size.stride'), dense ? kw - 1 : 0)}
      ${columns(b => `sum${b} += x${b} * dy4;`)}
      ${dense ? columns(b => `x${b} = x${b + 1};`, 0, kw - 1) : ''}
    }
  }
  ${columns(b => `{ let at = (((p * size.kh + a) * ${kw}u + ${b}u) * size.ci + c) * quads + o; y[at] = ${finished(`sum${b}`, 'vec4f', 'bias[o]', 'past[at]', epilogue)}; }`)}`,
    })
  },
  ({ kw, dense, epilogue }) => `${kw} ${dense} ${epilogue}`,
)
