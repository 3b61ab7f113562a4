// Matrix products that touch only what is not 0.
//
// Images are mostly black, and relu leaves about half of its results at 0. Such a matrix x[m,k] is listed once, as in a
// compressed sparse matrix, by rows and by columns; an entry is (index, value), and index END ends each list:
//
//   row i:     (l, x[i,l]) …        y[i,:]  = Σ x[i,l] · w[l,:]          y = x·w
//   column l:  (i, x[i,l]) …        dw[l,:] = Σ x[i,l] · dy[i,:]         dw = xᵀ·dy
//   row i:     (l, x[i,l]) …        dw[l,:] += x[i,l] · dy[i,:]          the same, if there are few entries
//   row i:     (l, …)               dx[i,l] = dy[i,:] · w[l,:]           dx = dy·wᵀ, where relu lets it pass
//
// A sum runs over one list, 32 numbers (8 vectors in registers) wide at a time. So w or dy is first packed into panels
// of 32 columns, whose rows then follow each other in the cache; they are taken in blocks that stay in the second-level
// cache while several lists pass over them. Leaving out a product with 0 changes no sum.
import { madd, relu4, smaller, storeLanes, sum4, zero } from './simd'

/** Lists that an item makes, and that one passes over a block together. */
export const LINES: i32 = 8
/** Rows of w in a block: 256 KiB of 32 numbers each, or of whole rows of 128. */
const BLOCK: u32 = 2048
const DOT_BLOCK: u32 = 512
const END: u32 = 0xffffffff

/** Appends an entry, and says where the next one goes: over this one, if its value is 0. */
@inline
export function putEntry(at: usize, index: i32, value: f32): usize {
  store<i32>(at, index)
  store<f32>(at, value, 4)
  return at + (<usize>i32(value != 0) << 3)
}

/** Ends a list and notes how long it is. */
@inline
export function putEnd(at: usize, list: usize, count: usize): void {
  store<u32>(at, END)
  store<u32>(count, <u32>((at - list) >> 3))
}

/** Lists rows item·8 … of x[m,k]: list i begins at lists + i·(k+1)·8. */
export function listRows(item: i32, scratch: usize, x: usize, lists: usize, counts: usize, m: i32, k: i32): void {
  const last = smaller(m, (item + 1) * LINES)
  for (let i = item * LINES; i < last; i++) {
    const row = x + (<usize>i * k << 2)
    const list = lists + (<usize>i * (k + 1) << 3)
    let at = list
    for (let l = 0; l < k; l++) at = putEntry(at, l, load<f32>(row + (l << 2)))
    putEnd(at, list, counts + (i << 2))
  }
}

/** Lists columns item·8 … of x[m,k]: list l begins at lists + l·(m+1)·8. */
export function listColumns(item: i32, scratch: usize, x: usize, lists: usize, counts: usize, m: i32, k: i32): void {
  const last = smaller(k, (item + 1) * LINES)
  for (let l = item * LINES; l < last; l++) {
    const list = lists + (<usize>l * (m + 1) << 3)
    let at = list
    for (let i = 0; i < m; i++) at = putEntry(at, i, load<f32>(x + (<usize>(i * k + l) << 2)))
    putEnd(at, list, counts + (l << 2))
  }
}

/** Columns of a panel for a matrix of n columns: 16 are enough for the scores of ten digits. */
export function panelWidth(n: i32): i32 {
  return n > 16 ? 32 : 16
}

/** Rows of a matrix that an item of packPanels treats. */
export const PANEL_ROWS: i32 = 64

/** Packs rows item·64 … of x[m,n] into panels [m][width], zeros standing beyond column n. */
export function packPanels(item: i32, scratch: usize, x: usize, panels: usize, m: i32, n: i32): void {
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

/**
 * Lines item·8 … of y[lines,n] = Σ list  value · panels[index,:], plus b[n] unless b is 0, then max(y, 0) if asked:
 * y = x·w with lists of rows and w in panels, dw = xᵀ·dy with lists of columns and dy in panels, `size` rows each.
 */
export function listMultiply(
  item: i32, scratch: usize, lists: usize, size: i32, panels: usize, y: usize, lines: i32, n: i32, b: usize, rectify: bool,
): void {
  const first = item * LINES
  const last = smaller(lines, first + LINES)
  const width = panelWidth(n)
  const sums = scratch + LINES * 4
  for (let j = 0; j < n; j += width) {
    const panel = panels + (<usize>j * size << 2)
    for (let i = first; i < last; i++) store<u32>(scratch + ((i - first) << 2), <u32>(lists + (<usize>i * (size + 1) << 3)))
    for (let stop = BLOCK; ; stop += BLOCK) {
      const begin = stop == BLOCK
      const done = stop >= <u32>size
      for (let i = first; i < last; i++) {
        const cursor = scratch + ((i - first) << 2)
        const list = <usize>load<u32>(cursor)
        store<u32>(cursor, <u32>(width == 32 ? wideSum(list, stop, panel, sums) : narrowSum(list, stop, panel, sums)))
        const to = y + (<usize>(i * n + j) << 2)
        finishSums(sums, to, smaller(width, n - j), begin, done && b ? b + (j << 2) : 0, done && rectify)
      }
      if (done) break
    }
  }
}

/**
 * Panel `item` of dw = xᵀ·dy from lists of x's rows, dy[m,n] and dw[size,n] both in panels: every entry adds its image's
 * dy, which stays in registers, to one row of dw.
 */
export function listScatter(item: i32, scratch: usize, lists: usize, size: i32, dy: usize, dw: usize, m: i32, n: i32): void {
  const width = panelWidth(n)
  const from = dy + (<usize>(item * m * width) << 2)
  const to = dw + (<usize>(item * size * width) << 2)
  memory.fill(to, 0, <usize>(size * width) << 2)
  for (let i = 0; i < m; i++) {
    const list = lists + (<usize>i * (size + 1) << 3)
    if (width == 32) wideScatter(list, from + (i << 7), to)
    else narrowScatter(list, from + (i << 6), to)
  }
}

export function wideScatter(list: usize, dy: usize, dw: usize): void {
  const d0 = v128.load(dy), d1 = v128.load(dy, 16), d2 = v128.load(dy, 32), d3 = v128.load(dy, 48)
  const d4 = v128.load(dy, 64), d5 = v128.load(dy, 80), d6 = v128.load(dy, 96), d7 = v128.load(dy, 112)
  let index = load<u32>(list)
  while (index != END) {
    const at = dw + (<usize>index << 7)
    const value = v128.load32_splat(list, 4)
    v128.store(at, madd(value, d0, v128.load(at)))
    v128.store(at, madd(value, d1, v128.load(at, 16)), 16)
    v128.store(at, madd(value, d2, v128.load(at, 32)), 32)
    v128.store(at, madd(value, d3, v128.load(at, 48)), 48)
    v128.store(at, madd(value, d4, v128.load(at, 64)), 64)
    v128.store(at, madd(value, d5, v128.load(at, 80)), 80)
    v128.store(at, madd(value, d6, v128.load(at, 96)), 96)
    v128.store(at, madd(value, d7, v128.load(at, 112)), 112)
    list += 8
    index = load<u32>(list)
  }
}

export function narrowScatter(list: usize, dy: usize, dw: usize): void {
  const d0 = v128.load(dy), d1 = v128.load(dy, 16), d2 = v128.load(dy, 32), d3 = v128.load(dy, 48)
  let index = load<u32>(list)
  while (index != END) {
    const at = dw + (<usize>index << 6)
    const value = v128.load32_splat(list, 4)
    v128.store(at, madd(value, d0, v128.load(at)))
    v128.store(at, madd(value, d1, v128.load(at, 16)), 16)
    v128.store(at, madd(value, d2, v128.load(at, 32)), 32)
    v128.store(at, madd(value, d3, v128.load(at, 48)), 48)
    list += 8
    index = load<u32>(list)
  }
}

/** The reverse of packPanels, row for row. */
export function unpackPanels(item: i32, scratch: usize, panels: usize, x: usize, m: i32, n: i32): void {
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

/** 32 numbers at `sums` = Σ over a list's entries below `stop`; returns where it stopped. */
export function wideSum(list: usize, stop: u32, panel: usize, sums: usize): usize {
  let s0 = zero(), s1 = zero(), s2 = zero(), s3 = zero(), s4 = zero(), s5 = zero(), s6 = zero(), s7 = zero()
  let index = load<u32>(list)
  while (index < stop) {
    const at = panel + (<usize>index << 7)
    const value = v128.load32_splat(list, 4)
    s0 = madd(v128.load(at), value, s0)
    s1 = madd(v128.load(at, 16), value, s1)
    s2 = madd(v128.load(at, 32), value, s2)
    s3 = madd(v128.load(at, 48), value, s3)
    s4 = madd(v128.load(at, 64), value, s4)
    s5 = madd(v128.load(at, 80), value, s5)
    s6 = madd(v128.load(at, 96), value, s6)
    s7 = madd(v128.load(at, 112), value, s7)
    list += 8
    index = load<u32>(list)
  }
  v128.store(sums, s0)
  v128.store(sums, s1, 16)
  v128.store(sums, s2, 32)
  v128.store(sums, s3, 48)
  v128.store(sums, s4, 64)
  v128.store(sums, s5, 80)
  v128.store(sums, s6, 96)
  v128.store(sums, s7, 112)
  return list
}

/** The same for a panel of 16: two entries at a time, so that a sum need not wait for the one before. */
export function narrowSum(list: usize, stop: u32, panel: usize, sums: usize): usize {
  let s0 = zero(), s1 = zero(), s2 = zero(), s3 = zero()
  let t0 = zero(), t1 = zero(), t2 = zero(), t3 = zero()
  let index = load<u32>(list)
  while (index < stop) {
    let at = panel + (<usize>index << 6)
    let value = v128.load32_splat(list, 4)
    s0 = madd(v128.load(at), value, s0)
    s1 = madd(v128.load(at, 16), value, s1)
    s2 = madd(v128.load(at, 32), value, s2)
    s3 = madd(v128.load(at, 48), value, s3)
    list += 8
    index = load<u32>(list)
    if (index >= stop) break
    at = panel + (<usize>index << 6)
    value = v128.load32_splat(list, 4)
    t0 = madd(v128.load(at), value, t0)
    t1 = madd(v128.load(at, 16), value, t1)
    t2 = madd(v128.load(at, 32), value, t2)
    t3 = madd(v128.load(at, 48), value, t3)
    list += 8
    index = load<u32>(list)
  }
  v128.store(sums, f32x4.add(s0, t0))
  v128.store(sums, f32x4.add(s1, t1), 16)
  v128.store(sums, f32x4.add(s2, t2), 32)
  v128.store(sums, f32x4.add(s3, t3), 48)
  return list
}

/** y = sums or y + sums, `width` numbers, plus b unless it is 0, then max(y, 0) if asked. */
export function finishSums(sums: usize, y: usize, width: i32, begin: bool, b: usize, rectify: bool): void {
  for (let j = 0; j < width; j += 4) {
    const at: usize = j << 2
    let sum = v128.load(sums + at)
    if (!begin) sum = f32x4.add(sum, v128.load(y + at))
    if (b) sum = f32x4.add(sum, v128.load(b + at))
    storeLanes(y + at, rectify ? relu4(sum) : sum, width - j)
  }
}

/**
 * Lines item·8 … of dx[lines,size] = dy[lines,n] · w[size,n]ᵀ at the entries of x's rows, 0 elsewhere: the gradient
 * behind relu, whose result x is. n is a multiple of 4.
 */
export function listDot(
  item: i32, scratch: usize, lists: usize, size: i32, dy: usize, w: usize, dx: usize, lines: i32, n: i32,
): void {
  const first = item * LINES
  const last = smaller(lines, first + LINES)
  memory.fill(dx + (<usize>first * size << 2), 0, <usize>(last - first) * size << 2)
  for (let i = first; i < last; i++) store<u32>(scratch + ((i - first) << 2), <u32>(lists + (<usize>i * (size + 1) << 3)))
  for (let stop = DOT_BLOCK; ; stop += DOT_BLOCK) {
    for (let i = first; i < last; i++) {
      const cursor = scratch + ((i - first) << 2)
      const row = dy + (<usize>i * n << 2)
      const to = dx + (<usize>i * size << 2)
      store<u32>(cursor, <u32>dots(load<u32>(cursor), stop, row, w, n, to))
    }
    if (stop >= <u32>size) break
  }
}

/** Four entries at a time share every load of dy; returns where the list reached `stop`. */
export function dots(list: usize, stop: u32, dy: usize, w: usize, n: i32, dx: usize): usize {
  const stride = <usize>n << 2
  while (load<u32>(list) < stop) {
    // Past the end of the block or of the list the first entry stands in, and is not stored.
    const l0 = load<u32>(list)
    const l1 = load<u32>(list, 8)
    const two = l1 < stop
    const l2 = two ? load<u32>(list, 16) : l0
    const three = two && l2 < stop
    const l3 = three ? load<u32>(list, 24) : l0
    const four = three && l3 < stop
    let w0 = w + <usize>l0 * stride
    let w1 = w + <usize>(two ? l1 : l0) * stride
    let w2 = w + <usize>(three ? l2 : l0) * stride
    let w3 = w + <usize>(four ? l3 : l0) * stride
    let s0 = zero(), s1 = zero(), s2 = zero(), s3 = zero()
    let at = dy
    const end = dy + stride
    do {
      const g = v128.load(at)
      s0 = madd(g, v128.load(w0), s0)
      s1 = madd(g, v128.load(w1), s1)
      s2 = madd(g, v128.load(w2), s2)
      s3 = madd(g, v128.load(w3), s3)
      at += 16
      w0 += 16
      w1 += 16
      w2 += 16
      w3 += 16
    } while (at < end)
    store<f32>(dx + (<usize>l0 << 2), sum4(s0))
    list += 8
    if (two) {
      store<f32>(dx + (<usize>l1 << 2), sum4(s1))
      list += 8
    }
    if (three) {
      store<f32>(dx + (<usize>l2 << 2), sum4(s2))
      list += 8
    }
    if (four) {
      store<f32>(dx + (<usize>l3 << 2), sum4(s3))
      list += 8
    }
  }
  return list
}
