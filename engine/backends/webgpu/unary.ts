// Each function of ops/elementwise.ts in WGSL: y from x, and dx from dy, x and y. exp may overflow where dividing by it gives 0;
// where 1 + x would round, a series takes its place.
import type { Unary } from '../../backend.js'

const softExp = 'exp(-abs(x))'
const geluRoot = Math.sqrt(2 / Math.PI)
const geluExp = `exp(${-2 * geluRoot} * (x + 0.044715 * x * x * x))`

export const unary: Readonly<Record<Unary, readonly [f: string, gradient: string]>> = {
  // In this form NaN stays NaN, which max(x, 0) may make 0.
  relu: ['select(select(x, 0.0, x < 0.0), x, x > 0.0)', 'select(0.0, dy, y > 0.0)'],
  leakyRelu: ['select(0.01 * x, x, x > 0.0)', 'select(0.01 * dy, dy, x > 0.0)'],
  tanh: ['select(1.0 - 2.0 / (exp(2.0 * x) + 1.0), x - x * x * x / 3.0, abs(x) < 0.02)', 'dy * (1.0 - y * y)'],
  sigmoid: ['1.0 / (1.0 + exp(-x))', 'dy * y * (1.0 - y)'],
  softplus: [
    `max(x, 0.0) + select(log(1.0 + ${softExp}), ${softExp} - ${softExp} * ${softExp} / 2.0, abs(x) > 9.0)`,
    'dy / (1.0 + exp(-x))',
  ],
  // ½ (1 + tanh(z)) is 1 / (1 + exp(−2z)) = s, and the derivative of that 2 s (1 − s) z'.
  gelu: [`x / (1.0 + ${geluExp})`, `dy / (1.0 + ${geluExp}) * (1.0 + x * ${2 * geluRoot} * (1.0 + 0.134145 * x * x) * (1.0 - 1.0 / (1.0 + ${geluExp})))`], // prettier-ignore
  exp: ['exp(x)', 'dy * y'],
  log: ['log(x)', 'dy / x'],
  sqrt: ['sqrt(x)', 'dy / (2.0 * y)'],
}
