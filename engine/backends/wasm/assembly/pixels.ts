// Images as bytes, and the first layer's products with them.
//
// Four of five pixels of a handwritten digit are 0. So a batch of images is listed once, as in a compressed sparse
// matrix, by rows for y = x·w and by columns for dw = xᵀ·dy:
//
//   x [m,k]   row i:     (l, x[i,l]) of the pixels that are not 0      y[i,:]  = Σ x[i,l] · w[l,:]
//             column l:  (i, x[i,l])                                   dw[l,:] = Σ x[i,l] · dy[i,:]
//
// Each sum runs over one list, 32 numbers (8 vectors in registers) wide at a time. Skipping a 0 changes no sum.
import { CHUNK, madd, relu4, smaller, storeLanes, zero } from './simd'

/** y = bytes / 255 */
export function toFloat(item: i32, scratch: usize, bytes: usize, y: usize, n: i32): void {
  const end = smaller(n, (item + 1) * CHUNK)
  const scale = f32x4.splat(255)
  for (let i = item * CHUNK; i < end; i += 4) {
    const four = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(bytes + i)))
    v128.store(y + (i << 2), f32x4.div(f32x4.convert_i32x4_u(four), scale))
  }
}

/** Rows or columns that an item of listRows and listColumns treats. */
export const LINES: i32 = 16

/** Lists rows item·16 … of bytes[m,k]: (l, value) pairs from lists + i·k·8 on, their counts in counts[m]. */
export function listRows(item: i32, scratch: usize, bytes: usize, lists: usize, counts: usize, m: i32, k: i32): void {
  const last = smaller(m, (item + 1) * LINES)
  for (let i = item * LINES; i < last; i++) {
    const row = bytes + <usize>i * k
    const list = lists + (<usize>i * k << 3)
    let at = list
    let l = 0
    while (l < k) {
      if (l + 16 <= k && !v128.any_true(v128.load(row + l))) {
        l += 16
        continue
      }
      const stop = smaller(k, l + 16)
      for (; l < stop; l++) {
        const byte = load<u8>(row + l)
        store<i32>(at, l)
        store<f32>(at, <f32>byte / 255, 4)
        at += <usize>i32(byte != 0) << 3
      }
    }
    store<i32>(counts + (i << 2), i32((at - list) >> 3))
  }
}

/** Lists columns item·16 … of bytes[m,k]: (i, value) pairs from lists + l·m·8 on, their counts in counts[k]. */
export function listColumns(item: i32, scratch: usize, bytes: usize, lists: usize, counts: usize, m: i32, k: i32): void {
  const first = item * LINES
  const last = smaller(k, first + LINES)
  for (let l = first; l < last; l++) store<u32>(counts + (l << 2), 0)
  const stride = <usize>m << 3
  for (let i = 0; i < m; i++) {
    const row = bytes + <usize>i * k
    if (last - first == LINES && !v128.any_true(v128.load(row + first))) continue
    for (let l = first; l < last; l++) {
      const byte = load<u8>(row + l)
      const count = load<u32>(counts + (l << 2))
      const at = lists + <usize>l * stride + (<usize>count << 3)
      store<i32>(at, i)
      store<f32>(at, <f32>byte / 255, 4)
      store<u32>(counts + (l << 2), count + u32(byte != 0))
    }
  }
}

/**
 * Lines item·16 … of y[lines,n] = Σ list  value · from[index,:], plus b[n] unless b is 0, then max(y, 0) if asked:
 * y = x·w with lists of rows and from = w, dw = xᵀ·dy with lists of columns and from = dy.
 */
export function listMultiply(
  item: i32, scratch: usize, lists: usize, capacity: i32, counts: usize, from: usize, y: usize,
  lines: i32, n: i32, b: usize, rectify: bool,
): void {
  const last = smaller(lines, (item + 1) * LINES)
  const stride = <usize>n << 2
  for (let j = 0; j < n; j += 32) {
    const width = n - j
    const offset = <usize>j << 2
    for (let i = item * LINES; i < last; i++) {
      const list = lists + (<usize>i * capacity << 3)
      const end = list + (<usize>load<u32>(counts + (i << 2)) << 3)
      const to = y + <usize>i * stride + offset
      const bias = b ? b + offset : 0
      if (width > 16) wideSum(list, end, from + offset, stride, to, width, bias, rectify)
      else narrowSum(list, end, from + offset, stride, to, width, bias, rectify)
    }
  }
}

/** Up to 32 numbers at `to`. */
@inline
function wideSum(list: usize, end: usize, from: usize, stride: usize, to: usize, width: i32, b: usize, rectify: bool): void {
  let s0 = zero(), s1 = zero(), s2 = zero(), s3 = zero(), s4 = zero(), s5 = zero(), s6 = zero(), s7 = zero()
  for (; list < end; list += 8) {
    const at = from + <usize>load<u32>(list) * stride
    const value = v128.load32_splat(list, 4)
    s0 = madd(v128.load(at), value, s0)
    s1 = madd(v128.load(at, 16), value, s1)
    s2 = madd(v128.load(at, 32), value, s2)
    s3 = madd(v128.load(at, 48), value, s3)
    s4 = madd(v128.load(at, 64), value, s4)
    s5 = madd(v128.load(at, 80), value, s5)
    s6 = madd(v128.load(at, 96), value, s6)
    s7 = madd(v128.load(at, 112), value, s7)
  }
  finish(to, s0, width, b, rectify)
  finish(to + 16, s1, width - 4, b ? b + 16 : 0, rectify)
  finish(to + 32, s2, width - 8, b ? b + 32 : 0, rectify)
  finish(to + 48, s3, width - 12, b ? b + 48 : 0, rectify)
  finish(to + 64, s4, width - 16, b ? b + 64 : 0, rectify)
  finish(to + 80, s5, width - 20, b ? b + 80 : 0, rectify)
  finish(to + 96, s6, width - 24, b ? b + 96 : 0, rectify)
  finish(to + 112, s7, width - 28, b ? b + 112 : 0, rectify)
}

/** Up to 16 numbers at `to`, such as the scores of ten digits. */
@inline
function narrowSum(list: usize, end: usize, from: usize, stride: usize, to: usize, width: i32, b: usize, rectify: bool): void {
  let s0 = zero(), s1 = zero(), s2 = zero(), s3 = zero()
  for (; list < end; list += 8) {
    const at = from + <usize>load<u32>(list) * stride
    const value = v128.load32_splat(list, 4)
    s0 = madd(v128.load(at), value, s0)
    s1 = madd(v128.load(at, 16), value, s1)
    s2 = madd(v128.load(at, 32), value, s2)
    s3 = madd(v128.load(at, 48), value, s3)
  }
  finish(to, s0, width, b, rectify)
  finish(to + 16, s1, width - 4, b ? b + 16 : 0, rectify)
  finish(to + 32, s2, width - 8, b ? b + 32 : 0, rectify)
  finish(to + 48, s3, width - 12, b ? b + 48 : 0, rectify)
}

@inline
function finish(to: usize, sum: v128, width: i32, b: usize, rectify: bool): void {
  if (width <= 0) return
  if (b) sum = f32x4.add(sum, v128.load(b))
  storeLanes(to, rectify ? relu4(sum) : sum, width)
}
