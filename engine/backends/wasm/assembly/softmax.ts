// Softmax and its loss, row by row of a [m,n] matrix. An item is 64 rows.
import { expRest, log1p4, power2 } from './math'
import { Out, smaller, storeLanes } from './simd'

export const SCORES: i32 = 64

/** 1.5 · 2²³: added to a small number, it leaves the nearest whole number in the lowest bits. */
const WHOLE: f32 = 12582912

/** eˣ of four numbers, x ≤ 0 or moderate. Below −87 the result is 0. */
@inline
function shareOf(x: v128): v128 {
  const whole = f32x4.splat(WHOLE)
  const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504088896)), whole)
  const p = expRest(x, f32x4.sub(shifted, whole))
  const tiny = f32x4.lt(x, f32x4.splat(-87))
  return v128.andnot(f32x4.mul(p, power2(i32x4.sub(shifted, whole))), tiny)
}

/** Number j of four rows: x is the first row's, the others' are so many bytes behind it. */
@inline
function column(x: usize, to1: usize, to2: usize, to3: usize): v128 {
  let v = v128.load32_zero(x)
  v = v128.load_lane<f32>(x + to1, v, 1)
  v = v128.load_lane<f32>(x + to2, v, 2)
  return v128.load_lane<f32>(x + to3, v, 3)
}

@inline
function putColumn(y: usize, v: v128, to1: usize, to2: usize, to3: usize): void {
  v128.store_lane<f32>(y, v, 0)
  v128.store_lane<f32>(y + to1, v, 1)
  v128.store_lane<f32>(y + to2, v, 2)
  v128.store_lane<f32>(y + to3, v, 3)
}

/** Where the rows' maxima are left in scratch, behind four sums of two vectors. */
const MAXIMA: usize = 128

/**
 * y = softmax(x) of four rows of n numbers, a lane each, one number of all four after the other; rows may be the same.
 * @returns the sums of exp(x − max) without the maxima themselves, whose exp(0) is 1: so the logarithm of the whole loses nothing
 *   of a small rest. NaN makes all of a row NaN.
 */
function fourRows(scratch: usize, x: usize, y: usize, n: i32, to1: usize, to2: usize, to3: usize): v128 {
  const bytes = <usize>n << 2
  let max = f32x4.splat(-f32.MAX_VALUE)
  for (let j: usize = 0; j < bytes; j += 4) max = f32x4.pmax(max, column(x + j, to1, to2, to3))
  v128.store(scratch + MAXIMA, max)
  // Sums of every fourth number, below the maximum and equal to it.
  memory.fill(scratch, 0, MAXIMA)
  for (let j: usize = 0; j < bytes; j += 4) {
    const v = column(x + j, to1, to2, to3)
    const e = shareOf(f32x4.sub(v, max))
    const less = f32x4.lt(v, max)
    const sums = scratch + ((j & 12) << 3)
    v128.store(sums, f32x4.add(v128.load(sums), v128.and(e, less)))
    v128.store(sums, f32x4.add(v128.load(sums, 16), v128.andnot(e, less)), 16)
    putColumn(y + j, e, to1, to2, to3)
  }
  const others = f32x4.add(total(scratch), f32x4.sub(total(scratch + 16), f32x4.splat(1)))
  const sum = f32x4.add(others, f32x4.splat(1))
  for (let j: usize = 0; j < bytes; j += 4)
    putColumn(y + j, f32x4.div(column(y + j, to1, to2, to3), sum), to1, to2, to3)
  return others
}

/** Of four vectors, 32 bytes from each other, the sum. */
@inline
function total(at: usize): v128 {
  return f32x4.add(f32x4.add(v128.load(at), v128.load(at, 64)), f32x4.add(v128.load(at, 32), v128.load(at, 96)))
}

/** How far the row `next` rows further on is, or the last one if there are not so many. */
@inline
function rowBehind(next: i32, rows: i32, n: i32): usize {
  return <usize>(smaller(next, rows - 1) * n) << 2
}

/** y = softmax(x) */
export function softmax(item: i32, scratch: usize, x: usize, y: Out, m: i32, n: i32): void {
  const last = smaller(m, (item + 1) * SCORES)
  for (let i = item * SCORES; i < last; i += 4) {
    const row = <usize>(i * n) << 2, rows = last - i
    fourRows(scratch, x + row, y + row, n, rowBehind(1, rows, n), rowBehind(2, rows, n), rowBehind(3, rows, n))
  }
}

/** dx = y · (dy − Σ dy·y) */
export function softmaxGrad(item: i32, scratch: usize, y: usize, dy: usize, dx: Out, m: i32, n: i32): void {
  const last = smaller(m, (item + 1) * SCORES)
  for (let i = item * SCORES; i < last; i++) {
    const row = <usize>(i * n) << 2
    let dot: f32 = 0
    for (let j = 0; j < n; j++) dot += load<f32>(dy + row + (j << 2)) * load<f32>(y + row + (j << 2))
    for (let j = 0; j < n; j++) {
      const at = row + (j << 2)
      store<f32>(dx + at, load<f32>(y + at) * (load<f32>(dy + at) - dot))
    }
  }
}

/**
 * probabilities = softmax(logits), and losses[i] = −Σ t · log softmax(logits)[i,:] with t = onehot(labels[i]), of which `smoothing` is
 * shared out among all classes
 */
export function crossEntropy(
  item: i32, scratch: usize, logits: usize, labels: usize, probabilities: Out, losses: Out, m: i32, n: i32,
  smoothing: f32,
): void {
  const last = smaller(m, (item + 1) * SCORES)
  for (let i = item * SCORES; i < last; i += 4) {
    const row = <usize>(i * n) << 2, rows = last - i
    const to1 = rowBehind(1, rows, n), to2 = rowBehind(2, rows, n), to3 = rowBehind(3, rows, n)
    const x = logits + row
    const others = fourRows(scratch, x, probabilities + row, n, to1, to2, to3)
    const max = v128.load(scratch + MAXIMA)
    let right = f32x4.splat(scoreOf(x, labels, i))
    if (rows > 1) right = f32x4.replace_lane(right, 1, scoreOf(x + to1, labels, i + 1))
    if (rows > 2) right = f32x4.replace_lane(right, 2, scoreOf(x + to2, labels, i + 2))
    if (rows > 3) right = f32x4.replace_lane(right, 3, scoreOf(x + to3, labels, i + 3))
    let below = f32x4.mul(f32x4.sub(max, right), f32x4.splat(1 - smoothing))
    if (smoothing > 0)
      for (let j: usize = 0; j < <usize>n << 2; j += 4) {
        const share = f32x4.splat(smoothing / <f32>n)
        below = f32x4.add(below, f32x4.mul(f32x4.sub(max, column(x + j, to1, to2, to3)), share))
      }
    v128.store(losses + (i << 2), f32x4.add(log1p4(others), below))
  }
}

/** The score of the right class of row i, which is at x. */
@inline
function scoreOf(x: usize, labels: usize, i: i32): f32 {
  return load<f32>(x + (i32(load<f32>(labels + (i << 2))) << 2))
}

/** loss[0] = Σ losses / m */
export function mean(item: i32, scratch: usize, losses: usize, loss: Out, m: i32): void {
  let sum: f64 = 0
  for (let i = 0; i < m; i++) sum += load<f32>(losses + (i << 2))
  store<f32>(loss, <f32>(sum / m))
}

/** dlogits = dy[0] · (probabilities − t) / m */
export function crossEntropyGrad(
  item: i32, scratch: usize, probabilities: usize, labels: usize, dy: usize, dlogits: Out, m: i32, n: i32,
  smoothing: f32,
): void {
  const scale = load<f32>(dy) / <f32>m
  const all = smoothing / <f32>n, one = <f32>1 - smoothing
  const first = item * SCORES, last = smaller(m, first + SCORES)
  // As if no class were right; then of each row the one that is.
  const start = first * n, end = last * n
  for (let i = start; i < end; i += 4) {
    const p = v128.load(probabilities + (<usize>i << 2))
    storeLanes(dlogits + (<usize>i << 2), f32x4.mul(f32x4.sub(p, f32x4.splat(all)), f32x4.splat(scale)), end - i)
  }
  for (let i = first; i < last; i++) {
    const at = <usize>(i * n + i32(load<f32>(labels + (i << 2)))) << 2
    store<f32>(dlogits + at, (load<f32>(probabilities + at) - all - one) * scale)
  }
}
