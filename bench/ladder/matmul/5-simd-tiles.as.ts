// Tiles in registers: 4 rows x 8 columns of y are eight vectors that stay in registers through the whole loop over k. In
// each round, two loads of w and four of x (each repeated in all four lanes) feed eight multiply-adds of four numbers.

/** y[m,n] = Σk x[m,k] · w[k,n] */
export function matmul(x: usize, w: usize, y: usize, m: i32, k: i32, n: i32): void {
  for (let i = 0; i < m; i += 4)
    for (let j = 0; j < n; j += 8) tile(x + ((i * k) << 2), w + (j << 2), y + ((i * n + j) << 2), k, n)
}

function tile(x: usize, w: usize, y: usize, k: i32, n: i32): void {
  const zero = f32x4.splat(0)
  let y00 = zero,
    y01 = zero,
    y10 = zero,
    y11 = zero,
    y20 = zero,
    y21 = zero,
    y30 = zero,
    y31 = zero
  const row: usize = k << 2
  const end = x + row
  do {
    const w0 = v128.load(w)
    const w1 = v128.load(w, 16)
    let a = v128.load32_splat(x)
    y00 = f32x4.add(y00, f32x4.mul(a, w0))
    y01 = f32x4.add(y01, f32x4.mul(a, w1))
    a = v128.load32_splat(x + row)
    y10 = f32x4.add(y10, f32x4.mul(a, w0))
    y11 = f32x4.add(y11, f32x4.mul(a, w1))
    a = v128.load32_splat(x + 2 * row)
    y20 = f32x4.add(y20, f32x4.mul(a, w0))
    y21 = f32x4.add(y21, f32x4.mul(a, w1))
    a = v128.load32_splat(x + 3 * row)
    y30 = f32x4.add(y30, f32x4.mul(a, w0))
    y31 = f32x4.add(y31, f32x4.mul(a, w1))
    x += 4
    w += n << 2
  } while (x < end)
  store(y, y00, y01)
  store(y + (n << 2), y10, y11)
  store(y + ((2 * n) << 2), y20, y21)
  store(y + ((3 * n) << 2), y30, y31)
}

function store(y: usize, left: v128, right: v128): void {
  v128.store(y, left)
  v128.store(y, right, 16)
}
