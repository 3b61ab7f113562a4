// The kernels that one writes first with gpu.js, as in its own examples: arrays of two or three dimensions, and each call
// computes one number of the result by its definition. What blocking and packing gain is measured against them.
import { loadLibrary, type KernelSettings } from '../../engine/backends/gpujs/library.js'
import type { Conv2dShape, Transposed } from '../../engine/index.js'
import type { Call, Kernel } from '../kernelCalls.js'
import type { Runner } from '../runner.js'
import { finish } from './webgl.js'

/** A kernel's text, and the sizes of its result and its operands, the innermost first, as gpu.js counts. */
interface Naive {
  readonly source: string
  readonly output: readonly number[]
  readonly operands: readonly (readonly number[])[]
}

/** A GL texture of gpu.js, which any GPU instance of one context can read. */
interface Texture {
  readonly context: object
  toArray(): unknown
  delete(): void
}

/** A matrix, in an array of three dimensions if it is too long for one side of a texture. */
const matrix = (columns: number, rows: number) =>
  Math.max(columns, rows) > 8192 ? [columns, 1, rows] : [columns, rows]
const at = (name: string, { length }: readonly number[], row: string, column: string) =>
  `${name}[${row}]${length === 3 ? '[0]' : ''}[${column}]`

function matmul([, , m, k, n, { x, w } = {}]: readonly unknown[] & [0, 0, number, number, number, Transposed?]): Naive {
  const [xs, ws] = [x ? matrix(m, k) : matrix(k, m), w ? matrix(k, n) : matrix(n, k)]
  const ys = matrix(n, m)
  const [row, column] = [ys.length === 3 ? 'this.thread.z' : 'this.thread.y', 'this.thread.x']
  return {
    source: `function (x, w) {
      let sum = 0;
      for (let l = 0; l < ${k}; l++)
        sum += ${x ? at('x', xs, 'l', row) : at('x', xs, row, 'l')} * ${w ? at('w', ws, column, 'l') : at('w', ws, 'l', column)};
      return sum;
    }`,
    output: ys,
    operands: [xs, ws],
  }
}

/** Images are three-dimensional: the rows of all images lie below each other. So are filters: a window's places do. */
const images = (n: number, h: number, w: number, c: number) => [c, w, n * h]
const filters = (s: Conv2dShape) => [s.co, s.ci, s.kh * s.kw]

/** Without padding and in steps of 1, which is what the models ask for. */
function conv2d(s: Conv2dShape): Naive {
  return {
    source: `function (x, w) {
      const n = Math.floor(this.thread.z / ${s.oh});
      const i = this.thread.z - n * ${s.oh};
      let sum = 0;
      for (let a = 0; a < ${s.kh}; a++) for (let b = 0; b < ${s.kw}; b++) for (let c = 0; c < ${s.ci}; c++)
        sum += x[n * ${s.h} + i + a][this.thread.y + b][c] * w[a * ${s.kw} + b][c][this.thread.x];
      return sum;
    }`,
    output: images(s.n, s.oh, s.ow, s.co),
    operands: [images(s.n, s.h, s.w, s.ci), filters(s)],
  }
}

function conv2dGradInput(s: Conv2dShape): Naive {
  return {
    source: `function (dy, w) {
      const n = Math.floor(this.thread.z / ${s.h});
      const p = this.thread.z - n * ${s.h};
      let sum = 0;
      for (let a = 0; a < ${s.kh}; a++) for (let b = 0; b < ${s.kw}; b++) {
        const i = p - a;
        const j = this.thread.y - b;
        if (i >= 0 && i < ${s.oh} && j >= 0 && j < ${s.ow}) {
          for (let o = 0; o < ${s.co}; o++)
            sum += dy[n * ${s.oh} + i][j][o] * w[a * ${s.kw} + b][this.thread.x][o];
        }
      }
      return sum;
    }`,
    output: images(s.n, s.h, s.w, s.ci),
    operands: [images(s.n, s.oh, s.ow, s.co), filters(s)],
  }
}

function conv2dGradFilter(s: Conv2dShape): Naive {
  return {
    source: `function (x, dy) {
      const a = Math.floor(this.thread.z / ${s.kw});
      const b = this.thread.z - a * ${s.kw};
      let sum = 0;
      for (let n = 0; n < ${s.n}; n++) for (let i = 0; i < ${s.oh}; i++) for (let j = 0; j < ${s.ow}; j++)
        sum += x[n * ${s.h} + i + a][j + b][this.thread.y] * dy[n * ${s.oh} + i][j][this.thread.x];
      return sum;
    }`,
    output: filters(s),
    operands: [images(s.n, s.h, s.w, s.ci), images(s.n, s.oh, s.ow, s.co)],
  }
}

function naiveOf({ kernel, args }: Call): Naive {
  const kinds: Partial<Record<Kernel, () => Naive>> = {
    matmul: () => matmul(args as never),
    conv2d: () => conv2d(args[2] as Conv2dShape),
    conv2dGradInput: () => conv2dGradInput(args[2] as Conv2dShape),
    conv2dGradFilter: () => conv2dGradFilter(args[2] as Conv2dShape),
  }
  return kinds[kernel]!()
}

/** Numbers that are yet to be uploaded: in which dimensions, the call says. */
interface Held {
  readonly values: Float32Array
  texture?: Texture
}

export async function naive(): Promise<Runner> {
  const library = await loadLibrary()
  const gpu = new library.GPU({ mode: 'webgl2' })
  type Run = (...args: unknown[]) => Texture
  const compiled = new Map<string, Run>()
  function kernel(source: string, output: readonly number[], argumentTypes?: KernelSettings['argumentTypes']): Run {
    const key = `${output.join()} ${source}`
    const known = compiled.get(key)
    if (known) return known
    const settings = { output, precision: 'single', tactic: 'precision', pipeline: true, immutable: true }
    const run = gpu.createKernel(source, {
      ...settings,
      ...(argumentTypes && { argumentTypes }),
    } as never) as unknown as Run
    compiled.set(key, run)
    return run
  }
  const place = ['this.thread.x', 'this.thread.y', 'this.thread.z']
  /** The numbers as a texture: of the given dimensions, or of one. */
  function textureOf(held: Held, size: readonly number[]): Texture {
    if (held.texture) return held.texture
    const at = size.map((_, i) => `[${place[i]}]`).reverse()
    held.texture = kernel(`function (x) { return x${at.join('')}; }`, size, { x: 'Input' })(
      new library.Input(held.values.slice(), size),
    )
    return held.texture
  }
  const runner: Runner<Held> = {
    name: 'naive gpu.js, webgl2',
    upload: values => ({ values }),
    run(call, held) {
      const { source, output, operands } = naiveOf(call)
      const textures = operands.map((size, i) => textureOf(held.get(i)!, size))
      return { values: new Float32Array(0), texture: kernel(source, output)(...textures) }
    },
    async settle({ texture }) {
      if (texture) finish(texture.context)
    },
    async download(x) {
      const numbers: number[][] = []
      const flatten = (part: unknown) =>
        part instanceof Float32Array ? numbers.push([...part]) : (part as unknown[]).forEach(flatten)
      flatten(textureOf(x, [x.values.length]).toArray())
      return Float32Array.from(numbers.flat())
    },
    free: x => x.texture?.delete(),
  }
  return runner
}
