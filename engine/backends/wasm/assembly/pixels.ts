// Images as bytes, 0–255. Four of five pixels of a handwritten digit are 0, so a batch is also listed by what is not 0
// (lists.ts), for the products of the first layer.
import { LINES, putEnd, putEntry } from './lists'
import { CHUNK, smaller } from './simd'

/** Images that an item of pick copies. */
export const PICKED: i32 = 8

/** Copies images item·8 … of to[n,size]: those of the given indices among `images`. */
export function pick(item: i32, scratch: usize, images: usize, indices: usize, to: usize, n: i32, size: i32): void {
  const last = smaller(n, (item + 1) * PICKED)
  for (let i = item * PICKED; i < last; i++) {
    const from = images + <usize>load<u32>(indices + (i << 2)) * size
    memory.copy(to + <usize>i * size, from, size)
  }
}

/** y = bytes / 255 */
export function toFloat(item: i32, scratch: usize, bytes: usize, y: usize, n: i32): void {
  const end = smaller(n, (item + 1) * CHUNK)
  const scale = f32x4.splat(255)
  for (let i = item * CHUNK; i < end; i += 4) {
    const four = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(bytes + i)))
    v128.store(y + (i << 2), f32x4.div(f32x4.convert_i32x4_u(four), scale))
  }
}

/** For each of 256 masks, the places of its bits, a byte each. */
const PLACES = memory.data(256 * 8)

/** Fills the table of places: to be called once, before any list is made. */
export function fillPlaces(): void {
  for (let mask = 0; mask < 256; mask++) {
    let at = PLACES + (mask << 3)
    for (let place = 0; place < 8; place++) if (mask & (1 << place)) store<u8>(at++, <u8>place)
  }
}

/** Bytes of scratch that listByteRows needs. */
export function listByteRowsScratch(k: i32): i32 {
  return (k / 8 + 2) * 8
}

/**
 * Lists rows item·8 … of bytes[m,k] / 255. First the groups of eight pixels that are not all 0 are noted, each with the
 * mask of its pixels. Then of each group those pixels are moved to the front, eight entries are written, and the next ones
 * go over those that were not wanted. So nothing depends on a branch that could not be foreseen.
 */
export function listByteRows(item: i32, scratch: usize, bytes: usize, lists: usize, counts: usize, m: i32, k: i32): void {
  const last = smaller(m, (item + 1) * LINES)
  for (let i = item * LINES; i < last; i++) {
    const row = bytes + <usize>i * k
    const list = lists + (<usize>i * (k + 1) << 3)
    let end = scratch
    let l = 0
    for (; l + 16 <= k; l += 16) {
      const found = i8x16.bitmask(i8x16.ne(v128.load(row + l), i8x16.splat(0)))
      end = noteGroup(end, l, found & 255)
      end = noteGroup(end, l + 8, found >> 8)
    }
    let at = list
    for (let group = scratch; group < end; group += 8) at = putGroup(at, row, load<i32>(group), load<i32>(group, 4))
    for (; l < k; l++) at = putEntry(at, l, <f32>load<u8>(row + l) / 255)
    putEnd(at, list, counts + (i << 2))
  }
}

@inline
function noteGroup(at: usize, l: i32, mask: i32): usize {
  store<i32>(at, l)
  store<i32>(at, mask, 4)
  return at + (<usize>i32(mask != 0) << 3)
}

/** Appends the entries of those of the eight pixels from l on that are in the mask. */
@inline
function putGroup(at: usize, row: usize, l: i32, mask: i32): usize {
  const places = v128.load64_zero(PLACES + (mask << 3))
  const pixels = i16x8.extend_low_i8x16_u(i8x16.swizzle(v128.load64_zero(row + l), places))
  const indices = i16x8.extend_low_i8x16_u(places)
  putFour(at, i32x4.extend_low_i16x8_u(indices), i32x4.extend_low_i16x8_u(pixels), l)
  putFour(at + 32, i32x4.extend_high_i16x8_u(indices), i32x4.extend_high_i16x8_u(pixels), l)
  return at + (<usize>popcnt(mask) << 3)
}

@inline
function putFour(at: usize, places: v128, pixels: v128, l: i32): void {
  const indices = i32x4.add(places, i32x4.splat(l))
  const values = f32x4.div(f32x4.convert_i32x4_u(pixels), f32x4.splat(255))
  v128.store(at, v128.shuffle<i32>(indices, values, 0, 4, 1, 5))
  v128.store(at, v128.shuffle<i32>(indices, values, 2, 6, 3, 7), 16)
}
