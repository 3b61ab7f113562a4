export { binaryCrossEntropy } from './binaryCrossEntropy.js'
export { crossEntropy } from './crossEntropy.js'
export { mse } from './mse.js'
