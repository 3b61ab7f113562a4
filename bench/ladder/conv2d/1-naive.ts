// The definition: each y[n,i,j,o] is a sum over a 3x3 window and its channels. w is read co numbers apart.

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
  let at = 0
  for (let image = 0; image < n; image++)
    for (let i = 0; i < h - 2; i++)
      for (let j = 0; j < width - 2; j++)
        for (let o = 0; o < co; o++) {
          let sum = 0
          for (let a = 0; a < 3; a++)
            for (let b = 0; b < 3; b++)
              for (let c = 0; c < ci; c++)
                sum += x[((image * h + i + a) * width + j + b) * ci + c] * w[((a * 3 + b) * ci + c) * co + o]
          y[at++] = sum
        }
}
