// Softmax and cross-entropy, row by row: a thread has a row of n scores. The maximum is taken out so that exp cannot overflow, and its
// own exp(0) = 1 so that the logarithm loses nothing of a small rest.
import { each, type Kernel } from './kernel.js'

/** Row i's maximum, its place, and Σ exp(x − max) of all others. */
const exponentials = `
  let start = i * size.n;
  var best = 0u;
  for (var j = 1u; j < size.n; j++) { if (x[start + j] > x[start + best]) { best = j; } }
  let most = x[start + best];
  var others = 0.0;
  for (var j = 0u; j < size.n; j++) { if (j != best) { others += exp(x[start + j] - most); } }`

/** y[m,:] = exp(x − max x) / Σ exp(x − max x) */
export const softmax: Kernel = each({
  op: 'softmax',
  reads: { x: 'f32' },
  writes: { y: 'f32' },
  sizes: 'n',
  body: `${exponentials}
  for (var j = 0u; j < size.n; j++) { y[start + j] = exp(x[start + j] - most) / (1.0 + others); }`,
})

/** dx[m,:] = y · (dy − Σ dy·y) */
export const softmaxGrad: Kernel = each({
  op: 'softmaxGrad',
  reads: { y: 'f32', dy: 'f32' },
  writes: { dx: 'f32' },
  sizes: 'n',
  body: `
  let start = i * size.n;
  var dot = 0.0;
  for (var j = 0u; j < size.n; j++) { dot += dy[start + j] * y[start + j]; }
  for (var j = 0u; j < size.n; j++) { dx[start + j] = y[start + j] * (dy[start + j] - dot); }`,
})

/** losses[m] = −1/m · Σ t · log softmax(x)[m,:]: each row's share of the mean. log(1 + others) is a series where others is small. */
export const crossEntropy: Kernel = each({
  op: 'crossEntropy',
  reads: { x: 'f32', labels: 'f32' },
  writes: { losses: 'f32' },
  sizes: 'n',
  numbers: 'certain, spread',
  body: `${exponentials}
  var below = (most - x[start + u32(labels[i])]) * size.certain;
  if (size.spread > 0.0) {
    for (var j = 0u; j < size.n; j++) { below += (most - x[start + j]) * size.spread; }
  }
  let series = others * (1.0 - others * (0.5 - others * (1.0 / 3.0 - others * 0.25)));
  losses[i] = (select(log(1.0 + others), series, others < 0.03) + below) / f32(size.count);`,
})

/** dx[m,n] = dy[0] · (softmax(x) − t) / m */
export const crossEntropyGrad: Kernel = each({
  op: 'crossEntropyGrad',
  reads: { x: 'f32', labels: 'f32', dy: 'f32' },
  writes: { dx: 'f32' },
  sizes: 'n',
  numbers: 'certain, spread',
  body: `${exponentials}
  let label = u32(labels[i]);
  for (var j = 0u; j < size.n; j++) {
    let wanted = size.spread + select(0.0, size.certain, j == label);
    dx[start + j] = dy[0] * (exp(x[start + j] - most) / (1.0 + others) - wanted) / f32(size.count);
  }`,
})
