// The losses: from what a network says and what it should have said to one number.
export { binaryCrossEntropy } from './binaryCrossEntropy.js'
export { crossEntropy } from './crossEntropy.js'
export { mse } from './mse.js'
