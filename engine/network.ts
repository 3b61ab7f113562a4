// A network is a function of tensors, built of layers that each have a name, and of their weights.
// The function runs once when the network is made, on a backend that computes nothing, to find out which layers there
// are and what shapes they meet; then for every batch. So a network of any graph (several inputs, skips, several
// results) is written as what it computes; sequential() is the one whose layers follow each other.
import type { Backend, Buffer } from './backend.js'
import { ChiffreError, problem } from './errors.js'
import type { Loss } from './examples.js'
import type { Layer, Mode, Parameter, Sized } from './layers/layer.js'
import { reshape } from './ops/reshape.js'
import { softmax } from './ops/softmax.js'
import { random } from './random.js'
import { noGrad, scope } from './scope.js'
import { parameter, sizeOf, Tensor, type Shape } from './tensor.js'

/** One, or several by name. */
export type Named<T> = T | Readonly<Record<string, T>>

/** What a network's function may use besides its input. */
export interface Parts extends Mode {
  /** y = the layer of x. Its weights are called NAME.weight and so on. */
  layer(name: string, layer: Layer, x: Tensor): Tensor
  /** A parameter of the network's own. */
  parameter(name: string, wanted: Parameter): Tensor
}

/** A layer of a network, sized for the input that it meets (one example's shape). */
export interface Part extends Sized {
  readonly name: string
  readonly input: Shape
}

/** What a layer made of its input. */
export interface Activation {
  readonly name: string
  readonly x: Tensor
  readonly y: Tensor
}

/** One line of a network's summary. */
export interface LayerSummary {
  /** The prefix of its parameters' names, such as `1.dense`. */
  readonly name: string
  readonly output: Shape
  readonly parameters: number
}

/** The tensors that a network's function is given, for the shapes of one example that the network takes. */
type TensorsFor<Inputs> = Inputs extends Shape ? Tensor : { readonly [Name in keyof Inputs]: Tensor }

/**
 * A network of any graph, such as one with a skip:
 *
 *   network([8, 8, 1], (x, { layer }) => {
 *     const h = relu(layer('conv1', conv2d(16, 3, { padding: 'same' }), x))
 *     const sum = add(h, layer('conv2', conv2d(16, 3, { padding: 'same' }), h))
 *     return layer('dense', dense(10), layer('flatten', flatten(), sum))
 *   })
 *
 * @param inputs the shape of one example; of several inputs, by name
 * @param build from a batch of inputs to the result, such as logits, or to several by name, of which the first is the
 *   one that is tested; it must use the same layers for every batch
 * @param options.loss of all that build returns; needed if that is more than one tensor
 * @param options.fixed whether what build and loss do depends on shapes alone, so that a backend may record a step once and replay it;
 *   class numbers then come to the loss as a tensor [batch]
 * @throws ChiffreError naming the layer that cannot take its input
 */
export const network = <const Inputs extends Named<Shape>, Results extends Named<Tensor>>(
  inputs: Inputs,
  build: (x: TensorsFor<Inputs>, parts: Parts) => Results,
  options: { loss?: Loss<Results>; fixed?: boolean } = {},
) => new Network(inputs, build as unknown as Build, options)

type Build = (x: Named<Tensor>, parts: Parts) => Named<Tensor>

const inference: Mode = { training: false, rng: random(0, 'inference') }

/** A buffer of nothing, each property of which is one, too. */
const nothing: Buffer = new Proxy({ length: 0 }, { get: (_, key): unknown => (key === 'length' ? 0 : nothing) })
/** Computes nothing: operations know the shapes of their results by themselves. */
const shapesOnly = new Proxy({} as Backend, { get: (_, key): unknown => (key === 'name' ? 'shapes' : () => nothing) })
const blank = (shape: Shape) => new Tensor(shapesOnly, shape, nothing)

/** Layers, their weights, and what it makes of a batch. network() and sequential() make them; init() or load() fill them. */
export class Network {
  /** The layers in the order in which they run. */
  readonly layers: readonly Part[]
  /** The shape of one result; of several, of the first. */
  readonly output: Shape
  /** What is learned, by name, such as `1.dense.weight`. Empty before init(). */
  readonly parameters = new Map<string, Tensor>()
  /** What layers keep up to date by themselves, such as running means: saved with the parameters, but not learned. */
  readonly state = new Map<string, Tensor>()
  /** The loss of all results, if cross-entropy of a single one is not meant. */
  readonly loss: Loss<Named<Tensor>> | undefined
  /** Whether what it does depends on shapes alone. */
  readonly fixed: boolean
  readonly #declared = new Map<string, Parameter>()
  readonly #parts = new Map<string, Part>()
  /** Of each part, what its parameters are called in it and in the network. */
  readonly #names = new Map<string, (readonly [key: string, name: string])[]>()

  constructor(
    /** The shape of one example; of several inputs, by name. */
    readonly inputs: Named<Shape>,
    readonly build: Build,
    { loss, fixed = false }: { loss?: Loss<Named<Tensor>> | undefined; fixed?: boolean | undefined } = {},
  ) {
    this.loss = loss
    this.fixed = fixed
    const declare = (name: string, wanted: Parameter) => {
      if (this.#declared.has(name)) throw problem('engine.part.twice', { name })
      this.#declared.set(name, wanted)
      return blank(wanted.shape)
    }
    const layer = (name: string, layer: Layer, x: Tensor) => {
      if (this.#parts.has(name)) throw problem('engine.part.twice', { name })
      const input = x.shape.slice(1)
      const part = { ...sizedFor(name, layer, input), name, input }
      this.#parts.set(name, part)
      const names = Object.keys(part.parameters).map(key => [key, `${name}.${key}`] as const)
      for (const [key, full] of names) declare(full, part.parameters[key])
      this.#names.set(name, names)
      return blank([1, ...part.output])
    }
    const x = isShape(inputs) ? blank([1, ...inputs]) : mapValues(inputs, shape => blank([1, ...shape]))
    this.output = first(scope(() => build(x, { ...inference, layer, parameter: declare }))).shape.slice(1)
    this.layers = [...this.#parts.values()]
  }

  /** The shape of one example; of several inputs, of the first. */
  get input(): Shape {
    return isShape(this.inputs) ? this.inputs : Object.values(this.inputs)[0]
  }

  /** Gives every parameter its first value. The same seed gives the same on every backend. */
  init(backend: Backend, seed: number): this {
    const rng = random(seed, 'weights')
    return this.#fill(backend, (_, { init }) => init(rng))
  }

  /**
   * Takes weights by name, such as those of a checkpoint.
   * @throws ChiffreError naming the first that is missing, of another shape, or not finite; then nothing has changed
   */
  load(backend: Backend, weights: ReadonlyMap<string, { shape: Shape; values: Float32Array }>): this {
    for (const [name, { shape }] of this.#declared) {
      const found = weights.get(name)
      if (!found) throw problem('engine.weights.missing', { name })
      if (`${found.shape}` !== `${shape}`)
        throw problem('engine.weights.shape', { name, actual: `${found.shape}`, expected: `${shape}` })
      const position = found.values.findIndex(v => !Number.isFinite(v))
      if (position >= 0) throw problem('engine.weights.nan', { name, position })
    }
    return this.#fill(backend, name => weights.get(name)!.values)
  }

  /** Every parameter by name, those that are not learned included: known before there are any weights. */
  declared(): ReadonlyMap<string, Parameter> {
    return this.#declared
  }

  /**
   * The result of a batch, such as logits; of several results, the first.   x [batch,...] → [batch,...output]
   * @throws ChiffreError if there are no weights, or x is not a batch of `input`-sized examples
   */
  forward(x: Named<Tensor>, mode: Mode = inference): Tensor {
    return first(this.results(x, mode))
  }

  /** All that the network's function returns; `notice` hears of each layer as it runs. */
  results(x: Named<Tensor>, mode: Mode = inference, notice = (_: Activation) => {}): Named<Tensor> {
    const [shapes, named] = [this.inputs, x as Readonly<Record<string, Tensor>>]
    const batch = isShape(shapes) ? batchOf(x, shapes) : mapValues(shapes, (s, name) => batchOf(named[name], s))
    const layer = (name: string, _: Layer, x: Tensor) => {
      const part = this.#parts.get(name)
      if (!part || !holds(x.shape, part.input)) throw problem('engine.part', { name })
      const weights: Record<string, Tensor> = {}
      for (const [key, full] of this.#names.get(name)!) weights[key] = this.#weight(full)
      const y = part.forward(x, weights, mode)
      notice({ name, x, y })
      return y
    }
    return this.build(batch, { ...mode, layer, parameter: name => this.#weight(name) })
  }

  /** What each layer makes of its input, in the order in which they run: what a page shows of a network at work. */
  activations(x: Named<Tensor>, mode: Mode = inference): Activation[] {
    const all: Activation[] = []
    this.results(x, mode, activation => all.push(activation))
    return all
  }

  /** The probability of each class.   x [batch,...] → [batch,classes] */
  predict(x: Named<Tensor>): Tensor {
    return noGrad(() => scope(() => probabilities(this.forward(x))))
  }

  /** Each layer's output shape and number of parameters. */
  summary(): LayerSummary[] {
    return this.layers.map(({ name, output, parameters }) => ({
      name,
      output,
      parameters: Object.values(parameters).reduce((sum, p) => sum + sizeOf(p.shape), 0),
    }))
  }

  /** Gives the weights' memory back. */
  free() {
    for (const weights of [this.parameters, this.state]) {
      for (const tensor of weights.values()) tensor.free()
      weights.clear()
    }
  }

  #fill(backend: Backend, valuesOf: (name: string, wanted: Parameter) => Float32Array): this {
    this.free()
    for (const [name, wanted] of this.#declared) {
      const w = parameter(backend, valuesOf(name, wanted), wanted.shape)
      w.requiresGrad = wanted.trained ?? true
      ;(w.requiresGrad ? this.parameters : this.state).set(name, w)
    }
    return this
  }

  #weight(name: string): Tensor {
    const found = this.parameters.get(name) ?? this.state.get(name)
    if (!found) throw problem(this.#declared.has(name) ? 'engine.init' : 'engine.part', { name })
    return found
  }
}

/** x, each example in the shape that the network expects. @throws ChiffreError if it holds another count of numbers */
function batchOf(x: Named<Tensor> | undefined, expected: Shape): Tensor {
  const [batch, ...example] = x instanceof Tensor ? x.shape : []
  if (!(x instanceof Tensor) || sizeOf(example) !== sizeOf(expected))
    throw problem('engine.input', { expected: `${expected}`, actual: `${example}` })
  return holds(x.shape, expected) ? x : reshape(x, [batch, ...expected])
}

function sizedFor(name: string, layer: Layer, input: Shape): Sized {
  if (typeof layer?.size !== 'function') throw problem('engine.layer.kind', { layer: name, call: layer?.name ?? name })
  try {
    return layer.size(input)
  } catch (error) {
    if (!(error instanceof ChiffreError)) throw error
    throw problem('engine.layer', { layer: name, input: `${input}`, reason: error })
  }
}

/** Of scores; a network may have made them probabilities already. */
export const probabilities = (y: Tensor): Tensor => (y.op === 'softmax' ? y : softmax(y))

/** The only one, or the first of several. */
export const first = (y: Named<Tensor>): Tensor => (y instanceof Tensor ? y : Object.values(y)[0])

const isShape = (inputs: Named<Shape>): inputs is Shape => Array.isArray(inputs)
/** Whether a batch of that shape holds examples of this one. */
const holds = (batch: Shape, example: Shape) =>
  batch.length === example.length + 1 && example.every((size, i) => size === batch[i + 1])

export function mapValues<T, U>(record: Readonly<Record<string, T>>, of: (value: T, key: string) => U) {
  const mapped: Record<string, U> = {}
  for (const key in record) mapped[key] = of(record[key], key)
  return mapped
}
