// The most that this machine can do, for comparison: as much arithmetic as possible without memory, and as much memory
// traffic as possible without arithmetic. AssemblyScript; bench/peak.ts runs it.

/** x·y + z, in one instruction where relaxed SIMD is enabled. */
function multiplyAdd(x: v128, y: v128, z: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, y, z)
  return f32x4.add(f32x4.mul(x, y), z)
}

/**
 * Twelve chains a ← a·x + y. A multiply-add takes four cycles and two can begin in each, so that eight chains at least
 * must be under way; with x and y, twelve fit in the registers. One round is 12 · 4 · 2 operations.
 */
export function arithmetic(rounds: i32): f32 {
  const x = f32x4.splat(0.999)
  const y = f32x4.splat(0.001)
  let a = x,
    b = x,
    c = x,
    d = x,
    e = x,
    f = x,
    g = x,
    h = x,
    i = x,
    j = x,
    k = x,
    l = x
  for (; rounds > 0; rounds--) {
    a = multiplyAdd(a, x, y)
    b = multiplyAdd(b, x, y)
    c = multiplyAdd(c, x, y)
    d = multiplyAdd(d, x, y)
    e = multiplyAdd(e, x, y)
    f = multiplyAdd(f, x, y)
    g = multiplyAdd(g, x, y)
    h = multiplyAdd(h, x, y)
    i = multiplyAdd(i, x, y)
    j = multiplyAdd(j, x, y)
    k = multiplyAdd(k, x, y)
    l = multiplyAdd(l, x, y)
  }
  const abcd = f32x4.add(f32x4.add(a, b), f32x4.add(c, d))
  const efgh = f32x4.add(f32x4.add(e, f), f32x4.add(g, h))
  const ijkl = f32x4.add(f32x4.add(i, j), f32x4.add(k, l))
  return f32x4.extract_lane(f32x4.add(abcd, f32x4.add(efgh, ijkl)), 0)
}

/** McCalpin's STREAM triad, y ← a + s·b, on three arrays of `bytes` bytes that begin at `start`: 3 · bytes of traffic. */
export function triad(start: usize, bytes: usize): void {
  const s = f32x4.splat(3)
  for (let y: usize = start; y < start + bytes; y += 16)
    v128.store(y, multiplyAdd(s, v128.load(y + bytes), v128.load(y + 2 * bytes)))
}
