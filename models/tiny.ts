import { batchNorm, conv2d, dense, flatten, maxPool2d, relu, sequential } from '../engine/index.js'

/** As much as 6,818 parameters can: two pairs of small convolutions, normalized where pooling has left few numbers. */
export const tiny = (input = [28, 28, 1], classes = 10) =>
  sequential(
    input,
    conv2d(8, 3),
    relu(),
    conv2d(8, 3),
    relu(),
    maxPool2d(2),
    batchNorm(),
    conv2d(16, 3),
    relu(),
    conv2d(16, 3),
    relu(),
    maxPool2d(2),
    batchNorm(),
    flatten(),
    dense(classes),
  )
