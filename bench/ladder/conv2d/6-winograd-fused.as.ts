// Winograd's F(2x2, 3x3) (Lavin & Gray 2016, Fast Algorithms for Convolutional Neural Networks): fewer products. A tile
// of 2x2 results takes 36 products for each pair of channels by definition; transformed, 16 do.
//
//   y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A      g: 3x3 weights, d: 4x4 pixels, ⊙: number by number, summed over the channels
//
//        1  0  0           1  0 −1  0
//   G =  ½  ½  ½      Bᵀ = 0  1  1  0      Aᵀ = 1  1  1  0
//        ½ −½  ½           0 −1  1  0           0  1 −1 −1
//        0  0  1           0  1  0 −1
//
// For each of the 16 places of a transformed tile, the sum over the channels is a product of matrices:
// m[tiles,co] = v[tiles,ci] · u[ci,co]. (oh and ow are even here, the number of tiles a multiple of 4, co of 8.)
import { matmul } from '../matmul/6-panels.as'

/** y[n,oh,ow,co] = x[n,h,width,ci] ∗ w[3,3,ci,co], with no padding; `work` is room for u, an image's v and m, panels. */
export function conv2d(x: usize, w: usize, y: usize, n: i32, h: i32, width: i32, ci: i32, co: i32, work: usize): void {
  const tiles = ((h - 2) / 2) * ((width - 2) / 2)
  const scratch = work // 16 vectors
  const u = scratch + 256
  const v = u + ((16 * ci * co) << 2)
  const m = v + ((16 * tiles * ci) << 2)
  const panels = m + ((16 * tiles * co) << 2)
  transformWeights(w, u, ci * co, scratch)
  for (let image = 0; image < n; image++) {
    transformPixels(x + ((image * h * width * ci) << 2), v, h, width, ci, scratch)
    for (let place = 0; place < 16; place++)
      matmul(
        v + ((place * tiles * ci) << 2),
        u + ((place * ci * co) << 2),
        m + ((place * tiles * co) << 2),
        tiles,
        ci,
        co,
        panels,
      )
    transformSums(m, y + ((image * 4 * tiles * co) << 2), (h - 2) / 2, (width - 2) / 2, co, scratch)
  }
}

/** u[16,pairs] = G g Gᵀ from w[3,3,pairs], for four pairs of channels at a time. */
function transformWeights(w: usize, u: usize, pairs: i32, scratch: usize): void {
  const apart: usize = pairs << 2
  for (const end = w + apart; w < end; w += 16, u += 16) {
    for (let b: usize = 0; b < 3; b++) half(w + b * apart, 3 * apart, scratch + b * 16, 64)
    for (let a: usize = 0; a < 4; a++) half(scratch + a * 64, 16, u + 4 * a * apart, apart)
  }
}

/** G times three vectors, `step` bytes apart, gives four. */
function half(from: usize, step: usize, to: usize, next: usize): void {
  const first = v128.load(from)
  const second = v128.load(from + step)
  const third = v128.load(from + 2 * step)
  const outer = f32x4.add(first, third)
  const even = f32x4.splat(0.5)
  v128.store(to, first)
  v128.store(to + next, f32x4.mul(even, f32x4.add(outer, second)))
  v128.store(to + 2 * next, f32x4.mul(even, f32x4.sub(outer, second)))
  v128.store(to + 3 * next, third)
}

/** v[16,tiles,ci] = Bᵀ d B, for four channels at a time. The 4x4 tiles of pixels overlap by two. */
function transformPixels(x: usize, v: usize, h: i32, width: i32, ci: i32, scratch: usize): void {
  const tiles = ((h - 2) / 2) * ((width - 2) / 2)
  const apart: usize = (tiles * ci) << 2
  const pixel: usize = ci << 2
  for (let i = 0; i < h - 2; i += 2)
    for (let j = 0; j < width - 2; j += 2) {
      let d = x + (i * width + j) * pixel
      for (const end = d + pixel; d < end; d += 16, v += 16) {
        for (let b: usize = 0; b < 4; b++) differences(d + b * pixel, width * pixel, scratch + b * 16, 64)
        for (let a: usize = 0; a < 4; a++) differences(scratch + a * 64, 16, v + 4 * a * apart, apart)
      }
    }
}

/** Bᵀ times four vectors, `step` bytes apart, gives four. */
function differences(from: usize, step: usize, to: usize, next: usize): void {
  const first = v128.load(from)
  const second = v128.load(from + step)
  const third = v128.load(from + 2 * step)
  const fourth = v128.load(from + 3 * step)
  v128.store(to, f32x4.sub(first, third))
  v128.store(to + next, f32x4.add(second, third))
  v128.store(to + 2 * next, f32x4.sub(third, second))
  v128.store(to + 3 * next, f32x4.sub(second, fourth))
}

/** y[2·rows,2·columns,co] = Aᵀ m A from m[16,tiles,co], for four channels at a time. */
function transformSums(m: usize, y: usize, rows: i32, columns: i32, co: i32, scratch: usize): void {
  const apart: usize = (rows * columns * co) << 2
  const pixel: usize = co << 2
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      let to = y + (2 * i * 2 * columns + 2 * j) * pixel
      for (const end = to + pixel; to < end; to += 16, m += 16) {
        for (let b: usize = 0; b < 4; b++) sums(m + b * apart, 4 * apart, scratch + b * 16, 64)
        for (let a: usize = 0; a < 2; a++) sums(scratch + a * 64, 16, to + a * 2 * columns * pixel, pixel)
      }
    }
}

/** Aᵀ times four vectors, `step` bytes apart, gives two. */
function sums(from: usize, step: usize, to: usize, next: usize): void {
  const second = v128.load(from + step)
  const third = v128.load(from + 2 * step)
  v128.store(to, f32x4.add(f32x4.add(v128.load(from), second), third))
  v128.store(to + next, f32x4.sub(f32x4.sub(second, third), v128.load(from + 3 * step)))
}
