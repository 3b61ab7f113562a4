// Checks gradients the way HIPS autograd's check_vjp does: for a random direction v of an input and random weights u of
// the result, u·J·v is computed twice: by backward (the gradient of u·f, times v), and by a central difference,
// (u·f(x + εv/2) − u·f(x − εv/2)) / ε. One pair of evaluations checks a whole Jacobian, in double precision to about 1e-9.
import {
  backward,
  cpu,
  noGrad,
  parameter as parameterOf,
  scope,
  tensor,
  type Backend,
  type Shape,
  type Tensor,
  type Values,
} from '../../engine/index.js'
import { uniform64 } from './numbers.js'

export const backend64: Backend = cpu({ precision: 'float64' })

const EPSILON = 1e-6
const TOLERANCE = 1e-6

/** An input: its shape alone stands for random numbers in [−1, 1). */
export type Input = Shape | Point
interface Point {
  readonly shape: Shape
  readonly values: Values
}

/** An input of the given numbers. */
export const given = (shape: Shape, ...values: number[]): Point => ({ shape, values: Float64Array.from(values) })

/** A tensor whose gradient is wanted. */
export const parameter = ({ shape, values }: Point): Tensor => parameterOf(backend64, values, shape)

/**
 * Checks the gradient of f with respect to each input by itself.
 * @throws Error naming the function, the input and both derivatives; or if f or its gradient leaves memory in use
 */
export async function checkGradients(
  name: string,
  f: (...inputs: Tensor[]) => Tensor,
  inputs: Readonly<Record<string, Input>>,
) {
  const live = backend64.live
  const points: readonly Point[] = Object.entries(inputs).map(([label, input]) =>
    'shape' in input ? input : { shape: input, values: uniform64(input, `${name} ${label}`) },
  )
  const { gradients, u } = await analytic(name, f, points)
  for (const [at, label] of Object.keys(inputs).entries()) {
    const { shape, values } = points[at]
    const v = uniform64(shape, `${name} d${label}`)
    const along = async (step: number) => {
      const moved = { shape, values: Float64Array.from(values, (x, i) => x + step * v[i]) }
      return dot(
        u,
        await evaluate(
          f,
          points.map((point, i) => (i === at ? moved : point)),
        ),
      )
    }
    const numeric = ((await along(EPSILON / 2)) - (await along(-EPSILON / 2))) / EPSILON
    const exact = dot(gradients[at], v)
    const error = Math.abs(exact - numeric) / Math.max(Math.abs(exact), Math.abs(numeric), 1e-3)
    if (!(error <= TOLERANCE))
      throw new Error(
        `${name}: the gradient of ${label} [${shape}] is wrong: along a random direction, ` +
          `backward gives ${exact} and the central difference ${numeric} (relative error ${error.toExponential(1)})`,
      )
  }
  if (backend64.live !== live) throw new Error(`${name}: ${backend64.live - live} buffers were not freed`)
}

/** By backward, the gradient of u·f with respect to each input; and u. */
async function analytic(name: string, f: (...inputs: Tensor[]) => Tensor, points: readonly Point[]) {
  const inputs = points.map(parameter)
  const [u, downloads] = scope(() => {
    const y = f(...inputs)
    const u = uniform64(y.shape, `${name} u`)
    const gradients = backward(y, tensor(backend64, u, y.shape))
    const downloads = inputs.map((input, i) => {
      const gradient = gradients.get(input)
      if (!gradient) throw new Error(`${name}: input ${i} receives no gradient`)
      return gradient.download()
    })
    return [u, downloads] as const
  })
  const gradients = await Promise.all(downloads)
  for (const input of inputs) input.free()
  return { gradients, u }
}

/** f's result alone. */
async function evaluate(f: (...inputs: Tensor[]) => Tensor, points: readonly Point[]): Promise<Values> {
  const inputs = points.map(parameter)
  const values = await scope(() => noGrad(() => f(...inputs)).download())
  for (const input of inputs) input.free()
  return values
}

function dot(a: Values, b: Values): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
