import { Network, type Named, type Parts } from '../network.js'
import type { Shape, Tensor } from '../tensor.js'
import type { Layer } from './layer.js'

/**
 * A network whose layers follow each other, called `0.flatten`, `1.dense` and so on. The sizes in between are inferred.
 * @param input the shape of one example
 * @throws ChiffreError naming the layer that cannot take what comes before it
 */
export function sequential(input: Shape, ...layers: Layer[]): Network {
  const named = layers.map((layer, i) => [`${i}.${layer.name}`, layer] as const)
  const build = (x: Named<Tensor>, net: Parts) =>
    named.reduce((h, [name, layer]) => net.layer(name, layer, h), x as Tensor)
  return new Network(input, build, { fixed: true })
}
