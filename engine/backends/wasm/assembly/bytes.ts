// Images as bytes, 0–255. Four of five pixels of a handwritten digit are 0. So images are kept as lists of those that are not:
// 20 MB for MNIST instead of 47, and the products of the first layer (spmm.ts) can take the lists as they are. An entry is two
// bytes, how far it is from the one before (the first: from the block's beginning), and its level; where each block of pixels
// begins in the list stands before it:
//
//    pixels:   0 0 7 255 0 0 … │ 0 9 …          list:  starts of the blocks │ (2, 7) (1, 255) … │ (1, 9) …
//              0 1 2  3        │ 392 …
//
// Where more than 247 pixels are 0 on end, an entry of level 0 stands among them: one in a block at most.
import { BLOCK, blocksOf, CSR_ROWS, levelOf, startsOf, stepOf } from './spmm'
import { CHUNK, Lists, Out, bytesOf, smaller } from './simd'

/** Images that an item of a batch has. */
export const GATHERED: i32 = 32

/** y = bytes / 255 */
export function toFloat(item: i32, scratch: usize, bytes: usize, y: Out, n: i32): void {
  const end = smaller(n, (item + 1) * CHUNK)
  const scale = f32x4.splat(255)
  for (let i = item * CHUNK; i < end; i += 4) {
    const four = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(bytes + i)))
    v128.store(y + (i << 2), f32x4.div(f32x4.convert_i32x4_u(four), scale))
  }
}

/** For each of 256 masks, the places of its bits, a byte each; and how far each is from the one before, the first from 0. */
const PLACES = memory.data(256 * 16)

/** Fills that table: to be called once, before any image is listed. */
export function fillPlaces(): void {
  for (let mask = 0; mask < 256; mask++) {
    let at = PLACES + (mask << 4), before = 0
    for (let place = 0; place < 8; place++)
      if (mask & (1 << place)) {
        store<u8>(at, <u8>place)
        store<u8>(at++, <u8>(place - before), 8)
        before = place
      }
  }
}

/** Bytes that the list of an image of k pixels takes, `count` of which are not 0; some more may be read and written. */
export function imageBytes(k: i32, count: i32): i32 {
  const blocks = blocksOf(k)
  return ((blocks + 1) << 2) + (((blocks + count + 1) >> 1) << 2) + 16
}

/** How many pixels of images item·8 … of bytes[m,k] are not 0. */
export function countNonzeros(item: i32, scratch: usize, bytes: usize, counts: Out, m: i32, k: i32): void {
  const last = smaller(m, (item + 1) * CSR_ROWS)
  for (let i = item * CSR_ROWS; i < last; i++) {
    const row = bytes + <usize>i * k
    let count = 0, l = 0
    for (; l + 16 <= k; l += 16) count += popcnt(maskOf(v128.load(row + l)))
    if (l < k) count += popcnt(firstOf(maskOf(v128.load(row + l)), k - l))
    store<i32>(counts + (i << 2), count)
  }
}

/** Which of sixteen pixels are not 0. */
@inline
function maskOf(pixels: v128): i32 {
  return i8x16.bitmask(i8x16.eq(pixels, i8x16.splat(0))) ^ 0xffff
}

/** The first `count` bits of a mask. */
@inline
function firstOf(mask: i32, count: i32): i32 {
  return mask & ((1 << count) - 1)
}

/** From how many pixels of each image are not 0 to where its list goes, from 0 on. totals: [bytes of all lists, pixels that are not 0]. */
export function placeImages(item: i32, scratch: usize, places: Out, totals: Out, m: i32, k: i32): void {
  let bytes = 0, ink = 0
  for (let i = 0; i < m; i++) {
    const at = places + (<usize>i << 2)
    const count = load<i32>(at)
    store<i32>(at, bytes)
    bytes += imageBytes(k, count)
    ink += count
  }
  store<i32>(totals, bytes)
  store<i32>(totals, ink, 4)
}

/**
 * Lists images item·8 … of bytes[m,k]: from `first` on, each behind that where places[m] says, or, if there is the same `room`
 * for each, one after the other; its address is noted in places. Groups of eight pixels that have ink are found first, so that the
 * others cost no branch; of a group those pixels that are not 0 are moved to the front, eight entries are written, and the next ones
 * go over those that were not wanted.
 */
export function bytesToCsr(
  item: i32, scratch: usize, bytes: usize, places: Out, first: Out, room: i32, m: i32, k: i32,
): void {
  const last = smaller(m, (item + 1) * CSR_ROWS)
  for (let i = item * CSR_ROWS; i < last; i++) {
    const row = bytes + <usize>i * k
    const place = places + (<usize>i << 2)
    let start = first + (room > 0 ? <usize>(i * room) : <usize>load<u32>(place))
    store<u32>(place, <u32>start)
    let at = start + (<usize>(blocksOf(k) + 1) << 2)
    for (let l = 0; l < k; start += 4) {
      store<u32>(start, <u32>at)
      const stop = smaller(k, l + BLOCK)
      let last = l
      for (let groups = inkIn(row + l, stop - l, scratch); groups; groups &= groups - 1) {
        const group = <i32>ctz(groups)
        const pixel = l + (group << 3)
        if (pixel - last > 247) {
          store<u16>(at, 247)
          at += 2
          last += 247
        }
        const mask = <i32>load<u8>(scratch + group)
        putEntries(at, v128.load64_zero(row + pixel), pixel - last, mask)
        at += popcnt(mask) << 1
        last = pixel + 31 - clz(mask)
      }
      l = stop
    }
    store<u32>(start, <u32>at)
  }
}

/** Which groups of eight of a block's pixels have some that are not 0, a bit each; of each, which these are, goes to masks. */
@inline
function inkIn(pixels: usize, count: i32, masks: usize): u64 {
  let groups: u64 = 0
  for (let l = 0; l < count; l += 16) {
    let mask = maskOf(v128.load(pixels + l))
    if (l + 16 > count) mask = firstOf(mask, count - l)
    store<u16>(masks + (l >> 3), mask)
    groups |= <u64>(i32((mask & 0xff) != 0) | (i32(mask > 0xff) << 1)) << (l >> 3)
  }
  return groups
}

/** Writes eight entries, those of the mask first; the first pixel is `ahead` of the last entry. */
@inline
function putEntries(at: usize, pixels: v128, ahead: i32, mask: i32): void {
  const table = PLACES + (mask << 4)
  const steps = i8x16.add(v128.load64_zero(table, 8), i32x4.replace_lane(i32x4.splat(0), 0, ahead))
  const levels = bytesOf(pixels, v128.load64_zero(table))
  v128.store(at, v128.shuffle<i8>(steps, levels, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23))
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
      load<i32>(at, 320) ^ load<i32>(at, 384)
  }
  store<i32>(scratch, seen)
}

/** Starts of rows item·32 … of a batch [m,k]: of the listed images of the given indices, or of all. */
export function gatherCsr(item: i32, scratch: usize, places: Lists, indices: usize, starts: Out, m: i32, k: i32): void {
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
export function gatherBytes(item: i32, scratch: usize, places: Lists, indices: usize, bytes: Out, m: i32, k: i32): void {
  const last = smaller(m, (item + 1) * GATHERED)
  fetch(item, last, scratch, places, indices)
  for (let i = item * GATHERED; i < last; i++) {
    const row = bytes + <usize>i * k
    memory.fill(row, 0, k)
    let start = imageAt(places, indices, i)
    for (let l = 0; l < k; l += BLOCK, start += 4) {
      const end = <usize>load<u32>(start, 4)
      let to = row + l
      for (let at = <usize>load<u32>(start); at < end; at += 2) {
        const entry = <u32>load<u16>(at)
        to += stepOf(entry)
        store<u8>(to, <u8>levelOf(entry))
      }
    }
  }
}
