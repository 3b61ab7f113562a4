// Functions of one number, applied to each of a tensor's: y = f(x), dx = f'(x) · dy. A name here asks each backend for a
// row in its table: f, and the derivative from x and y, whichever is shorter.
import { record, type Tensor } from '../tensor.js'

export type Unary = 'relu' | 'leakyRelu' | 'tanh' | 'sigmoid' | 'softplus' | 'gelu' | 'exp' | 'log' | 'sqrt'

/** The operation of one of them.   x [...] → y [...] */
const unary =
  (f: Unary) =>
  (x: Tensor): Tensor => {
    const y = x.backend.unary(f, x.data)
    return record(f, x.shape, y, [[x, dy => x.backend.unaryGrad(f, x.data, y, dy)]])
  }

/** y = max(x, 0).   y' = 1 where y > 0, else 0 (at 0 as well). */
export const relu = unary('relu')

/** y = x where x > 0, else 0.01·x.   y' = 1 or 0.01 (at 0 as well).   Maas, Hannun & Ng 2013 */
export const leakyRelu = unary('leakyRelu')

/** y = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ).   y' = 1 − y² */
export const tanh = unary('tanh')

/** y = 1 / (1 + e⁻ˣ).   y' = y · (1 − y) */
export const sigmoid = unary('sigmoid')

/** y = log(1 + eˣ), without overflow max(x, 0) + log(1 + e^−|x|).   y' = 1 / (1 + e⁻ˣ) */
export const softplus = unary('softplus')

/**
 * y = ½ x · (1 + t) with t = tanh(√(2/π) · (x + 0.044715 x³)).   y' = ½ (1 + t + x · (1 − t²) · √(2/π) · (1 + 3 · 0.044715 x²))
 * Hendrycks & Gimpel 2016 in their approximation, which has no erf: PyTorch's approximate='tanh'.
 */
export const gelu = unary('gelu')

/** y = eˣ.   y' = y */
export const exp = unary('exp')

/** y = the natural logarithm of x.   y' = 1 / x */
export const log = unary('log')

/** y = √x.   y' = 1 / (2y) */
export const sqrt = unary('sqrt')
