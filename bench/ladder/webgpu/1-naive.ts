// As it is defined: a thread for each number of y, which fetches two numbers for each of its n products. All are of n rows and columns.
import { each } from '../../../engine/backends/webgpu/kernel.js'

export const kernel = each({
  op: 'naive',
  reads: { x: 'f32', w: 'f32' },
  writes: { y: 'f32' },
  sizes: 'n',
  body: `
  let row = i / size.n;
  let column = i % size.n;
  var sum = 0.0;
  for (var l = 0u; l < size.n; l++) { sum += x[row * size.n + l] * w[l * size.n + column]; }
  y[i] = sum;`,
})

/** Of how many numbers of y a group of threads takes care. */
export const covers = 64
