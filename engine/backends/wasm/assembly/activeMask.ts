// What the convolutions of an image of bytes see.
//
// Most of an image of a digit is blank. A pixel of a convolution's result whose window lies in the blank sees nothing:
// its value is the bias (and relu) alone, and so it is alike for all such pixels of all images in the batch. The same
// holds one layer up for those whose window sees only such pixels. So beside a result there may be a map, one byte a
// pixel: not 0 if it has seen something. What is alike is computed once, and its gradients are summed first.
//
//    image (. is 0)       active by 3x3 windows     active by 3x3 windows of these, pooled
//                                                 by 2: by 4x4 windows that are 2 apart
//    . . . . . . . .         . . . . . .
//    . . . . . . . .         x x . . . .                     x .
//    . . . . . . . .         x x . . . .
//    . # . . . . . .         x x . . . .                     x .
//    . # . . . . . .         x x . . . .
//    . . . . . . . .         . . . . . .
//    . . . . . . . .
//    . . . . . . . .
import { storePair, storeRow } from './gemm'
import { finishSums } from './spmm'
import { Out, madd, relu4, smaller, zero } from './simd'

/** Filters that stay in registers together: a panel of w. */
export const ACTIVE_FILTERS: i32 = 32

/** Bytes of scratch that activeMask needs. */
export function activeMaskScratch(w: i32, c: i32): i32 {
  return w * c + 2 * w + 64
}

/**
 * Image `item` of to[n,oh,ow]: not 0 where a byte that is not 0 lies in the pixel's window of from[n,h,w,c]. The rows of a window are drawn
 * together first, 16 bytes at a time, then what lies side by side.
 */
export function activeMask(
  item: i32, scratch: usize, from: usize, to: Out, h: i32, w: i32, c: i32, kh: i32, kw: i32, stride: i32, oh: i32, ow: i32,
): void {
  const row = <usize>(w * c)
  const column = scratch + row + 16
  const rows = c == 1 ? scratch : column
  const windows = column + <usize>w + 16
  from += <usize>(item * h) * row
  to += <usize>(item * oh * ow)
  for (let i = 0; i < oh; i++, from += <usize>stride * row) {
    for (let j: usize = 0; j < row; j += 16) {
      let any = v128.load(from + j)
      for (let a = 1; a < kh; a++) any = v128.or(any, v128.load(from + <usize>a * row + j))
      v128.store(scratch + j, any)
    }
    if (c > 1)
      for (let j = 0; j < w; j++) {
        let any: u8 = 0
        for (let l = 0; l < c; l++) any |= load<u8>(scratch + <usize>(j * c + l))
        store<u8>(column + j, any)
      }
    for (let j = 0; j <= w - kw; j += 16) {
      let any = v128.load(rows + j)
      for (let b = 1; b < kw; b++) any = v128.or(any, v128.load(rows + (j + b)))
      v128.store(windows + j, any)
    }
    for (let j = 0; j < ow; j++) store<u8>(to++, load<u8>(windows + j * stride))
  }
}

/** Bytes of scratch that convolveActive needs. */
export function convolveActiveScratch(): i32 {
  return 2 * ACTIVE_FILTERS * 4
}

/**
 * Image `item` of y[n,oh,ow,co] = x ∗ w, plus b[co] unless b is 0, then max(y, 0) if asked, with windows one pixel apart
 * and w[kh·kw·ci,co] in panels, co being a multiple of 32.
 */
export function convolveActive(
  item: i32, scratch: usize, x: usize, active: usize, panels: usize, y: Out, h: i32, w: i32, ci: i32,
  kh: i32, kw: i32, co: i32, oh: i32, ow: i32, b: usize, rectify: bool,
): void {
  const row = <usize>(w * ci) << 2
  const pixel = <usize>co << 2
  const taps = kh * kw * ci
  const image = x + <usize>(item * h) * row
  const bias = scratch, blank = scratch + (ACTIVE_FILTERS << 2)
  active += <usize>(item * oh * ow)
  for (let o = 0; o < co; o += ACTIVE_FILTERS) {
    const panel = panels + (<usize>(o * taps) << 2)
    memory.fill(bias, 0, ACTIVE_FILTERS << 2)
    if (b) memory.copy(bias, b + (o << 2), ACTIVE_FILTERS << 2)
    finishSums(bias, blank, ACTIVE_FILTERS, 0, rectify)
    let to = y + <usize>(item * oh * ow) * pixel + (o << 2)
    let map = active
    for (let i = 0; i < oh; i++) {
      let from = image + <usize>i * row
      for (let j = 0; j < ow; j++, from += ci << 2, to += pixel) {
        if (load<u8>(map++)) addWindow(from, row, kh, kw * ci, panel, bias, to, rectify)
        else for (let f = 0; f < ACTIVE_FILTERS << 2; f += 16) v128.store(to + f, v128.load(blank + f))
      }
    }
  }
}

/** 32 numbers at `to` = b + Σ window · panel, then max(…, 0) if asked. */
export function addWindow(
  x: usize, row: usize, kh: i32, run: i32, panel: usize, b: usize, to: usize, rectify: bool,
): void {
  let s0 = v128.load(b), s1 = v128.load(b, 16), s2 = v128.load(b, 32), s3 = v128.load(b, 48)
  let s4 = v128.load(b, 64), s5 = v128.load(b, 80), s6 = v128.load(b, 96), s7 = v128.load(b, 112)
  do {
    let at = x
    const end = x + (<usize>run << 2)
    while (at < end) {
      const value = v128.load32_splat(at)
      s0 = madd(v128.load(panel), value, s0)
      s1 = madd(v128.load(panel, 16), value, s1)
      s2 = madd(v128.load(panel, 32), value, s2)
      s3 = madd(v128.load(panel, 48), value, s3)
      s4 = madd(v128.load(panel, 64), value, s4)
      s5 = madd(v128.load(panel, 80), value, s5)
      s6 = madd(v128.load(panel, 96), value, s6)
      s7 = madd(v128.load(panel, 112), value, s7)
      panel += 128
      at += 4
    }
    x += row
  } while (--kh)
  if (rectify) {
    s0 = relu4(s0)
    s1 = relu4(s1)
    s2 = relu4(s2)
    s3 = relu4(s3)
    s4 = relu4(s4)
    s5 = relu4(s5)
    s6 = relu4(s6)
    s7 = relu4(s7)
  }
  v128.store(to, s0)
  v128.store(to, s1, 16)
  v128.store(to, s2, 32)
  v128.store(to, s3, 48)
  v128.store(to, s4, 64)
  v128.store(to, s5, 80)
  v128.store(to, s6, 96)
  v128.store(to, s7, 112)
}

/** Weights and channels of a tile of a filter's gradient. */
const WEIGHTS: i32 = 4
const CHANNELS: i32 = 8

/** Bytes of scratch that activeFilterGrad needs. */
export function activeFilterGradScratch(oh: i32, ow: i32): i32 {
  return WEIGHTS * CHANNELS * 4 + oh * ow * (8 + CHANNELS * 4)
}

/**
 * partial[item] = dw[kh,kw,ci,co] over `images` images of the batch, with windows one pixel apart: each weight collects x·dy over the
 * pixels that have seen something; of the others x is 0. Per tile of 4 weights x 8 channels all pixels of an image are summed in
 * registers.
 */
export function activeFilterGrad(
  item: i32, scratch: usize, x: usize, dy: usize, partial: Out, n: i32, images: i32, h: i32, w: i32, ci: i32,
  kh: i32, kw: i32, co: i32, oh: i32, ow: i32, active: usize,
): void {
  const run = kw * ci
  const row = <usize>(w * ci) << 2
  const dw = partial + (<usize>(item * kh * run * co) << 2)
  memory.fill(dw, 0, <usize>(kh * run * co) << 2)
  const tile = scratch
  const list = tile + ((WEIGHTS * CHANNELS) << 2)
  const channels = list + (<usize>(oh * ow) << 3)
  const last = smaller(n, (item + 1) * images)
  for (let image = item * images; image < last; image++) {
    const end = listActive(active + <usize>(image * oh * ow), oh, ow, row, <usize>ci << 2, co, list)
    if (end == list) continue
    for (let o = 0; o < co; o += CHANNELS) {
      const from = dy + (<usize>(image * oh * ow * co + o) << 2)
      let to = channels
      for (let at = list; at < end; at += 8, to += CHANNELS * 4) {
        const pixel = from + <usize>load<u32>(at, 4)
        storePair(to, v128.load(pixel), v128.load(pixel, 16))
      }
      const width = smaller(CHANNELS, co - o)
      for (let a = 0; a < kh; a++)
        for (let r = 0; r < run; r += WEIGHTS) {
          activeFilterGradTile(list, end, x + <usize>(image * h + a) * row + (r << 2), channels, tile)
          const sums = dw + (<usize>((a * run + r) * co + o) << 2)
          for (let t = 0; t < smaller(WEIGHTS, run - r); t++) storeRow(sums + (<usize>(t * co) << 2), tile + (t << 5), width, false)
        }
    }
  }
}

/** Lists (how many bytes behind the first its window of x begins, and its results of dy) of the pixels that have seen something. */
function listActive(map: usize, oh: i32, ow: i32, row: usize, pixel: usize, co: i32, list: usize): usize {
  let result: u32 = 0
  for (let i = 0; i < oh; i++) {
    let window = <usize>i * row
    for (let j = 0; j < ow; j++, window += pixel, result += <u32>co << 2) {
      store<u32>(list, <u32>window)
      store<u32>(list, result, 4)
      list += <usize>i32(load<u8>(map++) != 0) << 3
    }
  }
  return list
}

/** tile (4 weights of a run x 8 channels) = Σ listed pixels  4 numbers of x ⊗ 8 of dy */
export function activeFilterGradTile(list: usize, end: usize, x: usize, dy: usize, tile: usize): void {
  let w00 = zero(), w01 = zero(), w10 = zero(), w11 = zero()
  let w20 = zero(), w21 = zero(), w30 = zero(), w31 = zero()
  do {
    const at = x + <usize>load<u32>(list)
    const d0 = v128.load(dy), d1 = v128.load(dy, 16)
    let v = v128.load32_splat(at)
    w00 = madd(v, d0, w00)
    w01 = madd(v, d1, w01)
    v = v128.load32_splat(at, 4)
    w10 = madd(v, d0, w10)
    w11 = madd(v, d1, w11)
    v = v128.load32_splat(at, 8)
    w20 = madd(v, d0, w20)
    w21 = madd(v, d1, w21)
    v = v128.load32_splat(at, 12)
    w30 = madd(v, d0, w30)
    w31 = madd(v, d1, w31)
    list += 8
    dy += CHANNELS * 4
  } while (list < end)
  storePair(tile, w00, w01)
  storePair(tile + 32, w10, w11)
  storePair(tile + 64, w20, w21)
  storePair(tile + 96, w30, w31)
}
