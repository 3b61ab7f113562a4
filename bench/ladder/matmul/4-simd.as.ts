// WebAssembly SIMD: step 2 again, but an instruction works on four neighbouring columns. Each product still costs a load
// and a store of y. (AssemblyScript from here on: x, w and y are addresses in bytes, and sizes are multiples of 8.)

/** y[m,n] = Σk x[m,k] · w[k,n] */
export function matmul(x: usize, w: usize, y: usize, m: i32, k: i32, n: i32): void {
  memory.fill(y, 0, (m * n) << 2)
  for (let i = 0; i < m; i++)
    for (let l = 0; l < k; l++) {
      const a = v128.load32_splat(x + ((i * k + l) << 2))
      for (let j = 0; j < n; j += 4) {
        const at = y + ((i * n + j) << 2)
        v128.store(at, f32x4.add(v128.load(at), f32x4.mul(a, v128.load(w + ((l * n + j) << 2)))))
      }
    }
}
