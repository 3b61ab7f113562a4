// Whether the result of a kernel is right: it is compared with the reference in double precision.
import { cpu, type Buffer, type Conv2dShape, type Transposed, type Values } from '../engine/index.js'
import type { Call } from './kernelCalls.js'
import { run, uniform, upload } from './operands.js'

export interface Question {
  readonly call: Call
  readonly values: ReadonlyMap<number, Float32Array>
  readonly result: Values
}

/**
 * The largest error of a result, in proportion to the largest number expected.
 *
 * The reference takes a minute for a large product y = x·w. But for any vector r, y·r = x·(w·r), whose right-hand side is
 * a product with a single column: wrong numbers in y show on the left-hand side (Freivalds 1977), whatever row they are
 * in. A convolution is linear in its second operand too.
 */
export async function error({ call, values, result }: Question): Promise<number> {
  const reference = cpu({ precision: 'float64' })
  const expected = (of: Call, operands: ReadonlyMap<number, Values>) =>
    reference.download(run(of, reference, upload(reference, operands)) as Values)
  const shortened = oneColumn(call)
  if (!shortened) return relativeError(result, await expected(call, values))
  const { rows, columns, rest, args } = shortened
  const r = uniform(columns, 'r')
  const contracted = new Map<number, Values>([...values, [1, contract(values.get(1)!, rows, columns, rest, r)]])
  return relativeError(
    contract(result, result.length / columns, columns, 1, r),
    await expected({ ...call, args }, contracted),
  )
}

/** How to make the last axis of a product one long: the second operand is [rows, columns, rest], and columns goes. */
function oneColumn({ kernel, args }: Call) {
  const shape = args[2] as Conv2dShape
  switch (kernel) {
    case 'matmul': {
      const [x, w, m, k, n, transposed] = args as [Buffer, Buffer, number, number, number, Transposed | undefined]
      const [rows, rest] = transposed?.w ? [1, k] : [k, 1]
      return { rows, columns: n, rest, args: [x, w, m, k, 1, transposed] }
    }
    case 'conv2d': {
      const rows = shape.kh * shape.kw * shape.ci
      return { rows, columns: shape.co, rest: 1, args: [args[0], args[1], { ...shape, co: 1 }] }
    }
    case 'conv2dGradInput': {
      const rows = shape.kh * shape.kw
      return { rows, columns: shape.ci, rest: shape.co, args: [args[0], args[1], { ...shape, ci: 1 }] }
    }
    case 'conv2dGradFilter': {
      const rows = shape.n * shape.oh * shape.ow
      return { rows, columns: shape.co, rest: 1, args: [args[0], args[1], { ...shape, co: 1 }] }
    }
    default:
      return undefined
  }
}

/** y[i,k] = Σj x[i,j,k] · r[j] */
function contract(x: Values, rows: number, columns: number, rest: number, r: Values): Float64Array {
  const y = new Float64Array(rows * rest)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      for (let k = 0; k < rest; k++) y[i * rest + k] += x[(i * columns + j) * rest + k] * r[j]
  return y
}

/** The largest difference, in proportion to the largest expected number. NaN if any number is. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return NaN
  let largest = 0
  let difference = 0
  for (let i = 0; i < expected.length; i++) {
    const apart = Math.abs(actual[i] - expected[i])
    if (!(apart <= difference)) difference = apart
    largest = Math.max(largest, Math.abs(expected[i]))
  }
  return difference / Math.max(largest, Number.MIN_VALUE)
}
