// Blocks in registers: a thread keeps 4x4 sums, and fetches eight numbers for sixteen products.
import { each } from '../../../engine/backends/webgpu/kernel.js'

export const kernel = each({
  op: 'registers',
  reads: { x: 'f32', w: 'f32' },
  writes: { y: 'f32' },
  sizes: 'n',
  body: `
  let row = i / (size.n / 4u) * 4u;
  let column = i % (size.n / 4u) * 4u;
  var sums: array<array<f32, 4>, 4>;
  for (var l = 0u; l < size.n; l++) {
    for (var r = 0u; r < 4u; r++) {
      for (var c = 0u; c < 4u; c++) { sums[r][c] += x[(row + r) * size.n + l] * w[l * size.n + column + c]; }
    }
  }
  for (var r = 0u; r < 4u; r++) {
    for (var c = 0u; c < 4u; c++) { y[(row + r) * size.n + column + c] = sums[r][c]; }
  }`,
})

export const covers = 64 * 16
