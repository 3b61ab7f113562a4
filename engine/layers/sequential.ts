// A network: layers one after the other, sized when they are put together and given weights by init().
import type { Backend } from '../backend.js'
import { ChiffreError, problem } from '../errors.js'
import { reshape } from '../ops/reshape.js'
import { softmax } from '../ops/softmax.js'
import { random } from '../random.js'
import { noGrad, sizeOf, Tensor, type Shape } from '../tensor.js'
import type { Layer, Mode, Sized } from './layer.js'

/** One line of a network's summary. */
export interface LayerSummary {
  /** Its place and kind, such as `1.dense`: the prefix of its parameters' names. */
  readonly name: string
  readonly output: Shape
  readonly parameters: number
}

const inference: Mode = { training: false, rng: random(0, 'inference') }

/**
 * A network that takes examples of the given shape. The sizes in between are inferred.
 * @throws ChiffreError naming the layer that cannot take what comes before it
 */
export const sequential = (input: Shape, ...layers: Layer[]) => new Sequential(input, layers)

export class Sequential {
  readonly layers: readonly (Sized & { name: string })[]
  /** The shape of one result. */
  readonly output: Shape
  /** The parameters by name, such as `1.dense.weight`, in the order of the layers. Empty before init(). */
  readonly parameters = new Map<string, Tensor>()

  constructor(
    readonly input: Shape,
    layers: readonly Layer[],
  ) {
    let shape = input
    this.layers = layers.map((layer, i) => {
      const sized = sizeAt(layer, i, shape)
      shape = sized.output
      return { ...sized, name: `${i}.${layer.name}` }
    })
    this.output = shape
  }

  /** Gives every layer its first weights. The same seed gives the same weights on every backend. */
  init(backend: Backend, seed: number): this {
    this.free()
    const rng = random(seed, 'weights')
    for (const [name, { shape, init }] of this.declared())
      this.parameters.set(name, this.#parameter(backend, shape, init(rng)))
    return this
  }

  /**
   * Takes weights by name, such as those of a checkpoint.
   * @throws ChiffreError naming the first that is missing, of another shape, or not finite; then nothing has changed
   */
  load(backend: Backend, weights: ReadonlyMap<string, { shape: Shape; values: Float32Array }>): this {
    for (const [name, { shape }] of this.declared()) {
      const found = weights.get(name)
      if (!found) throw problem('engine.weights.missing', { name })
      if (`${found.shape}` !== `${shape}`)
        throw problem('engine.weights.shape', { name, actual: `${found.shape}`, expected: `${shape}` })
      const position = found.values.findIndex(v => !Number.isFinite(v))
      if (position >= 0) throw problem('engine.weights.nan', { name, position })
    }
    this.free()
    for (const [name, { shape }] of this.declared())
      this.parameters.set(name, this.#parameter(backend, shape, weights.get(name)!.values))
    return this
  }

  /** Every parameter that the layers ask for, by name: known before there are any weights. */
  *declared() {
    for (const { name, parameters } of this.layers)
      for (const [key, parameter] of Object.entries(parameters)) yield [`${name}.${key}`, parameter] as const
  }

  /**
   * The logits of a batch.   x [batch,...] → [batch,...output]
   * @throws ChiffreError if there are no weights, or x is not a batch of `input`-sized examples
   */
  forward(x: Tensor, mode: Mode = inference): Tensor {
    return this.activations(x, mode).at(-1)!
  }

  /** The input, then what each layer makes of it: what a page shows of a network at work. */
  activations(x: Tensor, mode: Mode = inference): Tensor[] {
    const [batch, ...example] = x.shape as [number, ...number[]]
    if (sizeOf(example) !== sizeOf(this.input))
      throw problem('engine.input', { expected: `${this.input}`, actual: `${example}` })
    const results = [`${example}` === `${this.input}` ? x : reshape(x, [batch, ...this.input])]
    for (const layer of this.layers) results.push(layer.forward(results.at(-1)!, this.#parametersOf(layer), mode))
    return results
  }

  /** The probability of each class.   x [batch,...] → [batch,classes] */
  predict(x: Tensor): Tensor {
    return noGrad(() => softmax(this.forward(x)))
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
    for (const parameter of this.parameters.values()) parameter.free()
    this.parameters.clear()
  }

  #parameter(backend: Backend, shape: Shape, values: Float32Array): Tensor {
    const parameter = new Tensor(backend, shape, backend.upload(values))
    parameter.requiresGrad = true
    return parameter
  }

  #parametersOf({ name, parameters }: Sized & { name: string }): Record<string, Tensor> {
    const found: Record<string, Tensor> = {}
    for (const key of Object.keys(parameters)) {
      const parameter = this.parameters.get(`${name}.${key}`)
      if (!parameter) throw problem('engine.init')
      found[key] = parameter
    }
    return found
  }
}

function sizeAt(layer: Layer, index: number, input: Shape): Sized {
  try {
    return layer.size(input)
  } catch (error) {
    if (!(error instanceof ChiffreError)) throw error
    throw problem('engine.layer', { index, layer: layer.name, input: `${input}`, reason: error })
  }
}
