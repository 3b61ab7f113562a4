import { dense, flatten, sequential } from '../engine/index.js'

/** 784 → 10: every digit is one weighted sum of the pixels. 7,850 parameters. */
export const deepnet1 = (input = [28, 28], classes = 10) => sequential(input, flatten(), dense(classes))
