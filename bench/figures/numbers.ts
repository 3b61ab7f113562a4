// What the figures compute with: the engine on the plain backend, in double precision.
import { cpu, parameter, Tensor, type Backend, type Shape } from '../../engine/index.js'

export const backend: Backend = cpu({ precision: 'float64' })

export const leaf = (values: readonly number[], shape: Shape = [values.length]) =>
  parameter(backend, Float64Array.from(values), shape)

export const numbersOf = async (x: Tensor) => Array.from(await x.download())

/** One number a tensor: what it is, and how fast the last one of them moves with it. Each stands after its inputs. */
export async function valuesAndGradients(tensors: readonly Tensor[]): Promise<{ value: number; gradient: number }[]> {
  const received = new Map<Tensor, Tensor>([[tensors.at(-1)!, leaf([1])]])
  for (const result of [...tensors].reverse())
    for (const [input, grad] of result.edges) {
      const passed = new Tensor(backend, input.shape, grad(received.get(result)!.data))
      const before = received.get(input)
      const sum = before && new Tensor(backend, input.shape, backend.add(before.data, passed.data))
      received.set(input, sum ?? passed)
    }
  const one = async (x: Tensor) => (await numbersOf(x))[0]
  return Promise.all(tensors.map(async x => ({ value: await one(x), gradient: await one(received.get(x)!) })))
}
