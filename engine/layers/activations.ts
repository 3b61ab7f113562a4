import { relu as reluOp } from '../ops/relu.js'
import { softmax as softmaxOp } from '../ops/softmax.js'
import { elementwise } from './layer.js'

/** y = max(x, 0): without something like it, two dense layers would be no more than one. */
export const relu = () => elementwise('relu', reluOp)

/**
 * Scores to probabilities, over the last dimension. Networks here end in logits instead: the loss contains the
 * softmax, and `predict` adds it.
 */
export const softmax = () => elementwise('softmax', softmaxOp)
