// Two numbers in, one out: y = a + b and the like. The shorter of a and b is repeated until it is as long as the other. An
// item is CHUNK numbers of y; buffers are padded, so the last vector may run over.
import { CHUNK, Out, smaller } from './simd'

/** Four numbers of x[length], repeated, from place i < length on. */
@inline
function repeated(x: usize, i: i32, length: i32): v128 {
  if (i + 4 <= length) return v128.load(x + (i << 2))
  let four = f32x4.splat(load<f32>(x + (i << 2)))
  four = f32x4.replace_lane(four, 1, load<f32>(x + (((i + 1) % length) << 2)))
  four = f32x4.replace_lane(four, 2, load<f32>(x + (((i + 2) % length) << 2)))
  return f32x4.replace_lane(four, 3, load<f32>(x + (((i + 3) % length) << 2)))
}

/** Where the next four begin. */
@inline
function next(i: i32, length: i32): i32 {
  return i + 4 < length ? i + 4 : (i + 4) % length
}

// A class stands for its function: so it is inlined, as one that is an argument is not.

@inline
function pairs<F>(item: i32, a: usize, aLength: i32, b: usize, bLength: i32, y: usize, n: i32): void {
  const first = item * CHUNK
  const end = smaller(n, first + CHUNK)
  let i = first % aLength
  let j = first % bLength
  for (let k = first; k < end; k += 4) {
    v128.store(y + (k << 2), changetype<F>(0).f(repeated(a, i, aLength), repeated(b, j, bLength)))
    i = next(i, aLength)
    j = next(j, bLength)
  }
}

class Add {
  @inline f(a: v128, b: v128): v128 {
    return f32x4.add(a, b)
  }
}
export function add(item: i32, scratch: usize, a: usize, aLength: i32, b: usize, bLength: i32, y: Out, n: i32): void {
  pairs<Add>(item, a, aLength, b, bLength, y, n)
}

class Sub {
  @inline f(a: v128, b: v128): v128 {
    return f32x4.sub(a, b)
  }
}
export function sub(item: i32, scratch: usize, a: usize, aLength: i32, b: usize, bLength: i32, y: Out, n: i32): void {
  pairs<Sub>(item, a, aLength, b, bLength, y, n)
}

class Mul {
  @inline f(a: v128, b: v128): v128 {
    return f32x4.mul(a, b)
  }
}
export function mul(item: i32, scratch: usize, a: usize, aLength: i32, b: usize, bLength: i32, y: Out, n: i32): void {
  pairs<Mul>(item, a, aLength, b, bLength, y, n)
}

class Div {
  @inline f(a: v128, b: v128): v128 {
    return f32x4.div(a, b)
  }
}
export function div(item: i32, scratch: usize, a: usize, aLength: i32, b: usize, bLength: i32, y: Out, n: i32): void {
  pairs<Div>(item, a, aLength, b, bLength, y, n)
}

/** y[n] = x[length], repeated */
export function repeat(item: i32, scratch: usize, x: usize, length: i32, y: Out, n: i32): void {
  const first = item * CHUNK
  const end = smaller(n, first + CHUNK)
  let i = first % length
  for (let k = first; k < end; k += 4) {
    v128.store(y + (k << 2), repeated(x, i, length))
    i = next(i, length)
  }
}

@inline
function lowbias(x: v128): v128 {
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x7feb352d))
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(0x846ca68b))
  return v128.xor(x, i32x4.shr_u(x, 16))
}

/** mask[i] = 0 where lowbias(lowbias(i) xor key) < dropped, else kept. */
export function dropoutMask(item: i32, scratch: usize, mask: Out, key: u32, dropped: u32, kept: f32, n: i32): void {
  const end = smaller(n, (item + 1) * CHUNK)
  const keys = i32x4.splat(key), limit = i32x4.splat(dropped), one = f32x4.splat(kept)
  for (let i = item * CHUNK; i < end; i += 4) {
    const hash = lowbias(v128.xor(lowbias(i32x4.add(i32x4.splat(i), i32x4(0, 1, 2, 3))), keys))
    v128.store(mask + (i << 2), v128.and(one, i32x4.ge_u(hash, limit)))
  }
}
