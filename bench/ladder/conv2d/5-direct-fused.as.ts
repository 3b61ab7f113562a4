// No copy of the windows: a tile of 4 neighbouring pixels x 8 output channels reads them where they are, as three runs of
// 3·ci numbers each. Only w is packed, once: 8 output channels side by side. (ow is a multiple of 4 here, co of 8.)
import { multiplyAdd } from '../matmul/6-panels.as'

/** y[n,oh,ow,co] = x[n,h,width,ci] ∗ w[3,3,ci,co], with no padding; `work` is room for w. */
export function conv2d(x: usize, w: usize, y: usize, n: i32, h: i32, width: i32, ci: i32, co: i32, work: usize): void {
  pack(w, work, 9 * ci, co)
  const pixel: usize = ci << 2
  for (let image = 0; image < n; image++)
    for (let i = 0; i < h - 2; i++)
      for (let j = 0; j < width - 2; j += 4)
        for (let o = 0; o < co; o += 8)
          tile(
            x + ((image * h + i) * width + j) * pixel,
            width * pixel,
            pixel,
            work + ((o * 9 * ci) << 2),
            y + ((((image * (h - 2) + i) * (width - 2) + j) * co + o) << 2),
            co << 2,
          )
}

/** Copies w[depth,co] to panels of [depth,8]. */
function pack(w: usize, panel: usize, depth: i32, co: i32): void {
  for (let o = 0; o < co; o += 8)
    for (let l = 0; l < depth; l++) {
      v128.store(panel, v128.load(w + ((l * co + o) << 2)))
      v128.store(panel, v128.load(w + ((l * co + o) << 2), 16), 16)
      panel += 32
    }
}

/** Four pixels of y: their windows begin `pixel` bytes apart at x, and have rows `row` bytes apart. */
function tile(x: usize, row: usize, pixel: usize, w: usize, y: usize, next: usize): void {
  const zero = f32x4.splat(0)
  let y00 = zero,
    y01 = zero,
    y10 = zero,
    y11 = zero,
    y20 = zero,
    y21 = zero,
    y30 = zero,
    y31 = zero
  const last = x + 3 * row
  for (; x < last; x += row) {
    let from = x
    const end = x + 3 * pixel
    do {
      const w0 = v128.load(w)
      const w1 = v128.load(w, 16)
      let at = from
      let a = v128.load32_splat(at)
      y00 = multiplyAdd(a, w0, y00)
      y01 = multiplyAdd(a, w1, y01)
      a = v128.load32_splat((at += pixel))
      y10 = multiplyAdd(a, w0, y10)
      y11 = multiplyAdd(a, w1, y11)
      a = v128.load32_splat((at += pixel))
      y20 = multiplyAdd(a, w0, y20)
      y21 = multiplyAdd(a, w1, y21)
      a = v128.load32_splat((at += pixel))
      y30 = multiplyAdd(a, w0, y30)
      y31 = multiplyAdd(a, w1, y31)
      from += 4
      w += 32
    } while (from < end)
  }
  store(y, y00, y01)
  store((y += next), y10, y11)
  store((y += next), y20, y21)
  store((y += next), y30, y31)
}

function store(y: usize, left: v128, right: v128): void {
  v128.store(y, left)
  v128.store(y, right, 16)
}
