// The loops over k and n change places: w and y are read along their rows, which is the order they are stored in.

/** y[m,n] = Σk x[m,k] · w[k,n] */
export function matmul(x: Float32Array, w: Float32Array, y: Float32Array, m: number, k: number, n: number) {
  y.fill(0)
  for (let i = 0; i < m; i++)
    for (let l = 0; l < k; l++) {
      const a = x[i * k + l]
      for (let j = 0; j < n; j++) y[i * n + j] += a * w[l * n + j]
    }
}
