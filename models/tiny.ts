import { batchNorm, conv2d, dense, flatten, maxPool2d, relu, sequential } from '../engine/index.js'

/** As much as 7,090 parameters can: three small convolutions, normalized where pooling has left few numbers. */
export const tiny = (input = [28, 28, 1], classes = 10) =>
  sequential(
    input,
    conv2d(8, 3),
    relu(),
    maxPool2d(2),
    batchNorm(),
    conv2d(16, 3),
    relu(),
    maxPool2d(2),
    batchNorm(),
    conv2d(24, 3),
    relu(),
    batchNorm(),
    flatten(),
    dense(classes),
  )
