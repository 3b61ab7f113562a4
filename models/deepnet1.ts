import { dense, flatten, sequential } from '../engine/index.js'

/** 784 → 10: every digit is one weighted sum of the pixels. 7,850 parameters. */
export const deepnet1 = () => sequential([28, 28], flatten(), dense(10))
