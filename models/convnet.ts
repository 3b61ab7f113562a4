import { conv2d, dense, flatten, maxPool2d, relu, sequential } from '../engine/index.js'

/** Two convolutions look at 3x3 neighbourhoods before the dense layers decide. 1,199,882 parameters for MNIST. */
export const convnet = (input = [28, 28, 1], classes = 10) =>
  sequential(
    input,
    conv2d(32, 3),
    relu(),
    conv2d(64, 3),
    relu(),
    maxPool2d(2),
    flatten(),
    dense(128),
    relu(),
    dense(classes),
  )
