// y[m,n] = Σl x[m,l] · w[l,n]: tiles.ts with two matrices, each of which may be stored transposed. Small products
// (a batch of 1, a side of 10) would leave most of a tile empty, and its threads waiting for each other. There, and as long as a card's
// caches hold the matrices anyway, each thread has a block of y to itself and reads what it needs.
import type { Transposed } from '../../backend.js'
import { each, variants, type Kernel } from './kernel.js'
import { endingReads, endings, finished, LANES, product, type Epilogue, type Operand, type Tile } from './tiles.js'

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
  /** Along which sides numbers are read four at a time: those that are multiples of four. */
  readonly fours: { readonly m: boolean; readonly k: boolean; readonly n: boolean }
  readonly part: number
  readonly parts: number
  /** Threads. */
  readonly count: number
}

/** Nothing for products that are worth tiles; the others go in blocks. A matter of sizes alone. */
export function blocksOf(m: number, k: number, n: number): Blocks | undefined {
  if (m > 16 && n > 16 && k > 16 && m * k * n > 2 ** 25) return undefined
  const inFours = (length: number) => length > 0 && length % 4 === 0
  const fours = { m: inFours(m), k: inFours(k), n: inFours(n) }
  const upTo4 = (length: number) => Math.max(1, Math.min(length, 4))
  const [rows, columns] = [m < 32 ? upTo4(m) : 8, upTo4(n)]
  const blocks = Math.ceil(m / rows) * Math.ceil(n / columns)
  const step = fours.k ? 4 : 1
  // Adding parts up is a kernel more, which a short sum is not worth.
  const wanted = k <= 128 ? 1 : Math.min(Math.ceil(ENOUGH / blocks), Math.ceil(k / 32))
  const part = Math.max(1, Math.ceil(k / step / wanted)) * step
  const parts = Math.max(1, Math.ceil(k / part))
  return { rows, columns, fours, part, parts, count: blocks * parts }
}

/** So many threads keep a card busy. */
const ENOUGH = 2 ** 13

export interface BlockChoice extends Pick<Blocks, 'rows' | 'columns' | 'fours'> {
  readonly transposed: Transposed
  readonly epilogue: Epilogue
}

/**
 * y[p,i,j] = Σl x[i,l] · w[l,j] over the p-th part of the l; a thread has `rows` of i and `columns` of j. An operand whose rows lie
 * along the sum is read four places of the sum ahead, if k allows it.
 */
export const blockMatmul: (choice: BlockChoice) => Kernel = variants(
  ({ rows, columns, fours, transposed, epilogue }) => {
    const many = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i))
    /** Columns are counted in vectors where there are any. */
    const [kind, across] = fours.n ? (['vec4f', 1] as const) : (['f32', columns] as const)
    const [fourX, fourW] = [transposed.x ? fours.m : fours.k, transposed.w ? fours.k : fours.n]
    const ahead = fours.k ? LANES : ['']
    const cells = (line: (r: number, c: number) => string) =>
      many(rows, r => many(across, c => line(r, c)).join(' ')).join('\n    ')

    /** What is read before the places l, l + 1, … of the sum, then at each of them, and the number or vector that this gives. */
    const x = transposed.x
      ? {
          rows: fourX
            ? many(rows / 4, h => `let x${h}At = min(row / 4u + ${h}u, size.m / 4u - 1u);`)
            : many(rows, r => `let x${r}At = min(row + ${r}u, size.m - 1u);`),
          before: [],
          at: () =>
            fourX
              ? many(rows / 4, h => `let x${h} = x[xLine + x${h}At];`)
              : many(rows, r => `let x${r} = x[xLine + x${r}At];`),
          value: (r: number) => (fourX ? `x${r >> 2}.${LANES[r & 3]}` : `x${r}`),
        }
      : {
          rows: many(rows, r => `let x${r}At = min(row + ${r}u, size.m - 1u) * size.k;`),
          before: fourX ? many(rows, r => `let x${r} = x[(x${r}At + l) / 4u];`) : [],
          at: (l: string) => (fourX ? [] : many(rows, r => `let x${r} = x[x${r}At + ${l}];`)),
          value: (r: number, lane: string) => (fourX ? `x${r}.${lane}` : `x${r}`),
        }
    const w = transposed.w
      ? {
          columns: many(columns, c => `let w${c}At = min(j${fours.n ? ' * 4u' : ''} + ${c}u, size.n - 1u) * size.k;`),
          before: fourW ? many(columns, c => `let w${c} = w[(w${c}At + l) / 4u];`) : [],
          at: (l: string) => (fourW ? [] : many(columns, c => `let w${c} = w[w${c}At + ${l}];`)),
          value(c: number, lane: string) {
            const each = many(columns, c => (fourW ? `w${c}.${lane}` : `w${c}`))
            return fours.n ? `vec4f(${each.join(', ')})` : each[c]
          },
        }
      : {
          columns: many(across, c => `let w${c}At = min(j + ${c}u, width - 1u);`),
          before: [],
          at: () => many(across, c => `let w${c} = w[wLine + w${c}At];`),
          value: (c: number) => `w${c}`,
        }
    return each({
      op: 'matmul',
      reads: { x: fourX ? 'vec4f' : 'f32', w: fourW ? 'vec4f' : 'f32', ...endingReads(epilogue, kind) },
      writes: { y: kind },
      sizes: 'm, k, n, part',
      epilogue,
      outside: endings,
      body: `
  let width = ${fours.n ? 'size.n / 4u' : 'size.n'};
  let across = (width + ${across - 1}u) / ${across}u;
  let down = (size.m + ${rows - 1}u) / ${rows}u;
  let j = i % across * ${across}u;
  let row = i / across % down * ${rows}u;
  let p = i / across / down;
  let last = min(size.k, (p + 1u) * size.part);
  ${x.rows.join(' ')}
  ${w.columns.join(' ')}
  ${cells((r, c) => `var sum${r}_${c} = ${kind}();`)}
  var l = p * size.part;
  ${transposed.x ? `let xWidth = ${fourX ? 'size.m / 4u' : 'size.m'}; var xLine = l * xWidth;` : ''}
  ${transposed.w ? '' : 'var wLine = l * width;'}
  for (; l < last; l += ${ahead.length}u) {
    ${[...x.before, ...w.before].join(' ')}
    ${ahead
      .map(
        (lane, ahead) => `{
      ${[...x.at(`(l + ${ahead}u)`), ...w.at(`(l + ${ahead}u)`)].join(' ')}
      ${many(across, c => `let to${c} = ${w.value(c, lane)};`).join(' ')}
      ${cells((r, c) => `sum${r}_${c} += ${x.value(r, lane)} * to${c};`)}
      ${transposed.x ? 'xLine += xWidth;' : ''} ${transposed.w ? '' : 'wLine += width;'}
    }`,
      )
      .join('\n    ')}
  }
  ${cells(
    (r, c) => `if (row + ${r}u < size.m && j + ${c}u < width) {
    let at = (p * size.m + row + ${r}u) * width + j + ${c}u;
    y[at] = ${finished(`sum${r}_${c}`, kind, `bias[j + ${c}u]`, 'past[at]', epilogue)};
  }`,
  )}`,
    })
  },
  ({ rows, columns, fours, transposed, epilogue }) =>
    `${rows} ${columns} ${fours.m} ${fours.k} ${fours.n} ${transposed.x} ${transposed.w} ${epilogue}`,
)
