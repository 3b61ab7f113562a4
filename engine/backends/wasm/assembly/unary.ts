// Each function of ops/elementwise.ts: f is y from x, gradient dx from dy, x and y; and under its name, and that with Grad,
// what does so for an item, which is CHUNK numbers. Buffers are padded, so the last vector may run over. relu stands in
// elementwise.ts, among what may be fused.
import { exp4, log4, one, sigmoid4, softplus4, tanh4 } from './math'
import { CHUNK, Out, smaller, zero } from './simd'

// A class stands for its two functions; there are no objects of it. So they are inlined, as functions that are arguments are not.

@inline
function each<F>(item: i32, x: usize, y: usize, n: i32): void {
  const end = smaller(n, (item + 1) * CHUNK)
  for (let i = item * CHUNK; i < end; i += 4) v128.store(y + (i << 2), changetype<F>(0).f(v128.load(x + (i << 2))))
}

@inline
function eachGrad<F>(item: i32, x: usize, y: usize, dy: usize, dx: usize, n: i32): void {
  const end = smaller(n, (item + 1) * CHUNK)
  for (let i = item * CHUNK; i < end; i += 4) {
    const at: usize = i << 2
    v128.store(dx + at, changetype<F>(0).gradient(v128.load(dy + at), v128.load(x + at), v128.load(y + at)))
  }
}

class LeakyRelu {
  @inline f(x: v128): v128 {
    return v128.bitselect(x, f32x4.mul(x, f32x4.splat(0.01)), f32x4.gt(x, zero()))
  }
  @inline gradient(dy: v128, x: v128, y: v128): v128 {
    return v128.bitselect(dy, f32x4.mul(dy, f32x4.splat(0.01)), f32x4.gt(x, zero()))
  }
}
export function leakyRelu(item: i32, scratch: usize, x: usize, y: Out, n: i32): void {
  each<LeakyRelu>(item, x, y, n)
}
export function leakyReluGrad(item: i32, scratch: usize, x: usize, y: usize, dy: usize, dx: Out, n: i32): void {
  eachGrad<LeakyRelu>(item, x, y, dy, dx, n)
}

class Tanh {
  @inline f(x: v128): v128 {
    return tanh4(x)
  }
  @inline gradient(dy: v128, x: v128, y: v128): v128 {
    return f32x4.mul(dy, f32x4.sub(one(), f32x4.mul(y, y)))
  }
}
export function tanh(item: i32, scratch: usize, x: usize, y: Out, n: i32): void {
  each<Tanh>(item, x, y, n)
}
export function tanhGrad(item: i32, scratch: usize, x: usize, y: usize, dy: usize, dx: Out, n: i32): void {
  eachGrad<Tanh>(item, x, y, dy, dx, n)
}

class Sigmoid {
  @inline f(x: v128): v128 {
    return sigmoid4(x)
  }
  @inline gradient(dy: v128, x: v128, y: v128): v128 {
    return f32x4.mul(f32x4.mul(dy, y), f32x4.sub(one(), y))
  }
}
export function sigmoid(item: i32, scratch: usize, x: usize, y: Out, n: i32): void {
  each<Sigmoid>(item, x, y, n)
}
export function sigmoidGrad(item: i32, scratch: usize, x: usize, y: usize, dy: usize, dx: Out, n: i32): void {
  eachGrad<Sigmoid>(item, x, y, dy, dx, n)
}

class Softplus {
  @inline f(x: v128): v128 {
    return softplus4(x)
  }
  @inline gradient(dy: v128, x: v128, y: v128): v128 {
    return f32x4.mul(dy, sigmoid4(x))
  }
}
export function softplus(item: i32, scratch: usize, x: usize, y: Out, n: i32): void {
  each<Softplus>(item, x, y, n)
}
export function softplusGrad(item: i32, scratch: usize, x: usize, y: usize, dy: usize, dx: Out, n: i32): void {
  eachGrad<Softplus>(item, x, y, dy, dx, n)
}

/** gelu's ½ (1 + tanh(√(2/π) · (x + 0.044715 x³))), which is a sigmoid of twice that: so small numbers stay exact. */
@inline
function share(x: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(x, x), x)
  return sigmoid4(f32x4.mul(f32x4.splat(1.5957691216057308), f32x4.add(x, f32x4.mul(f32x4.splat(0.044715), cube))))
}
/** dy · s · (1 + x · (1 − s) · 2√(2/π) · (1 + 3 · 0.044715 x²)), s being the share */
@inline
function geluGradient(dy: v128, x: v128): v128 {
  const s = share(x)
  // Beyond 32 the share is exactly 0 or 1; what is multiplied by 0 then must not overflow.
  const near = f32x4.max(f32x4.min(x, f32x4.splat(32)), f32x4.splat(-32))
  const slope = f32x4.add(one(), f32x4.mul(f32x4.splat(0.134145), f32x4.mul(near, near)))
  const bent = f32x4.mul(f32x4.mul(near, f32x4.splat(1.5957691216057308)), slope)
  return f32x4.mul(f32x4.mul(dy, s), f32x4.add(one(), f32x4.mul(f32x4.sub(one(), s), bent)))
}
class Gelu {
  @inline f(x: v128): v128 {
    return f32x4.mul(x, share(x))
  }
  @inline gradient(dy: v128, x: v128, y: v128): v128 {
    return geluGradient(dy, x)
  }
}
export function gelu(item: i32, scratch: usize, x: usize, y: Out, n: i32): void {
  each<Gelu>(item, x, y, n)
}
export function geluGrad(item: i32, scratch: usize, x: usize, y: usize, dy: usize, dx: Out, n: i32): void {
  eachGrad<Gelu>(item, x, y, dy, dx, n)
}

class Exp {
  @inline f(x: v128): v128 {
    return exp4(x)
  }
  @inline gradient(dy: v128, x: v128, y: v128): v128 {
    return f32x4.mul(dy, y)
  }
}
export function exp(item: i32, scratch: usize, x: usize, y: Out, n: i32): void {
  each<Exp>(item, x, y, n)
}
export function expGrad(item: i32, scratch: usize, x: usize, y: usize, dy: usize, dx: Out, n: i32): void {
  eachGrad<Exp>(item, x, y, dy, dx, n)
}

class Log {
  @inline f(x: v128): v128 {
    return log4(x)
  }
  @inline gradient(dy: v128, x: v128, y: v128): v128 {
    return f32x4.div(dy, x)
  }
}
export function log(item: i32, scratch: usize, x: usize, y: Out, n: i32): void {
  each<Log>(item, x, y, n)
}
export function logGrad(item: i32, scratch: usize, x: usize, y: usize, dy: usize, dx: Out, n: i32): void {
  eachGrad<Log>(item, x, y, dy, dx, n)
}

class Sqrt {
  @inline f(x: v128): v128 {
    return f32x4.sqrt(x)
  }
  @inline gradient(dy: v128, x: v128, y: v128): v128 {
    return f32x4.div(dy, f32x4.add(y, y))
  }
}
export function sqrt(item: i32, scratch: usize, x: usize, y: Out, n: i32): void {
  each<Sqrt>(item, x, y, n)
}
export function sqrtGrad(item: i32, scratch: usize, x: usize, y: usize, dy: usize, dx: Out, n: i32): void {
  eachGrad<Sqrt>(item, x, y, dy, dx, n)
}
