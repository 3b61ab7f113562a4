// Vectors of four: the tiles of step 3, where one instruction fetches four neighbours, and a row of a block is one vector.
import type { Kernel } from '../../../engine/backends/webgpu/kernel.js'

export const kernel: Kernel = {
  op: 'vectors',
  reads: { x: 'f32', w: 'vec4f' },
  writes: { y: 'vec4f' },
  sizes: 'count, n',
  threads: 256,
  outside: `
var<workgroup> xTile: array<vec4f, 272>; // 16 columns of 64, four rows a vector; one more, so that columns lie in other banks
var<workgroup> wTile: array<vec4f, 256>; // 16 rows of 64`,
  body: `
  let row = group / (size.n / 64u) * 64u;
  let column = group % (size.n / 64u) * 16u;
  let down = thread / 16u;
  let across = thread % 16u;
  let fours = size.n / 4u;
  var sum0 = vec4f(); var sum1 = vec4f(); var sum2 = vec4f(); var sum3 = vec4f();
  for (var l0 = 0u; l0 < size.n; l0 += 16u) {
    let at = (row + down * 4u) * size.n + l0 + across;
    xTile[across * 17u + down] = vec4f(x[at], x[at + size.n], x[at + 2u * size.n], x[at + 3u * size.n]);
    wTile[thread] = w[(l0 + down) * fours + column + across];
    workgroupBarrier();
    for (var l = 0u; l < 16u; l++) {
      let xs = xTile[l * 17u + down];
      let ws = wTile[l * 16u + across];
      sum0 += xs.x * ws; sum1 += xs.y * ws; sum2 += xs.z * ws; sum3 += xs.w * ws;
    }
    workgroupBarrier();
  }
  let to = (row + down * 4u) * fours + column + across;
  y[to] = sum0; y[to + fours] = sum1; y[to + 2u * fours] = sum2; y[to + 3u * fours] = sum3;`,
}

export const covers = 64 * 64
