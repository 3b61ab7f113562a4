// One step of an optimizer, element by element. An item is CHUNK numbers; the successor may overwrite its origin.
import { CHUNK, Out, madd, nmadd, smaller } from './simd'

/** w' = kept·w − lr·dw, kept being what weight decay leaves of w */
export function sgd(item: i32, scratch: usize, w: usize, dw: usize, next: Out, n: i32, lr: f32, kept: f32): void {
  const end = smaller(n, (item + 1) * CHUNK)
  const rate = f32x4.splat(lr), left = f32x4.splat(kept)
  for (let i = item * CHUNK; i < end; i += 4) {
    const at: usize = i << 2
    v128.store(next + at, f32x4.sub(f32x4.mul(left, v128.load(w + at)), f32x4.mul(rate, v128.load(dw + at))))
  }
}

/** v ← momentum·v + dw,  w' = kept·w − lr·v */
export function momentum(
  item: i32, scratch: usize, w: usize, dw: usize, v: Out, next: Out, n: i32, lr: f32, keep: f32, kept: f32,
): void {
  const end = smaller(n, (item + 1) * CHUNK)
  const rate = f32x4.splat(lr), keeping = f32x4.splat(keep), left = f32x4.splat(kept)
  for (let i = item * CHUNK; i < end; i += 4) {
    const at: usize = i << 2
    const velocity = f32x4.add(f32x4.mul(keeping, v128.load(v + at)), v128.load(dw + at))
    v128.store(v + at, velocity)
    v128.store(next + at, f32x4.sub(f32x4.mul(left, v128.load(w + at)), f32x4.mul(rate, velocity)))
  }
}

/** Adam's step for an item. */
export function adam(
  item: i32, scratch: usize, w: usize, dw: usize, m: Out, v: Out, next: Out, n: i32,
  rate: f32, root: f32, rest1: f32, rest2: f32, epsilon: f32, kept: f32,
): void {
  const at = <usize>(item * CHUNK) << 2
  const bytes = <usize>(smaller(n, (item + 1) * CHUNK) - item * CHUNK) << 2
  putConstants(scratch, rate, root, rest1, rest2, epsilon, kept)
  adamStep(w + at, dw + at, m + at, v + at, next + at, bytes, scratch)
}

/** A mean below this is 0: one that fades (β1ⁿ) would become a denormal number, with which a processor takes four times as long. */
const FADED: f32 = 1e-30

/** Bytes of Adam's constants, each four times. */
export const ADAM: i32 = 128

/** Writes Adam's constants to where adamStep loads them: V8 would else make each vector anew in every round of the loop. */
export function putConstants(
  at: usize, rate: f32, root: f32, rest1: f32, rest2: f32, epsilon: f32, kept: f32,
): void {
  v128.store(at, f32x4.splat(rate))
  v128.store(at, f32x4.splat(root), 16)
  v128.store(at, f32x4.splat(rest1), 32)
  v128.store(at, f32x4.splat(rest2), 48)
  v128.store(at, f32x4.splat(1 - rest2), 64)
  v128.store(at, f32x4.splat(epsilon), 80)
  v128.store(at, f32x4.splat(kept), 96)
  v128.store(at, f32x4.splat(FADED), 112)
}

/**
 * m ← m − (1−β1)·m + (1−β1)·dw, or 0 where that has faded,  v ← β2·v + (1−β2)·dw²,  w' = kept·w − rate · m / (√v · root + ε)
 * with rate = lr / (1−β1ᵗ) and root = 1 / √(1−β2ᵗ), which is Adam's formula with its corrections drawn together. Neither
 * overflows on the way, and a v that has overflowed stays infinite: its weight then stands still.
 */
export function adamStep(
  w: usize, dw: usize, m: usize, v: usize, next: usize, bytes: usize, constants: usize,
): void {
  const step = v128.load(constants), scale = v128.load(constants, 16)
  const r1 = v128.load(constants, 32), r2 = v128.load(constants, 48), b2 = v128.load(constants, 64)
  const eps = v128.load(constants, 80), left = v128.load(constants, 96), faded = v128.load(constants, 112)
  for (let at: usize = 0; at < bytes; at += 16) {
    const g = v128.load(dw + at)
    const m0 = v128.load(m + at), v0 = v128.load(v + at)
    let mean = madd(r1, g, nmadd(r1, m0, m0))
    mean = v128.andnot(mean, f32x4.lt(f32x4.abs(mean), faded))
    const square = madd(b2, v0, f32x4.mul(r2, f32x4.mul(g, g)))
    v128.store(m + at, mean)
    v128.store(v + at, square)
    const size = madd(f32x4.sqrt(square), scale, eps)
    v128.store(next + at, f32x4.sub(f32x4.mul(left, v128.load(w + at)), f32x4.div(f32x4.mul(step, mean), size)))
  }
}
