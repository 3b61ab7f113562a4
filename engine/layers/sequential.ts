import { Network } from '../network.js'
import type { Shape, Tensor } from '../tensor.js'
import type { Layer } from './layer.js'

/**
 * A network whose layers follow each other, called `0.flatten`, `1.dense` and so on. The sizes in between are inferred.
 * @param input the shape of one example
 * @throws ChiffreError naming the layer that cannot take what comes before it
 */
export const sequential = (input: Shape, ...layers: Layer[]) =>
  new Network(input, (x, net) => {
    const start = x as Tensor
    return layers.reduce((h, layer, i) => net.layer(`${i}.${layer.name}`, layer, h), start)
  })
