// Max-pooling, and the gradients of what lies before it.
//
// Pooling passes a gradient on to one cell per window, and relu stops it where the result was 0: of the gradient of a
// 2x2-pooled convolution not more than a quarter is other than 0, in practice a tenth. So it is kept as it is: the list of
// its numbers dy that are not 0 (spmm.ts), one row an image, and for each window the cell that won it. The kernels here
// sort these lists, per filter or per pixel, and add up just those: exact up to the order of summation.
//
//   db: per filter o,  the sum of its dy
//   dw: per filter o,  the list of its winning pixels:   dw[o][·] += dy · x[pixel's window]
//   dx: per pixel,     the list of filters it won for:   dx[window] += dy · w[o][·]
//
// Both sums run along a row of the window, 48 or 24 numbers (12 or 6 vectors in registers) at a time.
//
// Windows that have seen nothing (activeMask.ts) are alike: the gradients of each filter there are summed first, and multiplied
// once. Their winning pixels are those of the first cell.
import { blocksOf, startsOf } from './spmm'
import { Lists, Out, madd, smaller, zero } from './simd'

const WIDE: usize = 48 * 4
const NARROW: usize = 24 * 4

/** Image `item` of y = max of each window of x[n,h,w,c], and which cell of its window it was (row-major; first of equals). */
export function maxPool(
  item: i32, scratch: usize, x: usize, y: Out, argmax: Out, h: i32, w: i32, c: i32,
  size: i32, stride: i32, oh: i32, ow: i32,
): void {
  for (let i = 0; i < oh; i++)
    for (let j = 0; j < ow; j++) {
      const corner = x + (<usize>(((item * h + i * stride) * w + j * stride) * c) << 2)
      const at = <usize>(((item * oh + i) * ow + j) * c) << 2
      let ch = 0
      for (; ch + 4 <= c; ch += 4) {
        let best = v128.load(corner + (ch << 2))
        let place = i32x4.splat(0)
        for (let a = 0; a < size; a++)
          for (let b = 0; b < size; b++) {
            const v = v128.load(corner + (<usize>((a * w + b) * c + ch) << 2))
            const larger = f32x4.gt(v, best)
            best = v128.bitselect(v, best, larger)
            place = v128.bitselect(i32x4.splat(a * size + b), place, larger)
          }
        v128.store(y + at + (ch << 2), best)
        v128.store(argmax + at + (ch << 2), place)
      }
      for (; ch < c; ch++) {
        let best = load<f32>(corner + (ch << 2))
        let place = 0
        for (let a = 0; a < size; a++)
          for (let b = 0; b < size; b++) {
            const v = load<f32>(corner + (<usize>((a * w + b) * c + ch) << 2))
            if (v > best) {
              best = v
              place = a * size + b
            }
          }
        store<f32>(y + at + (ch << 2), best)
        store<i32>(argmax + at + (ch << 2), place)
      }
    }
}

/** Image `item` of dx: 0 but where a cell won windows; there the sum of their dy. */
export function scatter(
  item: i32, scratch: usize, argmax: usize, dy: usize, dx: Out, h: i32, w: i32, c: i32,
  size: i32, stride: i32, oh: i32, ow: i32,
): void {
  const image = dx + (<usize>(item * h * w * c) << 2)
  memory.fill(image, 0, <usize>(h * w * c) << 2)
  for (let i = 0; i < oh; i++)
    for (let j = 0; j < ow; j++)
      for (let ch = 0; ch < c; ch++) {
        const at = <usize>(((item * oh + i) * ow + j) * c + ch) << 2
        const place = load<i32>(argmax + at)
        const row = i * stride + place / size
        const column = j * stride + place % size
        const to = image + (<usize>((row * w + column) * c + ch) << 2)
        store<f32>(to, load<f32>(to) + load<f32>(dy + at))
      }
}

/** Where the list of row i of dy[n,size] begins, its entries being `shift` bytes behind what the starts say. */
@inline
function listOf(starts: usize, shift: isize, i: i32, size: i32): usize {
  return <usize>load<u32>(startsOf(starts, i, size)) + shift
}

/** And where it ends. */
@inline
function listEnd(starts: usize, shift: isize, i: i32, size: i32): usize {
  return <usize>load<u32>(startsOf(starts, i, size) + (<usize>blocksOf(size) << 2)) + shift
}

/** partial[item,co] = the sum of dy[n,windows,co], in lists, over `images` images and all windows */
export function sparseBiasGrad(
  item: i32, scratch: usize, starts: Lists, shift: isize, partial: Out, n: i32, images: i32, windows: i32, co: i32,
): void {
  const sums = partial + (<usize>(item * co) << 2)
  memory.fill(sums, 0, <usize>co << 2)
  for (let image = item * images; image < smaller(n, (item + 1) * images); image++) {
    const end = listEnd(starts, shift, image, windows * co)
    let first = 0
    for (let at = listOf(starts, shift, image, windows * co); at < end; at += 8) {
      const l = load<i32>(at)
      while (l >= first + co) first += co
      const sum = sums + (<usize>(l - first) << 2)
      store<f32>(sum, load<f32>(sum) + load<f32>(at, 4))
    }
  }
}

/** Bytes of scratch that sparseFilterGrad needs: per filter, a sum and a list of at most one pixel a window; and per cell a place. */
export function sparseFilterGradScratch(windows: i32, co: i32, cells: i32): i32 {
  return co * ((windows + 1) * 8 + 4) + (co + 4) * 4 + cells * 4
}

/**
 * partial[item] = dw, transposed to [co][kh·kw·ci], over `images` images.
 * x [n,h,w,ci], dy [n,ph,pw,co] in lists, argmax [n,ph,pw,co]; windows of `size` x `size`, side by side; kw·ci is a multiple
 * of 24. Where active[n,ph,pw] is 0, all that the filters see of x is alike; active may be 0: nothing is known.
 */
export function sparseFilterGrad(
  item: i32, scratch: usize, x: usize, argmax: usize, starts: Lists, shift: isize, partial: Out, n: i32, images: i32,
  h: i32, w: i32, ci: i32, kh: i32, kw: i32, co: i32, size: i32, ph: i32, pw: i32, active: usize,
): void {
  const pixel = <usize>ci << 2
  const row = <usize>w * pixel
  const run = kw * ci
  const taps = kh * run
  const bytes = <usize>run << 2
  const dw = partial + (<usize>(item * co * taps) << 2)
  memory.fill(dw, 0, <usize>(co * taps) << 2)
  const places = scratch
  const sums = places + (<usize>(size * size) << 2)
  const ends = sums + (<usize>(co + 4) << 2)
  const lists = ends + (<usize>co << 2)
  const capacity = <usize>(ph * pw + 1) << 3
  for (let cell = 0; cell < size * size; cell++)
    store<u32>(places + (cell << 2), <u32>(<usize>(cell / size) * row + <usize>(cell % size) * pixel))
  memory.fill(sums, 0, <usize>co << 2)
  let alike: usize = 0
  const last = smaller(n, (item + 1) * images)
  for (let image = item * images; image < last; image++) {
    for (let o = 0; o < co; o++) store<u32>(ends + (o << 2), <u32>(lists + <usize>o * capacity))
    let at = listOf(starts, shift, image, ph * pw * co)
    const end = listEnd(starts, shift, image, ph * pw * co)
    const origin = x + <usize>(image * h) * row
    const won = argmax + (<usize>(image * ph * pw * co) << 2)
    let map = active ? active + <usize>(image * ph * pw) : 0
    let first = 0
    for (let i = 0; i < ph; i++)
      for (let j = 0; j < pw; j++, first += co) {
        const corner = <usize>(i * size) * row + <usize>(j * size) * pixel
        if (map && !load<u8>(map++)) {
          at = sumEntries(at, end, first, co, sums)
          alike = origin + corner
        } else at = listPixels(at, end, first, co, corner, won, places, ends)
      }
    for (let o = 0; o < co; o++) {
      const list = lists + <usize>o * capacity
      const stop = <usize>load<u32>(ends + (o << 2))
      if (list < stop) addWindows(list, stop, origin, row, dw + (<usize>(o * taps) << 2), bytes, kh, bytes)
    }
  }
  if (!alike) return
  for (let o = 0; o < co; o++)
    for (let a = 0; a < kh; a++) {
      const g = v128.load32_splat(sums + (o << 2))
      const from = alike + <usize>a * row
      const to = dw + (<usize>(o * taps + a * run) << 2)
      for (let t: usize = 0; t < bytes; t += 16) v128.store(to + t, madd(v128.load(from + t), g, v128.load(to + t)))
    }
}

/** Adds the entries of the window whose indices begin at `first` to the filters' sums; returns where the next window's begin. */
@inline
function sumEntries(at: usize, end: usize, first: i32, co: i32, sums: usize): usize {
  for (; at < end; at += 8) {
    const o = load<i32>(at) - first
    if (o >= co) break
    const sum = sums + (<usize>o << 2)
    store<f32>(sum, load<f32>(sum) + load<f32>(at, 4))
  }
  return at
}

/** Appends (byte offset of the winning pixel, gradient) to the filters' lists, for the entries of one window. */
function listPixels(
  at: usize, end: usize, first: i32, co: i32, corner: usize, argmax: usize, places: usize, ends: usize,
): usize {
  for (; at < end; at += 8) {
    const l = load<i32>(at)
    if (l >= first + co) break
    const cell = load<u32>(argmax + (<usize>l << 2))
    const slot = ends + (<usize>(l - first) << 2)
    const to = <usize>load<u32>(slot)
    store<u32>(to, <u32>corner + load<u32>(places + (<usize>cell << 2)))
    store<f32>(to, load<f32>(at, 4), 4)
    store<u32>(slot, <u32>to + 8)
  }
  return at
}

/** to += from, `count` numbers (the lanes beyond are those of nobody). */
@inline
function addNumbers(from: usize, count: i32, to: usize): void {
  for (let o = 0; o < count; o += 4)
    v128.store(to + (o << 2), f32x4.add(v128.load(to + (o << 2)), v128.load(from + (o << 2))))
}

/**
 * A window, kh rows of `bytes` bytes at `to`, += Σ over the list of g · (the window at from + offset). Its rows are
 * fromRow and toRow bytes apart.
 */
function addWindows(
  list: usize, end: usize, from: usize, fromRow: usize, to: usize, toRow: usize, kh: i32, bytes: usize,
): void {
  do {
    let t: usize = 0
    for (; t + WIDE <= bytes; t += WIDE) addWide(list, end, from + t, to + t)
    for (; t < bytes; t += NARROW) addNarrow(list, end, from + t, to + t)
    from += fromRow
    to += toRow
  } while (--kh)
}

/** 48 numbers at `to` += Σ over the list of g · 48 numbers at from + offset. */
export function addWide(list: usize, end: usize, from: usize, to: usize): void {
  let s0 = v128.load(to), s1 = v128.load(to, 16), s2 = v128.load(to, 32), s3 = v128.load(to, 48)
  let s4 = v128.load(to, 64), s5 = v128.load(to, 80), s6 = v128.load(to, 96), s7 = v128.load(to, 112)
  let s8 = v128.load(to, 128), s9 = v128.load(to, 144), s10 = v128.load(to, 160), s11 = v128.load(to, 176)
  while (list < end) {
    const at = from + <usize>load<u32>(list)
    const g = v128.load32_splat(list, 4)
    s0 = madd(v128.load(at), g, s0)
    s1 = madd(v128.load(at, 16), g, s1)
    s2 = madd(v128.load(at, 32), g, s2)
    s3 = madd(v128.load(at, 48), g, s3)
    s4 = madd(v128.load(at, 64), g, s4)
    s5 = madd(v128.load(at, 80), g, s5)
    s6 = madd(v128.load(at, 96), g, s6)
    s7 = madd(v128.load(at, 112), g, s7)
    s8 = madd(v128.load(at, 128), g, s8)
    s9 = madd(v128.load(at, 144), g, s9)
    s10 = madd(v128.load(at, 160), g, s10)
    s11 = madd(v128.load(at, 176), g, s11)
    list += 8
  }
  v128.store(to, s0)
  v128.store(to, s1, 16)
  v128.store(to, s2, 32)
  v128.store(to, s3, 48)
  v128.store(to, s4, 64)
  v128.store(to, s5, 80)
  v128.store(to, s6, 96)
  v128.store(to, s7, 112)
  v128.store(to, s8, 128)
  v128.store(to, s9, 144)
  v128.store(to, s10, 160)
  v128.store(to, s11, 176)
}

/** The same for 24 numbers. */
export function addNarrow(list: usize, end: usize, from: usize, to: usize): void {
  let s0 = v128.load(to), s1 = v128.load(to, 16), s2 = v128.load(to, 32), s3 = v128.load(to, 48)
  let s4 = v128.load(to, 64), s5 = v128.load(to, 80)
  while (list < end) {
    const at = from + <usize>load<u32>(list)
    const g = v128.load32_splat(list, 4)
    s0 = madd(v128.load(at), g, s0)
    s1 = madd(v128.load(at, 16), g, s1)
    s2 = madd(v128.load(at, 32), g, s2)
    s3 = madd(v128.load(at, 48), g, s3)
    s4 = madd(v128.load(at, 64), g, s4)
    s5 = madd(v128.load(at, 80), g, s5)
    list += 8
  }
  v128.store(to, s0)
  v128.store(to, s1, 16)
  v128.store(to, s2, 32)
  v128.store(to, s3, 48)
  v128.store(to, s4, 64)
  v128.store(to, s5, 80)
}

/** dw[taps,co] = Σ partial[count,co,taps], `item` being a block of 8 rows of dw. */
export function sumTransposed(item: i32, scratch: usize, partial: usize, count: i32, dw: Out, taps: i32, co: i32): void {
  const last = smaller(taps, (item + 1) * 8)
  for (let o = 0; o < co; o++)
    for (let t = item * 8; t < last; t++) {
      let sum: f32 = 0
      for (let p = 0; p < count; p++) sum += load<f32>(partial + (<usize>((p * co + o) * taps + t) << 2))
      store<f32>(dw + (<usize>(t * co + o) << 2), sum)
    }
}

/** y[n,m] = x[m,n], `item` being a row of y. */
export function transpose(item: i32, scratch: usize, x: usize, y: Out, m: i32, n: i32): void {
  const to = y + (<usize>(item * m) << 2)
  for (let i = 0; i < m; i++) store<f32>(to + (i << 2), load<f32>(x + (<usize>(i * n + item) << 2)))
}

/** Bytes of scratch that sparseInputGrad needs: a sum per filter and, per cell of a window, a list of at most co filters. */
export function sparseInputGradScratch(cells: i32, co: i32): i32 {
  return cells * ((co + 1) * 8 + 4) + (co + 4) * 4
}

/**
 * Image `item` of dx[n,h,w,ci], from dy[n,ph,pw,co] in lists and transposed weights [co][kh·kw·ci]. Where `mask` (x itself, if relu made it) is not
 * above 0, dx becomes 0: the gradient of that relu, taken while dx is in the cache. mask may be 0: none.
 *
 * If dx will only be summed over pixels, alone or in products with a 0 where active[n,ph,pw] is 0, then `active` may be given:
 * all that such windows add to dx is put in one pixel of theirs, by means of `sums`[co,ci], the weights' sums over taps. Then
 * totals[n,ci], unless it is 0, are each image's sums over pixels.
 */
export function sparseInputGrad(
  item: i32, scratch: usize, argmax: usize, starts: Lists, shift: isize, weights: usize, dx: Out, mask: usize,
  h: i32, w: i32, ci: i32, kh: i32, kw: i32, co: i32, size: i32, ph: i32, pw: i32, active: usize, sums: usize, totals: Out,
): void {
  const pixel = <usize>ci << 2
  const row = <usize>w * pixel
  const run = kw * ci
  const cells = size * size
  const image = dx + <usize>(item * h) * row
  memory.fill(image, 0, <usize>h * row)
  const gradients = scratch
  const ends = gradients + (<usize>(co + 4) << 2)
  const lists = ends + (<usize>cells << 2)
  const capacity = <usize>(co + 1) << 3
  const bytes = <usize>run << 2
  const taps = <usize>kh * bytes
  const won = argmax + (<usize>(item * ph * pw * co) << 2)
  let map = active ? active + <usize>(item * ph * pw) : 0
  let alike: usize = 0
  memory.fill(gradients, 0, <usize>co << 2)
  let at = listOf(starts, shift, item, ph * pw * co)
  const stop = listEnd(starts, shift, item, ph * pw * co)
  let first = 0
  for (let i = 0; i < ph; i++)
    for (let j = 0; j < pw; j++, first += co) {
      if (map && !load<u8>(map++)) {
        at = sumEntries(at, stop, first, co, gradients)
        alike = image + <usize>(i * size) * row + <usize>(j * size) * pixel
        continue
      }
      for (let cell = 0; cell < cells; cell++) store<u32>(ends + (cell << 2), <u32>(lists + <usize>cell * capacity))
      at = listFilters(at, stop, first, co, won, taps, ends)
      for (let cell = 0; cell < cells; cell++) {
        const list = lists + <usize>cell * capacity
        const end = <usize>load<u32>(ends + (cell << 2))
        if (list == end) continue
        const corner = image + <usize>(i * size + cell / size) * row + <usize>(j * size + cell % size) * pixel
        addWindows(list, end, weights, bytes, corner, row, kh, bytes)
      }
    }
  if (alike)
    for (let o = 0; o < co; o++) {
      const g = v128.load32_splat(gradients + (o << 2))
      const from = sums + <usize>o * pixel
      for (let c: usize = 0; c < pixel; c += 16)
        v128.store(alike + c, madd(v128.load(from + c), g, v128.load(alike + c)))
    }
  const end = image + <usize>h * row
  if (mask) {
    let from = mask + <usize>(item * h) * row
    for (let at = image; at < end; at += 16, from += 16)
      v128.store(at, v128.and(v128.load(at), f32x4.gt(v128.load(from), zero())))
  }
  if (totals) {
    const total = totals + <usize>item * pixel
    memory.fill(total, 0, pixel)
    for (let at = image; at < end; at += pixel) addNumbers(at, ci, total)
  }
}

/** Filter `item` of sums[co,ci] = Σ taps of the transposed weights [co][taps·ci]. */
export function sumTaps(item: i32, scratch: usize, weights: usize, sums: Out, taps: i32, ci: i32): void {
  const to = sums + (<usize>(item * ci) << 2)
  memory.fill(to, 0, <usize>ci << 2)
  for (let t = 0; t < taps; t++) addNumbers(weights + (<usize>((item * taps + t) * ci) << 2), ci, to)
}

/** Appends (byte offset of the filter's weights, gradient) to the cells' lists, for the entries of one window. */
function listFilters(at: usize, end: usize, first: i32, co: i32, argmax: usize, taps: usize, ends: usize): usize {
  for (; at < end; at += 8) {
    const l = load<i32>(at)
    if (l >= first + co) break
    const slot = ends + (<usize>load<u32>(argmax + (<usize>l << 2)) << 2)
    const to = <usize>load<u32>(slot)
    store<u32>(to, <u32>(<usize>(l - first) * taps))
    store<f32>(to, load<f32>(at, 4), 4)
    store<u32>(slot, <u32>to + 8)
  }
  return at
}
