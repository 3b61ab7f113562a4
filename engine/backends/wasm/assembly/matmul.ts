// y[m,n] = x[m,k] · w[k,n], after Goto & van de Geijn, "Anatomy of high-performance matrix multiplication" (2008).
//
//            n                       w is packed once into panels 8 columns wide, x block by block into panels 6 rows
//        ┌──┬──┬──┐                  high, so that the innermost loop reads both from one end to the other:
//      k │  │▓▓│  │  w
//        │  │▓▓│  │                      for each of the k steps:
//        └──┴──┴──┘                         y tile (6 x 8) += x column (6) ⊗ w row (8)
//   ┌────┐┌──┬──┬──┐
//   │▒▒▒▒││  │6x8  │                 The tile is 12 vectors, which stay in registers; with 2 of w and 1 of x they are
// m ├────┤├──┴──┴──┤ y               the 15 that V8 can keep. k is cut into blocks of KC, so that a panel of w
//   │    ││        │                 (KC x 8) lives in the first-level cache, and a block of x in the second.
//   └────┘└────────┘
//      x                             Operands may be stored transposed: only the packing knows.
import { madd, relu4, smaller, storeLanes, zero } from './simd'

const ROWS: i32 = 6
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

/** Packs panel `item`: columns 8·item … of w[k,n] as [k][8]. w[l,j] is at w + l·down + j·right bytes. */
export function packColumns(item: i32, scratch: usize, w: usize, down: usize, right: usize, k: i32, n: i32, packed: usize): void {
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
      transpose4(from, right, to)
      transpose4(from + 4 * right, right, to + 16)
    }
    for (; l < k; l++, from += down, to += COLUMNS * 4)
      for (let j = 0; j < COLUMNS; j++) store<f32>(to + (j << 2), load<f32>(from + <usize>j * right))
  }
}

/** Turns 4 rows of 4 numbers, `right` bytes apart, into 4 columns of a panel. */
@inline
function transpose4(from: usize, right: usize, to: usize): void {
  const a = v128.load(from), b = v128.load(from + right)
  const c = v128.load(from + 2 * right), d = v128.load(from + 3 * right)
  const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5), ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7)
  const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5), cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7)
  v128.store(to, v128.shuffle<f32>(ab0, cd0, 0, 1, 4, 5))
  v128.store(to, v128.shuffle<f32>(ab0, cd0, 2, 3, 6, 7), 32)
  v128.store(to, v128.shuffle<f32>(ab1, cd1, 0, 1, 4, 5), 64)
  v128.store(to, v128.shuffle<f32>(ab1, cd1, 2, 3, 6, 7), 96)
}

/**
 * Rows item·rows … of y[m,n] = x · packed w, plus b[n] unless b is 0, then max(y, 0) if asked.
 * x[i,l] is at x + i·down + l·right bytes.
 */
export function multiply(
  item: i32, scratch: usize, x: usize, down: usize, right: usize, packed: usize, y: usize,
  m: i32, k: i32, n: i32, rows: i32, b: usize, rectify: bool,
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
    const bias = l + depth == k ? b : 0
    const positive = rectify && l + depth == k
    for (let j = 0; j < n; j += COLUMNS) {
      const panel = packed + ((<usize>j * k + <usize>l * COLUMNS) << 2)
      for (let i = 0; i < count; i += ROWS) {
        const at = y + <usize>(first + i) * stride + (j << 2)
        const height = smaller(ROWS, count - i)
        const width = smaller(COLUMNS, n - j)
        const from = block + (<usize>i * depth << 2)
        const offset = bias ? bias + (j << 2) : 0
        if (height == ROWS && width == COLUMNS) multiplyTile(depth, from, panel, at, stride, begin, offset, positive)
        else {
          copyTile(at, stride, tile, COLUMNS * 4, height, width)
          multiplyTile(depth, from, panel, tile, COLUMNS * 4, begin, offset, positive)
          copyTile(tile, COLUMNS * 4, at, stride, height, width)
        }
      }
    }
  }
}

/** Packs `count` rows of x, `depth` columns deep, into panels [depth][6]; rows past the last are 0. */
function packRows(x: usize, down: usize, right: usize, count: i32, depth: i32, to: usize): void {
  for (let i = 0; i < count; i += ROWS) {
    const height = smaller(ROWS, count - i)
    let from = x + <usize>i * down
    if (height == ROWS) {
      const d2 = down * 2, d3 = down * 3, d4 = down * 4, d5 = down * 5
      for (let l = 0; l < depth; l++, from += right, to += ROWS * 4) {
        store<f32>(to, load<f32>(from))
        store<f32>(to, load<f32>(from + down), 4)
        store<f32>(to, load<f32>(from + d2), 8)
        store<f32>(to, load<f32>(from + d3), 12)
        store<f32>(to, load<f32>(from + d4), 16)
        store<f32>(to, load<f32>(from + d5), 20)
      }
    } else
      for (let l = 0; l < depth; l++, from += right, to += ROWS * 4)
        for (let r = 0; r < ROWS; r++) store<f32>(to + (r << 2), r < height ? load<f32>(from + <usize>r * down) : 0)
  }
}

function copyTile(from: usize, fromStride: usize, to: usize, toStride: usize, height: i32, width: i32): void {
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++)
      store<f32>(to + i * toStride + (j << 2), load<f32>(from + i * fromStride + (j << 2)))
}

/** One 6 x 8 tile of y: `depth` steps over a panel of x and one of w, added to y unless this is the beginning. */
function multiplyTile(depth: i32, x: usize, w: usize, y: usize, stride: usize, begin: bool, b: usize, rectify: bool): void {
  let y00 = zero(), y01 = zero(), y10 = zero(), y11 = zero(), y20 = zero(), y21 = zero()
  let y30 = zero(), y31 = zero(), y40 = zero(), y41 = zero(), y50 = zero(), y51 = zero()
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
    a = v128.load32_splat(x, 16)
    y40 = madd(a, w0, y40)
    y41 = madd(a, w1, y41)
    a = v128.load32_splat(x, 20)
    y50 = madd(a, w0, y50)
    y51 = madd(a, w1, y51)
    x += ROWS * 4
    w += COLUMNS * 4
  } while (w < end)
  finishRow(y, y00, y01, begin, b, rectify)
  finishRow(y + stride, y10, y11, begin, b, rectify)
  finishRow(y + 2 * stride, y20, y21, begin, b, rectify)
  finishRow(y + 3 * stride, y30, y31, begin, b, rectify)
  finishRow(y + 4 * stride, y40, y41, begin, b, rectify)
  finishRow(y + 5 * stride, y50, y51, begin, b, rectify)
}

/** Stores 8 numbers of y: added to what earlier blocks of k left there, with bias and relu after the last block. */
@inline
export function finishRow(y: usize, left: v128, right: v128, begin: bool, b: usize, rectify: bool): void {
  if (!begin) {
    left = f32x4.add(left, v128.load(y))
    right = f32x4.add(right, v128.load(y, 16))
  }
  if (b) {
    left = f32x4.add(left, v128.load(b))
    right = f32x4.add(right, v128.load(b, 16))
  }
  v128.store(y, rectify ? relu4(left) : left)
  v128.store(y, rectify ? relu4(right) : right, 16)
}

/** Stores the first `width` of 8 numbers. */
@inline
export function storeRow(y: usize, left: v128, right: v128, width: i32): void {
  storeLanes(y, left, width)
  if (width > 4) storeLanes(y + 16, right, width - 4)
}
