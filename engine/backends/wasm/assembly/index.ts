// The kernels that backends/wasm/index.ts calls.
export { CHUNK } from './simd'
export * from './averaging'
export { addBias, biasGrad, relu, reluGrad, ROWS, sumChunk, sumParts } from './elementwise'
export { convolve, convolveScratch, filterGrad, filterGradScratch, packTurned, pad } from './convolution'
export { multiply, multiplyScratch, packColumns, packedColumns } from './matmul'
export { adam, momentum, sgd } from './optimizers'
export {
  blocksOf, fillTables, LINES, listAdam, listDot, listGrad, listGradScratch, listMultiply, listMultiplyScratch, listRows,
  PANEL_ROWS, packPanels, panelWidth, SPARE, unlist, unpackPanels,
} from './lists'
export { countPixels, fillPlaces, imageBytes, listImages, pickBytes, PICKED, pickLists, toFloat } from './pixels'
export * from './pairs'
export {
  maxPool, scatter, sparseBiasGrad, sparseFilterGrad, sparseFilterGradScratch, sparseInputGrad, sparseInputGradScratch,
  sumTaps, sumTransposed, transpose,
} from './pooling'
export { convolveSeen, convolveSeenScratch, see, SEEN_FILTERS, seeScratch } from './seen'
export { crossEntropy, crossEntropyGrad, mean, SCORES, softmax, softmaxGrad } from './softmax'
export * from './unary'
export { convolvePool, convolvePoolScratch, transformedFilters, transformFilters } from './winograd'

/** Where the kernels' own constants end, and memory for buffers begins. */
export function dataEnd(): usize {
  return __heap_base
}

// The innermost loops. They are called from here alone, but the optimizer would dissolve them in their callers, and V8,
// which allots registers function by function, then keeps half of their sums in memory: they run half as fast.
export { convolveTile, filterGradTile } from './convolution'
export { dots, narrowGreyScatter, narrowGreySum, newWideSum, wideGreySum, wideSum } from './lists'
export { multiplyTile } from './matmul'
export { addNarrow, addWide } from './pooling'
export { addWindow } from './seen'
export { multiplyTiles, poolExactly } from './winograd'
