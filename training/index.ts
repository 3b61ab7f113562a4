// Everything a program that trains with chiffre, or opens its checkpoints, may import.
export {
  checkFit,
  decodeCheckpoint,
  encodeCheckpoint,
  learnedWeights,
  scoreOf,
  weightsAlone,
  type Checkpoint,
  type Epoch,
  type Score,
  type Training,
} from './checkpoint.js'
export { defaultEpochs, defaults } from './defaults.js'
export { messages } from './errors.js'
export {
  checkGradients,
  operationsOf,
  type CheckedTensor,
  type Comparison,
  type GradcheckOptions,
} from './gradcheck.js'
export { operations, type OperationSource } from './operations.js'
export { optimizers, type Stepper } from './optimizer.js'
export { train, type Advance } from './run.js'
export { Session } from './session.js'
export { changes, reshuffles, sameExamples, settle, waysOf, type Given, type Settings } from './settings.js'
export { chainOf, lossOf, traceStep, type Link, type Trace, type TraceNode, type TraceOptions } from './trace.js'
