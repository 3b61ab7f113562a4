// Four float32 lanes at a time: the few helpers that every kernel uses.
//
// All kernels have the form kernel(item, scratch, …): `item` is the piece of work to do, so that several threads can
// share one kernel; `scratch` is memory of the calling thread. Pointers and sizes count in bytes and numbers, as said.
// V8 keeps a loop's vectors in registers as long as there are at most 15: the tile sizes in these files follow from that.
// In a do … while it loads all that an iteration needs before the first sum; in a while, each just before its use. So sums
// that share few loads are written as do … while, and long rows of sums with a load each as while.

// What a kernel does with the memory that an argument points to is in the argument's type: which calls may run at the same time
// follows from it (../levels.ts). An address of type usize, of a kernel's arguments, is of what it only reads.

/** The address of what a kernel writes, and perhaps reads before. */
export type Out = usize
/** The address of lists, whose entries lie elsewhere: it reads both. */
export type Lists = usize
/** The address of lists whose entries, or those that lie as far from them as it is told, it writes. */
export type OutLists = usize
/** Bytes from a number to the next one. */
export type Stride = usize

/** Numbers an elementwise kernel treats per item. */
export const CHUNK: i32 = 8192

@inline
export function zero(): v128 {
  return f32x4.splat(0)
}

/** a·b + c: one rounding with relaxed SIMD (fused multiply-add), two without. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(c, f32x4.mul(a, b))
}

/** c − a·b, rounded as madd is. */
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c)
  return f32x4.sub(c, f32x4.mul(a, b))
}

/** max(x, 0), a NaN staying NaN. As `x < 0 ? 0 : x` it is one instruction, where f32x4.max is eight. */
@inline
export function relu4(x: v128): v128 {
  return f32x4.pmax(x, zero())
}

/** The bytes of x at the given places, which are all below 16. */
@inline
export function bytesOf(x: v128, places: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(x, places) : i8x16.swizzle(x, places)
}

/** The four lanes' sum, by pairs. */
@inline
export function sum4(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1))
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1)
}

/** Writes the first `count` (at most 4) lanes of x. */
@inline
export function storeLanes(at: usize, x: v128, count: i32): void {
  if (count >= 4) {
    v128.store(at, x)
    return
  }
  if (count > 0) store<f32>(at, f32x4.extract_lane(x, 0))
  if (count > 1) store<f32>(at, f32x4.extract_lane(x, 1), 4)
  if (count > 2) store<f32>(at, f32x4.extract_lane(x, 2), 8)
}

/** Whether a comparison holds for the first `count` lanes. */
@inline
export function allOf(x: v128, count: i32): bool {
  return ((i32x4.bitmask(x) | (15 << smaller(count, 4))) & 15) == 15
}

@inline
export function smaller(a: i32, b: i32): i32 {
  return a < b ? a : b
}
