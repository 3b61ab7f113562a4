// The definition: each y[i,j] is a dot product. w is read down its columns, n numbers apart: a cache line for each.

/** y[m,n] = Σk x[m,k] · w[k,n] */
export function matmul(x: Float32Array, w: Float32Array, y: Float32Array, m: number, k: number, n: number) {
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0
      for (let l = 0; l < k; l++) sum += x[i * k + l] * w[l * n + j]
      y[i * n + j] = sum
    }
}
