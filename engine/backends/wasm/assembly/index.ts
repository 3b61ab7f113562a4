// The kernels that backends/wasm/index.ts calls.
export { CHUNK } from './simd'
export { add, addBias, biasGrad, mul, relu, reluGrad, ROWS, sumParts } from './elementwise'
export { convolve, filterGrad, filterGradScratch, packTurned, pad } from './convolution'
export { multiply, multiplyScratch, packColumns, packedColumns } from './matmul'
export { adam, momentum, sgd } from './optimizers'
export { LINES, listColumns, listMultiply, listRows, toFloat } from './pixels'
export {
  maxPool, scatter, sparseFilterGrad, sparseFilterGradScratch, sparseInputGrad, sparseInputGradScratch,
  sumTransposed, transpose,
} from './pooling'
export { crossEntropy, crossEntropyGrad, mean, softmax, softmaxGrad } from './softmax'
export { convolvePool, convolvePoolScratch, transformedFilters, transformFilters } from './winograd'

/** Where the kernels' own constants end, and memory for buffers begins. */
export function dataEnd(): usize {
  return __heap_base
}
