// y = maxPool2x2(relu(x ∗ w + b)) for 3x3 windows, after Lavin & Gray, "Fast algorithms for convolutional neural
// networks" (2016): F(2x2, 3x3). A 4x4 tile of x gives a 2x2 tile of y, which is just the window that the pooling
// wants: the convolution's result, four times as large as y, never touches memory.
//
//    x tile d (4x4)          v = Bᵀ d B                    16 products a tile, channel and filter instead of 36:
//   ┌─┬─┬─┬─┐                u = G g Gᵀ (once a batch)       m = Σ channels  u ⊙ v
//   ├─┼─┼─┼─┤   2x2 of y     y = Aᵀ m A
//   ├─┼─┼─┼─┤  ┌─┬─┐
//   ├─┼─┼─┼─┤  ├─┼─┤ → max   Bᵀ = 1  0 −1  0   G = 1   0   0   Aᵀ = 1  1  1  0
//   └─┴─┴─┴─┘  └─┴─┘              0  1  1  0       ½   ½   ½        0  1 −1 −1
//                                 0 −1  1  0       ½  −½   ½
//                                 0  1  0 −1       0   0   1
//
// The 16 sums over channels are 16 small matrix products, 4 tiles x 8 filters at a time: 8 vectors of sums stay in
// registers, the 16 results (2 KB) in the first-level cache. Tiles that have seen nothing (activeMask.ts) are all alike: one of
// them is computed, for all.
//
// v mixes all of a tile's 16 pixels, so the rounding error of y is that of the largest of them, also where the window of y
// holds small numbers or its weights are 0; and a sum that overflows or is no number spoils its neighbours. So y is trusted
// as far as it is larger than what the error could be, and so is the winner of a window if it is ahead by that much. If not, the
// four numbers are computed as they are defined. Windows of a tile that have seen nothing are equal without computing.
import { Out, allOf, madd, relu4, smaller, storeLanes, zero } from './simd'

/** Tiles that are multiplied together, and filters. */
export const TILES: i32 = 4
export const FILTERS: i32 = 8

/**
 * The error of y = Σ x·w is taken to be below ERROR · Σ channels (largest |x| of the image) · (largest |w| of the filter) +
 * GROWTH · |y|. Of eleven kinds of x and w, some made to cancel and some all of one sign, with 4 to 256 channels, the largest
 * error was 0.9 of that.
 */
const ERROR: f32 = 32 / 16777216.0
const GROWTH: f32 = 16 / 16777216.0
/** Results below so many times their error are computed anew. */
const TRUSTED: f32 = 16
/** Numbers from here on could overflow on the way; results below the other lose digits. */
const HUGE: f32 = 1e16
const TINY: f32 = 1e-35

/** Numbers of a transformed panel of filters: the transform, [16][ci][8], and the largest of each filter's weights, [ci][8]. */
@inline
function panelSize(ci: i32): i32 {
  return 17 * ci * FILTERS
}

/** Numbers that transformFilters writes. */
export function transformedFilters(ci: i32, co: i32): i32 {
  return panelSize(ci) * ((co + FILTERS - 1) / FILTERS)
}

/** Bytes of scratch that convolvePool needs. */
export function convolvePoolScratch(ph: i32, pw: i32, ci: i32): i32 {
  const blocks = (ph * pw + TILES - 1) / TILES
  return blocks * TILES * (16 * ci + 2) * 4 + 16 * TILES * FILTERS * 4 + 512 + ci * 4
}

/** u = G g Gᵀ for panel `item` of 8 filters: [16][ci][8] from w[3,3,ci,co]. */
export function transformFilters(item: i32, scratch: usize, w: usize, ci: i32, co: i32, u: Out): void {
  const panel = u + (<usize>(item * panelSize(ci)) << 2)
  const largest = panel + (<usize>(16 * ci * FILTERS) << 2)
  for (let c = 0; c < ci; c++)
    for (let f = 0; f < FILTERS; f++) {
      const o = item * FILTERS + f
      let most: f32 = 0
      if (o < co) for (let t = 0; t < 9; t++) most = max(most, abs(load<f32>(w + (<usize>((t * ci + c) * co + o) << 2))))
      store<f32>(largest + (<usize>(c * FILTERS + f) << 2), most < HUGE ? most : Infinity)
      // Columns first: half = G g, 4 x 3.
      for (let b = 0; b < 3; b++) {
        const g0 = o < co ? load<f32>(w + (<usize>((b * ci + c) * co + o) << 2)) : 0
        const g1 = o < co ? load<f32>(w + (<usize>(((3 + b) * ci + c) * co + o) << 2)) : 0
        const g2 = o < co ? load<f32>(w + (<usize>(((6 + b) * ci + c) * co + o) << 2)) : 0
        store<f32>(scratch + (b << 2), g0)
        store<f32>(scratch + ((3 + b) << 2), (g0 + g1 + g2) * 0.5)
        store<f32>(scratch + ((6 + b) << 2), (g0 - g1 + g2) * 0.5)
        store<f32>(scratch + ((9 + b) << 2), g2)
      }
      for (let a = 0; a < 4; a++) {
        const g0 = load<f32>(scratch + ((a * 3) << 2))
        const g1 = load<f32>(scratch + ((a * 3 + 1) << 2))
        const g2 = load<f32>(scratch + ((a * 3 + 2) << 2))
        const at = panel + (<usize>((a * 4 * ci + c) * FILTERS + f) << 2)
        const next = <usize>(ci * FILTERS) << 2
        store<f32>(at, g0)
        store<f32>(at + next, (g0 + g1 + g2) * 0.5)
        store<f32>(at + 2 * next, (g0 - g1 + g2) * 0.5)
        store<f32>(at + 3 * next, g2)
      }
    }
}

/**
 * Image `item` of y[n,ph,pw,co], the pooled result, and of argmax[n,ph,pw,co]: which of its window's cells
 * (0 1 / 2 3) it was. x is [n, 2·ph + 2, 2·pw + 2, ci] or wider, ci a multiple of 4; w are the weights, u the transformed ones.
 * Where active[n,ph,pw] is 0, all results are alike, and so are pixels of x where pixels[n,h,w] is 0; both may be 0: nothing is
 * known.
 */
export function convolvePool(
  item: i32, scratch: usize, x: usize, weights: usize, u: usize, y: Out, argmax: Out, h: i32, w: i32, ci: i32,
  co: i32, ph: i32, pw: i32, b: usize, rectify: bool, active: usize, pixels: usize,
): void {
  const all = ph * pw
  const v = scratch + 512
  const blockSize = <usize>(TILES * 16 * ci) << 2
  const order = v + <usize>((all + TILES - 1) / TILES) * blockSize
  const equals = order + (<usize>((all + TILES - 1) / TILES * TILES) << 2)
  const m = equals + (equals - order)
  const most = m + 16 * TILES * FILTERS * 4
  const map = active ? active + <usize>(item * all) : 0
  const tiles = listTiles(map, all, order)
  const alike = load<i32>(order + ((tiles - 1) << 2))
  const image = x + (<usize>(item * h * w * ci) << 2)
  findEqual(pixels ? pixels + <usize>(item * h * w) : 0, w, pw, order, tiles, equals)
  largestOf(image, h * w, ci, most)
  transformInput(image, w, ci, pw, order, tiles, v, scratch)
  for (let o = 0; o < co; o += FILTERS) {
    const panel = u + (<usize>(o / FILTERS * panelSize(ci)) << 2)
    const errors = panel + (<usize>(16 * ci * FILTERS) << 2)
    errorsOf(most, errors, ci, scratch)
    for (let first = 0; first < tiles; first += TILES) {
      multiplyTiles(v + <usize>(first / TILES) * blockSize, panel, ci, 16, m)
      for (let t = 0; t < smaller(TILES, tiles - first); t++) {
        const tile = load<i32>(order + ((first + t) << 2))
        const same = load<i32>(equals + ((first + t) << 2))
        for (let f = 0; f < FILTERS && o + f < co; f += 4) {
          const at = <usize>((item * all + tile) * co + o + f) << 2
          const bias = b ? b + ((o + f) << 2) : 0
          const error = v128.load(scratch + (f << 2))
          if (poolTile(m + ((t * FILTERS + f) << 2), bias, rectify, same, error, y + at, argmax + at, co - o - f)) continue
          const corner = image + (<usize>((2 * (tile / pw) * w + 2 * (tile % pw)) * ci) << 2)
          poolExactly(corner, w, ci, weights + ((o + f) << 2), co, bias, rectify, y + at, argmax + at, co - o - f)
        }
      }
    }
    if (map) copyAlike(map, all, alike, y, argmax, <usize>(item * all * co + o) << 2, co, smaller(FILTERS, co - o))
  }
}

/** Lists the tiles that have seen something and, as the last, one that has not: returns how many. */
function listTiles(active: usize, tiles: i32, order: usize): i32 {
  let count = 0, blank = -1
  for (let t = 0; t < tiles; t++)
    if (!active || load<u8>(active + t)) store<i32>(order + (count++ << 2), t)
    else if (blank < 0) blank = t
  if (blank >= 0) store<i32>(order + (count++ << 2), blank)
  return count
}

/** Of each listed tile, which of its four windows have seen nothing, a bit each, but the first of them: they are equal to it. */
function findEqual(pixels: usize, w: i32, pw: i32, order: usize, tiles: i32, equals: usize): void {
  memory.fill(equals, 0, <usize>tiles << 2)
  if (!pixels) return
  for (let t = 0; t < tiles; t++) {
    const tile = load<i32>(order + (t << 2))
    const at = pixels + <usize>(2 * (tile / pw) * w + 2 * (tile % pw))
    const middle = load<u32>(at + <usize>w) | load<u32>(at + 2 * <usize>w)
    const above = middle | load<u32>(at), below = middle | load<u32>(at + 3 * <usize>w)
    const blank = i32((above & 0xffffff) == 0) | (i32((above & 0xffffff00) == 0) << 1) |
      (i32((below & 0xffffff) == 0) << 2) | (i32((below & 0xffffff00) == 0) << 3)
    store<i32>(equals + (t << 2), blank & (blank - 1))
  }
}

/** most[ci] = the largest |x| of each channel of an image: infinite if one is HUGE or no number. */
export function largestOf(x: usize, pixels: i32, ci: i32, most: usize): void {
  const pixel = <usize>ci << 2
  for (let c: usize = 0; c < pixel; c += 16) {
    // As whole numbers, the bits of numbers above 0 have the same order, and infinity and NaN are the largest.
    let largest = zero()
    const bits = i32x4.splat(0x7fffffff)
    const end = x + <usize>pixels * pixel
    for (let at = x + c; at < end; at += pixel) largest = i32x4.max_s(largest, v128.and(v128.load(at), bits))
    v128.store(most + c, v128.bitselect(largest, f32x4.splat(Infinity), f32x4.lt(largest, f32x4.splat(HUGE))))
  }
}

/** errors[8]: what the results of a panel of filters may be off, whose largest weights are given; no number if by anything. */
function errorsOf(most: usize, largest: usize, ci: i32, errors: usize): void {
  let e0 = zero(), e1 = zero()
  for (let c = 0; c < ci; c++, largest += FILTERS * 4) {
    const x = v128.load32_splat(most + (c << 2))
    e0 = f32x4.add(e0, f32x4.mul(x, v128.load(largest)))
    e1 = f32x4.add(e1, f32x4.mul(x, v128.load(largest, 16)))
  }
  const unit = f32x4.splat(ERROR), tiny = f32x4.splat(TINY)
  v128.store(errors, f32x4.add(f32x4.mul(e0, unit), tiny))
  v128.store(errors, f32x4.add(f32x4.mul(e1, unit), tiny), 16)
}

/** Copies the results of the tile `alike` to all that have seen nothing. */
function copyAlike(
  active: usize, tiles: i32, alike: i32, y: usize, argmax: usize, offset: usize, co: i32, count: i32,
): void {
  const from = offset + (<usize>(alike * co) << 2)
  for (let t = 0; t < tiles; t++, offset += <usize>co << 2) {
    if (load<u8>(active + t)) continue
    for (let f: usize = 0; f < <usize>count; f += 4) {
      storeLanes(y + offset + (f << 2), v128.load(y + from + (f << 2)), count - f)
      storeLanes(argmax + offset + (f << 2), v128.load(argmax + from + (f << 2)), count - f)
    }
  }
}

/** v = Bᵀ d B of every listed tile, as [block][16][4 tiles][ci]; `rows` holds the 4x4 vectors half-way. */
function transformInput(
  x: usize, w: i32, ci: i32, pw: i32, order: usize, tiles: i32, v: usize, rows: usize,
): void {
  const pixel = <usize>ci << 2
  const row = <usize>w * pixel
  const next = <usize>TILES * pixel
  for (let t = 0; t < tiles; t++) {
    const tile = load<i32>(order + (t << 2))
    let from = x + <usize>(2 * (tile / pw)) * row + <usize>(2 * (tile % pw)) * pixel
    let to = v + <usize>(t / TILES) * 16 * next + <usize>(t % TILES) * pixel
    const end = from + pixel
    for (; from < end; from += 16, to += 16) {
      for (let c = 0; c < 4; c++) {
        const at = from + c * pixel
        const d0 = v128.load(at), d1 = v128.load(at + row), d2 = v128.load(at + 2 * row), d3 = v128.load(at + 3 * row)
        const half = rows + (c << 4)
        v128.store(half, f32x4.sub(d0, d2))
        v128.store(half, f32x4.add(d1, d2), 64)
        v128.store(half, f32x4.sub(d2, d1), 128)
        v128.store(half, f32x4.sub(d1, d3), 192)
      }
      for (let r = 0; r < 4; r++) {
        const half = rows + (r << 6)
        const d0 = v128.load(half), d1 = v128.load(half, 16), d2 = v128.load(half, 32), d3 = v128.load(half, 48)
        const at = to + <usize>(r << 2) * next
        v128.store(at, f32x4.sub(d0, d2))
        v128.store(at + next, f32x4.add(d1, d2))
        v128.store(at + 2 * next, f32x4.sub(d2, d1))
        v128.store(at + 3 * next, f32x4.sub(d1, d3))
      }
    }
  }
}

/** m[points][4 tiles][8 filters] = Σ channels v · u, for one block of tiles and one panel of filters. */
export function multiplyTiles(v: usize, u: usize, ci: i32, points: i32, m: usize): void {
  const pixel = <usize>ci << 2
  const v2 = 2 * pixel, v3 = 3 * pixel
  for (let e = 0; e < points; e++) {
    let m00 = zero(), m01 = zero(), m10 = zero(), m11 = zero()
    let m20 = zero(), m21 = zero(), m30 = zero(), m31 = zero()
    const end = u + (<usize>ci << 5)
    while (u < end) {
      const u0 = v128.load(u), u1 = v128.load(u, 16)
      let a = v128.load32_splat(v)
      m00 = madd(a, u0, m00)
      m01 = madd(a, u1, m01)
      a = v128.load32_splat(v + pixel)
      m10 = madd(a, u0, m10)
      m11 = madd(a, u1, m11)
      a = v128.load32_splat(v + v2)
      m20 = madd(a, u0, m20)
      m21 = madd(a, u1, m21)
      a = v128.load32_splat(v + v3)
      m30 = madd(a, u0, m30)
      m31 = madd(a, u1, m31)
      v += 4
      u += FILTERS * 4
    }
    v += v3
    v128.store(m, m00)
    v128.store(m, m01, 16)
    v128.store(m, m10, 32)
    v128.store(m, m11, 48)
    v128.store(m, m20, 64)
    v128.store(m, m21, 80)
    v128.store(m, m30, 96)
    v128.store(m, m31, 112)
    m += TILES * FILTERS * 4
  }
}

/**
 * y = Aᵀ m A of one tile and 4 filters, plus bias, relu, and the largest of the four with its place, not counting those that
 * are equal to one before. @returns whether all is certain, y being off by no more than `error`
 */
@inline
function poolTile(
  m: usize, b: usize, rectify: bool, equal: i32, error: v128, y: usize, winner: usize, count: i32,
): bool {
  // Aᵀ m, column by column: two rows of four.
  const next: usize = TILES * FILTERS * 4
  const t00 = above(m, next), t01 = above(m + next, next), t02 = above(m + 2 * next, next), t03 = above(m + 3 * next, next)
  const t10 = below(m, next), t11 = below(m + next, next), t12 = below(m + 2 * next, next), t13 = below(m + 3 * next, next)
  const bias = b ? v128.load(b) : zero()
  const y0 = f32x4.add(f32x4.add(f32x4.add(t00, t01), t02), bias)
  let y1 = f32x4.add(f32x4.sub(f32x4.sub(t01, t02), t03), bias)
  let y2 = f32x4.add(f32x4.add(f32x4.add(t10, t11), t12), bias)
  let y3 = f32x4.add(f32x4.sub(f32x4.sub(t11, t12), t13), bias)
  if (equal) {
    const none = f32x4.splat(-Infinity)
    if (equal & 2) y1 = none
    if (equal & 4) y2 = none
    if (equal & 8) y3 = none
  }
  // If one is no number, `error` is none either: it does not matter which of two these take then.
  const first = f32x4.pmax(y0, y1), last = f32x4.pmax(y2, y3)
  let best = f32x4.pmax(first, last)
  const second = f32x4.pmax(f32x4.pmin(first, last), f32x4.pmax(f32x4.pmin(y0, y1), f32x4.pmin(y2, y3)))
  const off = f32x4.add(error, f32x4.mul(f32x4.abs(f32x4.sub(best, bias)), f32x4.splat(GROWTH)))
  const certain = v128.and(
    f32x4.gt(f32x4.abs(best), f32x4.mul(off, f32x4.splat(TRUSTED))),
    f32x4.gt(f32x4.sub(best, second), f32x4.add(off, off)),
  )
  const one = i32x4.splat(1)
  let place = v128.bitselect(
    v128.or(v128.and(f32x4.gt(y3, y2), one), i32x4.splat(2)),
    v128.and(f32x4.gt(y1, y0), one),
    f32x4.gt(last, first),
  )
  if (rectify) {
    place = v128.and(place, f32x4.gt(best, zero()))
    best = relu4(best)
  }
  storeLanes(y, best, count)
  storeLanes(winner, place, count)
  return allOf(certain, count)
}

/**
 * The same as it is defined: y = Σ window · w, of a tile whose first pixel is at x and of 4 filters, `co` numbers apart.
 */
export function poolExactly(
  x: usize, width: i32, ci: i32, w: usize, co: i32, b: usize, rectify: bool, y: usize, winner: usize, count: i32,
): void {
  const pixel = <usize>ci << 2
  const row = <usize>width * pixel
  const next = <usize>co << 2
  let best = zero(), y1 = zero(), y2 = zero(), y3 = zero()
  for (let a = 0; a < 3; a++, x += row)
    for (let at = x; at < x + 3 * pixel; at += 4, w += next) {
      const weights = v128.load(w)
      best = madd(v128.load32_splat(at), weights, best)
      y1 = madd(v128.load32_splat(at + pixel), weights, y1)
      y2 = madd(v128.load32_splat(at + row), weights, y2)
      y3 = madd(v128.load32_splat(at + row + pixel), weights, y3)
    }
  if (b) {
    const bias = v128.load(b)
    best = f32x4.add(best, bias)
    y1 = f32x4.add(y1, bias)
    y2 = f32x4.add(y2, bias)
    y3 = f32x4.add(y3, bias)
  }
  if (rectify) {
    best = relu4(best)
    y1 = relu4(y1)
    y2 = relu4(y2)
    y3 = relu4(y3)
  }
  let larger = f32x4.gt(y1, best)
  let place = v128.and(i32x4.splat(1), larger)
  best = v128.bitselect(y1, best, larger)
  larger = f32x4.gt(y2, best)
  place = v128.bitselect(i32x4.splat(2), place, larger)
  best = v128.bitselect(y2, best, larger)
  larger = f32x4.gt(y3, best)
  place = v128.bitselect(i32x4.splat(3), place, larger)
  best = v128.bitselect(y3, best, larger)
  storeLanes(y, best, count)
  storeLanes(winner, place, count)
}

/** The first row of Aᵀ on a column of m: m0 + m1 + m2, the column's elements being 4 products apart. */
@inline
function above(m: usize, next: usize): v128 {
  return f32x4.add(f32x4.add(v128.load(m), v128.load(m + 4 * next)), v128.load(m + 8 * next))
}

/** The second row: m1 − m2 − m3. */
@inline
function below(m: usize, next: usize): v128 {
  return f32x4.sub(f32x4.sub(v128.load(m + 4 * next), v128.load(m + 8 * next)), v128.load(m + 12 * next))
}
