// The numbers that a kernel is measured with.
import { cpu, random, type Backend, type Buffer, type Unary, type Values } from '../engine/index.js'
import { bufferPlaces, type Call, type Kernel } from './kernelCalls.js'

/**
 * Runs a call on a backend, with the given buffers in the places of its own. An optimizer's step returns its next state,
 * which takes the old one's place among them.
 */
export function run({ kernel, args }: Call, backend: Backend, buffers: Map<number, Buffer>): Buffer {
  const kernels = backend as unknown as Record<Kernel, (...args: unknown[]) => Buffer | State>
  const result = kernels[kernel](...args.map((arg, i) => buffers.get(i) ?? arg))
  if (!('w' in result)) return result
  const { w, m, v } = result
  const state = m ? [w, undefined, m, v] : [w, undefined, v]
  state.forEach((buffer, i) => buffer && buffers.set(i, buffer))
  return w
}

/** What adamStep and sgdStep return; the gradient stands second among their arguments. */
interface State {
  readonly w: Buffer
  readonly m?: Buffer
  readonly v?: Buffer
}

/** Sends a call's operands to a backend. */
export const upload = (backend: Backend, values: ReadonlyMap<number, Values>) =>
  new Map([...values].map(([place, numbers]) => [place, backend.upload(numbers)]))

/** Numbers in [−1, 1), the same for the same name. */
export const uniform = (length: number, name: string) => {
  const rng = random(0, 'bench', name)
  return Float32Array.from({ length }, () => 2 * rng() - 1)
}

/** Where not every number will do as an operand. */
const special: Partial<Record<Kernel, (operands: Float32Array[], call: Call) => void>> = {
  unary: ([x], { args: [f] }) => f === 'log' && x.forEach((value, i) => (x[i] = Math.abs(value))),
  unaryGrad: ([x, y], { args: [f] }) => y.set(cpu().unary(f as Unary, x)),
  maxPoolGrad: ([x, y], { args }) => y.set(cpu().maxPool(x, args[3] as Parameters<Backend['maxPool']>[1])),
  crossEntropy: ([, labels], { args }) => labels.forEach((_, i) => (labels[i] = i % (args[3] as number))),
  crossEntropyGrad: ([, labels], { args }) => labels.forEach((_, i) => (labels[i] = i % (args[4] as number))),
  adamStep: ([, , , v]) => v.forEach((value, i) => (v[i] = value ** 2)),
}

/** Numbers for a call, by their place among its arguments: uniform in [−1, 1), the same each time. */
export function operands(call: Call): Map<number, Float32Array> {
  const places = bufferPlaces(call)
  const values = places.map(place => uniform((call.args[place] as Buffer).length, `operand ${place}`))
  special[call.kernel]?.(values, call)
  return new Map(places.map((place, i) => [place, values[i]]))
}
