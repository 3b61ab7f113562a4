// Images as bytes, 0–255. Four of five pixels of a handwritten digit are 0. So images are kept as lists of those that are not:
// 38 MB for MNIST instead of 47, and the products of the first layer (spmm.ts) can take the lists as they are. An entry is one
// word; where each block of pixels begins in the list stands before it:
//
//    pixels:   0 0 7 255 0 0 … │ 0 9 …          list:  starts of the blocks │ (2, 7) (3, 255) … │ (209, 9) …
//              0 1 2  3        │ 208 …                                        low and high half of a word
import { BLOCK, blocksOf, CSR_ROWS, startsOf } from './spmm'
import { bytesOf, CHUNK, smaller } from './simd'

/** Images that an item of a batch has. */
export const GATHERED: i32 = 32

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

/** Fills that table: to be called once, before any image is listed. */
export function fillPlaces(): void {
  for (let mask = 0; mask < 256; mask++) {
    let at = PLACES + (mask << 3)
    for (let place = 0; place < 8; place++) if (mask & (1 << place)) store<u8>(at++, <u8>place)
  }
}

/** Bytes that the list of an image of k pixels takes, `count` of which are not 0; some more may be read and written. */
export function imageBytes(k: i32, count: i32): i32 {
  return ((blocksOf(k) + 1 + count) << 2) + 32
}

/** How many pixels of images item·8 … of bytes[m,k] are not 0. */
export function countNonzeros(item: i32, scratch: usize, bytes: usize, counts: usize, m: i32, k: i32): void {
  const last = smaller(m, (item + 1) * CSR_ROWS)
  for (let i = item * CSR_ROWS; i < last; i++) {
    const row = bytes + <usize>i * k
    let count = 0, l = 0
    for (; l + 8 <= k; l += 8) count += popcnt(maskOf(v128.load64_zero(row + l)))
    if (l < k) count += popcnt(firstOf(maskOf(v128.load64_zero(row + l)), k - l))
    store<i32>(counts + (i << 2), count)
  }
}

/** Which of eight pixels are not 0: the upper half of the vector is. */
@inline
function maskOf(pixels: v128): i32 {
  return i8x16.bitmask(i8x16.eq(pixels, i8x16.splat(0))) ^ 0xffff
}

/** The first `count` bits of a mask. */
@inline
function firstOf(mask: i32, count: i32): i32 {
  return mask & ((1 << count) - 1)
}

/**
 * Lists images item·8 … of bytes[m,k], each at its address in places[m]; or, if there is the same `room` for each, one after the
 * other from `first` on, and that is noted in places. Of eight pixels those that are not 0 are moved to the
 * front, eight entries are written, and the next ones go over those that were not wanted: no branch depends on the pixels.
 */
export function bytesToCsr(
  item: i32, scratch: usize, bytes: usize, places: usize, first: usize, room: i32, m: i32, k: i32,
): void {
  const last = smaller(m, (item + 1) * CSR_ROWS)
  for (let i = item * CSR_ROWS; i < last; i++) {
    const row = bytes + <usize>i * k
    if (room > 0) store<u32>(places + (i << 2), <u32>(first + <usize>(i * room)))
    let start = <usize>load<u32>(places + (i << 2))
    let at = start + (<usize>(blocksOf(k) + 1) << 2)
    for (let l = 0; l < k; start += 4) {
      store<u32>(start, <u32>at)
      const stop = smaller(k, l + BLOCK)
      let place = i16x8.splat(<i16>l)
      for (; l + 8 <= stop; l += 8) {
        const pixels = v128.load64_zero(row + l)
        const mask = maskOf(pixels)
        putEntries(at, pixels, place, mask)
        at += popcnt(mask) << 2
        place = i16x8.add(place, i16x8.splat(8))
      }
      if (l == stop) continue
      const pixels = v128.load64_zero(row + l)
      const mask = firstOf(maskOf(pixels), stop - l)
      putEntries(at, pixels, place, mask)
      at += popcnt(mask) << 2
      l = stop
    }
    store<u32>(start, <u32>at)
  }
}

/** Writes eight entries, those of the mask first; the first pixel's index is `place`. */
@inline
function putEntries(at: usize, pixels: v128, place: v128, mask: i32): void {
  const front = v128.load64_zero(PLACES + (mask << 3))
  const values = i16x8.extend_low_i8x16_u(bytesOf(pixels, front))
  const indices = i16x8.add(i16x8.extend_low_i8x16_u(front), place)
  v128.store(at, v128.shuffle<i16>(indices, values, 0, 8, 1, 9, 2, 10, 3, 11))
  v128.store(at, v128.shuffle<i16>(indices, values, 4, 12, 5, 13, 6, 14, 7, 15), 16)
}

/** The list of image i, or, if there are indices, of the one that the i-th of them names. */
@inline
function imageAt(places: usize, indices: usize, i: i32): usize {
  return <usize>load<u32>(places + (<usize>(indices ? load<u32>(indices + (i << 2)) : i) << 2))
}

/**
 * Looks at the lists of images item·32 …, for nothing depends on what is there: so they are fetched from all over the memory at
 * the same time, and not each when its turn has come.
 */
@inline
function fetch(item: i32, last: i32, scratch: usize, places: usize, indices: usize): void {
  let seen = 0
  for (let i = item * GATHERED; i < last; i++) {
    const at = imageAt(places, indices, i)
    seen ^= load<i32>(at) ^ load<i32>(at, 64) ^ load<i32>(at, 128) ^ load<i32>(at, 192) ^ load<i32>(at, 256) ^
      load<i32>(at, 320) ^ load<i32>(at, 384) ^ load<i32>(at, 448) ^ load<i32>(at, 512) ^ load<i32>(at, 576)
  }
  store<i32>(scratch, seen)
}

/** Starts of rows item·32 … of a batch [m,k]: of the listed images of the given indices, or of all. */
export function gatherCsr(item: i32, scratch: usize, places: usize, indices: usize, starts: usize, m: i32, k: i32): void {
  const last = smaller(m, (item + 1) * GATHERED)
  fetch(item, last, scratch, places, indices)
  const bytes = <usize>(blocksOf(k) + 1) << 2
  for (let i = item * GATHERED; i < last; i++) {
    const from = imageAt(places, indices, i)
    const to = startsOf(starts, i, k)
    for (let b: usize = 0; b < bytes; b += 4) store<u32>(to + b, load<u32>(from + b))
  }
}

/** Images item·32 … of bytes[m,k]: the listed ones of the given indices. */
export function gatherBytes(item: i32, scratch: usize, places: usize, indices: usize, bytes: usize, m: i32, k: i32): void {
  const last = smaller(m, (item + 1) * GATHERED)
  fetch(item, last, scratch, places, indices)
  for (let i = item * GATHERED; i < last; i++) {
    const row = bytes + <usize>i * k
    memory.fill(row, 0, k)
    const starts = imageAt(places, indices, i)
    const end = <usize>load<u32>(starts + (blocksOf(k) << 2))
    for (let at = <usize>load<u32>(starts); at < end; at += 4) {
      const entry = load<u32>(at)
      store<u8>(row + (entry & 0xffff), <u8>(entry >> 16))
    }
  }
}
