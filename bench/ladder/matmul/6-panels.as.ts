// Packed panels (Goto & van de Geijn 2008, Anatomy of High-Performance Matrix Multiplication): blocks of x and w that fit
// in a cache are first copied in exactly the order in which the tiles read them. The loop over k then walks through
// two runs of memory, and no row of w is far from the next.
//
//            columns j … j+8                 4 x kc panel of x, column by column:  x00 x10 x20 x30 x01 x11 …
//             ┌────┐
//             │ w  │ kc                       kc x 8 panel of w, row by row:       w00 w01 … w07 w10 w11 …
//       kc    └────┘
//     ┌──────┐┌────┐
//     │  x   ││ y  │ 4 rows                  y += panel of x · panel of w
//     └──────┘└────┘

/** A panel of w (kc x 8) stays in the first-level cache, a block of x (mc x kc) in the second, a block of w in the third. */
const kc: i32 = 256
const mc: i32 = 96
const nc: i32 = 1024

/** y[m,n] = Σk x[m,k] · w[k,n]. `work` is the address of room for the panels: (mc·kc + kc·nc) numbers. */
export function matmul(x: usize, w: usize, y: usize, m: i32, k: i32, n: i32, work: usize): void {
  memory.fill(y, 0, (m * n) << 2)
  const panelsOfX = work
  const panelsOfW = work + ((mc * kc) << 2)
  for (let l = 0; l < k; l += kc) {
    const depth = min(kc, k - l)
    for (let j = 0; j < n; j += nc) {
      const columns = min(nc, n - j)
      packW(w + ((l * n + j) << 2), panelsOfW, depth, columns, n)
      for (let i = 0; i < m; i += mc) {
        const rows = min(mc, m - i)
        packX(x + ((i * k + l) << 2), panelsOfX, rows, depth, k)
        for (let c = 0; c < columns; c += 8)
          for (let r = 0; r < rows; r += 4)
            tile(
              panelsOfX + ((r * depth) << 2),
              panelsOfW + ((c * depth) << 2),
              y + (((i + r) * n + j + c) << 2),
              depth,
              n << 2,
            )
      }
    }
  }
}

/** Copies columns of w, eight at a time: each panel is [depth, 8]. */
function packW(w: usize, panel: usize, depth: i32, columns: i32, n: i32): void {
  for (let c = 0; c < columns; c += 8)
    for (let l = 0; l < depth; l++) {
      const from = w + ((l * n + c) << 2)
      v128.store(panel, v128.load(from))
      v128.store(panel, v128.load(from, 16), 16)
      panel += 32
    }
}

/** Copies rows of x, four at a time and transposed: each panel is [depth, 4]. */
function packX(x: usize, panel: usize, rows: i32, depth: i32, k: i32): void {
  for (let r = 0; r < rows; r += 4)
    for (let l = 0; l < depth; l++)
      for (let i = 0; i < 4; i++) {
        store<f32>(panel, load<f32>(x + (((r + i) * k + l) << 2)))
        panel += 4
      }
}

/**
 * y[4,8] += x[4,depth] · w[depth,8], the rows of y being `row` bytes apart. Eight sums, two vectors of w and the four of x
 * in turn: fourteen of the fifteen registers that V8 has for them. It loads all of x first, so a tile of 6x8 does not fit.
 */
function tile(x: usize, w: usize, y: usize, depth: i32, row: usize): void {
  const zero = f32x4.splat(0)
  let y00 = zero,
    y01 = zero,
    y10 = zero,
    y11 = zero,
    y20 = zero,
    y21 = zero,
    y30 = zero,
    y31 = zero
  const end = w + (depth << 5)
  do {
    const w0 = v128.load(w)
    const w1 = v128.load(w, 16)
    let a = v128.load32_splat(x)
    y00 = multiplyAdd(a, w0, y00)
    y01 = multiplyAdd(a, w1, y01)
    a = v128.load32_splat(x, 4)
    y10 = multiplyAdd(a, w0, y10)
    y11 = multiplyAdd(a, w1, y11)
    a = v128.load32_splat(x, 8)
    y20 = multiplyAdd(a, w0, y20)
    y21 = multiplyAdd(a, w1, y21)
    a = v128.load32_splat(x, 12)
    y30 = multiplyAdd(a, w0, y30)
    y31 = multiplyAdd(a, w1, y31)
    x += 16
    w += 32
  } while (w < end)
  accumulate(y, y00, y01)
  accumulate(y + row, y10, y11)
  accumulate(y + 2 * row, y20, y21)
  accumulate(y + 3 * row, y30, y31)
}

function accumulate(y: usize, left: v128, right: v128): void {
  v128.store(y, f32x4.add(v128.load(y), left))
  v128.store(y, f32x4.add(v128.load(y, 16), right), 16)
}

/** a·b + c, in one instruction if the compiler may use relaxed SIMD: step 7. */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(f32x4.mul(a, b), c)
}
