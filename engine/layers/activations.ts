import * as ops from '../ops/elementwise.js'
import { softmax as softmaxOp } from '../ops/softmax.js'
import { elementwise } from './layer.js'

/** y = max(x, 0): without something like it, two dense layers would be no more than one. */
export const relu = () => elementwise('relu', ops.relu)

/** y = x where x > 0, else 0.01·x: a unit that is always below 0 still learns. */
export const leakyRelu = () => elementwise('leakyRelu', ops.leakyRelu)

/** y = tanh x, from −1 to 1. */
export const tanh = () => elementwise('tanh', ops.tanh)

/** y = 1 / (1 + e⁻ˣ), from 0 to 1. */
export const sigmoid = () => elementwise('sigmoid', ops.sigmoid)

/** y = x · (about) the probability that a normal variable is below x: a smooth relu, usual in transformers. */
export const gelu = () => elementwise('gelu', ops.gelu)

/**
 * Scores to probabilities, over the last dimension. Networks here end in logits instead: the loss contains the
 * softmax, and `predict` adds it.
 */
export const softmax = () => elementwise('softmax', softmaxOp)
