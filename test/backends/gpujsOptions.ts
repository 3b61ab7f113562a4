// How far gpu.js may be from the reference, relative to the largest number of the result: two to four times what was
// measured (docs/backends.md).
import type { SuiteOptions } from './suite.js'

const sums = 5e-6
/** Adam divides by the root of what it averages: of a small gradient it hands on more of the rounding. */
const steps = 1e-5

export const gpujsOptions = {
  runs: 3,
  tolerance: 2e-6,
  tolerances: { steps, matmul: sums, biasGrad: sums, conv2dGradInput: sums, conv2dGradFilter: sums },
} satisfies SuiteOptions

/** GPUs round numbers below 2^-126 to 0. */
export const gpuOptions = { ...gpujsOptions, subnormals: false, special: false } satisfies SuiteOptions
