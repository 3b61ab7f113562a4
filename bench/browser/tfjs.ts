// TensorFlow.js's WebGL backend, on the same kernels. bench/browser.ts puts its script into the page, if it is installed
// (npm run bench:peers:install); this project never imports it.
import type { Conv2dShape, Transposed } from '../../engine/index.js'
import type { Call } from '../kernelCalls.js'
import type { Runner } from '../runner.js'
import { finish } from './webgl.js'

interface Tensor {
  reshape(shape: readonly number[]): Tensor
  data(): Promise<Float32Array>
  dispose(): void
}

/** The few functions of tfjs that are used here. */
interface Tfjs {
  readonly version: { readonly tfjs: string }
  setBackend(name: string): Promise<boolean>
  getBackend(): string
  backend(): { readonly gpgpu: { readonly gl: object } }
  env(): { getBool(flag: string): boolean }
  tensor(values: Float32Array, shape: readonly number[]): Tensor
  matMul(x: Tensor, w: Tensor, transposeX: boolean, transposeW: boolean): Tensor
  engine(): { runKernel(name: string, inputs: Record<string, Tensor>, attributes: object): Tensor }
}

/** Numbers whose shape the first call that reads them says. */
interface Held {
  readonly values: Float32Array
  tensor?: Tensor
}

export async function tfjs(): Promise<Runner> {
  const { tf } = globalThis as unknown as { tf: Tfjs }
  if (!(await tf.setBackend('webgl'))) throw new Error('tfjs: webgl does not start')
  if (!tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) throw new Error('tfjs: float32 does not run here')
  const tensorOf = (held: Held, shape: readonly number[]) => (held.tensor ??= tf.tensor(held.values, shape))

  function run({ kernel, args }: Call, held: ReadonlyMap<number, Held>): Tensor {
    const [first, second] = [held.get(0)!, held.get(1)!]
    if (kernel === 'matmul') {
      const [, , m, k, n, { x = false, w = false } = {}] = args as [0, 0, number, number, number, Transposed?]
      return tf.matMul(tensorOf(first, x ? [k, m] : [m, k]), tensorOf(second, w ? [n, k] : [k, n]), x, w)
    }
    const s = args[2] as Conv2dShape
    const [x, w, y] = [
      [s.n, s.h, s.w, s.ci],
      [s.kh, s.kw, s.ci, s.co],
      [s.n, s.oh, s.ow, s.co],
    ]
    const attributes = { strides: s.stride, pad: 'valid', dataFormat: 'NHWC', dilations: 1, dimRoundingMode: undefined }
    const call = (name: string, inputs: Record<string, Tensor>, more: object) =>
      tf.engine().runKernel(name, inputs, { ...attributes, ...more })
    switch (kernel) {
      case 'conv2d':
        return call('Conv2D', { x: tensorOf(first, x), filter: tensorOf(second, w) }, {})
      case 'conv2dGradInput':
        return call('Conv2DBackpropInput', { dy: tensorOf(first, y), filter: tensorOf(second, w) }, { inputShape: x })
      case 'conv2dGradFilter':
        return call('Conv2DBackpropFilter', { x: tensorOf(first, x), dy: tensorOf(second, y) }, { filterShape: w })
      default:
        throw new Error(`tfjs is not asked for ${kernel}`)
    }
  }

  const runner: Runner<Held> = {
    name: `tfjs ${tf.version.tfjs}, ${tf.getBackend()}`,
    upload: values => ({ values }),
    run: (call, held) => ({ values: new Float32Array(0), tensor: run(call, held) }),
    settle: async () => finish(tf.backend().gpgpu.gl),
    download: x => tensorOf(x, [x.values.length]).data(),
    free: x => x.tensor?.dispose(),
  }
  return runner
}
