// Whether a picture shows a digit at all. A network that was taught ten digits finds one in everything; this one, small and beside it, was taught
// what is none as well: letters, scribbles, signs, and digits cut, turned and put together (bench/rejection.ts).
import { batchNorm, conv2d, dense, flatten, maxPool2d, relu, sequential } from '../engine/index.js'

/** The class of what is no digit, after the ten. */
export const none = 10

/** The ten digits, and none of them. 19,851 parameters. Its last bias is such that few digits are none (bench/rejection.ts). */
export const rejector = () =>
  sequential(
    [28, 28, 1],
    conv2d(8, 3),
    relu(),
    maxPool2d(2),
    batchNorm(),
    conv2d(24, 3),
    relu(),
    conv2d(24, 3),
    relu(),
    maxPool2d(2),
    batchNorm(),
    flatten(),
    dense(32),
    relu(),
    dense(none + 1),
  )

/** Whether, by the rejector's probabilities, an image is rather no digit than one. */
export const isRejected = (probabilities: ArrayLike<number>) => probabilities[none] > 0.5
