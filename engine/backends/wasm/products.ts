// Matrix products: dense ones in panels, and those of a matrix that is mostly 0 by lists of what is not (assembly/lists.ts).
import type { Block, Delayed, Lists } from './block.js'
import { pieceOf, type Store } from './store.js'

/** Above this part of entries that are not 0, the dense product is faster. */
const MOST_LISTED = 0.6
/** Below this many entries, or columns of the other matrix, lists of floats take longer to make than they save. */
const LISTED_FROM = 1 << 18
const LISTED_COLUMNS = 32

export function createProducts({ at, kernels, make, run, sizes, takeBytes, threads, withFloats, words }: Store) {
  function multiply({ inputs, b, rectify, m, k, n, t, mask }: Delayed & { kind: 'matmul' }, y: number) {
    const [x, w] = inputs as [Block, Block]
    const end = [b ? at(b) : 0, rectify ? 1 : 0]
    const lists = t.w ? undefined : listsOf(x, t.x ? k : m, t.x ? m : k, n, t.x)
    if (mask) run('listDot', pieceOf(m, sizes.LINES), [mask.rows!.lists, n, at(x), at(w), y, m, k])
    else if (lists) {
      const width = kernels.panelWidth(n)
      const padded = pieceOf(n, width) * width
      withFloats(k * padded, panels => {
        run('packPanels', pieceOf(k, sizes.PANEL_ROWS), [at(w), panels, k, n])
        if (lists.lines === m) run('listMultiply', pieceOf(m, sizes.LINES), [lists.lists, k, panels, y, m, n, ...end])
        else
          withFloats(m * padded, sums => {
            run('listScatter', padded / width, [lists.lists, m, panels, sums, k, n])
            run('unpackPanels', pieceOf(m, sizes.PANEL_ROWS), [sums, y, m, n])
          })
      })
    } else {
      const [down, right] = t.x ? [4, 4 * m] : [4 * k, 4]
      const [wDown, wRight] = t.w ? [4, 4 * k] : [4 * n, 4]
      // Rows are shared out so that all threads have work, in tiles of 4.
      const rows = Math.max(4, Math.min(96, 4 * pieceOf(m, 4 * threads)))
      withFloats(kernels.packedColumns(k, n), packed => {
        run('packColumns', pieceOf(n, sizes.PANEL), [at(w), wDown, wRight, k, n, packed])
        const args = [at(x), down, right, packed, y, m, k, n, rows, ...end]
        run('multiply', pieceOf(m, rows), args, kernels.multiplyScratch(rows))
      })
    }
  }

  /** The lists of x's rows (or columns) to multiply with n columns, if x is likely to be 0 in many places and is. */
  function listsOf(x: Block, rows: number, columns: number, n: number, transposed = false): Lists | undefined {
    if (!x.bytes) at(x)
    if (!x.bytes && !(x.rectified && x.length >= LISTED_FROM && n >= LISTED_COLUMNS)) return undefined
    x.rows ??= list(x, rows, columns, rows, columns, 'Rows')
    if (x.rows.lines !== rows || x.rows.density > MOST_LISTED) return undefined
    // Few entries are added where they belong; for many it pays to list them by columns as well.
    if (!transposed || x.bytes) return x.rows
    return (x.columns ??= list(x, rows, columns, columns, rows, 'Columns'))
  }

  function list(x: Block, rows: number, columns: number, lines: number, size: number, which: string): Lists {
    const lists = takeBytes(8 * lines * (size + 1))
    const counts = takeBytes(4 * lines)
    const kernel = x.bytes ? `listByte${which}` : `list${which}`
    const args = [x.bytes || at(x), lists, counts, rows, columns]
    run(kernel, pieceOf(lines, sizes.LINES), args, kernels.listByteRowsScratch(columns))
    const entries = words(counts, lines).reduce((a, b) => a + b, 0)
    return { lists, counts, lines, size, density: entries / (lines * size) }
  }

  /** dy where y > 0 as a product that leaves out the rest, if dy is a product yet to come and y, from relu, is in lists. */
  function maskedProduct(y: Block, dy: Block): Block | undefined {
    const { delayed } = dy
    if (delayed?.kind !== 'matmul' || delayed.b || delayed.mask || delayed.t.x || !delayed.t.w) return undefined
    const { m, k, n } = delayed
    if (!y.rectified || y.rows?.lines !== m || y.rows.size !== n || y.rows.density > MOST_LISTED || k % 4)
      return undefined
    return make(dy.length, { ...delayed, mask: y })
  }

  /** db[n] = Σ rows of dy[m,n], in parts of sizes.ROWS rows that are added in their order. */
  function sumRows(dy: number, m: number, n: number): Block {
    const db = make(n)
    const parts = pieceOf(m, sizes.ROWS)
    withFloats(parts * n, partial => {
      run('biasGrad', parts, [dy, partial, m, n])
      run('sumParts', pieceOf(n, sizes.CHUNK), [partial, parts, db.at, n])
    })
    return db
  }

  return { multiply, maskedProduct, sumRows }
}
