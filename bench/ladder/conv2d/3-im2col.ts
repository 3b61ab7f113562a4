// im2col: every window is copied to a row of a matrix, so that the convolution is one product, and whatever made matmul
// fast does so here. The price is memory: each pixel is there nine times.
import { matmul } from '../matmul/3-tiles.js'

/** y[n,oh,ow,co] = x[n,h,width,ci] ∗ w[3,3,ci,co], with no padding: oh = h − 2, ow = width − 2 */
export function conv2d(
  x: Float32Array,
  w: Float32Array,
  y: Float32Array,
  n: number,
  h: number,
  width: number,
  ci: number,
  co: number,
) {
  const pixels = (h - 2) * (width - 2)
  const rows = new Float32Array(pixels * 9 * ci)
  for (let image = 0; image < n; image++) {
    let row = 0
    for (let i = 0; i < h - 2; i++)
      for (let j = 0; j < width - 2; j++)
        for (let a = 0; a < 3; a++) {
          const from = ((image * h + i + a) * width + j) * ci
          rows.set(x.subarray(from, from + 3 * ci), row)
          row += 3 * ci
        }
    matmul(rows, w, y.subarray(image * pixels * co, (image + 1) * pixels * co), pixels, 9 * ci, co)
  }
}
