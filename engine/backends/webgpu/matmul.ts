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
  readonly rows: number
  readonly columns: number
  /** Whether rows of y are whole vectors of four. */
  readonly four: boolean
  readonly part: number
  readonly parts: number
  /** Threads. */
  readonly count: number
}

/** Nothing for products that are worth tiles; the others go in blocks. A matter of sizes alone. */
export function blocksOf(m: number, k: number, n: number): Blocks | undefined {
  if (m > 16 && n > 16 && k > 16 && m * k * n >= 2 ** 24) return undefined
  const [rows, columns] = [Math.min(m, 4), Math.min(n, 4)]
  const blocks = Math.ceil(m / rows) * Math.ceil(n / columns)
  const part = Math.ceil(k / Math.min(Math.ceil(ENOUGH / blocks), Math.ceil(k / 32)))
  const parts = Math.ceil(k / part)
  return { rows, columns, four: n % 4 === 0, part, parts, count: blocks * parts }
}

/** So many threads keep a card busy. */
const ENOUGH = 2 ** 14

export interface BlockChoice extends Pick<Blocks, 'rows' | 'columns' | 'four'> {
  readonly transposed: Transposed
  readonly epilogue: Epilogue
}

/** y[p,i,j] = Σl x[i,l] · w[l,j] over the p-th part of the l; a thread has `rows` of i and `columns` of j */
export const blockMatmul: (choice: BlockChoice) => Kernel = variants(
  ({ rows, columns, four, transposed, epilogue }) => {
    const many = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i))
    /** Columns are counted in vectors where there are any. */
    const [kind, across] = four ? (['vec4f', 1] as const) : (['f32', columns] as const)
    const column = (c: number | string) => `w[(j${four ? ` * 4u + ${c}u` : c}) * size.k + l]`
    const w = (c: number) =>
      four
        ? transposed.w
          ? `vec4f(${many(4, column).join(', ')})`
          : 'w[l * (size.n / 4u) + j]'
        : transposed.w
          ? column(c)
          : `w[l * size.n + j${c}]`
    const x = (r: number) => (transposed.x ? `x[l * size.m + i${r}]` : `x[i${r} * size.k + l]`)
    const each2 = (line: (r: number, c: number) => string) =>
      many(rows, r => many(across, c => line(r, c)).join(' ')).join('\n    ')
    return each({
      op: 'matmul',
      reads: { x: 'f32', w: four && !transposed.w ? 'vec4f' : 'f32', ...endingReads(epilogue, kind) },
      writes: { y: kind },
      sizes: 'm, k, n, part',
      epilogue,
      outside: endings,
      body: `
  let width = ${four ? 'size.n / 4u' : 'size.n'};
  let across = (width + ${across - 1}u) / ${across}u;
  let down = (size.m + ${rows - 1}u) / ${rows}u;
  let j = i % across * ${across}u;
  let row = i / across % down * ${rows}u;
  let p = i / across / down;
  let last = min(size.k, (p + 1u) * size.part);
  ${many(rows, r => `let i${r} = min(row + ${r}u, size.m - 1u);`).join(' ')}
  ${four ? '' : many(across, c => `let j${c} = min(j + ${c}u, size.n - 1u);`).join(' ')}
  ${each2((r, c) => `var sum${r}_${c} = ${kind}();`)}
  for (var l = p * size.part; l < last; l++) {
    ${many(across, c => `let w${c} = ${w(c)};`).join(' ')}
    ${many(rows, r => `let x${r} = ${x(r)};`).join(' ')}
    ${each2((r, c) => `sum${r}_${c} += x${r} * w${c};`)}
  }
  ${each2(
    (r, c) => `if (row + ${r}u < size.m && j + ${c}u < width) {
    let at = (p * size.m + i${r}) * width + j + ${c}u;
    y[at] = ${finished(`sum${r}_${c}`, kind, `bias[j + ${c}u]`, 'past[at]', epilogue)};
  }`,
  )}`,
    })
  },
  ({ rows, columns, four, transposed, epilogue }) =>
    `${rows} ${columns} ${four} ${transposed.x} ${transposed.w} ${epilogue}`,
)
