// y[m,n] = Σl x[m,l] · w[l,n]: tiles.ts with two matrices, each of which may be stored transposed.
import type { Transposed } from '../../backend.js'
import { variants, type Kernel } from './kernel.js'
import { product, type Epilogue, type Operand, type Tile } from './tiles.js'

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
