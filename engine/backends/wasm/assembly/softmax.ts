// Softmax and its loss, row by row of a [m,n] matrix. An item is 64 rows.
import { expRest, log1p4, power2 } from './math'
import { smaller, storeLanes, sum4, zero } from './simd'

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

/** The first `count` lanes of x, and of `rest` those beyond. */
@inline
function lanes(x: v128, count: i32, rest: v128): v128 {
  if (count >= 4) return x
  return v128.bitselect(x, rest, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)))
}

/** The largest of one row of n numbers, if none is NaN. */
function largest(x: usize, n: i32): f32 {
  const lowest = f32x4.splat(-f32.MAX_VALUE)
  let max = lowest
  for (let j = 0; j < n; j += 4) max = f32x4.pmax(max, lanes(v128.load(x + (j << 2)), n - j, lowest))
  max = f32x4.pmax(max, v128.shuffle<f32>(max, max, 2, 3, 0, 1))
  return f32x4.extract_lane(f32x4.pmax(max, v128.shuffle<f32>(max, max, 1, 0, 3, 2)), 0)
}

/**
 * y = exp(x − max) for one row, and the sum of y without the maximum itself, whose exp(0) is 1: so the logarithm of the whole
 * loses nothing of a small rest. NaN makes all of it NaN.
 */
function exponentials(x: usize, max: f32, y: usize, n: i32): f32 {
  let below = zero(), equal = zero()
  const largest = f32x4.splat(max)
  for (let j = 0; j < n; j += 4) {
    const v = v128.load(x + (j << 2))
    const e = lanes(shareOf(f32x4.sub(v, largest)), n - j, zero())
    storeLanes(y + (j << 2), e, n - j)
    const less = f32x4.lt(v, largest)
    below = f32x4.add(below, v128.and(e, less))
    equal = f32x4.add(equal, v128.andnot(e, less))
  }
  return sum4(below) + (sum4(equal) - 1)
}

/** y = y / sum for one row */
@inline
function divide(y: usize, sum: f32, n: i32): void {
  const sums = f32x4.splat(sum)
  for (let j = 0; j < n; j += 4) storeLanes(y + (j << 2), f32x4.div(v128.load(y + (j << 2)), sums), n - j)
}

/** y = softmax(x) */
export function softmax(item: i32, scratch: usize, x: usize, y: usize, m: i32, n: i32): void {
  const last = smaller(m, (item + 1) * SCORES)
  for (let i = item * SCORES; i < last; i++) {
    const row = <usize>(i * n) << 2
    divide(y + row, 1 + exponentials(x + row, largest(x + row, n), y + row, n), n)
  }
}

/** dx = y · (dy − Σ dy·y) */
export function softmaxGrad(item: i32, scratch: usize, y: usize, dy: usize, dx: usize, m: i32, n: i32): void {
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
  item: i32, scratch: usize, logits: usize, labels: usize, probabilities: usize, losses: usize, m: i32, n: i32,
  smoothing: f32,
): void {
  const last = smaller(m, (item + 1) * SCORES)
  for (let i = item * SCORES; i < last; i++) {
    const x = logits + (<usize>(i * n) << 2)
    const p = probabilities + (<usize>(i * n) << 2)
    const max = largest(x, n)
    const others = exponentials(x, max, p, n)
    divide(p, 1 + others, n)
    const right = load<f32>(x + (i32(load<f32>(labels + (i << 2))) << 2))
    let below = (max - right) * (1 - smoothing)
    if (smoothing > 0) for (let j = 0; j < n; j++) below += (max - load<f32>(x + (j << 2))) * (smoothing / <f32>n)
    store<f32>(losses + (i << 2), others)
    store<f32>(scratch + ((i - item * SCORES) << 2), below)
  }
  for (let i = item * SCORES; i < last; i += 4) {
    const at = losses + (i << 2)
    v128.store(at, f32x4.add(log1p4(v128.load(at)), v128.load(scratch + ((i - item * SCORES) << 2))))
  }
}

/** loss[0] = Σ losses / m */
export function mean(item: i32, scratch: usize, losses: usize, loss: usize, m: i32): void {
  let sum: f64 = 0
  for (let i = 0; i < m; i++) sum += load<f32>(losses + (i << 2))
  store<f32>(loss, <f32>(sum / m))
}

/** dlogits = dy[0] · (probabilities − t) / m */
export function crossEntropyGrad(
  item: i32, scratch: usize, probabilities: usize, labels: usize, dy: usize, dlogits: usize, m: i32, n: i32,
  smoothing: f32,
): void {
  const scale = load<f32>(dy) / <f32>m
  const all = smoothing / <f32>n, one = <f32>1 - smoothing
  const last = smaller(m, (item + 1) * SCORES)
  for (let i = item * SCORES; i < last; i++) {
    const row = <usize>(i * n) << 2
    const label = i32(load<f32>(labels + (i << 2)))
    for (let j = 0; j < n; j++)
      store<f32>(dlogits + row + (j << 2), (load<f32>(probabilities + row + (j << 2)) - all - (j == label ? one : <f32>0)) * scale)
  }
}
