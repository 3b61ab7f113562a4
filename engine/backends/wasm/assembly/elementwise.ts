// One number in, one number out. An item is CHUNK numbers; buffers are padded, so the last vector may run over.
import { CHUNK, Out, relu4, smaller, storeLanes, sum4, zero } from './simd'

/** y = max(x, 0) */
export function relu(item: i32, scratch: usize, x: usize, y: Out, n: i32): void {
  const end = smaller(n, (item + 1) * CHUNK)
  for (let i = item * CHUNK; i < end; i += 4) v128.store(y + (i << 2), relu4(v128.load(x + (i << 2))))
}

/** dx = dy where y > 0, else 0 */
export function reluGrad(item: i32, scratch: usize, y: usize, dy: usize, dx: Out, n: i32): void {
  const end = smaller(n, (item + 1) * CHUNK)
  for (let i = item * CHUNK; i < end; i += 4) {
    const positive = f32x4.gt(v128.load(y + (i << 2)), f32x4.splat(0))
    v128.store(dx + (i << 2), v128.and(v128.load(dy + (i << 2)), positive))
  }
}

/** Rows of a [m,n] matrix that an item of addBias and biasGrad treats. */
export const ROWS: i32 = 1024

/** y[m,n] = x[m,n] + b[n], then max(y, 0) if asked */
export function addBias(item: i32, scratch: usize, x: usize, b: usize, y: Out, m: i32, n: i32, rectify: bool): void {
  const last = smaller(m, (item + 1) * ROWS)
  for (let i = item * ROWS; i < last; i++) {
    const row: usize = (<usize>i * n) << 2
    for (let j = 0; j < n; j += 4) {
      const at = row + (j << 2)
      const sum = f32x4.add(v128.load(x + at), v128.load(b + (j << 2)))
      storeLanes(y + at, rectify ? relu4(sum) : sum, n - j)
    }
  }
}

/** partial[item,n] = the sum of ROWS rows of dy[m,n]; the caller adds up the partial sums, always in the same order */
export function biasGrad(item: i32, scratch: usize, dy: usize, partial: Out, m: i32, n: i32): void {
  const first = item * ROWS
  const last = smaller(m, first + ROWS)
  const stride = <usize>n << 2
  for (let j = 0; j < n; j += 16) {
    let at = dy + <usize>first * stride + (j << 2)
    let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0)
    for (let i = first; i < last; i++) {
      s0 = f32x4.add(s0, v128.load(at))
      s1 = f32x4.add(s1, v128.load(at, 16))
      s2 = f32x4.add(s2, v128.load(at, 32))
      s3 = f32x4.add(s3, v128.load(at, 48))
      at += stride
    }
    const to = partial + <usize>item * stride + (j << 2)
    storeLanes(to, s0, n - j)
    if (n - j > 4) storeLanes(to + 16, s1, n - j - 4)
    if (n - j > 8) storeLanes(to + 32, s2, n - j - 8)
    if (n - j > 12) storeLanes(to + 48, s3, n - j - 12)
  }
}

/** partial[item] = the sum of CHUNK numbers of x[n] */
export function sumChunk(item: i32, scratch: usize, x: usize, partial: Out, n: i32): void {
  const end = smaller(n, (item + 1) * CHUNK)
  let s0 = zero(), s1 = zero(), s2 = zero(), s3 = zero()
  let i = item * CHUNK
  for (; i + 16 <= end; i += 16) {
    const at = x + (i << 2)
    s0 = f32x4.add(s0, v128.load(at))
    s1 = f32x4.add(s1, v128.load(at, 16))
    s2 = f32x4.add(s2, v128.load(at, 32))
    s3 = f32x4.add(s3, v128.load(at, 48))
  }
  let sum = sum4(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)))
  for (; i < end; i++) sum += load<f32>(x + (i << 2))
  store<f32>(partial + (item << 2), sum)
}

/** y[n] = Σ partial[count,n] in the order of count: the same sum whatever thread made which part */
export function sumParts(item: i32, scratch: usize, partial: usize, count: i32, y: Out, n: i32): void {
  const end = smaller(n, (item + 1) * CHUNK)
  for (let i = item * CHUNK; i < end; i += 4) {
    let sum = v128.load(partial + (i << 2))
    for (let p = 1; p < count; p++) sum = f32x4.add(sum, v128.load(partial + ((<usize>p * n + i) << 2)))
    storeLanes(y + (i << 2), sum, end - i)
  }
}
