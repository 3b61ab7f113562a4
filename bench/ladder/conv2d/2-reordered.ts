// The output channels become the innermost loop: w and y are read along their rows, and each x is loaded once for all.

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
  y.fill(0)
  let yAt = 0
  for (let image = 0; image < n; image++)
    for (let i = 0; i < h - 2; i++)
      for (let j = 0; j < width - 2; j++) {
        for (let a = 0; a < 3; a++) {
          // In NHWC, the three pixels of a row of the window are one run of 3·ci numbers; so are their weights.
          const xAt = ((image * h + i + a) * width + j) * ci
          const wAt = a * 3 * ci * co
          for (let c = 0; c < 3 * ci; c++) {
            const value = x[xAt + c]
            for (let o = 0; o < co; o++) y[yAt + o] += value * w[wAt + c * co + o]
          }
        }
        yAt += co
      }
}
