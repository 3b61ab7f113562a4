// y[m,n] = x[m,k] · w[k,n], after Goto & van de Geijn, "Anatomy of high-performance matrix multiplication" (2008).
//
//            n                       w is packed once into panels 8 columns wide, x block by block into panels 4 rows
//        ┌──┬──┬──┐                  high, so that the innermost loop reads both from one end to the other:
//      k │  │▓▓│  │  w
//        │  │▓▓│  │                      for each of the k steps:
//        └──┴──┴──┘                         y tile (4 x 8) += x column (4) ⊗ w row (8)
//   ┌────┐┌──┬──┬──┐
//   │▒▒▒▒││  │4x8  │                 The tile is 8 vectors, which stay in registers. (6 x 8 would be 12, with 2 of w and 1
// m ├────┤├──┴──┴──┤ y               of x just the 15 that V8 can keep; but it then spills some, and is half as fast.)
//   │    ││        │                 k is cut into blocks of KC, so that a panel of w (KC x 8) lives in the first-level
//   └────┘└────────┘                 cache, and a block of x in the second.
//      x
//                                    Operands may be stored transposed: only the packing knows.
import { Out, Stride, madd, relu4, smaller, storeLanes, zero } from './simd'

const ROWS: i32 = 4
const COLUMNS: i32 = 8
const KC: i32 = 256

/** Numbers that packColumns writes for w[k,n]. */
export function packedColumns(k: i32, n: i32): i32 {
  return k * ((n + COLUMNS - 1) / COLUMNS) * COLUMNS
}

/** Bytes of scratch that multiply needs for items of so many rows. */
export function multiplyScratch(rows: i32): i32 {
  return ((rows + ROWS - 1) / ROWS) * ROWS * KC * 4 + ROWS * COLUMNS * 4
}

/** Packs `panels` panels from item·panels on: 8 columns of w[k,n] each, as [k][8]. w[l,j] is at w + l·down + j·right bytes. */
export function packColumns(
  item: i32, scratch: usize, w: usize, down: Stride, right: Stride, k: i32, n: i32, packed: Out, panels: i32,
): void {
  const last = smaller((n + COLUMNS - 1) / COLUMNS, (item + 1) * panels)
  for (let panel = item * panels; panel < last; panel++) packPanel(panel, w, down, right, k, n, packed)
}

function packPanel(item: i32, w: usize, down: usize, right: usize, k: i32, n: i32, packed: usize): void {
  const width = smaller(COLUMNS, n - item * COLUMNS)
  let from = w + <usize>(item * COLUMNS) * right
  let to = packed + (<usize>item * k * COLUMNS << 2)
  if (width < COLUMNS) {
    for (let l = 0; l < k; l++, from += down, to += COLUMNS * 4)
      for (let j = 0; j < COLUMNS; j++)
        store<f32>(to + (j << 2), j < width ? load<f32>(from + <usize>j * right) : 0)
  } else if (right == 4) {
    for (let l = 0; l < k; l++, from += down, to += COLUMNS * 4) {
      v128.store(to, v128.load(from))
      v128.store(to, v128.load(from, 16), 16)
    }
  } else {
    let l = 0
    for (; l + 4 <= k; l += 4, from += 16, to += COLUMNS * 16) {
      transpose4(from, right, to, COLUMNS * 4)
      transpose4(from + 4 * right, right, to + 16, COLUMNS * 4)
    }
    for (; l < k; l++, from += down, to += COLUMNS * 4)
      for (let j = 0; j < COLUMNS; j++) store<f32>(to + (j << 2), load<f32>(from + <usize>j * right))
  }
}

/** Turns 4 rows of 4 numbers, `right` bytes apart, into 4 rows that are `next` bytes apart. */
@inline
function transpose4(from: usize, right: usize, to: usize, next: usize): void {
  const a = v128.load(from), b = v128.load(from + right)
  const c = v128.load(from + 2 * right), d = v128.load(from + 3 * right)
  const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5), ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7)
  const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5), cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7)
  v128.store(to, v128.shuffle<f32>(ab0, cd0, 0, 1, 4, 5))
  v128.store(to + next, v128.shuffle<f32>(ab0, cd0, 2, 3, 6, 7))
  v128.store(to + 2 * next, v128.shuffle<f32>(ab1, cd1, 0, 1, 4, 5))
  v128.store(to + 3 * next, v128.shuffle<f32>(ab1, cd1, 2, 3, 6, 7))
}

/**
 * Rows item·rows … of y[m,n] = x · packed w, plus b[n] unless b is 0, then max(y, 0) if asked; and 0 where mask[m,n] is
 * not above 0, unless mask is 0. x[i,l] is at x + i·down + l·right bytes.
 */
export function multiply(
  item: i32, scratch: usize, x: usize, down: Stride, right: Stride, packed: usize, y: Out,
  m: i32, k: i32, n: i32, rows: i32, b: usize, rectify: bool, mask: usize,
): void {
  const first = item * rows
  const count = smaller(rows, m - first)
  const tile = scratch
  const block = scratch + ROWS * COLUMNS * 4
  const stride = <usize>n << 2
  for (let l = 0; l < k; l += KC) {
    const depth = smaller(KC, k - l)
    packRows(x + <usize>first * down + <usize>l * right, down, right, count, depth, block)
    const begin = l == 0
    const done = l + depth == k
    for (let j = 0; j < n; j += COLUMNS) {
      const panel = packed + ((<usize>j * k + <usize>l * COLUMNS) << 2)
      const width = smaller(COLUMNS, n - j)
      for (let i = 0; i < count; i += ROWS) {
        const at = y + <usize>(first + i) * stride + (j << 2)
        const height = smaller(ROWS, count - i)
        const from = block + (<usize>i * depth << 2)
        if (height == ROWS && width == COLUMNS) multiplyTile(depth, from, panel, at, stride, begin)
        else {
          multiplyTile(depth, from, panel, tile, COLUMNS * 4, true)
          for (let r = 0; r < height; r++)
            storeRow(at + <usize>r * stride, tile + (r << 5), width, begin)
        }
        if (done && (b || rectify))
          for (let r = 0; r < height; r++) finishRow(at + <usize>r * stride, width, b ? b + (j << 2) : 0, rectify)
        if (done && mask)
          for (let r = 0; r < height; r++) maskRow(at + <usize>r * stride, mask + (at - y) + <usize>r * stride, width)
      }
    }
  }
}

/** Packs `count` rows of x, `depth` columns deep, into panels [depth][4]; rows past the last are 0. */
function packRows(x: usize, down: usize, right: usize, count: i32, depth: i32, to: usize): void {
  for (let i = 0; i < count; i += ROWS) {
    const height = smaller(ROWS, count - i)
    let from = x + <usize>i * down
    if (height == ROWS && down == 4)
      for (let l = 0; l < depth; l++, from += right, to += ROWS * 4) v128.store(to, v128.load(from))
    else if (height == ROWS && right == 4) {
      let l = 0
      for (; l + 4 <= depth; l += 4, from += 16, to += ROWS * 16) transpose4(from, down, to, ROWS * 4)
      for (; l < depth; l++, from += 4, to += ROWS * 4)
        for (let r = 0; r < ROWS; r++) store<f32>(to + (r << 2), load<f32>(from + <usize>r * down))
    } else if (height == ROWS) {
      const d2 = down * 2, d3 = down * 3
      for (let l = 0; l < depth; l++, from += right, to += ROWS * 4) {
        store<f32>(to, load<f32>(from))
        store<f32>(to, load<f32>(from + down), 4)
        store<f32>(to, load<f32>(from + d2), 8)
        store<f32>(to, load<f32>(from + d3), 12)
      }
    } else
      for (let l = 0; l < depth; l++, from += right, to += ROWS * 4)
        for (let r = 0; r < ROWS; r++) store<f32>(to + (r << 2), r < height ? load<f32>(from + <usize>r * down) : 0)
  }
}

/**
 * One 4 x 8 tile of y: `depth` steps over a panel of x and one of w, added to y unless this is the beginning. Nothing
 * but stores follows the loop: were there more, V8 would keep copies of the sums in memory all the way through it.
 */
export function multiplyTile(depth: i32, x: usize, w: usize, y: usize, stride: usize, begin: bool): void {
  let y00 = zero(), y01 = zero(), y10 = zero(), y11 = zero()
  let y20 = zero(), y21 = zero(), y30 = zero(), y31 = zero()
  const end = w + (<usize>depth << 5)
  do {
    const w0 = v128.load(w), w1 = v128.load(w, 16)
    let a = v128.load32_splat(x)
    y00 = madd(a, w0, y00)
    y01 = madd(a, w1, y01)
    a = v128.load32_splat(x, 4)
    y10 = madd(a, w0, y10)
    y11 = madd(a, w1, y11)
    a = v128.load32_splat(x, 8)
    y20 = madd(a, w0, y20)
    y21 = madd(a, w1, y21)
    a = v128.load32_splat(x, 12)
    y30 = madd(a, w0, y30)
    y31 = madd(a, w1, y31)
    x += ROWS * 4
    w += COLUMNS * 4
  } while (w < end)
  if (begin) {
    storePair(y, y00, y01)
    storePair(y + stride, y10, y11)
    storePair(y + 2 * stride, y20, y21)
    storePair(y + 3 * stride, y30, y31)
  } else {
    addPair(y, y00, y01)
    addPair(y + stride, y10, y11)
    addPair(y + 2 * stride, y20, y21)
    addPair(y + 3 * stride, y30, y31)
  }
}

@inline
export function storePair(y: usize, left: v128, right: v128): void {
  v128.store(y, left)
  v128.store(y, right, 16)
}

@inline
function addPair(y: usize, left: v128, right: v128): void {
  v128.store(y, f32x4.add(left, v128.load(y)))
  v128.store(y, f32x4.add(right, v128.load(y, 16)), 16)
}

/** Writes the first `width` of 8 numbers of a tile to y, or adds them. */
export function storeRow(y: usize, tile: usize, width: i32, begin: bool): void {
  let left = v128.load(tile), right = v128.load(tile, 16)
  if (!begin) {
    left = f32x4.add(left, v128.load(y))
    right = f32x4.add(right, v128.load(y, 16))
  }
  storeLanes(y, left, width)
  if (width > 4) storeLanes(y + 16, right, width - 4)
}

/** 0 in place of those of up to 8 numbers of y where mask is not above 0. */
@inline
function maskRow(y: usize, mask: usize, width: i32): void {
  for (let j = 0; j < width; j += 4) {
    const passed = f32x4.gt(v128.load(mask + (j << 2)), zero())
    storeLanes(y + (j << 2), v128.and(v128.load(y + (j << 2)), passed), width - j)
  }
}

/** Adds the bias to up to 8 numbers of y, unless b is 0, and then takes max(y, 0) if asked. */
export function finishRow(y: usize, width: i32, b: usize, rectify: bool): void {
  for (let j = 0; j < width; j += 4) {
    let v = v128.load(y + (j << 2))
    if (b) v = f32x4.add(v, v128.load(b + (j << 2)))
    storeLanes(y + (j << 2), rectify ? relu4(v) : v, width - j)
  }
}
