// Kernels by number, their arguments being in memory, 4 bytes each; written by scripts/build.js: do not edit.
import { activeMask, convolveActive, activeFilterGrad } from './activeMask'
import { averagePool, averagePoolGrad } from './averaging'
import { toFloat, countNonzeros, bytesToCsr, gatherCsr, gatherBytes } from './bytes'
import { pad, packTurned, convolve, filterGrad } from './convolution'
import { relu, reluGrad, addBias, biasGrad, sumChunk, sumParts } from './elementwise'
import { packColumns, multiply } from './gemm'
import { sgd, momentum, adam } from './optimizers'
import { add, sub, mul, div, repeat } from './pairs'
import { softmax, softmaxGrad, crossEntropy, mean, crossEntropyGrad } from './softmax'
import { maxPool, scatter, sparseBiasGrad, sparseFilterGrad, sumTransposed, transpose, sparseInputGrad, sumTaps } from './sparseGrad'
import { denseToCsr, countEntries, pack, unpack, spmm, spmmTransposed, spmmAdam, sddmm, csrToDense } from './spmm'
import { leakyRelu, leakyReluGrad, tanh, tanhGrad, sigmoid, sigmoidGrad, softplus, softplusGrad, gelu, geluGrad, exp, expGrad, log, logGrad, sqrt, sqrtGrad } from './unary'
import { transformFilters, convolvePool } from './winograd'
import { transformFilters4, inferPooled } from './winograd4'

function call_activeMask(item: i32, scratch: usize, args: usize): void { activeMask(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8), load<i32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36)) }
function call_convolveActive(item: i32, scratch: usize, args: usize): void { convolveActive(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36), load<i32>(args, 40), load<i32>(args, 44), load<u32>(args, 48), load<i32>(args, 52) != 0) }
function call_activeFilterGrad(item: i32, scratch: usize, args: usize): void { activeFilterGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36), load<i32>(args, 40), load<i32>(args, 44), load<i32>(args, 48), load<u32>(args, 52)) }
function call_averagePool(item: i32, scratch: usize, args: usize): void { averagePool(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8), load<i32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36)) }
function call_averagePoolGrad(item: i32, scratch: usize, args: usize): void { averagePoolGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8), load<i32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36)) }
function call_toFloat(item: i32, scratch: usize, args: usize): void { toFloat(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8)) }
function call_countNonzeros(item: i32, scratch: usize, args: usize): void { countNonzeros(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8), load<i32>(args, 12)) }
function call_bytesToCsr(item: i32, scratch: usize, args: usize): void { bytesToCsr(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16), load<i32>(args, 20)) }
function call_gatherCsr(item: i32, scratch: usize, args: usize): void { gatherCsr(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16)) }
function call_gatherBytes(item: i32, scratch: usize, args: usize): void { gatherBytes(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16)) }
function call_pad(item: i32, scratch: usize, args: usize): void { pad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8), load<i32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36)) }
function call_packTurned(item: i32, scratch: usize, args: usize): void { packTurned(item, scratch, load<u32>(args, 0), load<i32>(args, 4), load<i32>(args, 8), load<i32>(args, 12), load<u32>(args, 16)) }
function call_convolve(item: i32, scratch: usize, args: usize): void { convolve(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36), load<i32>(args, 40), load<i32>(args, 44), load<u32>(args, 48), load<i32>(args, 52) != 0) }
function call_filterGrad(item: i32, scratch: usize, args: usize): void { filterGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36), load<i32>(args, 40), load<i32>(args, 44), load<i32>(args, 48), load<i32>(args, 52)) }
function call_relu(item: i32, scratch: usize, args: usize): void { relu(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8)) }
function call_reluGrad(item: i32, scratch: usize, args: usize): void { reluGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12)) }
function call_addBias(item: i32, scratch: usize, args: usize): void { addBias(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16), load<i32>(args, 20) != 0) }
function call_biasGrad(item: i32, scratch: usize, args: usize): void { biasGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8), load<i32>(args, 12)) }
function call_sumChunk(item: i32, scratch: usize, args: usize): void { sumChunk(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8)) }
function call_sumParts(item: i32, scratch: usize, args: usize): void { sumParts(item, scratch, load<u32>(args, 0), load<i32>(args, 4), load<u32>(args, 8), load<i32>(args, 12)) }
function call_packColumns(item: i32, scratch: usize, args: usize): void { packColumns(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16), load<u32>(args, 20), load<i32>(args, 24)) }
function call_multiply(item: i32, scratch: usize, args: usize): void { multiply(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<u32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<u32>(args, 36), load<i32>(args, 40) != 0, load<u32>(args, 44)) }
function call_sgd(item: i32, scratch: usize, args: usize): void { sgd(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<f32>(args, 16), load<f32>(args, 20)) }
function call_momentum(item: i32, scratch: usize, args: usize): void { momentum(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16), load<f32>(args, 20), load<f32>(args, 24), load<f32>(args, 28)) }
function call_adam(item: i32, scratch: usize, args: usize): void { adam(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<u32>(args, 16), load<i32>(args, 20), load<f32>(args, 24), load<f32>(args, 28), load<f32>(args, 32), load<f32>(args, 36), load<f32>(args, 40), load<f32>(args, 44)) }
function call_add(item: i32, scratch: usize, args: usize): void { add(item, scratch, load<u32>(args, 0), load<i32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<u32>(args, 16), load<i32>(args, 20)) }
function call_sub(item: i32, scratch: usize, args: usize): void { sub(item, scratch, load<u32>(args, 0), load<i32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<u32>(args, 16), load<i32>(args, 20)) }
function call_mul(item: i32, scratch: usize, args: usize): void { mul(item, scratch, load<u32>(args, 0), load<i32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<u32>(args, 16), load<i32>(args, 20)) }
function call_div(item: i32, scratch: usize, args: usize): void { div(item, scratch, load<u32>(args, 0), load<i32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<u32>(args, 16), load<i32>(args, 20)) }
function call_repeat(item: i32, scratch: usize, args: usize): void { repeat(item, scratch, load<u32>(args, 0), load<i32>(args, 4), load<u32>(args, 8), load<i32>(args, 12)) }
function call_softmax(item: i32, scratch: usize, args: usize): void { softmax(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8), load<i32>(args, 12)) }
function call_softmaxGrad(item: i32, scratch: usize, args: usize): void { softmaxGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16)) }
function call_crossEntropy(item: i32, scratch: usize, args: usize): void { crossEntropy(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<f32>(args, 24)) }
function call_mean(item: i32, scratch: usize, args: usize): void { mean(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8)) }
function call_crossEntropyGrad(item: i32, scratch: usize, args: usize): void { crossEntropyGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<f32>(args, 24)) }
function call_maxPool(item: i32, scratch: usize, args: usize): void { maxPool(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36)) }
function call_scatter(item: i32, scratch: usize, args: usize): void { scatter(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36)) }
function call_sparseBiasGrad(item: i32, scratch: usize, args: usize): void { sparseBiasGrad(item, scratch, load<u32>(args, 0), load<isize>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24)) }
function call_sparseFilterGrad(item: i32, scratch: usize, args: usize): void { sparseFilterGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<isize>(args, 12), load<u32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36), load<i32>(args, 40), load<i32>(args, 44), load<i32>(args, 48), load<i32>(args, 52), load<i32>(args, 56), load<i32>(args, 60), load<u32>(args, 64)) }
function call_sumTransposed(item: i32, scratch: usize, args: usize): void { sumTransposed(item, scratch, load<u32>(args, 0), load<i32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16)) }
function call_transpose(item: i32, scratch: usize, args: usize): void { transpose(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8), load<i32>(args, 12)) }
function call_sparseInputGrad(item: i32, scratch: usize, args: usize): void { sparseInputGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<isize>(args, 8), load<u32>(args, 12), load<u32>(args, 16), load<u32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36), load<i32>(args, 40), load<i32>(args, 44), load<i32>(args, 48), load<i32>(args, 52), load<i32>(args, 56), load<u32>(args, 60), load<u32>(args, 64), load<u32>(args, 68)) }
function call_sumTaps(item: i32, scratch: usize, args: usize): void { sumTaps(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8), load<i32>(args, 12)) }
function call_denseToCsr(item: i32, scratch: usize, args: usize): void { denseToCsr(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16)) }
function call_countEntries(item: i32, scratch: usize, args: usize): void { countEntries(item, scratch, load<u32>(args, 0), load<i32>(args, 4), load<i32>(args, 8), load<i32>(args, 12), load<u32>(args, 16)) }
function call_pack(item: i32, scratch: usize, args: usize): void { pack(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8), load<i32>(args, 12)) }
function call_unpack(item: i32, scratch: usize, args: usize): void { unpack(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8), load<i32>(args, 12)) }
function call_spmm(item: i32, scratch: usize, args: usize): void { spmm(item, scratch, load<u32>(args, 0), load<i32>(args, 4) != 0, load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<u32>(args, 32), load<i32>(args, 36) != 0) }
function call_spmmTransposed(item: i32, scratch: usize, args: usize): void { spmmTransposed(item, scratch, load<u32>(args, 0), load<i32>(args, 4) != 0, load<i32>(args, 8), load<u32>(args, 12), load<u32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28)) }
function call_spmmAdam(item: i32, scratch: usize, args: usize): void { spmmAdam(item, scratch, load<u32>(args, 0), load<i32>(args, 4) != 0, load<i32>(args, 8), load<u32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<u32>(args, 28), load<u32>(args, 32), load<u32>(args, 36), load<u32>(args, 40), load<f32>(args, 44), load<f32>(args, 48), load<f32>(args, 52), load<f32>(args, 56), load<f32>(args, 60), load<f32>(args, 64)) }
function call_sddmm(item: i32, scratch: usize, args: usize): void { sddmm(item, scratch, load<u32>(args, 0), load<isize>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28)) }
function call_csrToDense(item: i32, scratch: usize, args: usize): void { csrToDense(item, scratch, load<u32>(args, 0), load<isize>(args, 4), load<u32>(args, 8), load<i32>(args, 12), load<i32>(args, 16)) }
function call_leakyRelu(item: i32, scratch: usize, args: usize): void { leakyRelu(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8)) }
function call_leakyReluGrad(item: i32, scratch: usize, args: usize): void { leakyReluGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16)) }
function call_tanh(item: i32, scratch: usize, args: usize): void { tanh(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8)) }
function call_tanhGrad(item: i32, scratch: usize, args: usize): void { tanhGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16)) }
function call_sigmoid(item: i32, scratch: usize, args: usize): void { sigmoid(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8)) }
function call_sigmoidGrad(item: i32, scratch: usize, args: usize): void { sigmoidGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16)) }
function call_softplus(item: i32, scratch: usize, args: usize): void { softplus(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8)) }
function call_softplusGrad(item: i32, scratch: usize, args: usize): void { softplusGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16)) }
function call_gelu(item: i32, scratch: usize, args: usize): void { gelu(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8)) }
function call_geluGrad(item: i32, scratch: usize, args: usize): void { geluGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16)) }
function call_exp(item: i32, scratch: usize, args: usize): void { exp(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8)) }
function call_expGrad(item: i32, scratch: usize, args: usize): void { expGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16)) }
function call_log(item: i32, scratch: usize, args: usize): void { log(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8)) }
function call_logGrad(item: i32, scratch: usize, args: usize): void { logGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16)) }
function call_sqrt(item: i32, scratch: usize, args: usize): void { sqrt(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<i32>(args, 8)) }
function call_sqrtGrad(item: i32, scratch: usize, args: usize): void { sqrtGrad(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16)) }
function call_transformFilters(item: i32, scratch: usize, args: usize): void { transformFilters(item, scratch, load<u32>(args, 0), load<i32>(args, 4), load<i32>(args, 8), load<u32>(args, 12)) }
function call_convolvePool(item: i32, scratch: usize, args: usize): void { convolvePool(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<u32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36), load<i32>(args, 40), load<u32>(args, 44), load<i32>(args, 48) != 0, load<u32>(args, 52), load<u32>(args, 56)) }
function call_transformFilters4(item: i32, scratch: usize, args: usize): void { transformFilters4(item, scratch, load<u32>(args, 0), load<i32>(args, 4), load<i32>(args, 8), load<u32>(args, 12)) }
function call_inferPooled(item: i32, scratch: usize, args: usize): void { inferPooled(item, scratch, load<u32>(args, 0), load<u32>(args, 4), load<u32>(args, 8), load<u32>(args, 12), load<i32>(args, 16), load<i32>(args, 20), load<i32>(args, 24), load<i32>(args, 28), load<i32>(args, 32), load<i32>(args, 36), load<i32>(args, 40), load<i32>(args, 44), load<u32>(args, 48), load<i32>(args, 52) != 0, load<u32>(args, 56)) }

export const CALLS: StaticArray<(item: i32, scratch: usize, args: usize) => void> = [
  call_activeMask,
  call_convolveActive,
  call_activeFilterGrad,
  call_averagePool,
  call_averagePoolGrad,
  call_toFloat,
  call_countNonzeros,
  call_bytesToCsr,
  call_gatherCsr,
  call_gatherBytes,
  call_pad,
  call_packTurned,
  call_convolve,
  call_filterGrad,
  call_relu,
  call_reluGrad,
  call_addBias,
  call_biasGrad,
  call_sumChunk,
  call_sumParts,
  call_packColumns,
  call_multiply,
  call_sgd,
  call_momentum,
  call_adam,
  call_add,
  call_sub,
  call_mul,
  call_div,
  call_repeat,
  call_softmax,
  call_softmaxGrad,
  call_crossEntropy,
  call_mean,
  call_crossEntropyGrad,
  call_maxPool,
  call_scatter,
  call_sparseBiasGrad,
  call_sparseFilterGrad,
  call_sumTransposed,
  call_transpose,
  call_sparseInputGrad,
  call_sumTaps,
  call_denseToCsr,
  call_countEntries,
  call_pack,
  call_unpack,
  call_spmm,
  call_spmmTransposed,
  call_spmmAdam,
  call_sddmm,
  call_csrToDense,
  call_leakyRelu,
  call_leakyReluGrad,
  call_tanh,
  call_tanhGrad,
  call_sigmoid,
  call_sigmoidGrad,
  call_softplus,
  call_softplusGrad,
  call_gelu,
  call_geluGrad,
  call_exp,
  call_expGrad,
  call_log,
  call_logGrad,
  call_sqrt,
  call_sqrtGrad,
  call_transformFilters,
  call_convolvePool,
  call_transformFilters4,
  call_inferPooled,
]
