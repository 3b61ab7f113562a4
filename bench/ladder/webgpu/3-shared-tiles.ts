// Tiles in shared memory: 256 threads copy what a tile of 64x64 needs for sixteen places of the sum, together, and then each adds
// its block of 4x4. A number comes from the card's memory once a tile, and not once a block.
import type { Kernel } from '../../../engine/backends/webgpu/kernel.js'

export const kernel: Kernel = {
  op: 'tiles',
  reads: { x: 'f32', w: 'f32' },
  writes: { y: 'f32' },
  sizes: 'count, n',
  threads: 256,
  outside: `
var<workgroup> xTile: array<f32, 1024>; // 64 rows of 16
var<workgroup> wTile: array<f32, 1024>; // 16 rows of 64`,
  body: `
  let row = group / (size.n / 64u) * 64u;
  let column = group % (size.n / 64u) * 64u;
  let down = thread / 16u * 4u;
  let across = thread % 16u * 4u;
  var sums: array<array<f32, 4>, 4>;
  for (var l0 = 0u; l0 < size.n; l0 += 16u) {
    for (var e = thread; e < 1024u; e += 256u) {
      xTile[e] = x[(row + e / 16u) * size.n + l0 + e % 16u];
      wTile[e] = w[(l0 + e / 64u) * size.n + column + e % 64u];
    }
    workgroupBarrier();
    for (var l = 0u; l < 16u; l++) {
      for (var r = 0u; r < 4u; r++) {
        for (var c = 0u; c < 4u; c++) { sums[r][c] += xTile[(down + r) * 16u + l] * wTile[l * 64u + across + c]; }
      }
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < 4u; r++) {
    for (var c = 0u; c < 4u; c++) { y[(row + down + r) * size.n + column + across + c] = sums[r][c]; }
  }`,
}

export const covers = 64 * 64
