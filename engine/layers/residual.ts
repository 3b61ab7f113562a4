import { problem } from '../errors.js'
import { add } from '../ops/arithmetic.js'
import type { Shape, Tensor } from '../tensor.js'
import { conv2d } from './conv2d.js'
import { dense } from './dense.js'
import type { Layer, Mode, Parameter, Sized } from './layer.js'

/**
 * y = f(x) + shortcut(x), f being the layers: they learn what is to be changed about x, and gradients go past them (He et al. 2016). The
 * shortcut is x itself, or, where f changes the shape, a 1x1 convolution whose stride follows from the sizes (of rows, a dense layer).
 * Parameters are called 0.conv2d.weight and so on, those of the shortcut shortcut.weight and shortcut.bias.
 */
export function residual(...layers: Layer[]): Layer {
  return {
    name: 'residual',
    size(input) {
      let output = input
      const parts = layers.map((layer, i) => {
        const sized = layer.size(output)
        output = sized.output
        return named(`${i}.${layer.name}.`, sized)
      })
      const shortcut = `${output}` === `${input}` ? [] : [named('shortcut.', projection(input, output).size(input))]
      for (const { sized } of shortcut)
        if (`${sized.output}` !== `${output}`)
          throw problem('engine.layer.shortcut', { output: `${output}`, shortcut: `${sized.output}` })
      return {
        output,
        parameters: Object.fromEntries([...parts, ...shortcut].flatMap(part => part.parameters)),
        forward: (x, p, mode) => add(run(parts, x, p, mode), run(shortcut, x, p, mode)),
      }
    },
  }
}

/** A layer, its parameters' names, and these with a prefix. */
const named = (prefix: string, sized: Sized) => ({
  sized,
  keys: Object.keys(sized.parameters).map(key => [key, prefix + key] as const),
  parameters: Object.entries(sized.parameters).map(([key, wanted]) => [prefix + key, wanted] as [string, Parameter]),
})

/** Layer after layer, each with its own parameters. */
const run = (parts: readonly ReturnType<typeof named>[], x: Tensor, p: Readonly<Record<string, Tensor>>, mode: Mode) =>
  parts.reduce((h, { sized, keys }) => {
    const own = Object.fromEntries(keys.map(([key, name]) => [key, p[name]]))
    return sized.forward(h, own, mode)
  }, x)

/** The least that makes the one shape of the other. */
const projection = (from: Shape, to: Shape): Layer =>
  from.length === 3 ? conv2d(to.at(-1)!, 1, { stride: Math.ceil(from[0] / to[0]) }) : dense(to.at(-1)!)
