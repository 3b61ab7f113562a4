// Steps of optimizers: weights and what is remembered of them change where they are.
import { FADED } from '../../backend.js'
import { each, type Kernel } from './kernel.js'

/** w ← kept·w − lr·dw */
export const sgdStep: Kernel = each({
  op: 'sgdStep',
  reads: { dw: 'f32' },
  writes: { w: 'f32' },
  sizes: '',
  numbers: 'lr, kept',
  body: 'w[i] = size.kept * w[i] - size.lr * dw[i];',
})

/** v ← momentum·v + dw,  w ← kept·w − lr·v */
export const momentumStep: Kernel = each({
  op: 'sgdStep',
  reads: { dw: 'f32' },
  writes: { w: 'f32', v: 'f32' },
  sizes: '',
  numbers: 'lr, kept, momentum',
  body: `
  let next = size.momentum * v[i] + dw[i];
  v[i] = next;
  w[i] = size.kept * w[i] - size.lr * next;`,
})

/** m ← β1·m + (1−β1)·dw, or 0 if it has faded,  v ← β2·v + (1−β2)·dw²,  w ← kept·w − lr · m/bias1 / (√(v/bias2) + ε) */
export const adamStep: Kernel = each({
  op: 'adamStep',
  reads: { dw: 'f32' },
  writes: { w: 'f32', m: 'f32', v: 'f32' },
  sizes: '',
  numbers: 'lr, kept, beta1, rest1, beta2, rest2, bias1, bias2, epsilon',
  body: `
  let mean = size.beta1 * m[i] + size.rest1 * dw[i];
  let next = select(mean, 0.0, abs(mean) < ${FADED});
  let square = size.beta2 * v[i] + size.rest2 * dw[i] * dw[i];
  m[i] = next;
  v[i] = square;
  w[i] = size.kept * w[i] - size.lr * (next / size.bias1) / (sqrt(square / size.bias2) + size.epsilon);`,
})
