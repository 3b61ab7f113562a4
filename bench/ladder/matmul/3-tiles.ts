// Tiles of 3x3 results stay in local variables, that is in registers: six loads feed nine products, where step 2 loads
// and stores for every product.

const side = 3

/** y[m,n] = Σk x[m,k] · w[k,n] */
export function matmul(x: Float32Array, w: Float32Array, y: Float32Array, m: number, k: number, n: number) {
  for (let i = 0; i < m; i += side)
    for (let j = 0; j < n; j += side)
      if (i + side <= m && j + side <= n) tile(x, w, y, i, j, k, n)
      else edge(x, w, y, i, Math.min(i + side, m), j, Math.min(j + side, n), k, n)
}

function tile(x: Float32Array, w: Float32Array, y: Float32Array, i: number, j: number, k: number, n: number) {
  let y00 = 0
  let y01 = 0
  let y02 = 0
  let y10 = 0
  let y11 = 0
  let y12 = 0
  let y20 = 0
  let y21 = 0
  let y22 = 0
  for (let l = 0; l < k; l++) {
    const x0 = x[i * k + l]
    const x1 = x[(i + 1) * k + l]
    const x2 = x[(i + 2) * k + l]
    const w0 = w[l * n + j]
    const w1 = w[l * n + j + 1]
    const w2 = w[l * n + j + 2]
    y00 += x0 * w0
    y01 += x0 * w1
    y02 += x0 * w2
    y10 += x1 * w0
    y11 += x1 * w1
    y12 += x1 * w2
    y20 += x2 * w0
    y21 += x2 * w1
    y22 += x2 * w2
  }
  y.set([y00, y01, y02], i * n + j)
  y.set([y10, y11, y12], (i + 1) * n + j)
  y.set([y20, y21, y22], (i + 2) * n + j)
}

/** What is left at the right and at the bottom: rows i to iEnd, columns j to jEnd. */
function edge(
  x: Float32Array,
  w: Float32Array,
  y: Float32Array,
  i: number,
  iEnd: number,
  j: number,
  jEnd: number,
  k: number,
  n: number,
) {
  for (let row = i; row < iEnd; row++)
    for (let column = j; column < jEnd; column++) {
      let sum = 0
      for (let l = 0; l < k; l++) sum += x[row * k + l] * w[l * n + column]
      y[row * n + column] = sum
    }
}
