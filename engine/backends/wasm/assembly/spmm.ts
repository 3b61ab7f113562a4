// Matrix products that touch only what is not 0.
//
// Images are mostly black, and relu leaves about half of its results at 0. Such a matrix x[m,k] is listed once, row by row,
// as in a compressed sparse matrix:
//
//   row i:  (l, x[i,l]) …     y[i,:]  = Σ x[i,l] · w[l,:]            y = x·w
//                             dw[l,:] += x[i,l] · dy[i,:]            dw = xᵀ·dy
//                             dx[i,l] = dy[i,:] · w[l,:]             dx = dy·wᵀ, where relu lets it pass
//
// So that most of this happens in the first-level cache, w and dw are kept in panels of 32 columns, whose rows follow each
// other, and these are taken in blocks of 392 rows (49 KiB). Where a block's entries begin in a row's list is noted:
//
//    w[k,n] in panels:     0    1    2    3             a row's list:   │ l < 392 │ l < 784 │ …
//                        ┌────┬────┬────┬────┐                          ↑         ↑         ↑
//                392 rows│    │    │    │    │  starts:              address   address   address
//                        ├────┼────┼────┼────┤
//                        │    │▓▓▓▓│    │    │  ← a block of a panel: rows of 32 numbers, one after the other
//                        └────┴────┴────┴────┘
//
// An entry is the index and the number, 8 bytes; or, of images (bytes.ts), 2: how far the index is from the one before in the
// block, and the grey level, 8 bits each, and the sum is divided by 255. A sum runs over one list, 32 numbers (8 vectors in
// registers) wide. Leaving out a product with 0 changes no sum.
import { ADAM, adamStep, putConstants } from './optimizers'
import { Lists, Out, OutLists, bytesOf, madd, relu4, smaller, storeLanes, sum4, zero } from './simd'

/** Rows of w in a block, a multiple of 8. */
export const BLOCK: i32 = 392
/** Lists that an item makes. */
export const CSR_ROWS: i32 = 8
/** Entries that denseToCsr may write beyond the end of a list. */
export const SPARE: i32 = 4

/** How many blocks so many rows fall into: a list has one start more. */
export function blocksOf(rows: i32): i32 {
  return (rows + BLOCK - 1) / BLOCK
}

/** Where the starts of list i are. */
@inline
export function startsOf(starts: usize, i: i32, size: i32): usize {
  return starts + (<usize>(i * (blocksOf(size) + 1)) << 2)
}

/** Moves the lanes of each of 16 masks to the front. */
const FRONT = memory.data(16 * 16)
/** The 256 grey levels, divided by 255. */
const GREYS = memory.data(256 * 4, 4)

/** Fills these tables: to be called once, before any list is made. */
export function fillTables(): void {
  for (let level = 0; level < 256; level++) store<f32>(GREYS + (level << 2), <f32>level / 255)
  for (let mask = 0; mask < 16; mask++) {
    let at = FRONT + (mask << 4)
    for (let lane = 0; lane < 4; lane++)
      if (mask & (1 << lane)) for (let byte = 0; byte < 4; byte++) store<u8>(at++, <u8>(lane * 4 + byte))
  }
}

/** How far the index of an entry of grey levels is from the one before. */
@inline
export function stepOf(entry: u32): usize {
  return <usize>(entry & 0xff)
}

/** Its grey level. */
@inline
export function levelOf(entry: u32): u32 {
  return entry >> 8
}

/** Its grey level, four times. */
@inline
function greyOf(entry: u32): v128 {
  return f32x4.splat(<f32>(<i32>levelOf(entry)))
}

/**
 * Lists rows item·8 … of x[m,k]: row i's entries from i·(k + SPARE) on; its starts are noted. Of four numbers
 * those that are not 0 are moved to the front, and the next entries go over the rest: no branch depends on them.
 */
export function denseToCsr(item: i32, scratch: usize, x: usize, entries: Out, starts: Out, m: i32, k: i32): void {
  const last = smaller(m, (item + 1) * CSR_ROWS)
  for (let i = item * CSR_ROWS; i < last; i++) {
    const row = x + (<usize>(i * k) << 2)
    let start = startsOf(starts, i, k)
    let at = entries + (<usize>(i * (k + SPARE)) << 3)
    store<u32>(start, <u32>at)
    for (let l = 0; l < k; ) {
      const stop = smaller(k, l + BLOCK)
      let places = i32x4.add(i32x4.splat(l), i32x4(0, 1, 2, 3))
      for (; l + 4 <= stop; l += 4) {
        const values = v128.load(row + (l << 2))
        const mask = i32x4.bitmask(f32x4.ne(values, zero()))
        const front = v128.load(FRONT + (mask << 4))
        putPairs(at, bytesOf(places, front), bytesOf(values, front))
        at += <usize>popcnt(mask) << 3
        places = i32x4.add(places, i32x4.splat(4))
      }
      for (; l < stop; l++) at = putEntry(at, l, load<f32>(row + (l << 2)))
      start += 4
      store<u32>(start, <u32>at)
    }
  }
}

/** count[0] = how many entries the lists of m rows of k numbers have, of so many bytes each. */
export function countEntries(item: i32, scratch: usize, starts: usize, m: i32, k: i32, size: i32, count: Out): void {
  const last = <usize>blocksOf(k) << 2
  let bytes = 0
  for (let i = 0; i < m; i++) {
    const row = startsOf(starts, i, k)
    bytes += load<i32>(row + last) - load<i32>(row)
  }
  store<i32>(count, bytes / size)
}

/** Writes four entries. */
@inline
function putPairs(at: usize, indices: v128, values: v128): void {
  v128.store(at, v128.shuffle<i32>(indices, values, 0, 4, 1, 5))
  v128.store(at, v128.shuffle<i32>(indices, values, 2, 6, 3, 7), 16)
}

/** Writes an entry, and says where the next one goes: over this one, if its value is 0. */
@inline
function putEntry(at: usize, index: i32, value: f32): usize {
  store<i32>(at, index)
  store<f32>(at, value, 4)
  return at + (<usize>i32(value != 0) << 3)
}

/** Columns of a panel for a matrix of n columns: 12 are enough for the scores of ten digits. */
export function panelWidth(n: i32): i32 {
  return n > NARROW ? WIDE : NARROW
}

export const WIDE: i32 = 32
export const NARROW: i32 = 12

/** Rows of a matrix that an item of pack, or of sumBlocks, treats. */
export const PANEL_ROWS: i32 = 64

/** Packs rows item·64 … of x[m,n] into panels [m][width], zeros standing beyond column n. */
export function pack(item: i32, scratch: usize, x: usize, panels: Out, m: i32, n: i32): void {
  const width = panelWidth(n)
  const last = smaller(m, (item + 1) * PANEL_ROWS)
  for (let j = 0; j < n; j += width) {
    const count = smaller(width, n - j)
    for (let i = item * PANEL_ROWS; i < last; i++) {
      const from = x + (<usize>(i * n + j) << 2)
      const to = panels + (<usize>(j * m + i * width) << 2)
      if (count < width) memory.fill(to, 0, width << 2)
      let c = 0
      for (; c + 4 <= count; c += 4) v128.store(to + (c << 2), v128.load(from + (c << 2)))
      for (; c < count; c++) store<f32>(to + (c << 2), load<f32>(from + (c << 2)))
    }
  }
}

/** The reverse of pack, row for row. */
export function unpack(item: i32, scratch: usize, panels: usize, x: Out, m: i32, n: i32): void {
  const width = panelWidth(n)
  const last = smaller(m, (item + 1) * PANEL_ROWS)
  for (let j = 0; j < n; j += width) {
    const count = smaller(width, n - j)
    for (let i = item * PANEL_ROWS; i < last; i++) {
      const from = panels + (<usize>(j * m + i * width) << 2)
      const to = x + (<usize>(i * n + j) << 2)
      for (let c = 0; c < count; c += 4) storeLanes(to + (c << 2), v128.load(from + (c << 2)), count - c)
    }
  }
}

/** Bytes of scratch that spmm needs for so many rows an item. */
export function spmmScratch(rows: i32): i32 {
  return rows * WIDE * 4
}

/**
 * A panel of some rows of y[m,n] = x·w from lists of x's rows and w[k,n] in panels, plus b[n] unless b is 0, then
 * max(y, 0) if asked. All the rows of an item pass over a block of w while it is in the cache. The first items are the first
 * panel's, so that a thread has panels of its own, which stay in its cache from step to step.
 * @param grey whether x is of grey levels
 */
export function spmm(
  item: i32, scratch: usize, starts: Lists, grey: bool, panels: usize, y: Out, m: i32, k: i32, n: i32, rows: i32,
  b: usize, rectify: bool,
): void {
  const bytes: usize = WIDE * 4
  const items = (m + rows - 1) / rows
  const j = (item / items) * WIDE
  const first = (item % items) * rows
  const count = smaller(rows, m - first)
  const blocks = blocksOf(k)
  const next = <usize>(blocks + 1) << 2
  const end = scratch + <usize>count * bytes
  const panel = panels + (<usize>(j * k) << 2)
  memory.fill(scratch, 0, end - scratch)
  for (let block = 0; block < blocks; block++) {
    let start = startsOf(starts, first, k) + (<usize>block << 2)
    for (let sums = scratch; sums < end; sums += bytes, start += next) {
      const from = <usize>load<u32>(start), to = <usize>load<u32>(start, 4)
      if (grey) wideGreySum(from, to, panel + <usize>(block * BLOCK) * bytes, sums)
      else wideSum(from, to, panel, sums)
    }
  }
  for (let i = 0; i < count; i++) {
    const to = y + (<usize>((first + i) * n + j) << 2)
    const sums = scratch + <usize>i * bytes
    if (grey) for (let c: usize = 0; c < bytes; c += 16) v128.store(sums + c, f32x4.div(v128.load(sums + c), f32x4.splat(255)))
    finishSums(sums, to, smaller(WIDE, n - j), b ? b + (j << 2) : 0, rectify)
  }
}

/**
 * Some rows of partial[block][m][12] = x·w, of the rows of w in one block: x in lists of grey levels, w[k,n ≤ 12] in a panel. The
 * first items are the first block's: a thread has blocks of its own, as in spmmAdam, so that w never crosses to another's cache.
 */
export function spmmBlock(
  item: i32, scratch: usize, starts: Lists, panel: usize, partial: Out, m: i32, k: i32, rows: i32,
): void {
  const bytes: usize = NARROW * 4
  const items = (m + rows - 1) / rows
  const block = item / items
  const first = (item % items) * rows
  const count = smaller(rows, m - first)
  const next = <usize>(blocksOf(k) + 1) << 2
  let start = startsOf(starts, first, k) + (<usize>block << 2)
  let sums = partial + <usize>(block * m + first) * bytes
  panel += <usize>(block * BLOCK) * bytes
  for (const end = sums + <usize>count * bytes; sums < end; sums += bytes, start += next)
    narrowGreySum(<usize>load<u32>(start), <usize>load<u32>(start, 4), panel, sums)
}

/** Rows item·64 … of y[m,n] = Σ partial[block][m][12] / 255 over all blocks, plus b[n] unless b is 0, then max(y, 0) if asked. */
export function sumBlocks(
  item: i32, scratch: usize, partial: usize, blocks: i32, y: Out, m: i32, n: i32, b: usize, rectify: bool,
): void {
  const bytes: usize = NARROW * 4
  const last = smaller(m, (item + 1) * PANEL_ROWS)
  for (let i = item * PANEL_ROWS; i < last; i++) {
    const sums = partial + <usize>i * bytes
    for (let c: usize = 0; c < bytes; c += 16) {
      let sum = v128.load(sums + c)
      for (let block = 1; block < blocks; block++) sum = f32x4.add(sum, v128.load(sums + c + <usize>(block * m) * bytes))
      v128.store(scratch + c, f32x4.div(sum, f32x4.splat(255)))
    }
    finishSums(scratch, y + (<usize>(i * n) << 2), n, b, rectify)
  }
}

/** 32 numbers at `sums` += Σ over the list's entries  value · panel[index,:] */
export function wideSum(list: usize, end: usize, panel: usize, sums: usize): void {
  sum32(list, end, panel, sums, false, true)
}

/** 32 numbers at `sums` = the same. */
export function newWideSum(list: usize, end: usize, panel: usize, sums: usize): void {
  sum32(list, end, panel, sums, false, false)
}

/** 32 numbers at `sums` += the same, with a list of grey levels; the panel begins where the block does. */
export function wideGreySum(list: usize, end: usize, panel: usize, sums: usize): void {
  sum32(list, end, panel, sums, true, true)
}

@inline
function sum32(list: usize, end: usize, panel: usize, sums: usize, grey: bool, add: bool): void {
  let s0 = add ? v128.load(sums) : zero(), s1 = add ? v128.load(sums, 16) : zero()
  let s2 = add ? v128.load(sums, 32) : zero(), s3 = add ? v128.load(sums, 48) : zero()
  let s4 = add ? v128.load(sums, 64) : zero(), s5 = add ? v128.load(sums, 80) : zero()
  let s6 = add ? v128.load(sums, 96) : zero(), s7 = add ? v128.load(sums, 112) : zero()
  let at = panel
  while (list < end) {
    // What takes time is loading: so an entry is loaded as one.
    const entry = grey ? <u64>load<u16>(list) : load<u64>(list)
    at = grey ? at + (stepOf(<u32>entry) << 7) : panel + (<usize>entry << 7)
    const value = grey ? greyOf(<u32>entry) : f32x4.splat(reinterpret<f32>(<u32>(entry >> 32)))
    s0 = madd(v128.load(at), value, s0)
    s1 = madd(v128.load(at, 16), value, s1)
    s2 = madd(v128.load(at, 32), value, s2)
    s3 = madd(v128.load(at, 48), value, s3)
    s4 = madd(v128.load(at, 64), value, s4)
    s5 = madd(v128.load(at, 80), value, s5)
    s6 = madd(v128.load(at, 96), value, s6)
    s7 = madd(v128.load(at, 112), value, s7)
    list += grey ? 2 : 8
  }
  v128.store(sums, s0)
  v128.store(sums, s1, 16)
  v128.store(sums, s2, 32)
  v128.store(sums, s3, 48)
  v128.store(sums, s4, 64)
  v128.store(sums, s5, 80)
  v128.store(sums, s6, 96)
  v128.store(sums, s7, 112)
}

/** 12 numbers at `sums` = the same: two entries at a time, so that a sum need not wait for the one before. */
export function narrowGreySum(list: usize, end: usize, panel: usize, sums: usize): void {
  let s0 = zero(), s1 = zero(), s2 = zero()
  let t0 = zero(), t1 = zero(), t2 = zero()
  let at = panel
  while (list < end) {
    let entry = <u32>load<u16>(list)
    at += stepOf(entry) * (NARROW * 4)
    let value = greyOf(entry)
    s0 = madd(v128.load(at), value, s0)
    s1 = madd(v128.load(at, 16), value, s1)
    s2 = madd(v128.load(at, 32), value, s2)
    list += 2
    if (list >= end) break
    entry = <u32>load<u16>(list)
    at += stepOf(entry) * (NARROW * 4)
    value = greyOf(entry)
    t0 = madd(v128.load(at), value, t0)
    t1 = madd(v128.load(at, 16), value, t1)
    t2 = madd(v128.load(at, 32), value, t2)
    list += 2
  }
  v128.store(sums, f32x4.add(s0, t0))
  v128.store(sums, f32x4.add(s1, t1), 16)
  v128.store(sums, f32x4.add(s2, t2), 32)
}

/** y = sums, `width` numbers, plus b unless it is 0, then max(y, 0) if asked. */
export function finishSums(sums: usize, y: usize, width: i32, b: usize, rectify: bool): void {
  for (let j = 0; j < width; j += 4) {
    const at: usize = j << 2
    let sum = v128.load(sums + at)
    if (b) sum = f32x4.add(sum, v128.load(b + at))
    storeLanes(y + at, rectify ? relu4(sum) : sum, width - j)
  }
}

/** Rows of x whose entries are sorted by column together. */
const SORTED: i32 = 256

/** Bytes for the list of a column, and a line of the cache more: so the first entries of all columns find room in it. */
@inline
function columnBytes(m: i32): usize {
  return (<usize>smaller(m, SORTED) << 3) + 64
}

/** Bytes of scratch that spmmTransposed and spmmAdam need: where each column's list ends, the lists, a block of dw, Adam's constants. */
export function spmmTransposedScratch(m: i32): i32 {
  return BLOCK * (4 + i32(columnBytes(m)) + WIDE * 4) + ADAM
}

/** The first panel of a part, of all panels of n columns. */
@inline
function panelOf(part: i32, parts: i32, n: i32): i32 {
  const width = panelWidth(n)
  return ((((n + width - 1) / width) * part) / parts) * width
}

/**
 * A block of dw[k,n] = xᵀ·dy in panels, from lists of x's m rows and dy[m,n] in panels; if a block has several parts,
 * those panels that are the part's. The first items are the first part's.
 */
export function spmmTransposed(
  item: i32, scratch: usize, starts: Lists, grey: bool, parts: i32, dy: usize, dw: Out, m: i32, k: i32, n: i32,
): void {
  const width = panelWidth(n)
  const block = item % blocksOf(k), part = item / blocksOf(k)
  const first = panelOf(part, parts, n), last = smaller(n, panelOf(part + 1, parts, n))
  for (let j = first; j < last; j += width) {
    const to = dw + (<usize>(j * k + block * BLOCK * width) << 2)
    gradBlock(starts, block, grey, dy + (<usize>(j * m) << 2), to, m, k, n, j == first, scratch)
  }
}

/**
 * The same, and Adam's step with it while it is in the cache: dw itself is not kept. w, mean, square and next are in panels
 * too; the constants are those of optimizers.ts.
 */
export function spmmAdam(
  item: i32, scratch: usize, starts: Lists, grey: bool, parts: i32, dy: usize, m: i32, k: i32, n: i32,
  w: usize, mean: Out, square: Out, next: Out,
  rate: f32, root: f32, rest1: f32, rest2: f32, epsilon: f32, kept: f32,
): void {
  const width = panelWidth(n)
  const block = item % blocksOf(k), part = item / blocksOf(k)
  const first = panelOf(part, parts, n), last = smaller(n, panelOf(part + 1, parts, n))
  const dw = scratch + <usize>BLOCK * (4 + columnBytes(m))
  const constants = dw + <usize>(BLOCK * WIDE * 4)
  const bytes = <usize>(smaller(BLOCK, k - block * BLOCK) * width) << 2
  putConstants(constants, rate, root, rest1, rest2, epsilon, kept)
  for (let j = first; j < last; j += width) {
    gradBlock(starts, block, grey, dy + (<usize>(j * m) << 2), dw, m, k, n, j == first, scratch)
    const at = <usize>(j * k + block * BLOCK * width) << 2
    adamStep(w + at, dw, mean + at, square + at, next + at, bytes, constants)
  }
}

/** A block of a panel of dw at `dw`, from the panel of dy. The first one of an item sorts the lists for all. */
function gradBlock(
  starts: usize, block: i32, grey: bool, dy: usize, dw: usize, m: i32, k: i32, n: i32, begin: bool, scratch: usize,
): void {
  if (n <= NARROW) narrowGrad(starts, block, dy, dw, m, k)
  else wideGrad(starts, block, grey, dy, dw, m, k, begin, scratch)
}

/** A block of the only panel of dw, 12 columns wide. Columns' sums would be too short to be worth sorting for. */
function narrowGrad(starts: usize, block: i32, dy: usize, dw: usize, m: i32, k: i32): void {
  const row: usize = NARROW * 4
  memory.fill(dw, 0, <usize>smaller(BLOCK, k - block * BLOCK) * row)
  let start = starts + (<usize>block << 2)
  for (let i = 0; i < m; i++, start += <usize>(blocksOf(k) + 1) << 2, dy += row)
    narrowGreyScatter(<usize>load<u32>(start), <usize>load<u32>(start, 4), dy, dw)
}

/** A block of a panel of 32 columns of dw. */
function wideGrad(
  starts: usize, block: i32, grey: bool, dy: usize, dw: usize, m: i32, k: i32, begin: bool, scratch: usize,
): void {
  const rows = smaller(BLOCK, k - block * BLOCK)
  for (let first = 0; first < m; first += SORTED, dy += SORTED * WIDE * 4) {
    // If all rows of x are sorted together, they stay so for the next panel.
    if (begin || m > SORTED) sortColumns(starts, block, grey, first, m, k, scratch)
    let list = scratch + (BLOCK << 2)
    for (let l = 0; l < rows; l++, list += columnBytes(m)) {
      const end = <usize>load<u32>(scratch + (l << 2))
      if (first == 0) newWideSum(list, end, dy, dw + (l << 7))
      else wideSum(list, end, dy, dw + (l << 7))
    }
  }
}

/** Lists a block of rows `first` … of x by columns: (i, x[i,l]) … So a row of dw is a sum that stays in registers. */
function sortColumns(starts: usize, block: i32, grey: bool, first: i32, m: i32, k: i32, scratch: usize): void {
  const lists = scratch + (BLOCK << 2)
  for (let l = 0; l < BLOCK; l++) store<u32>(scratch + (l << 2), <u32>(lists + <usize>l * columnBytes(m)))
  const ends = scratch - (<usize>(block * BLOCK) << 2)
  const count = smaller(SORTED, m - first)
  let start = startsOf(starts, first, k) + (<usize>block << 2)
  for (let i = 0; i < count; i++, start += <usize>(blocksOf(k) + 1) << 2) {
    const stop = <usize>load<u32>(start, 4)
    let list = <usize>load<u32>(start)
    if (grey)
      for (let end = scratch; list < stop; list += 2) {
        const entry = <u32>load<u16>(list)
        end += stepOf(entry) << 2
        putColumn(end, i, load<u32>(GREYS + (<usize>levelOf(entry) << 2)))
      }
    else for (; list < stop; list += 8) putColumn(ends + (<usize>load<u32>(list) << 2), i, load<u32>(list, 4))
  }
}

@inline
function putColumn(end: usize, i: i32, value: u32): void {
  const at = <usize>load<u32>(end)
  store<u64>(at, <u64>i | (<u64>value << 32))
  store<u32>(end, <u32>(at + 8))
}

/** Rows of a panel of 12 of dw += value · dy, which stays in registers, for each entry of a list of grey levels. */
export function narrowGreyScatter(list: usize, end: usize, dy: usize, dw: usize): void {
  const levels = f32x4.splat(255)
  const d0 = f32x4.div(v128.load(dy), levels), d1 = f32x4.div(v128.load(dy, 16), levels)
  const d2 = f32x4.div(v128.load(dy, 32), levels)
  let at = dw
  while (list < end) {
    const entry = <u32>load<u16>(list)
    at += stepOf(entry) * (NARROW * 4)
    const value = greyOf(entry)
    v128.store(at, madd(value, d0, v128.load(at)))
    v128.store(at, madd(value, d1, v128.load(at, 16)), 16)
    v128.store(at, madd(value, d2, v128.load(at, 32)), 32)
    list += 2
  }
}

/**
 * Rows item·rows … of dx[m,k] = dy[m,n] · w[k,n]ᵀ at the entries of x's rows, as lists of their own: the gradient behind relu,
 * whose result x is. dy and w are in panels of 32. The entries of dx are `shift` bytes behind those of x.
 */
export function sddmm(
  item: i32, scratch: usize, starts: OutLists, shift: isize, dy: usize, w: usize, m: i32, k: i32, n: i32, rows: i32,
): void {
  const first = item * rows
  const last = smaller(m, first + rows)
  const blocks = blocksOf(k)
  for (let block = 0; block < blocks; block++)
    for (let j = 0; j < n; j += WIDE)
      for (let i = first; i < last; i++) {
        const list = startsOf(starts, i, k) + (<usize>block << 2)
        const row = dy + (<usize>(j * m + i * WIDE) << 2)
        dots(<usize>load<u32>(list), <usize>load<u32>(list, 4), row, w + (<usize>(j * k) << 2), shift, j == 0)
      }
}

/** The entries of dx from `list` to `end` = 32 numbers of dy · panel[index,:], or += that. */
export function dots(list: usize, end: usize, dy: usize, panel: usize, shift: isize, begin: bool): void {
  const d0 = v128.load(dy), d1 = v128.load(dy, 16), d2 = v128.load(dy, 32), d3 = v128.load(dy, 48)
  const d4 = v128.load(dy, 64), d5 = v128.load(dy, 80), d6 = v128.load(dy, 96), d7 = v128.load(dy, 112)
  while (list < end) {
    const index = load<u32>(list)
    const at = panel + (<usize>index << 7)
    let s = f32x4.mul(d0, v128.load(at))
    let t = f32x4.mul(d1, v128.load(at, 16))
    s = madd(d2, v128.load(at, 32), s)
    t = madd(d3, v128.load(at, 48), t)
    s = madd(d4, v128.load(at, 64), s)
    t = madd(d5, v128.load(at, 80), t)
    s = madd(d6, v128.load(at, 96), s)
    t = madd(d7, v128.load(at, 112), t)
    const sum = sum4(f32x4.add(s, t))
    const to = list + shift
    store<f32>(to, begin ? sum : sum + load<f32>(to, 4), 4)
    store<u32>(to, index)
    list += 8
  }
}

/** Rows item·8 … of x[m,k] from their lists, whose entries are `shift` bytes behind those that `starts` tells. */
export function csrToDense(item: i32, scratch: usize, starts: Lists, shift: isize, x: Out, m: i32, k: i32): void {
  const blocks = blocksOf(k)
  const last = smaller(m, (item + 1) * CSR_ROWS)
  for (let i = item * CSR_ROWS; i < last; i++) {
    const row = x + (<usize>(i * k) << 2)
    memory.fill(row, 0, <usize>k << 2)
    const list = startsOf(starts, i, k)
    const end = <usize>load<u32>(list + (<usize>blocks << 2)) + shift
    for (let at = <usize>load<u32>(list) + shift; at < end; at += 8)
      store<f32>(row + (<usize>load<u32>(at) << 2), load<f32>(at, 4))
  }
}
