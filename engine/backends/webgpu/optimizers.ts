// Steps of optimizers: weights and what is remembered of them change where they are, unless a loss is given that is no number: then
// they stay as they are.
import { FADED } from '../../backend.js'
import { each, variants, type Kernel } from './kernel.js'

/** Of a step's kernel, the one that looks at the loss first, and the one that does not. */
const step = (kernel: Omit<Kernel, 'op' | 'threads' | 'reads' | 'sizes'> & { op: 'sgdStep' | 'adamStep' }) =>
  variants(
    (guarded: boolean) =>
      each({
        ...kernel,
        reads: { dw: 'f32', ...(guarded ? { loss: 'u32' } : {}) },
        sizes: '',
        // WGSL may take every float32 for a number: the exponent says whether it is one.
        body: `${guarded ? 'if ((loss[0] & 0x7f800000u) == 0x7f800000u) { return; }\n  ' : ''}${kernel.body}`,
      }),
    String,
  )

/** w ← kept·w − lr·dw */
export const sgdStep = step({
  op: 'sgdStep',
  writes: { w: 'f32' },
  numbers: 'lr, kept',
  body: 'w[i] = size.kept * w[i] - size.lr * dw[i];',
})

/** v ← momentum·v + dw,  w ← kept·w − lr·v */
export const momentumStep = step({
  op: 'sgdStep',
  writes: { w: 'f32', v: 'f32' },
  numbers: 'lr, kept, momentum',
  body: `
  let next = size.momentum * v[i] + dw[i];
  v[i] = next;
  w[i] = size.kept * w[i] - size.lr * next;`,
})

/** m ← β1·m + (1−β1)·dw, or 0 if it has faded,  v ← β2·v + (1−β2)·dw²,  w ← kept·w − lr · m/bias1 / (√(v/bias2) + ε) */
export const adamStep = step({
  op: 'adamStep',
  writes: { w: 'f32', m: 'f32', v: 'f32' },
  numbers: 'lr, kept, beta1, rest1, beta2, rest2, bias1, bias2, epsilon',
  body: `
  let mean = size.beta1 * m[i] + size.rest1 * dw[i];
  let next = select(mean, 0.0, abs(mean) < ${FADED});
  let square = size.beta2 * v[i] + size.rest2 * dw[i] * dw[i];
  m[i] = next;
  v[i] = square;
  w[i] = size.kept * w[i] - size.lr * (next / size.bias1) / (sqrt(square / size.bias2) + size.epsilon);`,
})
