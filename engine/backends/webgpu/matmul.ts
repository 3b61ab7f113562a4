// y[m,n] = Σl x[m,l] · w[l,n]: tiles.ts with two matrices, each of which may be stored transposed. Small products
// (a batch of 1, a side of 10) would leave most of a tile empty, and its threads waiting for each other: there each thread has a block
// of y to itself and reads what it needs, which the card's caches have by then.
import type { Transposed } from '../../backend.js'
import { each, variants, type Kernel } from './kernel.js'
import { endingReads, endings, finished, product, type Epilogue, type Operand, type Tile } from './tiles.js'

export interface MatmulChoice {
  readonly tile: Tile
  readonly transposed: Transposed
  /** Whether m and n are multiples of four. */
  readonly fours: { readonly m: boolean; readonly n: boolean }
  readonly epilogue: Epilogue
}

/** A matrix [side, k], whose rows lie along the sum. */
const rowsAlongSum = (array: string): Operand => ({
  along: 'sum',
  ofSide: (i, to) => `let ${to}Row = ${i} * size.k;`,
  ofSum: () => '',
  value: (side, sum) => `${array}[${side}Row + ${sum}At]`,
})

/** A matrix [k, side]: four neighbours of a side may be one vector. */
const rowsAlongSide = (array: string, sides: 'm' | 'n', four: boolean): Operand => ({
  along: 'side',
  four,
  ofSide: () => '',
  ofSum: (l, to) => `let ${to}Row = ${l} * size.${sides};`,
  value: (side, sum) => (four ? `${array}[(${sum}Row + ${side}At) / 4u]` : `${array}[${sum}Row + ${side}At]`),
})

export const matmul: (choice: MatmulChoice) => Kernel = variants(
  ({ tile, transposed, fours, epilogue }) => {
    const [fourX, fourW] = [!!transposed.x && fours.m, !transposed.w && fours.n]
    return product({
      op: 'matmul',
      tile,
      reads: { x: fourX ? 'vec4f' : 'f32', w: fourW ? 'vec4f' : 'f32' },
      a: transposed.x ? rowsAlongSide('x', 'm', fourX) : rowsAlongSum('x'),
      b: transposed.w ? rowsAlongSum('w') : rowsAlongSide('w', 'n', fourW),
      fours: fours.n,
      epilogue,
    })
  },
  ({ tile, transposed, fours, epilogue }) =>
    `${tile.rows} ${tile.columns} ${transposed.x} ${transposed.w} ${fours.m} ${fours.n} ${epilogue}`,
)

/** How a product is done without tiles: `rows` and `columns` of a thread's block, and into how many parts its sum is cut. */
export interface Blocks {
  readonly rows: 1 | 4
  readonly columns: 1 | 4
  readonly part: number
  readonly parts: number
  /** Threads. */
  readonly count: number
}

/** Nothing for products that are worth tiles; the others go in blocks. A matter of sizes alone. */
export function blocksOf(m: number, k: number, n: number): Blocks | undefined {
  if (m > 16 && n > 16 && k > 16 && m * k * n >= 2 ** 24) return undefined
  const [rows, columns] = [m > 4 ? 4 : 1, n % 4 === 0 ? 4 : 1] as const
  const blocks = (Math.ceil(m / rows) * n) / columns
  const part = Math.ceil(k / Math.min(Math.ceil(ENOUGH / blocks), Math.ceil(k / 32)))
  const parts = Math.ceil(k / part)
  return { rows, columns, part, parts, count: blocks * parts }
}

/** So many threads keep a card busy. */
const ENOUGH = 2 ** 14

export interface BlockChoice extends Pick<Blocks, 'rows' | 'columns'> {
  readonly transposed: Transposed
  readonly epilogue: Epilogue
}

/** y[p,i,j] = Σl x[i,l] · w[l,j] over the p-th part of the l; a thread has `rows` of i and `columns` of j */
export const blockMatmul: (choice: BlockChoice) => Kernel = variants(
  ({ rows, columns, transposed, epilogue }) => {
    const kind = columns === 4 ? 'vec4f' : 'f32'
    const many = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i))
    const column = (c: number) => `w[(j + ${c}u) * size.k + l]`
    const w = !transposed.w
      ? `w[(l * size.n + j) / ${columns}u]`
      : columns === 4
        ? `vec4f(${many(4, column).join(', ')})`
        : column(0)
    const x = (r: number) => (transposed.x ? `x[l * size.m + i${r}]` : `x[i${r} * size.k + l]`)
    return each({
      op: 'matmul',
      reads: { x: 'f32', w: columns === 4 && !transposed.w ? 'vec4f' : 'f32', ...endingReads(epilogue, kind) },
      writes: { y: kind },
      sizes: 'm, k, n, part',
      epilogue,
      outside: endings,
      body: `
  let across = size.n / ${columns}u;
  let down = (size.m + ${rows - 1}u) / ${rows}u;
  let j = i % across * ${columns}u;
  let row = i / across % down * ${rows}u;
  let p = i / across / down;
  let last = min(size.k, (p + 1u) * size.part);
  ${many(rows, r => `let i${r} = min(row + ${r}u, size.m - 1u); var sum${r} = ${kind}();`).join('\n  ')}
  for (var l = p * size.part; l < last; l++) {
    let wl = ${w};
    ${many(rows, r => `sum${r} += ${x(r)} * wl;`).join(' ')}
  }
  ${many(
    rows,
    r => `if (row + ${r}u < size.m) {
    let at = ((p * size.m + i${r}) * size.n + j) / ${columns}u;
    y[at] = ${finished(`sum${r}`, kind, `bias[j / ${columns}u]`, 'past[at]', epilogue)};
  }`,
  ).join('\n  ')}`,
    })
  },
  ({ rows, columns, transposed, epilogue }) => `${rows} ${columns} ${transposed.x} ${transposed.w} ${epilogue}`,
)
