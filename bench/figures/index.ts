// The guide's figures. To add one: a function that returns SVG, and its name below. Blue is what is computed on the way forward,
// red what comes back; words are few, and are said in both languages.
import { edges, pool, slide } from './convolution.js'
import { cuts } from './code.js'
import { dense } from './dense.js'
import { gradientsByLayer, lossByBeginning } from './depth.js'
import { augmented, errorsByExamples, overfitting, shuffling } from './generalisation.js'
import { neuronGraph, slope, usedTwice } from './neuron.js'
import { learningRates, valley } from './optimizers.js'
import { cost, pMinusY } from './softmax.js'
import { ladders } from './speed.js'
import { order } from './tape.js'

/** Says a word in the language of the figure that is being drawn. */
export type Say = (english: string, french: string) => string

export const figures: Readonly<Record<string, (say: Say) => string | Promise<string>>> = {
  neuron: neuronGraph,
  slope,
  'used-twice': usedTwice,
  order,
  dense,
  cost,
  'p-minus-y': pMinusY,
  edges,
  slide,
  pool,
  valley,
  'learning-rates': learningRates,
  depth: gradientsByLayer,
  'depth-training': lossByBeginning,
  overfitting,
  examples: errorsByExamples,
  'shuffled-pixels': shuffling,
  augmented,
  ladders,
  cuts,
}

/** Each figure's file and what stands in it: NAME.svg, and NAME.fr.svg if it contains words. */
export async function drawn(): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const [name, draw] of Object.entries(figures)) {
    const [english, french] = [await draw(english => english), await draw((_, french) => french)]
    files.set(`${name}.svg`, english)
    if (french !== english) files.set(`${name}.fr.svg`, french)
  }
  return files
}
