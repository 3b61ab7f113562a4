// The contract between the maths (ops/) and the machine (backends/).
// A backend owns memory, which it hands out as opaque buffers, and a fixed set of kernels. Each kernel takes buffers
// and sizes, and returns one new buffer. Arrays are contiguous, row-major, float32; images are NHWC (batch, row,
// column, channel) and convolution weights HWIO (row, column, input channel, output channel).
//
// Building a backend is async, every kernel is a synchronous call, and `download` is the only wait. So a backend may
// queue kernels, or delay one until something reads its result: `conv2d → addBias → relu → maxPool` may run as one
// fused kernel that never stores what is in between. What may not change is the result, up to the order of summation:
// backends/cpu.ts, in plain loops, is the specification, and every backend must agree with it, corner cases included.
// The interface is total: a backend that lacks a kernel does not compile. Nothing falls back silently.
import type { ExampleSet } from './examples.js'
export type { ExampleSet }
import type { Unary } from './ops/elementwise.js'
export type { Unary }

/** Memory of a backend: `length` numbers, which only that backend can read. */
export interface Buffer {
  readonly length: number
}

/** Numbers on their way in or out. Float64 is for the reference backend in double precision. */
export type Values = Float32Array | Float64Array

/** y[n,oh,ow,co] = x[n,h,w,ci] ∗ w[kh,kw,ci,co], with `top` rows and `left` columns of zeros before x. */
export interface Conv2dShape {
  readonly n: number
  readonly h: number
  readonly w: number
  readonly ci: number
  readonly kh: number
  readonly kw: number
  readonly co: number
  readonly stride: number
  readonly top: number
  readonly left: number
  readonly oh: number
  readonly ow: number
}

/** y[n,oh,ow,c] = the largest of each size x size window of x[n,h,w,c]. */
export interface Pool2dShape {
  readonly n: number
  readonly h: number
  readonly w: number
  readonly c: number
  readonly size: number
  readonly stride: number
  readonly oh: number
  readonly ow: number
}

/** y[n,oh,ow,c] = the mean of each kh x kw window of x[n,h,w,c]. */
export interface AveragePool2dShape extends Omit<Pool2dShape, 'size'> {
  readonly kh: number
  readonly kw: number
}

/** Which of matmul's operands is stored transposed. */
export interface Transposed {
  readonly x?: boolean
  readonly w?: boolean
}

/** Below this Adam's mean is 0: as a number that fades, it would become denormal, which costs processors much time. */
export const FADED = 1e-30

/** Values that differ from one run of a program to the next. */
export type SlotValues = Float32Array | Uint8Array | Uint32Array
/** What a program is given at each run, in the order in which its function asks. */
export type Slots = readonly SlotValues[]

/** What program() makes of a function: runs that follow each other, with slots of the same lengths, and a way to give its memory back. */
export interface Program {
  /** slots(i) is asked for before run i, and again if it begins anew. `take` gets each run's results in order, to be read at once; a loss that is no number may be the last. */
  run(times: number, slots: (i: number) => Slots, take: (results: readonly Values[], i: number) => void): Promise<void>
  free(): void
}

/** A step's constants, which a program reads anew at each run, as those of Adam: whoever made them may change them. */
export interface SgdStep {
  readonly lr: number
  readonly momentum: number
  /** Decoupled weight decay; 0 by default. */
  readonly decay?: number
}

/** Adam's constants for one step; `step` counts from 1. Kingma & Ba 2015, algorithm 1. */
export interface AdamStep extends Omit<SgdStep, 'momentum'> {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly step: number
}

/** Memory and kernels of one machine: cpu(), wasm() and gpujs() make them. x, y, w are inputs and results, dy, dx, dw gradients. */
export interface Backend<B extends Buffer = Buffer> {
  /** What really runs, such as `cpu`, `wasm` or `gpujs:webgpu`; and on which graphics card, or software in its place. */
  readonly name: string
  readonly adapter?: { readonly name: string; readonly software: boolean } | undefined
  // Memory
  /** A copy of the values. */
  upload(values: Values): B
  /** Grey levels 0–255, each divided by 255. */
  uploadPixels(pixels: Uint8Array): B
  /**
   * The examples of the given indices, one after the other; bytes divided by 255. A copy of the set that a backend keeps is
   * valid as long as examples.version is the same; the indices are copied.
   */
  gather(examples: ExampleSet, indices: Uint32Array): B
  /** A copy of x, once all that leads to it has run. Rejects if a kernel on the way failed. */
  download(x: B): Promise<Values>
  /** Gives x back. Using it afterwards is an error. */
  free(x: B): void
  /**
   * fn as a program: it runs at first; later, if the backend gains by it and `mayReplay` allows, the kernel calls that it made are
   * replayed. What it does may then depend on the lengths of its slots alone: these it uploads or gathers anew each time, all else
   * only once. fn gives its results away.
   */
  program(fn: (slots: Slots) => readonly B[], mayReplay?: () => boolean): Program
  /** How many buffers are in use: a training step must leave as many as it found. */
  readonly live: number
  /** Ends threads and gives all memory back. */
  dispose(): Promise<void>

  // Dense layers
  /** y[m,n] = Σk x[m,k] · w[k,n]; an operand marked `transposed` is stored as [k,m] or [n,k]. */
  matmul(x: B, w: B, m: number, k: number, n: number, transposed?: Transposed): B
  /** y[m,n] = x[m,n] + b[n] */
  addBias(x: B, b: B, m: number, n: number): B
  /** db[n] = Σm dy[m,n] */
  biasGrad(dy: B, m: number, n: number): B

  // Element by element
  /** y = f(x), for each f of ops/elementwise.ts, where the formulas are */
  unary(f: Unary, x: B): B
  /** dx = f'(x) · dy; y is f(x) */
  unaryGrad(f: Unary, x: B, y: B, dy: B): B
  /** y = a + b. Here and below the shorter one, a row or a number, is repeated until it is as long as the other. */
  add(a: B, b: B): B
  /** y = a − b */
  sub(a: B, b: B): B
  /** y = a · b */
  mul(a: B, b: B): B
  /** y = a / b */
  div(a: B, b: B): B
  /** y[times,n] = x[n], so many times */
  repeat(x: B, times: number): B
  /**
   * mask[i] = 0 with the given probability, else `kept`: 0 if lowbias(lowbias(i) xor key) < probability · 2³², where lowbias is
   * C. Wellons's hash of 32 bits (nullprogram.com, 2018). A program asks for the key, of 32 bits, anew at each run.
   */
  dropoutMask(length: number, probability: number, kept: number, key: () => number): B

  // Images
  /** y[n,i,j,o] = Σ a,b,c  x[n, i·stride + a − top, j·stride + b − left, c] · w[a,b,c,o], zero outside x */
  conv2d(x: B, w: B, s: Conv2dShape): B
  /** dx[n,p,q,c] = Σ w[a,b,c,o] · dy[n,i,j,o] over all (i,a), (j,b) with i·stride + a − top = p, … = q */
  conv2dGradInput(dy: B, w: B, s: Conv2dShape): B
  /** dw[a,b,c,o] = Σ n,i,j  x[n, i·stride + a − top, j·stride + b − left, c] · dy[n,i,j,o] */
  conv2dGradFilter(x: B, dy: B, s: Conv2dShape): B
  /**
   * y[n,i,j,c] = max over a,b < size of x[n, i·stride + a, j·stride + b, c]. `last`: no gradient will be asked for, so
   * a backend may take a way that rounds more than the winners of windows allow.
   */
  maxPool(x: B, s: Pool2dShape, last?: boolean): B
  /** Each dy goes to the cell that won its window: the first in row-major order if several are equal. */
  maxPoolGrad(x: B, y: B, dy: B, s: Pool2dShape): B

  /** y[n,i,j,c] = Σ a,b  x[n, i·stride + a, j·stride + b, c] / (kh·kw) */
  averagePool(x: B, s: AveragePool2dShape): B
  /** dx[n,p,q,c] = Σ dy[n,i,j,c] / (kh·kw) over all windows (i,j) that (p,q) is in */
  averagePoolGrad(dy: B, s: AveragePool2dShape): B

  // Probabilities
  /** y[m,:] = exp(x − max x) / Σ exp(x − max x), row by row */
  softmax(x: B, m: number, n: number): B
  /** dx[m,:] = y · (dy − Σ dy·y), row by row */
  softmaxGrad(y: B, dy: B, m: number, n: number): B
  /** loss[1] = −1/m · Σ t · log softmax(logits) with t[m,n] = (1 − smoothing) · onehot(labels) + smoothing / n; labels holds m class numbers */
  crossEntropy(logits: B, labels: B, m: number, n: number, smoothing?: number): B
  /** dlogits[m,n] = dy[0] · (softmax(logits) − t) / m */
  crossEntropyGrad(logits: B, labels: B, dy: B, m: number, n: number, smoothing?: number): B

  // Optimizers: they use up their state and return its successor, which may be the same memory.
  /** v ← momentum·v + dw,  w ← (1 − lr·decay)·w − lr·v;  with no v: dw in its place */
  sgdStep(w: B, dw: B, v: B | undefined, step: SgdStep): { w: B; v?: B }
  /** m ← β1·m + (1−β1)·dw, or 0 if that is below FADED,  v ← β2·v + (1−β2)·dw²,  w ← (1 − lr·decay)·w − lr · m/(1−β1ᵗ) / (√(v/(1−β2ᵗ)) + ε) */
  adamStep(w: B, dw: B, m: B, v: B, step: AdamStep): { w: B; m: B; v: B }
}
