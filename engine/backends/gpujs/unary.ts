// Each function of ops/elementwise.ts as gpu.js reads it: y from x, and dx from dy, x and y. exp may overflow where dividing by it gives 0;
// where 1 + x would round, a series takes its place.
import type { Unary } from '../../backend.js'

const softExp = 'Math.exp(-Math.abs(x))'
const geluRoot = Math.sqrt(2 / Math.PI)
const geluExp = `Math.exp(${-2 * geluRoot} * (x + 0.044715 * x * x * x))`

export const unary: Readonly<Record<Unary, readonly [f: string, gradient: string]>> = {
  // In this form NaN stays NaN. GL compilers read `x < 0 ? 0 : x` as max(x, 0), which makes it 0.
  relu: ['x > 0 ? x : x < 0 ? 0 : x', 'y > 0 ? dy : 0'],
  leakyRelu: ['x > 0 ? x : 0.01 * x', 'x > 0 ? dy : 0.01 * dy'],
  tanh: ['Math.abs(x) < 0.02 ? x - x * x * x / 3 : 1 - 2 / (Math.exp(2 * x) + 1)', 'dy * (1 - y * y)'],
  sigmoid: ['1 / (1 + Math.exp(-x))', 'dy * y * (1 - y)'],
  softplus: [
    `(x > 0 ? x : 0) + (Math.abs(x) > 9 ? ${softExp} - ${softExp} * ${softExp} / 2 : Math.log(1 + ${softExp}))`,
    'dy / (1 + Math.exp(-x))',
  ],
  // ½ (1 + tanh(z)) is 1 / (1 + exp(−2z)) = s, and the derivative of that 2 s (1 − s) z'.
  gelu: [`x / (1 + ${geluExp})`, `dy / (1 + ${geluExp}) * (1 + x * ${2 * geluRoot} * (1 + 0.134145 * x * x) * (1 - 1 / (1 + ${geluExp})))`], // prettier-ignore
  exp: ['Math.exp(x)', 'dy * y'],
  log: ['Math.log(x)', 'dy / x'],
  sqrt: ['Math.sqrt(x)', 'dy / (2 * y)'],
}
