import { dense, flatten, relu, sequential } from '../engine/index.js'

/** 784 → 128 → 10: a hidden layer in between. 101,770 parameters. */
export const deepnet2 = (input = [28, 28], classes = 10) =>
  sequential(input, flatten(), dense(128), relu(), dense(classes))
