// y[m,n] = Σl a[m,l] · b[l,n]: the product behind matmul and all convolutions, which differ only in how they read a and b.
//
// A group of threads computes a tile of y, `rows` x `columns`. It walks along the sum in steps of DEPTH: all threads together copy
// what the tile needs of a and b for one step into memory that they share, wait for each other, and then each adds the products for
// its own block of the tile, 4x4 or 8x8 sums that stay in registers:
//
//                     b  ┌────────────┐ DEPTH
//                        └────────────┘
//          DEPTH           columns
//          ┌──┐          ┌──────┬─────┐           a number of a or b is fetched from the card's memory once
//        a │  │   rows   │ 4x4  │     │           a tile, and from the shared memory once a block: four rows
//          │  │          ├──────┘     │           (or columns) at a time, as one vector.
//          └──┘          └────────────┘ y
//
// Where a tile is much of y and the sum is long, few groups would have all the work: the sum is cut into `parts`, each a result of its
// own, and sums.ts adds them up. Which tile and how many parts depends on m, n and k alone. Bias, relu and the mask of relu's gradient
// can be the product's last act: epilogue.
import type { Kernel } from './kernel.js'
import { unary } from './unary.js'

/** How one operand is read: code that goes with each row (or column) i, with each place l of the sum, and with both. */
export interface Operand {
  /** In which direction its neighbours in memory lie: threads beside each other read beside each other. */
  readonly along: 'side' | 'sum'
  /** Whether four neighbours along the side lie in one vector. */
  readonly four?: boolean
  /** Statements that define what belongs to i, or to l, under names that begin with `to`; `${to}At` is i or l itself. */
  readonly ofSide: (i: string, to: string) => string
  readonly ofSum: (l: string, to: string) => string
  /** The same of i + 1 from what belongs to i, if that is shorter. */
  readonly next?: (before: string, to: string) => string
  /** Statements that define what belongs to both, under names that begin with `side`. */
  readonly meet?: (side: string, sum: string) => string
  /** Where it is not, the number is 0. */
  readonly inside?: (side: string) => string
  /** The number, or with `four` the vector that begins there. */
  readonly value: (side: string, sum: string) => string
}

export type Epilogue = '' | 'bias' | 'relu' | 'bias relu' | 'mask'

export interface Tile {
  readonly rows: number
  readonly columns: number
  /** A thread's block is so many fours high and wide. */
  readonly high: number
  readonly wide: number
}

/** The places of the sum that are copied at once. */
const DEPTH = 16

/** Enough groups to keep a card busy. */
const BUSY = 128

/** A tile no larger than m x n needs it. */
const side = (length: number) =>
  length > 32 ? ([64, 2] as const) : length > 16 ? ([32, 1] as const) : ([16, 1] as const)

/** Which tile for a product, and into how many parts its sum is cut: a matter of its sizes alone. */
export function planOf(m: number, k: number, n: number): { tile: Tile; part: number; parts: number } {
  const [[rows, high], [columns, wide]] = [side(m), side(n)]
  const tiles = Math.ceil(m / rows) * Math.ceil(n / columns)
  const wanted = Math.max(1, Math.min(Math.ceil(BUSY / tiles), Math.ceil(k / (8 * DEPTH))))
  const part = Math.max(1, Math.ceil(k / wanted / DEPTH)) * DEPTH
  return { tile: { rows, columns, high, wide }, part, parts: Math.max(1, Math.ceil(k / part)) }
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)
export const LANES = ['x', 'y', 'z', 'w'] as const

export interface ProductCode {
  readonly op: string
  readonly tile: Tile
  readonly reads: Kernel['reads']
  readonly a: Operand
  readonly b: Operand
  /** Sizes besides m, k, n and part. */
  readonly sizes?: string
  readonly numbers?: string
  readonly functions?: string
  /** Whether n is a multiple of four: y is written in vectors then. */
  readonly fours: boolean
  readonly epilogue: Epilogue
}

export function product({
  op,
  tile,
  reads,
  a,
  b,
  sizes = '',
  numbers = '',
  functions = '',
  fours,
  epilogue,
}: ProductCode): Kernel {
  // prettier-ignore
  const { rows, columns, high, wide } = tile
  const [across, down] = [columns / (4 * wide), rows / (4 * high)]
  const threads = across * down
  const [aStride, bStride] = [rows / 4 + 1, columns / 4 + 1]

  const kind = fours ? 'vec4f' : 'f32'
  const store = (sum: string) =>
    fours
      ? `if (j < size.n) {
        let at = (start + j) / 4u;
        y[at] = ${finished(sum, 'vec4f', 'bias[j / 4u]', 'past[at]', epilogue)};
      }`
      : LANES.map(
          (lane, c) => `if (j + ${c}u < size.n) {
        let at = start + j + ${c}u;
        y[at] = ${finished(`${sum}.${lane}`, 'f32', `bias[j + ${c}u]`, 'past[at]', epilogue)};
      }`,
        ).join('\n      ')

  return {
    op,
    reads: { ...reads, ...endingReads(epilogue, kind) },
    writes: { y: kind },
    sizes: `m, k, n, part, ${sizes}`,
    numbers,
    epilogue,
    threads,
    outside: `var<workgroup> aTile: array<vec4f, ${DEPTH * aStride}>;
var<workgroup> bTile: array<vec4f, ${DEPTH * bStride}>;
${endings}
${functions}`,
    body: `
  let tilesAcross = (size.n + ${columns - 1}u) / ${columns}u;
  let tilesDown = (size.m + ${rows - 1}u) / ${rows}u;
  let i0 = group / tilesAcross % tilesDown * ${rows}u;
  let j0 = group % tilesAcross * ${columns}u;
  let p = group / tilesAcross / tilesDown;
  let first = p * size.part;
  if (p > 0u && first >= size.k) { return; }
  let last = min(size.k, first + size.part);
  let across = thread % ${across}u;
  let down = thread / ${across}u;
  ${upTo(4 * high)
    .map(r =>
      upTo(wide)
        .map(q => `var sum${r}_${q} = vec4f();`)
        .join(' '),
    )
    .join('\n  ')}
  for (var l0 = first; l0 < last; l0 += ${DEPTH}u) {
    ${copy(a, 'a', rows, threads, 'i0', 'size.m')}
    ${copy(b, 'b', columns, threads, 'j0', 'size.n')}
    workgroupBarrier();
    for (var l = 0u; l < ${DEPTH}u; l++) {
      ${upTo(high)
        .map(h => `let a${h} = aTile[l * ${aStride}u + down + ${h * down}u];`)
        .join(' ')}
      ${upTo(wide)
        .map(q => `let b${q} = bTile[l * ${bStride}u + across + ${q * across}u];`)
        .join(' ')}
      ${upTo(4 * high)
        .map(r =>
          upTo(wide)
            .map(q => `sum${r}_${q} += a${r >> 2}.${LANES[r & 3]} * b${q};`)
            .join(' '),
        )
        .join('\n      ')}
    }
    workgroupBarrier();
  }
  ${upTo(4 * high)
    .map(
      r => `{
    let i = i0 + (down + ${(r >> 2) * down}u) * 4u + ${r & 3}u;
    if (i < size.m) {
      let start = (p * size.m + i) * size.n;
      ${upTo(wide)
        .map(q => `{ let j = j0 + (across + ${q * across}u) * 4u; ${store(`sum${r}_${q}`)} }`)
        .join('\n      ')}
    }
  }`,
    )
    .join('\n  ')}`,
  }
}

/** What is done to a sum before it is written. */
export function finished(sum: string, type: 'f32' | 'vec4f', bias: string, past: string, epilogue: Epilogue): string {
  const four = type === 'f32' ? '' : '4'
  if (epilogue === 'mask') return `mask${four}(${sum}, ${past})`
  const biased = epilogue.includes('bias') ? `${sum} + ${bias}` : sum
  return epilogue.includes('relu') ? `relu${four}(${biased})` : biased
}

/** The functions that `finished` calls, and the arrays that it reads. */
export const endings = `
fn relu(x: f32) -> f32 { return ${unary.relu[0]}; }
fn relu4(x: vec4f) -> vec4f { return vec4f(relu(x.x), relu(x.y), relu(x.z), relu(x.w)); }
fn mask(dy: f32, y: f32) -> f32 { return ${unary.relu[1]}; }
fn mask4(dy: vec4f, y: vec4f) -> vec4f { return vec4f(mask(dy.x, y.x), mask(dy.y, y.y), mask(dy.z, y.z), mask(dy.w, y.w)); }`
export const endingReads = (epilogue: Epilogue, kind: 'f32' | 'vec4f') => ({
  ...(epilogue.includes('bias') ? { bias: kind } : {}),
  ...(epilogue === 'mask' ? { past: kind } : {}),
})

/** A step's share of an operand, from where it is to the shared memory: fours along the side. */
function copy(
  { along, four, ofSide, next, ofSum, meet, value, inside }: Operand,
  name: string,
  side: number,
  threads: number,
  from: string,
  end: string,
): string {
  const fours = side / 4
  const rows = upTo(four ? 1 : 4)
  /** What belongs to a place along the sum, and to four neighbours along the side: whichever a thread keeps comes first. */
  const ofPlace = `let lAt = l0 + l; let lInside = lAt < last; ${ofSum('lAt', 'l')}`
  const ofFour = rows
    .map(
      c =>
        `let i${c}At = ${from} + four * 4u + ${c}u; let i${c}Inside = i${c}At < ${end}; ${c === 0 || !next ? ofSide(`i${c}At`, `i${c}`) : next(`i${c - 1}`, `i${c}`)}`,
    ) // prettier-ignore
    .join('\n      ')
  const [kept, perKept, loop, perTurn] =
    along === 'sum'
      ? [`let l = thread % ${DEPTH}u;`, ofPlace, turns('four', DEPTH, fours, threads), ofFour]
      : [`let four = thread % ${fours}u;`, ofFour, turns('l', fours, DEPTH, threads), ofPlace]
  const numbers = rows.map(c => {
    const guards = ['lInside', `i${c}Inside`, inside?.(`i${c}`)].filter(Boolean).join(' && ')
    return `select(${four ? 'vec4f()' : '0.0'}, ${value(`i${c}`, 'l')}, ${guards})`
  })
  return `{
      ${kept}
      ${perKept}
      ${loop} {
        ${perTurn}
        ${rows.map(c => meet?.(`i${c}`, 'l') ?? '').join('\n        ')}
        ${name}Tile[l * ${fours + 1}u + four] = ${four ? numbers[0] : `vec4f(${numbers.join(', ')})`};
      }
    }`
}

/** A loop over \`count\` places, of which all threads together take as many at once as there are, \`within\` of them at each. */
const turns = (place: string, within: number, count: number, threads: number) =>
  `for (var ${place} = thread / ${within}u; ${place} < ${count}u; ${place} += ${threads / within}u)`
