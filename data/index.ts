// Everything a program that uses chiffre's data may import.
export { augmentations, augmenter, type Augmentation } from './augment.js'
export { readCsv } from './csv.js'
export { areNamed, Dataset, numbered } from './dataset.js'
export { checkDisguise } from './disguise.js'
export { messages, problem } from './errors.js'
export { mostIdxBytes, readIdx, readImages, readLabels } from './idx.js'
export { confusion, mistakes, type Mistake } from './mistakes.js'
export { mnist10k } from './mnist10k.js'
export {
  crop,
  disturb,
  eachPixel,
  findInk,
  inkBox,
  prepare,
  side,
  type Box,
  type Disturbance,
  type Image,
  type Ink,
  type Pixels,
  type Preparation,
} from './preprocess.js'
export { readRow, type ReadDigit, type ReadRow } from './readRow.js'
export { segment, type Candidate, type Segment, type Stretch } from './segment.js'
