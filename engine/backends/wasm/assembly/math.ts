// The elementary functions of four numbers at once, as float32 has them: infinities, NaN and numbers below 2⁻¹²⁶ as well.
import { zero } from './simd'

/**
 * e^(x − k·ln 2), which is less than ½ ln 2 away from 0: by the Taylor polynomial of degree 7 (error below 1e-8 there;
 * Muller, "Elementary functions", ch. 11).
 */
@inline
export function expRest(x: v128, k: v128): v128 {
  // ln 2 in two parts, so that k·ln 2 is subtracted without a rounding error (Cody & Waite 1980).
  let r = f32x4.sub(x, f32x4.mul(k, f32x4.splat(0.693359375)))
  r = f32x4.sub(r, f32x4.mul(k, f32x4.splat(-2.12194440e-4)))
  let p = f32x4.splat(1.0 / 5040)
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 720))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 120))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 24))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 6))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.5))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1))
  return f32x4.add(f32x4.mul(p, r), f32x4.splat(1))
}

/** 2ᵏ of whole numbers from −126 to 127 */
@inline
export function power2(k: v128): v128 {
  return i32x4.shl(i32x4.add(k, i32x4.splat(127)), 23)
}

/** eˣ. 2ᵏ is multiplied in two halves: where the result is below 2⁻¹²⁶ or above 2¹²⁷, 2ᵏ alone does not exist. */
@inline
export function exp4(x: v128): v128 {
  const near = f32x4.max(f32x4.min(x, f32x4.splat(90)), f32x4.splat(-105))
  const k = f32x4.nearest(f32x4.mul(near, f32x4.splat(1.44269504088896)))
  const whole = i32x4.trunc_sat_f32x4_s(k)
  const half = i32x4.shr_s(whole, 1)
  return f32x4.mul(f32x4.mul(expRest(near, k), power2(half)), power2(i32x4.sub(whole, half)))
}

/**
 * log x: x = 2ᵏ·m with m from √½ to √2, and log m by Cephes' polynomial (Moshier, logf).
 */
@inline
export function log4(x: v128): v128 {
  const small = f32x4.lt(x, f32x4.splat(1.17549435e-38))
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, small) // 2²³ times as large
  let k = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_s(scaled, 23), i32x4.splat(126)))
  k = f32x4.sub(k, v128.and(f32x4.splat(23), small))
  // m in [½, 1), then doubled below √½
  let m = v128.or(v128.and(scaled, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000))
  const low = f32x4.lt(m, f32x4.splat(0.707106781186547524))
  k = f32x4.sub(k, v128.and(f32x4.splat(1), low))
  m = f32x4.sub(f32x4.add(m, v128.and(m, low)), f32x4.splat(1))
  let p = f32x4.splat(7.0376836292e-2)
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(-1.1514610310e-1))
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(1.1676998740e-1))
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(-1.2420140846e-1))
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(1.4249322787e-1))
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(-1.6668057665e-1))
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(2.0000714765e-1))
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(-2.4999993993e-1))
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(3.3333331174e-1))
  const square = f32x4.mul(m, m)
  let y = f32x4.mul(f32x4.mul(p, m), square)
  y = f32x4.add(y, f32x4.mul(k, f32x4.splat(-2.12194440e-4)))
  y = f32x4.sub(y, f32x4.mul(square, f32x4.splat(0.5)))
  y = f32x4.add(f32x4.add(m, y), f32x4.mul(k, f32x4.splat(0.693359375)))
  // log ∞ = ∞, log 0 = −∞; of what is below 0, or not a number, there is none.
  const infinity = f32x4.splat(<f32>Infinity)
  y = v128.bitselect(x, y, f32x4.eq(x, infinity))
  y = v128.bitselect(f32x4.neg(infinity), y, f32x4.eq(x, zero()))
  return v128.bitselect(y, f32x4.splat(<f32>NaN), f32x4.ge(x, zero()))
}

/** tanh x: near 0 by Cephes' polynomial (Moshier, tanhf), elsewhere ±(1 − 2 / (e^2|x| + 1)) */
@inline
export function tanh4(x: v128): v128 {
  const square = f32x4.mul(x, x)
  let p = f32x4.splat(-5.70498872745e-3)
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(2.06390887954e-2))
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(-5.37397155531e-2))
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(1.33314422036e-1))
  p = f32x4.add(f32x4.mul(p, square), f32x4.splat(-3.33332819422e-1))
  const near = f32x4.add(f32x4.mul(f32x4.mul(p, square), x), x)
  const size = f32x4.abs(x)
  const far = f32x4.sub(one(), f32x4.div(f32x4.splat(2), f32x4.add(exp4(f32x4.add(size, size)), one())))
  const signed = v128.or(far, v128.and(x, i32x4.splat(0x80000000)))
  return v128.bitselect(near, signed, f32x4.lt(size, f32x4.splat(0.625)))
}

/** 1 / (1 + e⁻ˣ) */
@inline
export function sigmoid4(x: v128): v128 {
  return f32x4.div(one(), f32x4.add(one(), exp4(f32x4.neg(x))))
}

/** log(1 + x), x ≥ 0. Where 1 + x rounds, log(1 + x) · x / (1 + x − 1) does not (Kahan). */
@inline
export function log1p4(x: v128): v128 {
  const sum = f32x4.add(one(), x)
  const rounded = f32x4.sub(sum, one())
  const log = f32x4.div(f32x4.mul(log4(sum), x), rounded)
  return v128.bitselect(x, log, f32x4.eq(rounded, zero()))
}

/** log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|) */
@inline
export function softplus4(x: v128): v128 {
  return f32x4.add(f32x4.max(x, zero()), log1p4(exp4(f32x4.neg(f32x4.abs(x)))))
}

@inline
export function one(): v128 {
  return f32x4.splat(1)
}
