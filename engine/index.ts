// Everything a program that uses the engine may import.
export type {
  AdamStep,
  AveragePool2dShape,
  Backend,
  Buffer,
  Conv2dShape,
  Pool2dShape,
  Transposed,
  Unary,
  Values,
} from './backend.js'
export { backward, type Gradients } from './backward.js'
export { cpu } from './backends/cpu.js'
export { gpujs, gpujsMessages, gpujsModes, type GpujsMode } from './backends/gpujs/index.js'
export { wasm, wasmSupported, type WasmBackend, type WasmOptions } from './backends/wasm/index.js'
export { ChiffreError, fill, messages, type MessageValues } from './errors.js'
export { glorot, he, ones, zeros, type Initializer } from './initializers.js'
export { evaluate, type Evaluation } from './evaluate.js'
export { ExampleSet, type Examples, type Loss, type Targets } from './examples.js'
export { gelu, leakyRelu, relu, sigmoid, softmax, tanh } from './layers/activations.js'
export { averagePool2d, globalAveragePool2d } from './layers/averagePool2d.js'
export { batchNorm } from './layers/batchNorm.js'
export { conv2d } from './layers/conv2d.js'
export { dense } from './layers/dense.js'
export { dropout } from './layers/dropout.js'
export { flatten } from './layers/flatten.js'
export { elementwise, type Layer, type Mode, type Parameter, type Sized } from './layers/layer.js'
export { maxPool2d } from './layers/maxPool2d.js'
export { residual } from './layers/residual.js'
export { sequential } from './layers/sequential.js'
export * as losses from './losses/index.js'
export { argmax, type Judging, type Metric } from './metrics.js'
export { network, Network, type Activation, type LayerSummary, type Named, type Part, type Parts } from './network.js'
export * as ops from './ops/index.js'
export { conv2dShape, type Padding } from './ops/conv2d.js'
export { pool2dShape } from './ops/maxPool2d.js'
export { adam } from './optim/adam.js'
export { clipNorm } from './optim/clipNorm.js'
export { ema, type Ema } from './optim/ema.js'
export type { Optimizer } from './optim/optimizer.js'
export { schedules, type Schedule } from './optim/schedule.js'
export { sgd } from './optim/sgd.js'
export { normal, random, shuffle, type Random } from './random.js'
export { deserialize, serialize, type NamedTensors, type Saved } from './serialize.js'
export { noGrad, scope } from './scope.js'
export {
  backendOf,
  gather,
  parameter,
  pixels,
  record,
  sizeOf,
  tensor,
  Tensor,
  type Edge,
  type Shape,
} from './tensor.js'
export { beginning, fit, type FitOptions, type Progress, type Step } from './train.js'
