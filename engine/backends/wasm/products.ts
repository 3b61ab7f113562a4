// Matrix products: dense ones in panels, and those of a matrix that is mostly 0 by lists of what is not (assembly/lists.ts).
import type { Block, Delayed, Lists } from './block.js'
import { pieceOf, type Store } from './store.js'

/** Above this part of entries that are not 0, the dense product is faster. */
const MOST_LISTED = 0.6
/** Images of more pixels are not listed: an entry has 16 bits for the index. */
const MOST_GREY = 1 << 16
/** Below this many entries, or columns of the other matrix, lists of floats take longer to make than they save. */
const LISTED_FROM = 1 << 18
const LISTED_COLUMNS = 32

/** Fewer numbers are not worth the attention of another thread. */
const LEAST_PACKED = 1 << 13

/** Lists bytes[count,size] in a piece of memory, and counts what is not 0 (images.ts). */
type ListImages = (from: number, places: number, count: number, size: number) => { piece: number; ink: number }
type Product = Delayed & { kind: 'matmul' }

export function createProducts(store: Store, listImages: ListImages) {
  const {
    at,
    bytesOf,
    give,
    giveLists,
    kernels,
    make,
    panelsOf,
    run,
    successor,
    sizes,
    takeBytes,
    threads,
    withFloats,
    view,
    wait,
  } = store

  function multiply(block: Block, product: Product, y: number) {
    const { inputs, b, rectify, m, k, n, t, mask } = product
    const [x, w] = inputs as [Block, Block]
    const end = [b ? at(b) : 0, rectify ? 1 : 0]
    if (isListed(product)) {
      const { starts, shift } = rowsOf(block, m, n)
      run('unlist', pieceOf(m, sizes.LINES), [starts, shift, y, m, n])
      giveLists(block) // the starts are the mask's, which may now go
      return
    }
    const lists = listsOf(product)
    if (lists && !t.x) {
      const rows = rowsAnItem(m)
      const args = [lists.starts, lists.grey ? 1 : 0, panelsOf(w, k, n), y, m, k, n, rows, ...end]
      run('listMultiply', pieceOf(m, rows), args, kernels.listMultiplyScratch(rows))
    } else if (lists) {
      const width = kernels.panelWidth(n)
      withFloats(m * pieceOf(n, width) * width, dw => {
        const parts = partsOf(m, n)
        const args = [lists.starts, lists.grey ? 1 : 0, parts, panelsOf(w, k, n), dw, k, m, n]
        run('listGrad', parts * kernels.blocksOf(m), args, kernels.listGradScratch(k))
        run('unpackPanels', pieceOf(m, sizes.PANEL_ROWS), [dw, y, m, n])
      })
    } else {
      const [down, right] = t.x ? [4, 4 * m] : [4 * k, 4]
      const [wDown, wRight] = t.w ? [4, 4 * k] : [4 * n, 4]
      // Rows are shared out so that all threads have work, in tiles of 4.
      const rows = Math.max(4, Math.min(96, 4 * pieceOf(m, 4 * threads)))
      withFloats(kernels.packedColumns(k, n), packed => {
        const panels = pieceOf(n, sizes.PANEL)
        const together = Math.max(1, Math.floor(LEAST_PACKED / (k * sizes.PANEL)))
        run('packColumns', pieceOf(panels, together), [at(w), wDown, wRight, k, n, packed, together])
        const args = [at(x), down, right, packed, y, m, k, n, rows, ...end, mask ? at(mask) : 0]
        run('multiply', pieceOf(m, rows), args, kernels.multiplyScratch(rows))
      })
    }
  }

  /**
   * Adam's step with the gradient of a product, as long as nobody else wants to know that gradient: it is used up as it comes
   * out. The weights and Adam's memory then stay in panels from step to step.
   * @returns the successors, or nothing if the gradient is none of these
   */
  function stepInPanels(w: Block, dw: Block, memory: Block[], constants: readonly number[]): Block[] | undefined {
    const { delayed } = dw
    if (delayed?.kind !== 'matmul' || delayed.b || delayed.rectify || delayed.mask || !delayed.t.x) return undefined
    const lists = listsOf(delayed)
    if (!lists) return undefined
    const { m, k, n, inputs } = delayed
    const gradient = panelsOf(inputs[1], k, n)
    const from = panelsOf(w, m, n)
    const next = [w, ...memory].map(block => successor(block, m, n))
    const [to, ...updated] = next.map(block => block.panels!.at)
    const parts = partsOf(m, n)
    const args = [lists.starts, lists.grey ? 1 : 0, parts, gradient, k, m, n, from, ...updated, to, ...constants]
    run('listAdam', parts * kernels.blocksOf(m), args, kernels.listGradScratch(k))
    return next
  }

  /** As many rows an item as make it worth fetching a block of w, but enough items for all threads. */
  const rowsAnItem = (m: number) => Math.max(8, Math.min(64, pieceOf(m, 2 * threads)))

  /** Into how many parts to take a block of dw[m,n], so that all threads have work. */
  const partsOf = (m: number, n: number) =>
    Math.min(pieceOf(threads, kernels.blocksOf(m)), pieceOf(n, kernels.panelWidth(n)))

  /** The lists of the rows of a product's first operand, if it is likely to be 0 in many places and is. */
  function listsOf({ inputs: [x], m, k, n, t }: Product): Lists | undefined {
    if (t.w) return undefined
    if (!x.bytes && !x.picked) {
      at(x)
      if (!x.rectified || x.length < LISTED_FROM || n < LISTED_COLUMNS) return undefined
    }
    const [lines, size] = t.x ? [k, m] : [m, k]
    if (!x.rectified && size >= MOST_GREY) return undefined
    const rows = rowsOf(x, lines, size)
    return rows.density <= MOST_LISTED ? rows : undefined
  }

  const listedAs = (x: Block, lines: number, size: number) =>
    x.rows.find(rows => rows.lines === lines && rows.size === size)

  /** What is not 0 in x[lines,size], row by row. */
  function rowsOf(x: Block, lines: number, size: number): Lists {
    const known = listedAs(x, lines, size)
    if (known) return known
    const rows = maskedRows(x, lines, size) ?? greyRows(x, lines, size) ?? floatRows(x, lines, size)
    x.rows.push(rows)
    return rows
  }

  /** The rows of a product with a mask: its places are those of the mask's entries. */
  function maskedRows({ delayed }: Block, lines: number, size: number): Lists | undefined {
    if (delayed?.kind !== 'matmul' || delayed.m !== lines || delayed.n !== size || !isListed(delayed)) return undefined
    const { m, k, n, inputs, mask } = delayed
    const rows = listedAs(mask!, m, n)!
    const [dy, w] = inputs as [Block, Block]
    const entries = takeEntries(m, n)
    const shift = entries - rows.owned[0]
    const args = [rows.starts, shift, panelsOf(dy, m, k), panelsOf(w, n, k), m, n, k, rowsAnItem(m)]
    run('listDot', pieceOf(m, rowsAnItem(m)), args)
    return { ...rows, shift, owned: [entries] }
  }

  /** The rows of images: their lists are there already, or are made now. */
  function greyRows(x: Block, lines: number, size: number): Lists | undefined {
    if (!x.picked && !x.bytes) return undefined
    const starts = takeStarts(lines, size)
    const rows = { starts, grey: true, shift: 0, lines, size }
    const pick = (places: number, indices: number) =>
      run('pickLists', pieceOf(lines, sizes.PICKED), [places, indices, starts, lines, size])
    if (x.picked?.set.size === size) {
      const { set, indices } = x.picked
      pick(set.places, indices)
      return { ...rows, density: set.density, owned: [starts] }
    }
    const places = takeBytes(4 * lines)
    const { piece, ink } = listImages(bytesOf(x), places, lines, size)
    pick(places, 0)
    give(places)
    return { ...rows, density: ink / (lines * size), owned: [starts, piece] }
  }

  /** The rows of numbers. */
  function floatRows(x: Block, lines: number, size: number): Lists {
    const entries = takeEntries(lines, size)
    const starts = takeStarts(lines, size)
    const stride = kernels.blocksOf(size) + 1
    const first = starts >> 2
    const from = at(x)
    const { words } = view()
    for (let i = 0; i < lines; i++) words[first + i * stride] = entries + 8 * i * (size + sizes.SPARE)
    run('listRows', pieceOf(lines, sizes.LINES), [from, starts, lines, size])
    wait()
    let length = 0
    for (let i = 0; i < lines; i++) length += words[first + (i + 1) * stride - 1] - words[first + i * stride]
    const density = length / (8 * lines * size)
    return { starts, grey: false, shift: 0, lines, size, density, owned: [entries, starts] }
  }

  const takeEntries = (lines: number, size: number) => takeBytes(8 * lines * (size + sizes.SPARE))
  const takeStarts = (lines: number, size: number) => takeBytes(4 * lines * (kernels.blocksOf(size) + 1))

  /** dy where y > 0 and 0 elsewhere, if dy is the gradient of a product and yet to come. */
  function maskedProduct(y: Block, dy: Block): Block | undefined {
    const { delayed } = dy
    if (delayed?.kind !== 'matmul' || delayed.b || delayed.mask || delayed.t.x || !delayed.t.w) return undefined
    return make(dy.length, { ...delayed, mask: y })
  }

  /** Whether a product has a mask, from relu, that is in lists: then it is computed only where these have entries. */
  function isListed({ mask, m, k, n }: Product): boolean {
    if (!mask?.rectified || k < LISTED_COLUMNS) return false
    const rows = listedAs(mask, m, n)
    return !!rows && !rows.grey && rows.density <= MOST_LISTED
  }

  /** db[n] = Σ rows of dy[m,n], in parts that are added in their order. */
  function sumRows(dy: number, m: number, n: number): Block {
    const db = make(n)
    const parts = pieceOf(m, n === 1 ? sizes.CHUNK : sizes.ROWS)
    withFloats(parts * n, partial => {
      if (n === 1) run('sumChunk', parts, [dy, partial, m])
      else run('biasGrad', parts, [dy, partial, m, n])
      run('sumParts', pieceOf(n, sizes.CHUNK), [partial, parts, db.at, n])
    })
    return db
  }

  return { multiply, maskedProduct, rowsOf, stepInPanels, sumRows }
}
