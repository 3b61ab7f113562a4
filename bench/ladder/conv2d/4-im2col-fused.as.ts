// im2col with the last step of the matmul ladder: packed panels and fused multiply-add.
import { matmul } from '../matmul/6-panels.as'

/** y[n,oh,ow,co] = x[n,h,width,ci] ∗ w[3,3,ci,co], with no padding; `work` is room for an image's windows and panels. */
export function conv2d(x: usize, w: usize, y: usize, n: i32, h: i32, width: i32, ci: i32, co: i32, work: usize): void {
  const pixels = (h - 2) * (width - 2)
  const run: usize = (3 * ci) << 2 // a row of a window, in bytes
  const panels = work + 3 * run * pixels
  for (let image = 0; image < n; image++) {
    let row = work
    for (let i = 0; i < h - 2; i++)
      for (let j = 0; j < width - 2; j++)
        for (let a = 0; a < 3; a++) {
          memory.copy(row, x + ((((image * h + i + a) * width + j) * ci) << 2), run)
          row += run
        }
    matmul(work, w, y + ((image * pixels * co) << 2), pixels, 9 * ci, co, panels)
  }
}
