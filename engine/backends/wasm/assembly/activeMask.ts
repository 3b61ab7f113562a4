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
import { finishSums } from './spmm'
import { madd, relu4 } from './simd'

/** Filters that stay in registers together: a panel of w. */
export const ACTIVE_FILTERS: i32 = 32

/** Bytes of scratch that see needs. */
export function activeMaskScratch(w: i32): i32 {
  return w * 4
}

/** Image `item` of to[n,oh,ow]: whether a byte that is not 0 lies in the pixel's window of from[n,h,w,c]. */
export function activeMask(
  item: i32, scratch: usize, from: usize, to: usize, h: i32, w: i32, c: i32, kh: i32, kw: i32, stride: i32, oh: i32, ow: i32,
): void {
  // Per column, how many rows in a row have nothing to see in the kw pixels that end there.
  memory.fill(scratch, 0, <usize>w << 2)
  from += <usize>(item * h * w * c)
  to += <usize>(item * oh * ow)
  for (let i = 0; i < h; i++) {
    const row = i - kh + 1
    const output = row >= 0 && row % stride == 0 && row / stride < oh ? to + <usize>((row / stride) * ow) : 0
    let blank = 0
    for (let j = 0; j < w; j++) {
      let any = 0
      for (let l = 0; l < c; l++) any |= load<u8>(from++)
      blank = any ? 0 : blank + 1
      const rows = blank >= kw ? load<i32>(scratch + (j << 2)) + 1 : 0
      store<i32>(scratch + (j << 2), rows)
      const column = j - kw + 1
      if (output && column >= 0 && column % stride == 0 && column / stride < ow)
        store<u8>(output + column / stride, u8(rows < kh))
    }
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
  item: i32, scratch: usize, x: usize, active: usize, panels: usize, y: usize, h: i32, w: i32, ci: i32,
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
