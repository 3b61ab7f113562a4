// Images as bytes, 0–255. Four of five pixels of a handwritten digit are 0, so a batch is also listed by what is not 0
// (lists.ts), for the products of the first layer.
import { LINES, putEnd, putEntry } from './lists'
import { CHUNK, smaller } from './simd'

/** y = bytes / 255 */
export function toFloat(item: i32, scratch: usize, bytes: usize, y: usize, n: i32): void {
  const end = smaller(n, (item + 1) * CHUNK)
  const scale = f32x4.splat(255)
  for (let i = item * CHUNK; i < end; i += 4) {
    const four = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(bytes + i)))
    v128.store(y + (i << 2), f32x4.div(f32x4.convert_i32x4_u(four), scale))
  }
}

/** Lists rows item·16 … of bytes[m,k] / 255: 16 pixels are looked at together, and only those visited that are not 0. */
export function listByteRows(item: i32, scratch: usize, bytes: usize, lists: usize, counts: usize, m: i32, k: i32): void {
  const last = smaller(m, (item + 1) * LINES)
  for (let i = item * LINES; i < last; i++) {
    const row = bytes + <usize>i * k
    const list = lists + (<usize>i * (k + 1) << 3)
    let at = list
    let l = 0
    for (; l + 16 <= k; l += 16) {
      let found = i8x16.bitmask(i8x16.ne(v128.load(row + l), i8x16.splat(0)))
      while (found) {
        const place = l + ctz(found)
        at = putEntry(at, place, <f32>load<u8>(row + place) / 255)
        found &= found - 1
      }
    }
    for (; l < k; l++) at = putEntry(at, l, <f32>load<u8>(row + l) / 255)
    putEnd(at, list, counts + (i << 2))
  }
}
