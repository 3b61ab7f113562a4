// Who owns a buffer, and when it is given back. A buffer belongs to the tensor that was made with it; scope() frees all
// that was made inside, so that nobody has to free by hand.
import type { Backend, Buffer } from './backend.js'

/** A buffer and the backend that can read it. A tensor and its reshaped ones share one, so it is freed once for all. */
export class Memory {
  constructor(
    readonly backend: Backend,
    /** Undefined once it is freed. */
    public buffer: Buffer | undefined,
  ) {}

  free() {
    if (this.buffer) this.backend.free(this.release())
  }

  /** The buffer, which is the caller's from here on. */
  release(): Buffer {
    const buffer = this.buffer!
    this.buffer = undefined
    return buffer
  }
}

/** What scope() sees of a tensor. */
interface Owner {
  readonly memory: Memory
  edges: readonly unknown[]
  requiresGrad: boolean
}

/** What the innermost scope() has to free. */
let owned: Set<Memory> | undefined
let recording = true

/** Hands a new tensor's memory to the innermost scope. */
export function own<T extends Owner>(x: T): T {
  owned?.add(x.memory)
  return x
}

/** Whether operations remember how gradients flow back. */
export const isRecording = () => recording

/** Runs fn without recording: for inference, where nothing flows back. */
export function noGrad<T>(fn: () => T): T {
  const before = recording
  recording = false
  try {
    return fn()
  } finally {
    recording = before
  }
}

/**
 * Runs fn and frees every tensor made inside, except those it returns (a tensor, or an array, a map or a record of them; a map may stand in one) and
 * those that existed before. One training step is one scope. fn must not be async: between its awaits, other
 * code would land in this scope.
 */
export function scope<T>(fn: () => T): T {
  const outer = owned
  const mine = (owned = new Set<Memory>())
  try {
    const result = fn()
    for (const kept of ownersIn(result).filter(({ memory }) => mine.has(memory))) {
      kept.requiresGrad &&= kept.edges.length === 0 // what it was made from is gone: a constant from here on
      kept.edges = []
    }
    for (const { memory } of ownersIn(result)) if (mine.delete(memory)) outer?.add(memory)
    return result
  } finally {
    owned = outer
    for (const memory of mine) memory.free()
  }
}

function ownersIn(result: unknown): Owner[] {
  if (isOwner(result)) return [result]
  if (typeof result !== 'object' || result === null) return []
  const parts: unknown[] = result instanceof Map ? [result] : Object.values(result)
  return parts
    .flatMap(part => (part instanceof Map ? [...(part as Map<unknown, unknown>).values()] : [part]))
    .filter(isOwner)
}

const isOwner = (value: unknown): value is Owner =>
  typeof value === 'object' && value !== null && 'memory' in value && value.memory instanceof Memory
