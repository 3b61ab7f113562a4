// Convolutions of any size, densely. There is no im2col: in NHWC one row of a window is one contiguous run of kw·ci
// numbers, and the window kh such runs, so the innermost loop reads the image where it lies.
//
//   image row i·stride + a   ……│ run: kw·ci │……            y (4 pixels x 8 channels) +=
//                               └─ next pixel: + stride·ci        4 numbers of x  ⊗  8 of w, for each of kh·kw·ci
//
// Images come here with their zeros around them (see `pad`), so every window lies inside. The gradient with respect to
// the input is a convolution too: of dy, spread out by the stride, with the weights turned by 180°.
import { finishRow, storePair, storeRow } from './gemm'
import { Out, madd, smaller, zero } from './simd'

const PIXELS: i32 = 4
const CHANNELS: i32 = 8

/** Copies image `item` of x[n,h,w,c] into zeros[n,toH,toW,c], `spread` apart, beginning at (top, left). */
export function pad(
  item: i32, scratch: usize, x: usize, y: Out, h: i32, w: i32, c: i32,
  toH: i32, toW: i32, top: i32, left: i32, spread: i32,
): void {
  const pixel = <usize>c << 2
  let from = x + <usize>(item * h * w) * pixel
  const image = y + <usize>(item * toH * toW) * pixel
  memory.fill(image, 0, <usize>(toH * toW) * pixel)
  for (let i = 0; i < h; i++)
    for (let j = 0; j < w; j++, from += pixel)
      memory.copy(image + <usize>((i * spread + top) * toW + j * spread + left) * pixel, from, pixel)
}

/** Packs panel `item` of the turned weights: w[kh,kw,ci,co] becomes [kh·kw·co][8 of ci], read from its end. */
export function packTurned(item: i32, scratch: usize, w: usize, taps: i32, ci: i32, co: i32, packed: Out): void {
  let to = packed + (<usize>(item * taps * co * CHANNELS) << 2)
  for (let t = taps - 1; t >= 0; t--)
    for (let o = 0; o < co; o++, to += CHANNELS * 4)
      for (let j = 0; j < CHANNELS; j++) {
        const c = item * CHANNELS + j
        store<f32>(to + (j << 2), c < ci ? load<f32>(w + (<usize>((t * ci + c) * co + o) << 2)) : 0)
      }
}

/** Bytes of scratch that convolve needs: a row of 8 channels. */
export function convolveScratch(ow: i32): i32 {
  return ow * CHANNELS * 4
}

/** Image `item` of y = x ∗ packed w, plus b[co] unless b is 0, then max(y, 0) if asked. */
export function convolve(
  item: i32, scratch: usize, x: usize, packed: usize, y: Out, h: i32, w: i32, ci: i32, kh: i32, kw: i32, co: i32,
  stride: i32, oh: i32, ow: i32, b: usize, rectify: bool,
): void {
  const row = <usize>(w * ci) << 2
  const step = <usize>(stride * ci) << 2
  const run = kw * ci
  const image = x + <usize>(item * h) * row
  const pixel = <usize>co << 2
  for (let o = 0; o < co; o += CHANNELS) {
    const panel = packed + (<usize>(o * kh * run) << 2)
    const bias = b ? b + (o << 2) : 0
    const width = smaller(CHANNELS, co - o)
    for (let i = 0; i < oh; i++) {
      const from = image + <usize>(i * stride) * row
      for (let j = 0; j < ow; j += PIXELS)
        convolveTile(from + <usize>j * step, row, step, panel, kh, run, scratch + (j << 5), smaller(PIXELS, ow - j) - 1)
      let to = y + <usize>((item * oh + i) * ow) * pixel + (o << 2)
      for (let j = 0; j < ow; j++, to += pixel) {
        storeRow(to, scratch + (j << 5), width, true)
        if (b || rectify) finishRow(to, width, bias, rectify)
      }
    }
  }
}

/** 4 pixels x 8 channels. At the end of a row the last pixel stands in for those beyond: it is written several times. */
export function convolveTile(
  x: usize, row: usize, step: usize, w: usize, kh: i32, run: i32, y: usize, last: i32,
): void {
  const p1 = smaller(1, last), p2 = smaller(2, last), p3 = last
  const x1 = p1 * step, x2 = p2 * step, x3 = p3 * step
  let y00 = zero(), y01 = zero(), y10 = zero(), y11 = zero()
  let y20 = zero(), y21 = zero(), y30 = zero(), y31 = zero()
  for (let a = 0; a < kh; a++) {
    let at = x + a * row
    const end = w + (<usize>run << 5)
    do {
      const w0 = v128.load(w), w1 = v128.load(w, 16)
      let v = v128.load32_splat(at)
      y00 = madd(v, w0, y00)
      y01 = madd(v, w1, y01)
      v = v128.load32_splat(at + x1)
      y10 = madd(v, w0, y10)
      y11 = madd(v, w1, y11)
      v = v128.load32_splat(at + x2)
      y20 = madd(v, w0, y20)
      y21 = madd(v, w1, y21)
      v = v128.load32_splat(at + x3)
      y30 = madd(v, w0, y30)
      y31 = madd(v, w1, y31)
      at += 4
      w += CHANNELS * 4
    } while (w < end)
  }
  storePair(y, y00, y01)
  storePair(y + (p1 << 5), y10, y11)
  storePair(y + (p2 << 5), y20, y21)
  storePair(y + (p3 << 5), y30, y31)
}

/** Bytes of scratch that filterGrad needs. */
export function filterGradScratch(oh: i32, ow: i32): i32 {
  return (PIXELS + oh * ow) * CHANNELS * 4
}

/**
 * partial[item] = dw[kh,kw,ci,co] over `images` images of the batch: each weight collects x·dy over all pixels.
 * Per tile of 4 weights x 8 channels all pixels of an image are summed in registers.
 */
export function filterGrad(
  item: i32, scratch: usize, x: usize, dy: usize, partial: Out, n: i32, images: i32, h: i32, w: i32, ci: i32,
  kh: i32, kw: i32, co: i32, stride: i32, oh: i32, ow: i32,
): void {
  const run = kw * ci
  const row = <usize>(w * ci) << 2
  const dw = partial + (<usize>(item * kh * run * co) << 2)
  memory.fill(dw, 0, <usize>(kh * run * co) << 2)
  const tile = scratch
  const channels = scratch + ((PIXELS * CHANNELS) << 2)
  const last = smaller(n, (item + 1) * images)
  for (let image = item * images; image < last; image++)
    for (let o = 0; o < co; o += CHANNELS) {
      packChannels(dy + (<usize>(image * oh * ow * co + o) << 2), <usize>co << 2, oh * ow, channels)
      const width = smaller(CHANNELS, co - o)
      for (let a = 0; a < kh; a++)
        for (let r = 0; r < run; r += PIXELS) {
          const from = x + <usize>(image * h + a) * row + (r << 2)
          filterGradTile(from, <usize>stride * row, <usize>(stride * ci) << 2, channels, oh, ow, tile)
          const to = dw + (<usize>((a * run + r) * co + o) << 2)
          for (let t = 0; t < smaller(PIXELS, run - r); t++) storeRow(to + (<usize>(t * co) << 2), tile + (t << 5), width, false)
        }
    }
}

/** Copies 8 channels of every pixel to where they are contiguous. */
function packChannels(from: usize, pixel: usize, pixels: i32, to: usize): void {
  for (let p = 0; p < pixels; p++, from += pixel, to += CHANNELS * 4) {
    v128.store(to, v128.load(from))
    v128.store(to, v128.load(from, 16), 16)
  }
}

/** tile (4 weights of a run x 8 channels) = Σ pixels  4 numbers of x ⊗ 8 of dy */
export function filterGradTile(
  x: usize, down: usize, step: usize, dy: usize, oh: i32, ow: i32, tile: usize,
): void {
  let w00 = zero(), w01 = zero(), w10 = zero(), w11 = zero()
  let w20 = zero(), w21 = zero(), w30 = zero(), w31 = zero()
  for (let i = 0; i < oh; i++, x += down) {
    let at = x
    const end = dy + (<usize>ow << 5)
    do {
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
      at += step
      dy += CHANNELS * 4
    } while (dy < end)
  }
  storePair(tile, w00, w01)
  storePair(tile + 32, w10, w11)
  storePair(tile + 64, w20, w21)
  storePair(tile + 96, w30, w31)
}
