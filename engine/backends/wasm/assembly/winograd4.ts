// y = maxPool2x2(relu(x ∗ w + b)) for 3x3 windows by Winograd's F(4x4, 3x3) (Lavin & Gray 2016): a 6x6 tile of x gives a 4x4 tile
// of the convolution, which is four windows of the pooling. 36 products a tile, channel and filter: 2¼ for each number of the
// convolution, where F(2x2, 3x3) (winograd.ts) takes 4 and the definition 9.
//
//    Bᵀ = 4  0 −5  0  1  0    6 G =  3/2  0   0     Aᵀ = 1  1  1  1  1  0    v = Bᵀ d B
//         0 −4 −4  1  1  0          −1  −1  −1          0  1 −1  2 −2  0    u = G g Gᵀ (once a batch)
//         0  4 −4 −1  1  0          −1   1  −1          0  1  1  4  4  0    m = Σ channels  u ⊙ v
//         0 −2 −1  2  1  0           ¼   ½   1          0  1 −1  8 −8  1    y = Aᵀ m A
//         0  2 −1 −2  1  0           ¼  −½   1
//         0  4  0 −5  0  1           0   0   6
//
// It rounds more than F(2x2): so it is taken only if no gradient will be asked for, where no winners, masks or ties are decided. With
// E = Σ channels (largest |x| of the image) · (largest |w| of the filter), y is off by at most 2⁻²⁴ · (128·E + (700 + 8·ci)·|y|), y being without bias. Of 120
// kinds of x and w, some made to cancel, alternate or differ by 10⁸, with 4 to 256 channels, the largest error was 0.98 of that; of
// convnet's results, 3e-6 of the largest. What is no larger than 16 times the first part, or no number, is computed as it is defined.
import { Out, allOf, madd, nmadd, relu4, smaller, storeLanes, zero } from './simd'
import { FILTERS, largestOf, multiplyTiles, poolExactly, TILES } from './winograd'

const POINTS: i32 = 36

/** A result's error, as a part of E and, with ci channels, of itself. Beside a bias, the sum itself may be as large as that. */
const ERROR: f32 = 128 / 16777216.0
@inline
function growth(ci: i32): f32 {
  const units = 700 + 8 * ci
  return <f32>units / 16777216
}
/** Results below so many times that are computed anew. */
const TRUSTED: f32 = 16
/** Weights from here on could overflow on the way; what is smaller than the others loses digits. */
const HUGE: f32 = 1e16
const SMALL: f32 = 1e-25
const TINY: f32 = 1e-35

/** Numbers of a transformed panel of filters: the transform, [36][ci][8], and the largest of each filter's weights, [ci][8]. */
@inline
function panelSize(ci: i32): i32 {
  return (POINTS + 1) * ci * FILTERS
}

/** Numbers that transformFilters4 writes. */
export function transformedFilters4(ci: i32, co: i32): i32 {
  return panelSize(ci) * ((co + FILTERS - 1) / FILTERS)
}

/** Bytes of scratch that inferPooled needs for so many images an item. */
export function inferPooledScratch(images: i32, ph: i32, pw: i32, ci: i32, co: i32): i32 {
  const filters = (co + FILTERS - 1) / FILTERS * FILTERS
  return 4 * (POINTS * (TILES * (ci + FILTERS) + 4) + ci + (images + 2) * filters + images * (ph / 2) * (pw / 2)) + 512
}

/** u = G g Gᵀ for panel `item` of 8 filters, rounded once: [36][ci][8] from w[3,3,ci,co]. */
export function transformFilters4(item: i32, scratch: usize, w: usize, ci: i32, co: i32, u: Out): void {
  const panel = u + (<usize>(item * panelSize(ci)) << 2)
  const largest = panel + (<usize>(POINTS * ci * FILTERS) << 2)
  for (let c = 0; c < ci; c++)
    for (let f = 0; f < FILTERS; f++) {
      const o = item * FILTERS + f
      let most: f32 = 0
      if (o < co) for (let t = 0; t < 9; t++) most = max(most, abs(load<f32>(w + (<usize>((t * ci + c) * co + o) << 2))))
      store<f32>(largest + (<usize>(c * FILTERS + f) << 2), most < HUGE ? max(most, SMALL) : Infinity)
      // Columns first: half = G g, 6 x 3.
      for (let b = 0; b < 3; b++)
        timesG(
          o < co ? <f64>load<f32>(w + (<usize>((b * ci + c) * co + o) << 2)) : 0,
          o < co ? <f64>load<f32>(w + (<usize>(((3 + b) * ci + c) * co + o) << 2)) : 0,
          o < co ? <f64>load<f32>(w + (<usize>(((6 + b) * ci + c) * co + o) << 2)) : 0,
          scratch + (b << 3), 24)
      const row = scratch + 144
      for (let a = 0; a < 6; a++) {
        const half = scratch + a * 24
        timesG(load<f64>(half), load<f64>(half, 8), load<f64>(half, 16), row, 8)
        for (let b = 0; b < 6; b++)
          store<f32>(panel + (<usize>(((a * 6 + b) * ci + c) * FILTERS + f) << 2), <f32>load<f64>(row + (b << 3)))
      }
    }
}

/** G (a, b, c) */
@inline
function timesG(a: f64, b: f64, c: f64, to: usize, step: usize): void {
  store<f64>(to, a / 4)
  store<f64>(to + step, -(a + b + c) / 6)
  store<f64>(to + 2 * step, -(a - b + c) / 6)
  store<f64>(to + 3 * step, a / 24 + b / 12 + c / 6)
  store<f64>(to + 4 * step, a / 24 - b / 12 + c / 6)
  store<f64>(to + 5 * step, c)
}

/**
 * Images item·images … of y[n,ph,pw,co], ph and pw being even; x is [n, 2·ph + 2, 2·pw + 2, ci] or wider, ci a multiple of 4; w are
 * the weights, u the transformed ones. All pixels of x are alike where pixels[n,h,w] is 0, which may be 0: nothing is known. The
 * tiles of all images of an item follow each other, so that few blocks of them are not full.
 */
export function inferPooled(
  item: i32, scratch: usize, x: usize, weights: usize, u: usize, y: Out, n: i32, images: i32, h: i32, w: i32, ci: i32,
  co: i32, ph: i32, pw: i32, b: usize, rectify: bool, pixels: usize,
): void {
  const pixel = <usize>ci << 2
  const v = scratch
  const m = v + POINTS * TILES * pixel
  const half = m + POINTS * TILES * FILTERS * 4
  const most = half + POINTS * 16
  const filters = (co + FILTERS - 1) / FILTERS * FILTERS
  const blank = most + pixel
  const won = blank + (<usize>filters << 2)
  const limits = won + (<usize>filters << 2)
  const order = limits + (<usize>(images * filters) << 2)
  const first = item * images, last = smaller(n, first + images)
  const across = pw / 2, tiles = ph / 2 * across
  let count = 0
  let known = false
  for (let image = first; image < last; image++) {
    const from = x + <usize>(image * h * w) * pixel
    largestOf(from, h * w, ci, most)
    for (let o = 0; o < co; o += FILTERS) {
      const errors = u + (<usize>(o / FILTERS * panelSize(ci) + POINTS * ci * FILTERS) << 2)
      limitsOf(most, errors, ci, b ? b + (o << 2) : 0, limits + (<usize>((image - first) * filters + o) << 2))
    }
    for (let tile = 0; tile < tiles; tile++) {
      const corner = 4 * (tile / across) * w + 4 * (tile % across)
      if (!pixels || sees(pixels + <usize>(image * h * w + corner), w)) {
        store<i32>(order + (count++ << 2), (image - first) * tiles + tile)
        continue
      }
      if (!known)
        for (let o = 0; o < co; o += 4)
          poolExactly(
            from + <usize>corner * pixel, w, ci, weights + (o << 2), co, b ? b + (o << 2) : 0, rectify, blank + (o << 2),
            won + (o << 2), 4)
      known = true
      const to = y + (<usize>((image * ph + 2 * (tile / across)) * pw + 2 * (tile % across)) * co << 2)
      const bytes = <usize>co << 2
      memory.copy(to, blank, bytes)
      memory.copy(to + bytes, blank, bytes)
      memory.copy(to + pw * bytes, blank, bytes)
      memory.copy(to + (pw + 1) * bytes, blank, bytes)
    }
  }
  for (let begin = 0; begin < count; begin += TILES) {
    const some = smaller(TILES, count - begin)
    for (let t = 0; t < some; t++) {
      const found = load<i32>(order + ((begin + t) << 2))
      const tile = found % tiles
      const corner = ((first + found / tiles) * h + 4 * (tile / across)) * w + 4 * (tile % across)
      transformTile(x + <usize>corner * pixel, <usize>w * pixel, pixel, v + t * pixel, half)
    }
    for (let o = 0; o < co; o += FILTERS) {
      multiplyTiles(v, u + (<usize>(o / FILTERS * panelSize(ci)) << 2), ci, POINTS, m)
      for (let t = 0; t < some; t++) {
        const found = load<i32>(order + ((begin + t) << 2))
        const image = found / tiles, tile = found % tiles
        const row = 2 * (tile / across), column = 2 * (tile % across)
        for (let f = 0; f < FILTERS && o + f < co; f += 4) {
          const to = y + (<usize>((((first + image) * ph + row) * pw + column) * co + o + f) << 2)
          const bias = b ? b + ((o + f) << 2) : 0
          const limit = limits + (<usize>(image * filters + o + f) << 2)
          const right = poolWindows(m + ((t * FILTERS + f) << 2), bias, rectify, limit, to, <usize>co << 2, <usize>(pw * co) << 2, co - o - f, half)
          if (right == 15) continue
          const corner = x + <usize>(((first + image) * h + 2 * row) * w + 2 * column) * pixel
          for (let i = 0; i < 4; i++)
            if (!(right & (1 << i)))
              poolExactly(
                corner + <usize>(2 * (i >> 1) * w + 2 * (i & 1)) * pixel, w, ci, weights + ((o + f) << 2), co, bias, rectify,
                to + (<usize>(((i >> 1) * pw + (i & 1)) * co) << 2), won, co - o - f)
        }
      }
    }
  }
}

/** Whether a tile has seen something: 6 x 6 bytes of a map that is w wide. */
@inline
function sees(map: usize, w: usize): bool {
  const rows = load<u64>(map) | load<u64>(map + w) | load<u64>(map + 2 * w) | load<u64>(map + 3 * w) |
    load<u64>(map + 4 * w) | load<u64>(map + 5 * w)
  return (rows & 0xffffffffffff) != 0
}

/** limits[8]: results of a panel of filters are trusted from here on. No number, or infinite, if none is. */
function limitsOf(most: usize, largest: usize, ci: i32, b: usize, limits: usize): void {
  let e0 = zero(), e1 = zero()
  for (let c = 0; c < ci; c++, largest += FILTERS * 4) {
    const x = v128.load32_splat(most + (c << 2))
    e0 = f32x4.add(e0, f32x4.mul(x, v128.load(largest)))
    e1 = f32x4.add(e1, f32x4.mul(x, v128.load(largest, 16)))
  }
  const unit = f32x4.splat(TRUSTED * ERROR), more = f32x4.splat(TRUSTED * growth(ci)), tiny = f32x4.splat(TINY)
  const b0 = b ? f32x4.abs(v128.load(b)) : zero(), b1 = b ? f32x4.abs(v128.load(b, 16)) : zero()
  v128.store(limits, f32x4.add(f32x4.add(f32x4.mul(e0, unit), f32x4.mul(b0, more)), tiny))
  v128.store(limits, f32x4.add(f32x4.add(f32x4.mul(e1, unit), f32x4.mul(b1, more)), tiny), 16)
}

/** v = Bᵀ d B of one tile, as [36][·][ci] with 4 tiles' vectors side by side; `half` holds six columns half-way. */
export function transformTile(x: usize, row: usize, pixel: usize, v: usize, half: usize): void {
  const four = f32x4.splat(4), five = f32x4.splat(5), two = f32x4.splat(2)
  const next = <usize>TILES * pixel
  for (const end = x + pixel; x < end; x += 16, v += 16) {
    let at = x
    for (let to = half; to < half + 96; to += 16, at += pixel) {
      const d0 = v128.load(at), d1 = v128.load(at + row), d2 = v128.load(at + 2 * row), d3 = v128.load(at + 3 * row)
      const d4 = v128.load(at + 4 * row), d5 = v128.load(at + 5 * row)
      v128.store(to, nmadd(five, d2, madd(four, d0, d4)))
      const a = nmadd(four, d2, d4), b = nmadd(four, d1, d3)
      v128.store(to, f32x4.add(a, b), 96)
      v128.store(to, f32x4.sub(a, b), 192)
      const c = f32x4.sub(d4, d2), e = f32x4.mul(two, f32x4.sub(d3, d1))
      v128.store(to, f32x4.add(c, e), 288)
      v128.store(to, f32x4.sub(c, e), 384)
      v128.store(to, nmadd(five, d3, madd(four, d1, d5)), 480)
    }
    let to = v
    for (let from = half; from < half + 576; from += 96) {
      const d0 = v128.load(from), d1 = v128.load(from, 16), d2 = v128.load(from, 32), d3 = v128.load(from, 48)
      const d4 = v128.load(from, 64), d5 = v128.load(from, 80)
      v128.store(to, nmadd(five, d2, madd(four, d0, d4)))
      to += next
      const a = nmadd(four, d2, d4), b = nmadd(four, d1, d3)
      v128.store(to, f32x4.add(a, b))
      to += next
      v128.store(to, f32x4.sub(a, b))
      to += next
      const c = f32x4.sub(d4, d2), e = f32x4.mul(two, f32x4.sub(d3, d1))
      v128.store(to, f32x4.add(c, e))
      to += next
      v128.store(to, f32x4.sub(c, e))
      to += next
      v128.store(to, nmadd(five, d3, madd(four, d1, d5)))
      to += next
    }
  }
}

/**
 * Aᵀ m A of one tile and 4 filters, pooled: 2x2 results, `right` and `down` bytes apart. @returns which of them are to be trusted,
 * a bit each
 */
export function poolWindows(
  m: usize, b: usize, rectify: bool, limit: usize, y: usize, right: usize, down: usize, count: i32, half: usize,
): i32 {
  const two = f32x4.splat(2), four = f32x4.splat(4), eight = f32x4.splat(8)
  const next: usize = TILES * FILTERS * 4
  for (let to = half; to < half + 96; to += 16, m += next) {
    const m1 = v128.load(m, 6 * next), m2 = v128.load(m, 12 * next), m3 = v128.load(m, 18 * next), m4 = v128.load(m, 24 * next)
    const s = f32x4.add(m1, m2), d = f32x4.sub(m1, m2), t = f32x4.add(m3, m4), e = f32x4.sub(m3, m4)
    v128.store(to, f32x4.add(f32x4.add(v128.load(m), s), t))
    v128.store(to, madd(two, e, d), 96)
    v128.store(to, madd(four, t, s), 192)
    v128.store(to, f32x4.add(madd(eight, e, d), v128.load(m, 30 * next)), 288)
  }
  const bias = b ? v128.load(b) : zero()
  const least = v128.load(limit)
  let trusted = 0
  for (let i = 0; i < 4; i += 2, half += 192, y += down) {
    let m1 = v128.load(half, 16), m2 = v128.load(half, 32), m3 = v128.load(half, 48), m4 = v128.load(half, 64)
    let s = f32x4.add(m1, m2), d = f32x4.sub(m1, m2), t = f32x4.add(m3, m4), e = f32x4.sub(m3, m4)
    const y0 = f32x4.add(f32x4.add(v128.load(half), s), t), y1 = madd(two, e, d)
    const y2 = madd(four, t, s), y3 = f32x4.add(madd(eight, e, d), v128.load(half, 80))
    m1 = v128.load(half, 112)
    m2 = v128.load(half, 128)
    m3 = v128.load(half, 144)
    m4 = v128.load(half, 160)
    s = f32x4.add(m1, m2)
    d = f32x4.sub(m1, m2)
    t = f32x4.add(m3, m4)
    e = f32x4.sub(m3, m4)
    const z0 = f32x4.add(f32x4.add(v128.load(half, 96), s), t), z1 = madd(two, e, d)
    const z2 = madd(four, t, s), z3 = f32x4.add(madd(eight, e, d), v128.load(half, 176))
    trusted |= i32(pooled(y0, y1, z0, z1, bias, rectify, least, y, count)) << i
    trusted |= i32(pooled(y2, y3, z2, z3, bias, rectify, least, y + right, count)) << (i + 1)
  }
  return trusted
}

/** The largest of a window's four, with bias and relu. NaN is not trusted, so it does not matter whether it gets lost. */
@inline
function pooled(
  a: v128, b: v128, c: v128, d: v128, bias: v128, rectify: bool, least: v128, y: usize, count: i32,
): bool {
  const best = f32x4.add(f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d)), bias)
  storeLanes(y, rectify ? relu4(best) : best, count)
  return allOf(f32x4.gt(f32x4.abs(best), least), count)
}
