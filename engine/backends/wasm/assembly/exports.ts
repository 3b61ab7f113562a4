// The kernels that backends/wasm/index.ts calls.
export { CHUNK } from './simd'
export * from './averaging'
export { addBias, biasGrad, relu, reluGrad, ROWS, sumChunk, sumParts } from './elementwise'
export { convolve, convolveScratch, filterGrad, filterGradScratch, packTurned, pad } from './convolution'
export { multiply, multiplyScratch, packColumns, packedColumns } from './gemm'
export { adam, momentum, sgd } from './optimizers'
export {
  BLOCK, blocksOf, countEntries, fillTables, CSR_ROWS, spmmAdam, sddmm, spmmTransposed, spmmTransposedScratch, spmm, spmmBlock, spmmScratch, sumBlocks, denseToCsr,
  PANEL_ROWS, pack, panelWidth, NARROW, SPARE, WIDE, csrToDense, unpack,
} from './spmm'
export {
  countNonzeros, fillPlaces, imageBytes, bytesToCsr, gatherBytes, GATHERED, gatherCsr, placeImages, toFloat,
} from './bytes'
export * from './pairs'
export {
  maxPool, scatter, sparseBiasGrad, sparseFilterGrad, sparseFilterGradScratch, sparseInputGrad, sparseInputGradScratch,
  sumTaps, sumTransposed, transpose,
} from './sparseGrad'
export {
  ACTIVE_FILTERS, activeFilterGrad, activeFilterGradScratch, activeMask, activeMaskScratch, convolveActive, convolveActiveScratch,
} from './activeMask'
export { crossEntropy, crossEntropyGrad, mean, SCORES, softmax, softmaxGrad } from './softmax'
export * from './unary'
export { convolvePool, convolvePoolScratch, transformedFilters, transformFilters } from './winograd'
export { inferPooled, inferPooledScratch, transformedFilters4, transformFilters4 } from './winograd4'
export { ARGUMENTS, FINITE, GUARD, RECORD, runItems, runProgram, SINGLE, takePart } from './program'

/** Where the kernels' own constants end, and memory for buffers begins. */
export function dataEnd(): usize {
  return __heap_base
}

// The innermost loops. They are called from here alone, but the optimizer would dissolve them in their callers, and V8,
// which allots registers function by function, then keeps half of their sums in memory: they run half as fast.
export { convolveTile, filterGradTile } from './convolution'
export { dots, narrowGreyScatter, narrowGreySum, newWideSum, wideGreySum, wideSum } from './spmm'
export { multiplyTile } from './gemm'
export { addNarrow, addWide } from './sparseGrad'
export { activeFilterGradTile, addWindow } from './activeMask'
export { multiplyTiles, poolExactly } from './winograd'
export { poolWindows, transformTile } from './winograd4'
