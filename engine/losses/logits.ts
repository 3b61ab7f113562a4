import { problem } from '../errors.js'
import type { Tensor } from '../tensor.js'

/** Refuses what went through the activation that a loss contains: applied twice, it flattens the gradient, and all else looks well. */
export function logitsOnly(op: string, logits: Tensor, activation: string) {
  if (logits.op === activation) throw problem('engine.logits', { op, activation })
}
